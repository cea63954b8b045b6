"""Outputs of a network for rows of X: by the kernels, or by BLAS where `choice` says so."""

from typing import Any

import numpy as np

from bp_numba.simd.arrays import Array, Floats, address
from bp_numba.training import choice, in_numpy
from bp_numba.training.in_numpy import CHUNK
from bp_numba.training.scratch import FEW, Scratch, local, scratch_for
from bp_numba.validation import check_matrices, check_samples


def predict(W: Any, X: Array, has_bias: bool, record: choice.HasWork) -> Floats:
    """Return the outputs for the rows of X.

    Parameters
    ----------
    W : sequence of L matrices
        The network's own, unchecked.
    X : (n, units[0]) or (n, units[0] - 1) array of numbers
        Converted to float64 in chunks, so no second copy of it is made.
    has_bias : bool
        Whether it has the column of ones.
    record : choice.HasWork
        Of the network.

    Returns
    -------
    (n, units[L]) C-contiguous array of float64

    Raises
    ------
    ValueError, TypeError
        If W are no matrices that chain, or X does not fit them.
    """
    deferred = choice.PREDICT_ONE if len(X) == 1 else choice.PREDICT
    if (kernel := deferred.kernel(record)) is None or (scratch := scratch_for(W)) is None:
        matrices = check_matrices(W)
        check_samples(X, len(matrices[0]), has_bias)
        if kernel is None:
            deferred.charge(record, _nanoseconds(matrices, len(X)))
        return in_numpy.predict(matrices, X)
    check_samples(X, scratch.units[0], has_bias)
    outputs = _predict(kernel, scratch, X)
    local.last = scratch
    return outputs


def _nanoseconds(matrices: list[Array], rows: int) -> int:
    """Return what NumPy takes, roughly: calls, sigmoids, and multiply-adds."""
    work = 3000 * len(matrices)
    for w in matrices:
        work += rows * (6 * w.shape[1] + (w.size >> 4))
    return work


def _predict(kernel: Any, scratch: Scratch, X: Array) -> Floats:
    rows, columns = X.shape
    if rows == 1:
        if columns < scratch.units[0]:
            scratch.inputs[...] = X
            scratch.x[-1] = 1.0
        else:
            scratch.x[...] = X
        kernel(scratch.one)
        return scratch.outputs.copy()
    if rows <= FEW:
        scratch.X[: X.size].reshape(X.shape)[...] = X
        kernel(scratch.many, *scratch.few, rows, columns)
        return scratch.Y[:rows].copy()
    return _in_chunks(kernel, scratch, X)


def _in_chunks(kernel: Any, scratch: Scratch, X: Array) -> Floats:
    rows, columns = X.shape
    outputs = np.empty((rows, scratch.units[-1]))
    start, stride = address(outputs), outputs.strides[0]
    for first in range(0, rows, CHUNK):
        part = np.ascontiguousarray(X[first : first + CHUNK], dtype=np.float64)
        kernel(scratch.many, address(part), start + first * stride, len(part), columns)
    return outputs
