"""Who does tasks: this thread, or others and other processes with joblib."""

import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError
from contextlib import AbstractContextManager, nullcontext
from itertools import chain
from numbers import Integral
from typing import Any

import numpy as np

from bp_numba.many.tasks import Order, Task

ATTEMPTS = 3
"""How often in a row tasks are done anew whose workers have died."""


def jobs_of(n_jobs: int | None) -> int:
    """Return how many tasks can be done at a time, as joblib understands it.

    Raises
    ------
    ValueError, TypeError
        If n_jobs is neither None nor an integer other than 0.
    ModuleNotFoundError
        If joblib is needed and not installed.
    """
    if n_jobs is not None and not (isinstance(n_jobs, Integral) and n_jobs):
        text = f"n_jobs must be an integer other than 0, or None, got {n_jobs!r}"
        raise (ValueError if isinstance(n_jobs, Integral) else TypeError)(text)
    if n_jobs == 1 or (n_jobs is None and "joblib" not in sys.modules):
        return 1
    try:
        import joblib
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            f"n_jobs={n_jobs} needs joblib, which is not installed: pip install 'bp_numba[jobs]'",
            name="joblib",
        ) from None
    return int(joblib.effective_n_jobs(n_jobs))


def done(tasks: Iterable[Task], order: Order, n_jobs: int | None) -> Iterator[Task]:
    """Do tasks, and yield each whenever its networks have been given what it has reached.

    Where more than one can be done at a time, that is on joblib's backend: threads unless the user
    has chosen another. What a process returns unfinished is sent again, and so is what was lost
    with a process: the result is the same.
    """
    if jobs_of(n_jobs) == 1:
        yield from _done_here(tasks, order)
        return
    crew = _Crew(tasks, order, n_jobs)
    try:
        yield from crew.do_all()
    finally:
        crew.stopped.set()
        for task in list(crew.begun.values()):
            task.deliver()


def _done_here(tasks: Iterable[Task], order: Order) -> Iterator[Task]:
    for task in tasks:
        # What a network has of its own may ask it how far it has come, at any epoch.
        own = order._replace(seconds=0.0) if task.is_bound else order
        while task.epoch < order.until:
            try:
                task.advance(own)
                task.deliver()
            except BaseException:
                task.deliver()
                raise
            yield task


class _Crew:
    def __init__(self, tasks: Iterable[Task], order: Order, n_jobs: int | None) -> None:
        self.stopped = threading.Event()
        self.begun: dict[int, Task] = {}
        self._tasks, self._bound, self._lock = iter(tasks), list[Task](), threading.Lock()
        self._order = order._replace(stop=self.stopped.is_set, errors=_errors())
        self._n_jobs = n_jobs

    def do_all(self) -> Iterator[Task]:
        attempts = 0
        while True:
            try:
                for task in self._round(chain(list(self.begun.values()), iter(self._begin, None))):
                    attempts = 0
                    task.deliver()
                    if task.epoch >= self._order.until:
                        del self.begun[id(task)]
                    yield task
            except (BrokenExecutor, CancelledError):  # Dask's for what needs lost samples
                attempts += 1
                if attempts > ATTEMPTS:
                    raise
            if not self.begun:
                break
        yield from _done_here(self._bound, self._order)

    def _begin(self) -> Task | None:
        """Return the next task that can be sent, None if there is none; put off the others.

        Threads of joblib's call it, those of a round that has failed too.
        """
        with self._lock:
            for task in () if self.stopped.is_set() else self._tasks:
                if not task.is_bound:
                    self.begun[id(task)] = task
                    return task
                self._bound.append(task)
            return None

    def _round(self, tasks: Iterable[Task]) -> Iterator[Task]:
        """Have tasks done once; yield each when it has come back."""
        from joblib import Parallel, delayed
        from joblib.parallel import get_active_backend

        backend, _ = get_active_backend(prefer="threads")
        as_they_come = backend.supports_return_generator  # joblib's "multiprocessing" has a list
        return_as = "generator_unordered" if as_they_come else "list"
        parallel = Parallel(self._n_jobs, prefer="threads", return_as=return_as)
        with one_thread_of_blas():
            calls = (delayed(_do)(id(task), task, self._order, *task.arrays()) for task in tasks)
            for key, done in parallel(calls):
                task, before = self.begun[key], self.begun[key].epoch
                if done is not task:
                    task.take(done)
                    self._order.tell((task.epoch - before) * len(task.members))
                yield task


def _do(key: int, task: Task, order: Order, *arrays: Any) -> tuple[int, Task]:
    """Do a task, wherever it was sent to."""
    with _with_errors(order.errors or {}):
        if not task.was_sent:
            task.advance(order)
            return key, task
        task.attach(arrays)
        with one_thread_of_blas():
            task.advance(order)
        return key, task


def _errors() -> dict[str, Any]:
    """Return what NumPy does in this thread where numbers overflow and the like."""
    return {**np.geterr(), "call": np.geterrcall()}


def _with_errors(errors: dict[str, Any]) -> AbstractContextManager[Any]:
    """Return what makes NumPy do that here too, in a thread or a process that begins anew."""
    # NumPy 1 takes a state that is set and is its default for the end of another thread's.
    return nullcontext() if errors.items() <= _errors().items() else np.errstate(**errors)


def one_thread_of_blas() -> AbstractContextManager[Any]:
    """Return what keeps BLAS from having threads of its own, where threadpoolctl is installed."""
    try:
        from threadpoolctl import threadpool_limits
    except ModuleNotFoundError:
        return nullcontext()
    limits: AbstractContextManager[Any] = threadpool_limits(limits=1)
    return limits
