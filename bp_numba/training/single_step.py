"""One update of the user's own matrices, from one sample or the sum over a batch."""

from typing import Any

from bp_numba.simd.arrays import Array
from bp_numba.training import choice
from bp_numba.training.in_numpy import train_batch
from bp_numba.training.scratch import local, scratch_for


def train_one(W: Any, x: Array, y: Array, alpha: float, record: choice.HasWork) -> bool:
    """Train the matrices W in place on one sample, if there is a kernel that can.

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
        False if nothing was done: the shapes are others, or NumPy has to make the step.
    """
    if (kernel := choice.TRAIN_ONE.kernel(record)) is None or (scratch := scratch_for(W)) is None:
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
        choice.TRAIN_ONE.charge(record, _nanoseconds(matrices))


def _nanoseconds(matrices: list[Array]) -> int:
    """Return what NumPy takes for a sample, roughly: calls, and three passes over the weights."""
    work = 8000 * len(matrices)
    for w in matrices:
        work += w.size
    return work
