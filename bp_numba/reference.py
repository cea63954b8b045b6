"""The teaching class in plain NumPy, from the equations: the oracle of tests and benchmarks.

With units u_l (bias units included), weights W_l of shape (u_l, u_{l+1}), and sigmoid
s(z) = 1 / (1 + exp(-z)):

    forward          a_0 = x,  a_{l+1} = s(a_l W_l)
    output deltas    d_L = (a_L - y) a_L (1 - a_L)
    hidden deltas    d_l = (d_{l+1} W_l^T) a_l (1 - a_l)
    update           W_l -= alpha a_l^T d_{l+1}
    loss             1/2 sum (a_L - y)^2 over all rows and outputs
"""

from collections.abc import Sequence
from typing import Any

import numpy as np


class ReferenceNetwork:
    """A fully connected network of sigmoid layers, trained by backpropagation sample by sample.

    Plain NumPy and no checks: this class is there to be read and compared with.
    `NeuralNetwork` is the same class, checked and compiled.

    Parameters
    ----------
    layers : sequence of int
        Number of inputs, of units in each hidden layer, and of outputs, without bias units.
    alpha : float, default 0.1
        Learning rate.

    Attributes
    ----------
    W : list of ndarray
        Weight matrix l has shape `(layers[l] + 1, layers[l + 1] + 1)`, the last one
        `(layers[-2] + 1, layers[-1])`; the extra units carry the bias. Changed in place by
        training. Initial values are `np.random.randn(...) / sqrt(layers[l])`.
    layers : sequence of int
        As given.
    alpha : float
        As given; read anew for every update.

    Examples
    --------
    >>> import numpy as np
    >>> from bp_numba import ReferenceNetwork
    >>> np.random.seed(1)
    >>> ReferenceNetwork([2, 2, 1], alpha=0.5)
    NeuralNetwork: 2-2-1
    """

    def __init__(self, layers: Sequence[int], alpha: float = 0.1) -> None:
        self.layers = layers
        self.alpha = alpha
        sizes = [int(size) for size in layers]
        units = [size + 1 for size in sizes[:-1]] + sizes[-1:]
        self.W: list[np.ndarray[Any, Any]] = []
        for rows, columns, inputs in zip(units, units[1:], sizes, strict=False):
            self.W.append(np.random.randn(rows, columns))
            self.W[-1] /= np.sqrt(inputs)

    def __repr__(self) -> str:
        """Return for example ``NeuralNetwork: 2-2-1``."""
        return "NeuralNetwork: " + "-".join(str(size) for size in self.layers)

    def sigmoid(self, x: Any) -> Any:
        """Return 1 / (1 + exp(-x)), element by element."""
        return 1.0 / (1.0 + np.exp(-x))

    def sigmoid_deriv(self, x: Any) -> Any:
        """Return the derivative of the sigmoid, x * (1 - x), where x is the sigmoid's value."""
        return x * (1 - x)

    def fit(self, X: Any, y: Any, epochs: int = 1000, displayUpdate: float = 100) -> None:
        """Train on every row of X in turn, `epochs` times, and print the loss now and then.

        Parameters
        ----------
        X : ndarray of shape (n, layers[0])
            Samples, without the column of ones.
        y : array_like of shape (n, layers[-1])
            Targets.
        epochs : int, default 1000
            Passes over the samples.
        displayUpdate : number, default 100
            The loss is printed after the first epoch and after every one that this divides;
            0 means every epoch.
        """
        X = np.c_[X, np.ones(X.shape[0])]
        for epoch in range(1, epochs + 1):
            for x, target in zip(X, y, strict=False):
                self.fit_partial(x, target)
            if epoch == 1 or displayUpdate == 0 or epoch % displayUpdate == 0:
                print(f"[INFO] epoch={epoch}, loss={self.calculate_loss(X, y):.7f}")

    def fit_partial(self, x: Any, y: Any) -> None:
        """Make one update with the gradient summed over the rows of x.

        Parameters
        ----------
        x : array_like of shape (layers[0] + 1,) or (n, layers[0] + 1)
            One sample or a batch, the trailing 1 of the bias included.
        y : array_like of shape (layers[-1],) or (n, layers[-1])
            Targets.
        """
        activations = [np.atleast_2d(x)]
        for weights in self.W:
            activations.append(self.sigmoid(activations[-1].dot(weights)))

        output = activations[-1]
        deltas = [(output - y) * self.sigmoid_deriv(output)]
        for l in range(len(self.W) - 1, 0, -1):
            error = deltas[0].dot(self.W[l].T)
            deltas.insert(0, error * self.sigmoid_deriv(activations[l]))

        for weights, a, delta in zip(self.W, activations, deltas, strict=False):
            weights -= self.alpha * a.T.dot(delta)

    def predict(self, X: Any, addBias: bool = True) -> Any:
        """Return the outputs for each row of X, of shape (n, layers[-1]).

        Parameters
        ----------
        X : array_like of shape (layers[0],) or (n, layers[0])
            One sample or several.
        addBias : bool, default True
            Append the column of ones; False says that X already holds it.
        """
        activation = np.atleast_2d(X)
        if addBias:
            activation = np.c_[activation, np.ones(activation.shape[0])]
        for weights in self.W:
            activation = self.sigmoid(activation.dot(weights))
        return activation

    def calculate_loss(self, X: Any, targets: Any) -> Any:
        """Return half the sum of squared errors over all rows and outputs.

        Parameters
        ----------
        X : array_like of shape (n, layers[0] + 1)
            Samples, the column of ones included.
        targets : array_like of shape (n, layers[-1])
            Targets. One-dimensional ones count as a single row and are broadcast.
        """
        predictions = self.predict(X, addBias=False)
        return 0.5 * np.sum((predictions - np.atleast_2d(targets)) ** 2)
