"""Training to its end or to an interrupt: in either case what it has reached is in a file then."""

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import zip_longest
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from bp_numba import NeuralNetwork, fit_many
from bp_numba.cli.errors import CommandError
from bp_numba.cli.outputs import unwritable, writing
from bp_numba.cli.restarts import ranking_of, stops
from bp_numba.cli.resuming import save_checkpoint
from bp_numba.cli.stopping import Stopping, nothing_left, stopping_lines, stopping_of
from bp_numba.cli.stopping_state import STOPPING, drop_last
from bp_numba.preprocessing.samples import Samples


class Trained(NamedTuple):
    """What there is to tell about a training that has ended.

    Attributes
    ----------
    best : int
        The number of the best network.
    lines : list of str
        How it went.
    path : Path or None
        The file that the network was written to, beside a checkpoint.
    problems : list of str
        What has kept it from the file that was asked for.
    """

    best: int
    lines: list[str]
    path: Path | None
    problems: list[str]


def train_and_save(
    networks: list[NeuralNetwork], samples: Samples, options: argparse.Namespace
) -> Trained:
    """Train networks and write the best to --save, before anything is said about it.

    Where --save or the checkpoint cannot be written at the end, another file is.

    Raises
    ------
    KeyboardInterrupt, Exception
        Whatever interrupts the training; its notes say where the network is.
    """
    initial = [w.copy() for network in networks for w in network.W]
    try:
        lines, problem = _train(networks, samples, options)
        best, ranked = _best(networks, samples, options)
        path, problems = save_network(networks[best], options, problem)
    except BaseException as error:
        if options.checkpoint is None or not options.checkpoint.exists():
            began = not all(map(np.array_equal, [w for n in networks for w in n.W], initial))
            reached = _best(networks, samples, options)[0] if began else None
            salvage(error, networks, reached, options)
        raise
    return Trained(best, [*lines, *ranked], path, problems)


def _best(
    networks: list[NeuralNetwork], samples: Samples, options: argparse.Namespace
) -> tuple[int, list[str]]:
    """Return the number of the best network, and lines that compare it with others."""
    if len(networks) == 1:
        return 0, []
    ranking = ranking_of(networks, samples)
    return ranking.best, ranking.lines(options.seed)


def _train(
    networks: list[NeuralNetwork], samples: Samples, options: argparse.Namespace
) -> tuple[list[str], str | None]:
    """Train; return how it went, and what was wrong with the checkpoint at the end."""
    noted = _noted(networks)
    stoppings = [stopping_of(network, options) for network in networks if stops(options)]
    if stoppings and all(stopping.stopped_epoch is not None for stopping in stoppings):
        _end(networks, stoppings)
        if _noted(networks) != noted:  # the run was interrupted when all had come to their end
            with writing("--checkpoint", options.checkpoint):
                save_checkpoint(options.checkpoint, networks)
        return [f"[INFO] {nothing_left(networks, options)}: nothing is left to train"], None
    done, problem, started = _epochs(networks), None, perf_counter()
    print(f"[INFO] training {described(networks, options)}...")
    try:
        _fit(networks, samples, options, stoppings)
    except BaseException as error:
        _end(networks, stoppings)  # with the best weights so far
        ended = all(
            network.epochs_trained == options.epochs or (stopping and stopping.stopped_epoch)
            for network, stopping in zip_longest(networks, stoppings)
        )
        if not (isinstance(error, OSError) and options.checkpoint is not None and ended):
            raise
        problem = str(unwritable("--checkpoint", options.checkpoint, error))
    speed = speed_line((_epochs(networks) - done) * len(samples.X), perf_counter() - started)
    return [*stopping_lines(networks, stoppings, options), speed], problem


def _epochs(networks: list[NeuralNetwork]) -> int:
    return sum(network.epochs_trained for network in networks)


def _end(networks: list[NeuralNetwork], stoppings: list[Stopping]) -> None:
    for network, stopping in zip(networks, stoppings, strict=False):
        stopping.end(network)


