"""Train many networks: the public function."""

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bp_numba import validation as check
from bp_numba.kernels.lanes import TOGETHER
from bp_numba.many.alone import Alone
from bp_numba.many.crew import done, jobs_of
from bp_numba.many.lanes import InLanes, has_kernel, lanes_for, suits
from bp_numba.many.members import Member, checked_again, members_of
from bp_numba.many.tasks import Order, Task
from bp_numba.many.watching import Monitor, Watching, callbacks_of
from bp_numba.runs.stateful import listed
from bp_numba.simd.width import widest
from bp_numba.training.run import Run

MOST_TOGETHER = 256
"""Networks of a task: there are lanes, which take as much memory as their weights, for so many."""

TASKS_FOR_EACH = 4
"""Tasks that there are at least for each job, so that all jobs end at about the same time."""

MOST_BEHIND = 2**62
"""Epochs that may lie behind a network: they are counted in 64 bits. `epochs` has no such limit."""


def fit_many(
    networks: Iterable[Any],
    X: Any,
    y: Any,
    epochs: int = 1000,
    displayUpdate: float = 100,
    *,
    n_jobs: int | None = None,
    verbose: int = False,
    progress: bool = False,
    callback: Any = None,
    validation: tuple[Any, Any] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: float = 60.0,
    initial_epoch: int | Sequence[int] = 0,
) -> None:
    """Train many networks, each as `NeuralNetwork.fit` would train it, many times sooner.

    Small networks of the same layers are trained together, one in each lane of the CPU's vectors;
    all others one by one. Each ends within rounding of the weights that `fit` gives it, and with
    the same bits however many there are, in whatever order, threads or processes.

    Parameters
    ----------
    networks : iterable of NeuralNetwork
        Of any layers; each has its own W and alpha. What `fit` leaves in a network is in each of
        them afterwards: W, `losses`, `history`, `epochs_trained`. `fit` itself is not called;
        overridden methods that it calls are.
    X, y : array_likes, or lists of one for each network
        Samples and targets as `fit` takes them: one set for all, or each network's own, of any
        numbers of rows. Three-dimensional arrays are taken as lists too. X may be one for all
        and y each network's own.
    epochs, displayUpdate
        As for `fit`.
    n_jobs : int, optional
        How many threads train at a time, -1 for one on each CPU. By default one, or what
        `joblib.parallel_config` says; with it other backends too: processes, Dask, Ray. Needs
        joblib.
    verbose : bool or int, default False
        Print the lowest, the highest and the median loss at each display point; with a number n
        after the first epoch and at every n-th only.
    progress : bool, default False
        Show a progress bar of networks times epochs; needs tqdm.
    callback : callable or list of callables, optional
        `callback(network, epoch, loss)` is called for each network, in their order, once all have
        reached a display point; those for which it returns True are not trained on. A list has one
        for each network, as `[EarlyStopping() for _ in networks]`.
    validation : (X, y), optional
        Samples whose loss is recorded too; one set for all, or lists of one for each network.
    checkpoint : path-like, optional
        File that all networks are saved to, as `fit` does with one: at once, now and then, when
        training ends, and after Ctrl-C or an error. `load_many` reads it; go on with
        `initial_epoch=[nn.epochs_trained for nn in networks]`.
    checkpoint_every : float, default 60.0
        Seconds between two checkpoints, at least.
    initial_epoch : int or sequence of ints, default 0
        As for `fit`, or one for each network.

    Raises
    ------
    ValueError, TypeError
        If an argument cannot be used, a network is there twice, or two share weights: the error
        names the network's number, and nothing is trained.
    OSError
        If the checkpoint cannot be written at the beginning or the end.
    ModuleNotFoundError
        If joblib or tqdm is needed and not installed.
    KeyboardInterrupt
        Within a fraction of a second after Ctrl-C. As after any exception, all networks hold
        weights of whole epochs; how many, their `epochs_trained` say.

    Examples
    --------
    >>> import numpy as np
    >>> from bp_numba import NeuralNetwork, fit_many
    >>> np.random.seed(0)
    >>> networks = [NeuralNetwork([2, 2, 1], alpha=0.5) for _ in range(20)]
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
    >>> fit_many(networks, X, y, epochs=20000, displayUpdate=20000)
    >>> sum(nn.losses[-1] < 0.01 for nn in networks)
    16
    """
    networks = listed(networks)
    if not networks:
        return
    run = Run(0, check.check_epochs(epochs), check.check_display_update(displayUpdate))
    reached = _epochs_of(initial_epoch, run.epochs, len(networks))
    callbacks = callbacks_of(callback, len(networks))
    jobs = jobs_of(n_jobs)
    members = members_of(networks, X, y, validation)
    every = check.check_seconds(checkpoint_every, "checkpoint_every")
    shown = (sum(reached), len(networks) * run.epochs) if progress else None
    watching = Watching(run, verbose, shown, checkpoint, every)
    monitor = Monitor(networks, callbacks, watching)
    try:
        while going := [m for m in members if reached[m.number] < run.epochs]:
            until, is_shown = run.epochs, False
            if monitor.is_at_every_display:
                until, is_shown = min(run.next_stop(reached[m.number]) for m in going)
            now = [m for m in going if reached[m.number] < until]
            order = Order(run, until, monitor.patience, tell=monitor.trained)
            for task in done(_tasks(now, reached, jobs), order, n_jobs):
                for member in task.members:
                    reached[member.number] = task.epoch
                monitor.delivered()
            if is_shown:
                for number in monitor.displayed([m.number for m in now], until):
                    reached[number] = run.epochs  # it wants to stop
                members = checked_again([m for m in going if reached[m.number] < run.epochs])
        monitor.end()
    except BaseException:
        monitor.interrupted()
        raise


