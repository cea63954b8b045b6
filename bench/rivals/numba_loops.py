"""The obvious scalar loops in Numba: math.exp, no fastmath, no thought of vectors."""

import math

import numpy as np
from numba import njit


@njit(error_model="numpy")
def online_sgd(weights, activations, deltas, X, y, epochs, alpha):
    """Change the weights, a tuple of matrices, in place."""
    last = len(weights)
    for _ in range(epochs):
        for row in range(X.shape[0]):
            for i in range(X.shape[1]):
                activations[0][i] = X[row, i]
            for l in range(last):
                a, w = activations[l], weights[l]
                for j in range(w.shape[1]):
                    total = 0.0
                    for i in range(w.shape[0]):
                        total += a[i] * w[i, j]
                    activations[l + 1][j] = 1.0 / (1.0 + math.exp(-total))
            for j in range(y.shape[1]):
                output = activations[last][j]
                deltas[last][j] = (output - y[row, j]) * output * (1.0 - output)
            for l in range(last - 1, 0, -1):
                a, w, d_next = activations[l], weights[l], deltas[l + 1]
                for i in range(w.shape[0]):
                    error = 0.0
                    for j in range(w.shape[1]):
                        error += w[i, j] * d_next[j]
                    deltas[l][i] = error * a[i] * (1.0 - a[i])
            for l in range(last):
                a, w, d_next = activations[l], weights[l], deltas[l + 1]
                for i in range(w.shape[0]):
                    for j in range(w.shape[1]):
                        w[i, j] -= alpha * a[i] * d_next[j]


class Network:
    """Weights as a tuple of C-contiguous matrices."""

    def __init__(self, layers, weights, alpha):
        units = [*map(len, weights), layers[-1]]
        self.weights = tuple(w.copy() for w in weights)
        self.activations = tuple(np.zeros(size) for size in units)
        self.deltas = tuple(np.zeros(size) for size in units)
        self.alpha = alpha

    def train(self, X, y, epochs):
        """Run all epochs in one call."""
        X, y = np.c_[X, np.ones(len(X))], np.ascontiguousarray(y, dtype=np.float64)
        online_sgd(self.weights, self.activations, self.deltas, X, y, epochs, self.alpha)

    def outcome(self, X):
        """Return the weights."""
        return self.weights
