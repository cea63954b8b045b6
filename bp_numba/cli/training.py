"""Training to its end or to an interrupt: in either case what it has reached is in a file then."""

import argparse
import contextlib
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import numpy as np

from bp_numba import NeuralNetwork
from bp_numba.cli.errors import CommandError
from bp_numba.cli.outputs import unwritable, writing
from bp_numba.cli.resuming import STOPPING, ResumableStopping
from bp_numba.cli.samples import Samples


class Trained(NamedTuple):
    """What there is to tell about a training that has ended.

    Attributes
    ----------
    lines : list of str
        How it went.
    path : Path or None
        The file that the network was written to, beside a checkpoint.
    problems : list of str
        What has kept it from the file that was asked for.
    """

    lines: list[str]
    path: Path | None
    problems: list[str]


def train_and_save(
    network: NeuralNetwork, samples: Samples, options: argparse.Namespace
) -> Trained:
    """Train a network and write it to --save, before anything is said about it.

    Where --save or the checkpoint cannot be written at the end, another file is.

    Raises
    ------
    KeyboardInterrupt, Exception
        Whatever interrupts the training; its notes say where the network is.
    """
    initial = [w.copy() for w in network.W]
    try:
        lines, problem = _train(network, samples, options)
        path, problems = _save(network, options, problem)
    except BaseException as error:
        if options.checkpoint is None or not options.checkpoint.exists():
            began = not all(map(np.array_equal, network.W, initial))
            for note in _salvaged(network, options, began, isinstance(error, KeyboardInterrupt)):
                error.add_note(note)
        raise
    return Trained(lines, path, problems)


def _train(
    network: NeuralNetwork, samples: Samples, options: argparse.Namespace
) -> tuple[list[str], str | None]:
    """Train; return how it went, and what was wrong with the checkpoint at the end."""
    done, state, problem = network.epochs_trained, network.metadata.get(STOPPING), None
    if isinstance(state, dict) and "stopped_epoch" in state:
        line = f"early stopping ended this run after epoch {done}: nothing is left to train"
        return [f"[INFO] {line}"], None
    shapes = [w.shape for w in network.W]
    stopping = ResumableStopping(state, shapes) if options.early_stopping else None
    print(
        f"[INFO] training {network}, alpha {network.alpha:g}, {options.epochs} epochs, "
        f"seed {options.seed}..."
    )
    started = perf_counter()
    try:
        _fit(network, samples, options, stopping)
    except BaseException as error:
        if stopping is not None:
            stopping.end(network)  # with the best weights so far
        ended = network.epochs_trained == options.epochs or (stopping and stopping.stopped_epoch)
        if not (isinstance(error, OSError) and options.checkpoint is not None and ended):
            raise
        problem = str(unwritable("--checkpoint", options.checkpoint, error))
    count, seconds = (network.epochs_trained - done) * len(samples.X), perf_counter() - started
    speed = f"[INFO] {count:,} samples in {seconds:.3f} s, {count / seconds:,.0f} per second"
    return [*_stopping_lines(network, stopping), speed], problem


def _fit(
    network: NeuralNetwork,
    samples: Samples,
    options: argparse.Namespace,
    stopping: ResumableStopping | None,
) -> None:
    network.fit(
        samples.X,
        samples.y,
        epochs=options.epochs,
        displayUpdate=options.display_update,
        progress=sys.stderr.isatty() and find_spec("tqdm") is not None,
        callback=stopping,
        validation=samples.validation,
        checkpoint=options.checkpoint,
        initial_epoch=network.epochs_trained,
    )


def _stopping_lines(network: NeuralNetwork, stopping: ResumableStopping | None) -> list[str]:
    if stopping is None or not stopping.best_epoch:
        return []
    ended = "early stopping" if stopping.stopped_epoch else "the end"
    return [
        f"[INFO] {ended} after epoch {network.epochs_trained}; the weights are those of epoch "
        f"{stopping.best_epoch}, whose validation loss was the lowest"
    ]


def _save(
    network: NeuralNetwork, options: argparse.Namespace, problem: str | None
) -> tuple[Path | None, list[str]]:
    """Write the network to --save, or where there is a problem with that to another file.

    Return the file, None if there is none, and the problems.
    """
    problems = [] if problem is None else [problem]
    if not all(np.isfinite(w).all() for w in network.W):
        return None, [
            *problems,
            "the weights are no longer numbers: use a smaller alpha, or --scale",
        ]
    if options.save is not None:
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


def _save_elsewhere(network: NeuralNetwork, name: str) -> Path | None:
    """Write the network to a new folder of temporary files; return the file, None if that fails."""
    with contextlib.suppress(OSError):
        folder = Path(tempfile.mkdtemp(prefix="bp-numba-"))
        try:
            network.save(folder / name)
            return folder / name
        except OSError:
            folder.rmdir()
    return None


def _salvaged(
    network: NeuralNetwork, options: argparse.Namespace, began: bool, interrupted: bool
) -> list[str]:
    """Save what an interrupted training has reached; return what there is to tell about that."""
    problem = options.checkpoint and f"--checkpoint {options.checkpoint} was not written"
    path, notes = _save(network, options, problem) if began else (None, [])
    if path is not None:
        epochs = network.epochs_trained
        return [*notes, f"saved after {epochs} epoch{'s' * (epochs != 1)}: {path}"]
    if not interrupted:
        return notes
    reason = "--save names no file" if began else "training had not begun"
    return [f"nothing was saved: {'; '.join(notes) or reason}"]
