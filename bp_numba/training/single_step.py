"""One update of the user's own matrices, from one sample or the sum over a batch."""

import functools
from itertools import pairwise
from math import prod
from typing import Any, NamedTuple

import numpy as np

from bp_numba.simd.arrays import Array
from bp_numba.training import choice
from bp_numba.training.in_numpy import train_batch
from bp_numba.training.scratch import local, scratch_for, shapes_of_one


def train_one(W: Any, x: Array, y: Array, alpha: float, record: choice.HasWork) -> bool:
    """Train the matrices W in place on one sample, if all is as it mostly is.

    Parameters
    ----------
    x : array
        The sample, with the trailing 1 of the bias: of shape (units[0],) or (1, units[0]).
    y : array
        Its target: of shape (units[L],), (1, units[L]), (1,) or ().
    record : choice.HasWork
        Of the network.

    Returns
    -------
    bool
        False if nothing was done: the shapes are others, or W has to be looked at more closely.
    """
    if (kernel := choice.TRAIN_ONE.kernel(record)) is None:
        return _train_in_numpy(W, x, y, alpha, record)
    if (scratch := scratch_for(W)) is None:
        return False
    fits = x.shape in scratch.samples and y.shape in scratch.targets
    if fits:
        scratch.x[...] = x
        scratch.y[...] = y
        kernel(scratch.one, alpha)
    local.last = scratch
    return fits


def train_rows(matrices: Any, x: Array, y: Array, alpha: float, record: choice.HasWork) -> None:
    """Train the matrices in NumPy on the sum over the rows of x."""
    train_batch(matrices, x, y, alpha)
    if len(x) == 1:  # which a kernel could have done
        choice.TRAIN_ONE.charge(record, _nanoseconds([w.shape for w in matrices]))


class _Kind(NamedTuple):
    """What is asked of a weight matrix in each call."""

    type: type
    shape: tuple[int, ...]
    char: str
    writeable: bool


class _Step(NamedTuple):
    """Shapes that a sample and a target may have, and what NumPy takes for a step."""

    samples: set[tuple[int, ...]]
    targets: set[tuple[int, ...]]
    nanoseconds: int


def _train_in_numpy(W: Any, x: Array, y: Array, alpha: float, record: choice.HasWork) -> bool:
    """Do it in NumPy, if matrices and shapes are such as were looked at before.

    To look at them again takes a tenth of the time that a step of XOR takes.
    """
    if type(W) is not list:  # an iterator, say, that is exhausted when it has been looked at
        return False
    try:
        step = _step(*[(type(w), w.shape, w.dtype.char, w.flags.writeable) for w in W])
    except (AttributeError, TypeError):  # no arrays
        return False
    if step is None or x.shape not in step.samples or y.shape not in step.targets:
        return False
    train_batch(W, x if x.ndim == 2 else x.reshape(1, -1), y, alpha)
    choice.TRAIN_ONE.charge(record, step.nanoseconds)
    return True


@functools.lru_cache(maxsize=64)
def _step(*kinds: tuple[Any, ...]) -> _Step | None:
    """Return what a step with such matrices takes; None if they are none to be trained."""
    matrices = [_Kind(*kind) for kind in kinds]
    usable = (
        bool(matrices)
        and all(w.type is np.ndarray and len(w.shape) == 2 and w.writeable for w in matrices)
        and all(np.dtype(w.char).kind == "f" for w in matrices)
        and all(a.shape[1] == b.shape[0] for a, b in pairwise(matrices))
    )
    if not usable:
        return None
    shapes = [w.shape for w in matrices]
    return _Step(*shapes_of_one(shapes[0][0], shapes[-1][1]), _nanoseconds(shapes))


def _nanoseconds(shapes: list[tuple[int, ...]]) -> int:
    """Return what NumPy takes for a sample, roughly: calls, and three passes over the weights."""
    return 8000 * len(shapes) + sum(map(prod, shapes))
