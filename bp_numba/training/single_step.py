"""One update of the user's own matrices, from one sample or the sum over a batch."""

from time import perf_counter
from typing import Any

from bp_numba.simd.arrays import Array
from bp_numba.training import choice
from bp_numba.training.in_numpy import train_batch
from bp_numba.training.scratch import local, scratch_for


def train_one(W: Any, x: Array, y: Array, alpha: float) -> bool:
    """Train the matrices W in place on one sample, if there is a kernel that can.

    Parameters
    ----------
    x : array
        The sample, with the trailing 1 of the bias: of shape (units[0],).
    y : array
        Its target: of shape (units[L],), (1, units[L]), (1,) or ().

    Returns
    -------
    bool
        False if nothing was done: the shapes are others, or NumPy has to make the step.
    """
    if (kernel := choice.TRAIN_ONE.kernel()) is None or (scratch := scratch_for(W)) is None:
        return False
    fits = x.shape == scratch.x.shape and y.shape in scratch.targets
    if fits:
        scratch.x[:] = x
        scratch.y[:] = y
        kernel(scratch.one, alpha)
    local.last = scratch
    return fits


def train_rows(matrices: Any, x: Array, y: Array, alpha: float) -> None:
    """Train the matrices in NumPy on the sum over the rows of x."""
    started = perf_counter()
    train_batch(matrices, x, y, alpha)
    if len(x) == 1:  # which a kernel could have done
        choice.TRAIN_ONE.charge(perf_counter() - started)
