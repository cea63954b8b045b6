"""What the kernels do, in NumPy: where they cannot be had, or do not suit.

The sums are taken in BLAS's order, so results agree with the kernels' to rounding.
"""

from typing import Any

import numpy as np

from bp_numba.simd.arrays import Array, Floats
from bp_numba.training.together import add_each

CHUNK = 512
"""Rows that are predicted at a time: their activations stay in the cache."""


def train_batch(W: Any, x: Array, y: Array, alpha: float) -> None:
    """Train the matrices W in place on the sum over the rows of x, which end in the bias's 1.

    The reference's step in the order of the kernels: the learning rate is put in at the output,
    where the arrays are small.
    """
    activations: list[Any] = [x]
    for weights in W:
        activations.append(_activate(activations[-1].dot(weights)))
    a = activations.pop()
    error = np.subtract(y.reshape(1, -1) if y.ndim == 1 else y, a)
    steps = [np.multiply(error, np.multiply(_derivative(a), alpha))]
    for a, weights in zip(activations[:0:-1], W[:0:-1]):  # noqa: B905 as long as each other
        step = steps[-1].dot(weights.T)
        steps.append(np.multiply(step, _derivative(a), step))
    steps.reverse()
    # All at once: matrices may share memory.
    add_each(W, [a.T.dot(step) for a, step in zip(activations, steps)])  # noqa: B905


def predict(W: Any, X: Array) -> Floats:
    """Return the outputs for the rows of X, with or without the column of ones."""
    if len(X) <= CHUNK:
        return _predict(W, X)
    outputs = np.empty((len(X), np.shape(W[-1])[1]))
    for first in range(0, len(X), CHUNK):
        outputs[first : first + CHUNK] = _predict(W, X[first : first + CHUNK])
    return outputs


def _predict(W: Any, X: Array) -> Floats:
    a: Any = np.ones((len(X), len(W[0])))
    a[:, : X.shape[1]] = X
    with np.errstate(over="ignore"):  # the kernels do not warn either
        for weights in W:
            a = _activate(a.dot(weights))
    return np.asarray(a, dtype=np.float64, order="C")


_ONE = {np.dtype(kind): np.ones((), kind) for kind in "efdg"}
"""1 as arrays: NumPy takes a third less time for them than for a number of Python's."""


def _activate(z: Any) -> Any:
    """Return 1 / (1 + exp(-z)), in the memory of z: the same bits as the expression, sooner."""
    np.negative(z, z)
    np.exp(z, z)
    np.add(z, _ONE[z.dtype], z)
    return np.reciprocal(z, z)


def _derivative(a: Any) -> Any:
    """Return a (1 - a), the derivative of the sigmoid where its value is a."""
    complement = np.subtract(_ONE[a.dtype], a)
    return np.multiply(complement, a, complement)