def _epochs_of(initial_epoch: Any, epochs: int, count: int) -> list[int]:
    """Return how many epochs of the run lie behind each network."""
    if not hasattr(initial_epoch, "__len__") or getattr(initial_epoch, "ndim", 1) == 0:
        return [_reached(initial_epoch, epochs, "initial_epoch")] * count
    if len(initial_epoch) != count:
        raise ValueError(
            f"initial_epoch must be an integer, or one for each of the {count} networks, "
            f"got {len(initial_epoch)}"
        )
    return [
        _reached(epoch, epochs, f"initial_epoch[{number}]")
        for number, epoch in enumerate(initial_epoch)
    ]


def _reached(value: Any, epochs: int, name: str) -> int:
    number = check.check_initial_epoch(value, epochs, name)
    if number >= MOST_BEHIND:
        raise ValueError(f"{name} must be less than 2**62, got {number}")
    return number


def _tasks(members: Sequence[Member], reached: Sequence[int], jobs: int) -> Iterator[Task]:
    """Yield tasks for all members, each when it is asked for: it has a copy of the weights."""
    alone, alike = list[Member](), dict[Any, list[Member]]()
    for member in members:
        if suits(member):
            kind = reached[member.number], *(w.shape for w in member.network.W)
            alike.setdefault(kind, []).append(member)
        else:
            alone.append(member)
    yield from (Alone(member, reached[member.number]) for member in alone)
    for (epoch, *_), group in alike.items():
        width, size = lanes_for(len(group)), _networks_of_a_task(len(group), jobs)
        if has_kernel(group[0].has_own, width):
            if group[0].has_own:  # those of as many samples side by side
                group.sort(key=_rows)
            for first in range(0, len(group), size):
                yield InLanes(group[first : first + size], epoch, width)
        else:
            yield from (Alone(member, epoch) for member in group)


def _rows(member: Member) -> tuple[int, int]:
    return len(member.samples.X), 0 if member.watched is None else len(member.watched.X)


def _networks_of_a_task(count: int, jobs: int) -> int:
    if jobs == 1:
        return MOST_TOGETHER
    whole = TOGETHER * widest()
    return min(MOST_TOGETHER, -(-count // (whole * TASKS_FOR_EACH * jobs)) * whole)
