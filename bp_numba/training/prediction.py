"""Outputs of a network for rows of X: by the compiled kernel or by BLAS, whichever is faster."""

from time import perf_counter
from typing import Any

import numpy as np

from bp_numba.kernels.layout import Array, Floats, address, address_table
from bp_numba.native import loading as native
from bp_numba.training.scratch import FEW, local, scratch_for

CHUNK = 512
"""Rows that NumPy takes at a time: their activations stay in the cache."""

MANY = 16384
"""Elements from which on the compiled sigmoid is used rather than NumPy's."""

_predict = native.Deferred("predict")
_predict_one = native.Deferred("predict_one")
_activate = native.Deferred("activate")


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
    deferred = _predict_one if rows == 1 else _predict
    if (function := deferred.get()) is None:
        started = perf_counter()
        outputs = _in_numpy(W, X)
        deferred.charge(perf_counter() - started)
        return outputs
    if (scratch := scratch_for(W)) is None:
        return _in_numpy(W, X)
    if rows == 1:
        if columns < scratch.units[0]:
            scratch.inputs[:] = X
            scratch.x[-1] = 1.0
        else:
            scratch.x[:] = X
        function(scratch.network, scratch.matrices)
        outputs = scratch.outputs.copy()
    elif rows <= FEW:
        scratch.X[: X.size].reshape(X.shape)[...] = X
        function(scratch.batch, scratch.matrices, *scratch.few, rows, columns)
        outputs = scratch.Y[:rows].copy()
    else:
        outputs = np.empty((rows, scratch.units[-1]))
        start, stride = address(outputs), outputs.strides[0]
        for first in range(0, rows, CHUNK):
            part = np.ascontiguousarray(X[first : first + CHUNK], dtype=np.float64)
            there = start + first * stride
            function(scratch.batch, scratch.matrices, address(part), there, len(part), columns)
    local.last = scratch
    return outputs


def _in_numpy(W: Any, X: Array) -> Floats:
    outputs = np.empty((len(X), np.shape(W[-1])[1]))
    buffer = np.ones((min(len(X), CHUNK), len(W[0])))
    for first in range(0, len(X), CHUNK):
        part = X[first : first + CHUNK]
        activations: Any = buffer[: len(part)]
        activations[:, : part.shape[1]] = part
        with np.errstate(over="ignore"):  # the kernels do not warn either
            for weights in W:
                activations = sigmoid(activations.dot(weights))
        outputs[first : first + CHUNK] = activations
    return outputs


def _activated(function: Any, nets: Floats) -> Floats:
    outputs = np.empty_like(nets)
    table = address_table([nets, outputs])
    function(table.ctypes.data)
    return outputs


def sigmoid(nets: Any) -> Any:
    """Return 1 / (1 + exp(-nets)); many float64 elements by the compiled kernel.

    The kernel's error is below 2.5 ulp, and where exp overflows it gives no warning.
    """
    if nets.size >= MANY and nets.dtype == np.float64 and nets.flags.c_contiguous:
        if (function := _activate.get()) is not None:
            return _activated(function, nets)
        started = perf_counter()
        outputs = 1.0 / (1.0 + np.exp(-nets))
        _activate.charge(perf_counter() - started)
        return outputs
    return 1.0 / (1.0 + np.exp(-nets))
