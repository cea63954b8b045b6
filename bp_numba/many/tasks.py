"""Networks that one thread or process trains together, and what becomes of them."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from itertools import islice, repeat, starmap
from operator import setitem
from time import perf_counter
from typing import Any, NamedTuple, Self

import numpy as np

from bp_numba.many.members import Member
from bp_numba.runs.state import record_of
from bp_numba.simd.arrays import Array, Floats
from bp_numba.training.run import Run
from bp_numba.training.samples import Samples
from bp_numba.training.together import exhaust


def never() -> bool:
    """Return False."""
    return False


def ignore(count: int) -> None:
    """Do nothing."""


RETURN_SECONDS = 30.0
"""After which another process returns what it has reached: so much may be lost with it."""


class Order(NamedTuple):
    """How far a task is to be done.

    Attributes
    ----------
    run : Run
        Tells where losses are displayed.
    until : int
        The epoch to train up to: the last, or the next display point.
    seconds : float
        When to come back before that, at the end of an epoch, with what has been reached; from
        another process after `RETURN_SECONDS`.
    stop : callable
        Tells whether to come back at once.
    tell : callable
        Is told of networks times epochs.
    errors : dict or None
        What `np.errstate` takes to be as where the order was given.
    """

    run: Run
    until: int
    seconds: float = float("inf")
    stop: Callable[[], bool] = never
    tell: Callable[[int], None] = ignore
    errors: dict[str, Any] | None = None

    def __reduce__(self) -> Any:
        """Return what is sent to another process, where nobody can be asked, told or called."""
        errors = {
            name: "warn" if how in ("call", "log") else how
            for name, how in (self.errors or {}).items()
            if name != "call"
        }
        seconds = min(self.seconds, RETURN_SECONDS)
        return Order, (self.run, self.until, seconds, never, ignore, errors)


class Display(NamedTuple):
    """A display point of all networks of a task: losses, and seconds that they were trained for."""

    epoch: int
    seconds: float
    losses: Floats
    validation_losses: Floats | None


class Task(ABC):
    """Networks that are trained together; what is sent to another process leaves them behind.

    Attributes
    ----------
    members : list of Member
    done : (2,) int64
        Epochs that lie behind, and samples beyond them.
    is_bound : bool
        Whether it can be done only where the networks are.
    """

    is_bound = False

    def __init__(self, members: list[Member], epoch: int) -> None:
        self.members, self._count = members, len(members)
        self.done = np.array([epoch, 0], dtype=np.int64)
        self._sets = [(member.samples, member.watched) for member in members]
        self._delivered, self._points, self._seconds = epoch, list[Display](), 0.0
        records = [record_of(member.network) for member in members]
        self._before = [
            (record.epochs_trained - epoch, sum(record.history.seconds[-1:])) for record in records
        ]
        self._lock: Any = threading.Lock()

    @property
    def epoch(self) -> int:
        """Whole epochs that lie behind."""
        return int(self.done[0])

    def __getstate__(self) -> dict[str, Any]:
        """Return what is sent to another process: neither networks nor samples."""
        return vars(self) | dict.fromkeys(("members", "_sets", "_lock"))

    @property
    def was_sent(self) -> bool:
        """Whether it has come to another process, or back from there."""
        return self._lock is None

    def arrays(self) -> list[Array | None]:
        """Return the arrays of the samples, which are sent beside the task: each of them once."""
        sets = [part for pair in self._sets for part in pair]
        return [array for part in sets for array in (part or (None, None))]

    def attach(self, arrays: Iterable[Any]) -> None:
        """Take the arrays of the samples, in a process that the task was sent to."""
        rest, self._sets = iter(arrays), []
        while four := list(islice(rest, 4)):
            X, y, watched_X, watched_y = four
            watched = None if watched_X is None else Samples(watched_X, watched_y)
            self._sets.append((Samples(X, y), watched))
        self._lock = threading.Lock()

    def advance(self, order: Order) -> None:
        """Train as far as the order says, in slices, at least for one."""
        with self._lock:
            if order.stop():
                return
            self._prepare(order)
            deadline = perf_counter() + order.seconds
            while self.epoch < order.until and not order.stop():
                before, started = self.epoch, perf_counter()
                self._train(order)
                ended = perf_counter()
                self._seconds += ended - started
                order.tell((self.epoch - before) * self._count)
                if ended >= deadline and not self.done[1]:  # a part of an epoch is never delivered
                    break

    def take(self, done: Self) -> None:
        """Take over what has been reached elsewhere."""
        here = {name: vars(self)[name] for name in ("members", "_sets", "_lock")}
        vars(self).update(vars(done) | here)

    def deliver(self) -> None:
        """Give the networks what has been reached: weights of whole epochs, epochs, losses.

        An interrupt comes before all of it or after, and the call may be repeated.
        """
        with self._lock:  # while another thread is at it
            self._settle()
            points = [point for point in self._points if point.epoch <= self.epoch]
            pairs, recorded = list(self._pairs()), self._recorded(points)
            epochs = self.epoch - self._delivered
            records = [record_of(member.network) for member in self.members]
            reached = [record.epochs_trained + epochs for record in records]
            exhaust(
                starmap(setitem, [(matrix, ..., weights) for matrix, weights in pairs]),
                starmap(list.extend, recorded),
                map(setattr, records, repeat("epochs_trained"), reached),
                map(setattr, repeat(self), ("_delivered", "_points"), (self.epoch, [])),
            )

    def _recorded(self, points: list[Display]) -> list[tuple[list[Any], list[Any]]]:
        """Return the lists of the networks' records, each with what is to be added to it."""
        if not points:
            return []
        losses = _by_network([point.losses for point in points], self._count)
        watched = _by_network([point.validation_losses for point in points], self._count)
        recorded: list[tuple[list[Any], list[Any]]] = []
        common: dict[Any, tuple[list[Any], ...]] = {}  # columns that networks may have in common
        each = zip(self.members, self._before, losses, watched, strict=True)
        for member, before, *own in each:
            rows = len(member.samples.X), None if member.watched is None else len(member.watched.X)
            if (before, rows) not in common:
                common[before, rows] = _common_columns(points, before, rows)
            epochs, *others = common[before, rows]
            record = record_of(member.network)
            recorded.append((record.losses, own[0]))
            recorded += zip(record.history.columns(), (epochs, *own, *others), strict=True)
        return recorded

    @abstractmethod
    def _prepare(self, order: Order) -> None:
        """Make what a task cannot bring along from another process."""

    @abstractmethod
    def _train(self, order: Order) -> None:
        """Train for a slice."""

    @abstractmethod
    def _settle(self) -> None:
        """Go back to the last whole epoch, if an interrupt has come within one."""

    @abstractmethod
    def _pairs(self) -> Iterable[tuple[Array, Array]]:
        """Return the networks' matrices, each with what has been reached."""

    def _display(self, epoch: int, seconds: float, losses: Any, watched: Any = None) -> None:
        self._points.append(Display(epoch, self._seconds + seconds, losses, watched))


def _common_columns(
    points: list[Display], before: tuple[int, float], rows: tuple[int, int | None]
) -> tuple[list[Any], ...]:
    """Return the columns of a history that are not losses: epochs, seconds, numbers of rows."""
    epochs, seconds = before
    return (
        [point.epoch + epochs for point in points],
        [point.seconds + seconds for point in points],
        *([count] * len(points) for count in rows),
    )


def _by_network(losses: list[Floats | None], count: int) -> list[list[Any]]:
    """Return for each network the list of its losses, or of as many None."""
    if not losses or losses[0] is None:
        return [[None] * len(losses)] * count
    by_network: list[list[Any]] = np.array(losses).T.tolist()
    return by_network
