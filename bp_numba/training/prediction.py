"""Outputs of a network for rows of X: by the kernels, or by BLAS where `choice` says so."""

from time import perf_counter
from typing import Any

import numpy as np

from bp_numba.simd.arrays import Array, Floats, address
from bp_numba.training import choice, in_numpy
from bp_numba.training.in_numpy import CHUNK
from bp_numba.training.scratch import FEW, Scratch, local, scratch_for


def predict(W: Any, X: Array) -> Floats:
    """Return the outputs for the rows of X, with or without the column of ones.

    Parameters
    ----------
    W : sequence of L matrices
        They and X must fit each other.
    X : (n, units[0]) or (n, units[0] - 1) array of numbers
        Converted to float64 in chunks, so no second copy of it is made.

    Returns
    -------
    (n, units[L]) C-contiguous array of float64
    """
    rows, columns = X.shape
    deferred = choice.PREDICT_ONE if rows == 1 else choice.PREDICT
    if (kernel := deferred.kernel()) is None:
        started = perf_counter()
        outputs = in_numpy.predict(W, X)
        deferred.charge(perf_counter() - started)
        return outputs
    if (scratch := scratch_for(W)) is None:
        return in_numpy.predict(W, X)
    if rows == 1:
        if columns < scratch.units[0]:
            scratch.inputs[:] = X
            scratch.x[-1] = 1.0
        else:
            scratch.x[:] = X
        kernel(scratch.one)
        outputs = scratch.outputs.copy()
    elif rows <= FEW:
        scratch.X[: X.size].reshape(X.shape)[...] = X
        kernel(scratch.many, *scratch.few, rows, columns)
        outputs = scratch.Y[:rows].copy()
    else:
        outputs = _in_chunks(kernel, scratch, X)
    local.last = scratch
    return outputs


def _in_chunks(kernel: Any, scratch: Scratch, X: Array) -> Floats:
    rows, columns = X.shape
    outputs = np.empty((rows, scratch.units[-1]))
    start, stride = address(outputs), outputs.strides[0]
    for first in range(0, rows, CHUNK):
        part = np.ascontiguousarray(X[first : first + CHUNK], dtype=np.float64)
        kernel(scratch.many, address(part), start + first * stride, len(part), columns)
    return outputs
