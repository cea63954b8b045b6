"""Perceptrons trained to their end or to an interrupt, compared, and the best of them saved."""

import argparse
import contextlib
import math
import os
import sys
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.util import find_spec
from threading import Event
from time import monotonic, perf_counter
from typing import Any

from bp_numba.cli.errors import CommandError
from bp_numba.cli.outputs import unwritable
from bp_numba.cli.perceptron_checkpoints import save_checkpoint
from bp_numba.cli.perceptron_runs import PerceptronRun
from bp_numba.cli.perceptrons import Perceptron
from bp_numba.cli.restarts import Ranking
from bp_numba.cli.training import Trained, described, salvage, save_network, speed_line

CHECKPOINT_EVERY = 60.0
"""Seconds from one writing of the checkpoint to the next, as `NeuralNetwork.fit` has it."""


def train_and_save_perceptrons(
    perceptrons: list[Perceptron], samples: Any, options: argparse.Namespace
) -> Trained:
    """Train perceptrons and write the best to --save, before anything is said about it.

    Where --save cannot be written at the end, another file is.

    Parameters
    ----------
    perceptrons : list of Perceptron
        One of each seed.
    samples
        As `PerceptronRun` takes them.
    options : argparse.Namespace
        Those of training, with display_update, jobs and seed; a checkpoint is of one seed only.

    Raises
    ------
    KeyboardInterrupt, Exception
        Whatever interrupts the training; its notes say where the perceptron is.
    """
    runs = [PerceptronRun(perceptron, samples, options) for perceptron in perceptrons]
    try:
        lines = _train(runs, len(samples.X), options)
        problem = _last_checkpoint(runs, options)
        ranking = _ranking(runs)
        path, problems = save_network(perceptrons[ranking.best], options, problem)
    except BaseException as error:
        for run in runs:
            run.give()
        if options.checkpoint is not None and _last_checkpoint(runs, options) is None:
            if options.checkpoint.exists():
                raise
        began = any(run.reached for run in runs)
        salvage(error, perceptrons, _ranking(runs).best if began else None, options)
        raise
    if len(runs) > 1:
        lines += ranking.lines(options.seed)
    return Trained(ranking.best, lines, path, problems)


def _last_checkpoint(runs: list[PerceptronRun], options: argparse.Namespace) -> str | None:
    """Write what the run has reached to the checkpoint, if there is one; return what was wrong."""
    if options.checkpoint is None:
        return None
    try:
        save_checkpoint(options.checkpoint, runs[0])
    except OSError as error:
        return str(unwritable("--checkpoint", options.checkpoint, error))
    return None


def _ranking(runs: list[PerceptronRun]) -> Ranking:
    losses = [run.reached.best_loss if run.reached else math.nan for run in runs]
    return Ranking(losses, any(run.perceptron.validation_losses for run in runs))


def _train(runs: list[PerceptronRun], rows: int, options: argparse.Namespace) -> list[str]:
    """Train all; return how it went."""
    done = sum(run.perceptron.epochs_trained for run in runs)
    if all(run.is_over for run in runs):
        return [f"[INFO] {runs[0].ended or f'epoch {done} was the last'}: nothing is left to train"]
    what = described([run.perceptron for run in runs], options, "up to ")
    print(f"[INFO] training {what}...", flush=True)
    several, started = len(runs) > 1, perf_counter()
    if several:
        _train_all(runs, options)
    else:
        _train_one(runs[0], options)
    seconds = perf_counter() - started
    count = rows * (sum(run.perceptron.epochs_trained for run in runs) - done)
    speed = speed_line(count, seconds)
    return [*(() if several else _ending(runs[0], options)), speed]


def _train_one(run: PerceptronRun, options: argparse.Namespace) -> None:
    """Train one and show the losses of some epochs."""
    bar, saved = _bar(options.epochs, "epoch", run.perceptron.epochs_trained), monotonic()
    try:
        while not run.is_over:
            shown, epoch = run.epoch(), run.perceptron.epochs_trained
            if options.checkpoint is not None and monotonic() - saved >= CHECKPOINT_EVERY:
                if problem := _last_checkpoint([run], options):
                    _tell(f"[INFO] {problem}", bar)  # a full disk may be full for a while only
                saved = monotonic()
            if bar is not None:
                bar.update(1)
            if run.is_over or epoch == 1 or epoch % options.display_update == 0:
                _tell(f"[INFO] epoch={epoch}, {shown}", bar)
    finally:
        if bar is not None:
            bar.close()
    run.end()


def _train_all(runs: list[PerceptronRun], options: argparse.Namespace) -> None:
    """Train several, a thread for each of --jobs, and show the last losses of each."""
    bar, lost = _bar(len(runs), "network"), 0
    try:
        with contextlib.closing(_outcomes(runs, options.jobs)) as outcomes:
            for number, outcome in enumerate(outcomes):
                epochs = runs[number].perceptron.epochs_trained
                lost += isinstance(outcome, CommandError)
                _tell(f"[INFO] seed {options.seed + number}: epoch={epochs}, {outcome}", bar)
                if bar is not None:
                    bar.update(1)
    finally:
        if bar is not None:
            bar.close()
    if lost == len(runs):
        raise CommandError(f"none of {lost} networks stayed finite: use a smaller --alpha")


def _outcomes(runs: list[PerceptronRun], jobs: int) -> Generator[Any, None, None]:
    """Train runs; yield in their order the last losses of each, or the error that ended it."""
    stop, threads = Event(), _threads(jobs)
    if threads == 1:
        yield from (_outcome(run, stop) for run in runs)
        return
    with ThreadPoolExecutor(threads) as pool:
        try:
            futures: list[Future[Any]] = [pool.submit(_outcome, run, stop) for run in runs]
            for future in futures:
                yield future.result()
        finally:
            stop.set()  # after an interrupt; each ends with the epoch that it is in


def _outcome(run: PerceptronRun, stop: Event) -> Any:
    shown = ""
    try:
        while not (run.is_over or stop.is_set()):
            shown = run.epoch()
    except CommandError as error:
        return error
    run.end()
    return shown


def _threads(jobs: int) -> int:
    if jobs > 0:
        return jobs
    affinity = getattr(os, "sched_getaffinity", None)
    count = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, count + 1 + jobs)


def _bar(total: int, unit: str, initial: int = 0) -> Any:
    """Return a progress bar where somebody sees it."""
    if not (sys.stderr.isatty() and find_spec("tqdm")):
        return None
    from bp_numba.runs.monitor import progress_bar

    return progress_bar(initial=initial, total=total, unit=unit)


def _tell(line: str, bar: Any) -> None:
    if bar is None:
        print(line, flush=True)
    else:
        bar.write(line)


def _ending(run: PerceptronRun, options: argparse.Namespace) -> list[str]:
    """Return why one has ended, and which weights it has."""
    epochs = run.perceptron.epochs_trained
    lines = [f"[INFO] {run.ended or f'not converged in {epochs} epochs: --epochs allows more'}"]
    if options.early_stopping and run.reached:
        text = run.ended or f"the end after epoch {epochs}"
        kind = "validation loss" if run.perceptron.validation_losses else "loss"
        best = (
            f"the weights are those of epoch {run.reached.best_epoch}, whose {kind} was the lowest"
        )
        lines = [f"[INFO] {text}; {best}"]
    return lines
