"""What the kernels do, in NumPy: where they cannot be had, or do not suit.

The sums are taken in BLAS's order, so results agree with the kernels' to rounding.
"""

from typing import Any

import numpy as np

from bp_numba.simd.arrays import Array, Floats
from bp_numba.training.activation import derivative, sigmoid

CHUNK = 512
"""Rows that are predicted at a time: their activations stay in the cache."""


def train_batch(W: Any, x: Array, y: Array, alpha: float) -> None:
    """Train the matrices W in place on the sum over the rows of x, which end in the bias's 1.

    The reference's step in the order of the kernels: the learning rate is put in at the output,
    where the arrays are small.
    """
    activations: list[Any] = [x]
    for weights in W:
        activations.append(sigmoid(activations[-1].dot(weights)))
    a = activations[-1]
    steps = [(y - a) * (alpha * derivative(a))]
    for a, weights in zip(activations[-2:0:-1], W[:0:-1], strict=True):
        steps.append(steps[-1].dot(weights.T) * derivative(a))
    for weights, a, step in zip(W, activations, reversed(steps), strict=False):
        weights += a.T.dot(step)


def predict(W: Any, X: Array) -> Floats:
    """Return the outputs for the rows of X, with or without the column of ones."""
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
