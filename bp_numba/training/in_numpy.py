"""What the kernels do, in NumPy: where they cannot be had, do not suit, or have yet to pay off.

The sums are taken in BLAS's order, so results agree with the kernels' to rounding. On a few samples
NumPy's calls take all of the time, so they are as few as can be: a step has to take at most a tenth
longer than the reference's, with its arguments checked. As the reference's, the exponential
function warns where it overflows.
"""

from typing import Any

import numpy as np
from numpy import add, divide, exp, multiply, negative, reciprocal, subtract

from bp_numba.simd.arrays import Array, Floats
from bp_numba.training.together import add_each

CHUNK = 512
"""Rows that are predicted at a time: their activations stay in the cache."""

_ONE = np.ones(())
"""As an array: NumPy takes a third less time for it than for a number of Python's."""


def train_batch(W: Any, x: Array, y: Array, alpha: float) -> None:
    """Train the matrices W in place on the sum over the rows of x, which end in the bias's 1.

    The reference's step in the order of the kernels: the learning rate is put in at the output,
    where the arrays are small.
    """
    activations, a, is_one = [x], x, len(x) == 1
    for weights in W:
        z = a.dot(weights)
        # As `_sigmoid` does it for one row, whose call would be a sixtieth of a step of XOR.
        a = reciprocal(add(exp(negative(z)), _ONE)) if is_one else _sigmoid(z)
        activations.append(a)
    step = multiply(subtract(y if y.ndim > 1 else y.reshape(1, -1), a), alpha)
    updates = []
    for l in range(len(W) - 1, -1, -1):
        step = multiply(step, multiply(subtract(_ONE, a), a))
        a = activations[l]
        updates.append(a.T.dot(step))
        if l:
            step = step.dot(W[l].T)
    updates.reverse()  # all at once: matrices may share memory
    add_each(W, updates)


def predict(W: Any, X: Array) -> Floats:
    """Return the outputs for the rows of X, with or without the column of ones."""
    if len(X) <= CHUNK:
        return _predict(W, X)
    outputs = np.empty((len(X), W[-1].shape[1]))
    for first in range(0, len(X), CHUNK):
        outputs[first : first + CHUNK] = _predict(W, X[first : first + CHUNK])
    return outputs


def _predict(W: Any, X: Array) -> Floats:
    a: Any = X.astype(np.float64, copy=False)
    if X.shape[1] < len(W[0]):
        a = np.empty((len(X), len(W[0])))
        a[:, :-1], a[:, -1] = X, 1.0
    for weights in W:
        a = _sigmoid(a.dot(weights))
    return np.asarray(a, dtype=np.float64, order="C")


def _sigmoid(z: Any) -> Any:
    """Return 1 / (1 + exp(-z)), of many rows in the memory of z.

    `divide` takes half the time of `reciprocal`, which has no vectors, but its call a tenth more.
    """
    if len(z) > 1:
        return divide(_ONE, add(exp(negative(z, z), z), _ONE, z), z)
    return reciprocal(add(exp(negative(z)), _ONE))  # a tenth less than with the memory named