def _noted(networks: list[NeuralNetwork]) -> list[Any]:
    """Return what the metadata note of stopping."""
    return [network.metadata.get(STOPPING) for network in networks]


def speed_line(count: int, seconds: float) -> str:
    """Return how many samples were trained on, and how fast."""
    return f"[INFO] {count:,} samples in {seconds:.3f} s, {count / seconds:,.0f} per second"


def described(networks: Sequence[Any], options: argparse.Namespace, most: str = "") -> str:
    """Return what is trained, for how many epochs (`most` is said before), from which seeds."""
    count, last = len(networks), options.seed + len(networks) - 1
    which = f"seeds {options.seed} to {last}" if count > 1 else f"seed {options.seed}"
    times = f"{count} times " if count > 1 else ""
    return f"{times}{networks[0]}, alpha {options.alpha:g}, {most}{options.epochs} epochs, {which}"


def _fit(
    networks: list[NeuralNetwork],
    samples: Samples,
    options: argparse.Namespace,
    stoppings: list[Stopping],
) -> None:
    how = {
        "epochs": options.epochs,
        "displayUpdate": options.display_update,
        "verbose": options.verbose,
        "progress": sys.stderr.isatty() and find_spec("tqdm") is not None,
        "validation": samples.validation,
        "checkpoint": options.checkpoint,
    }
    if len(networks) == 1:
        (network,), callback = networks, stoppings[0] if stoppings else None
        how |= {"callback": callback, "initial_epoch": network.epochs_trained}
        network.fit(samples.X, samples.y, **how)
        return
    reached = [
        options.epochs if stopping and stopping.stopped_epoch else network.epochs_trained
        for network, stopping in zip_longest(networks, stoppings)
    ]
    how |= {"callback": stoppings or None, "initial_epoch": reached, "n_jobs": options.jobs}
    fit_many(networks, samples.X, samples.y, **how)


def save_network(
    network: Any, options: argparse.Namespace, problem: str | None
) -> tuple[Path | None, list[str]]:
    """Write the network to --save, or where there is a problem with that to another file.

    Return the file, None if there is none, and the problems.
    """
    problems = [] if problem is None else [problem]
    if not all(np.isfinite(w).all() for w in network.W):
        return None, [
            *problems,
            "the weights are no longer numbers: use a smaller --alpha, or --scale",
        ]
    if options.save is not None:
        drop_last(network)
        try:
            with writing("--save", options.save):
                network.save(options.save)
            return options.save, problems
        except CommandError as error:
            problems.append(str(error))
    if not problems:
        return None, []
    path = _save_elsewhere(network, (options.save or options.checkpoint).name)
    return path, problems if path is None else [*problems, f"the network is in {path}"]


def _save_elsewhere(network: Any, name: str) -> Path | None:
    """Write the network to a new folder of temporary files; return the file, None if that fails."""
    with contextlib.suppress(OSError):
        folder = Path(tempfile.mkdtemp(prefix="bp-numba-"))
        try:
            network.save(folder / name)
            return folder / name
        except OSError:
            folder.rmdir()
    return None


def salvage(
    error: BaseException, networks: Sequence[Any], best: int | None, options: argparse.Namespace
) -> None:
    """Save what an interrupted training has reached; what there is to tell is noted on the error.

    `best` is the number of the best network, None if training had not begun.
    """
    path, notes = None, list[str]()
    if best is not None:
        problem = options.checkpoint and f"--checkpoint {options.checkpoint} was not written"
        path, notes = save_network(networks[best], options, problem)
    if best is not None and path is not None:
        count, epochs = len(networks), networks[best].epochs_trained
        what = f" the best of {count} networks, seed {options.seed + best}," if count > 1 else ""
        notes = [*notes, f"saved{what} after {epochs} epoch{'s' * (epochs != 1)}: {path}"]
    elif isinstance(error, KeyboardInterrupt):
        reason = "training had not begun" if best is None else "--save names no file"
        notes = [f"nothing was saved: {'; '.join(notes) or reason}"]
    for note in notes:
        error.add_note(note)
