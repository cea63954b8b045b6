"""The network that users import: checks arguments once and hands the work to compiled kernels."""

import copy
from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import Any

import numpy as np

from bp_numba import native, prediction, training
from bp_numba import validation as check
from bp_numba.reference import ReferenceNetwork


class NeuralNetwork(ReferenceNetwork):
    """A fully connected network of sigmoid layers, trained by compiled backpropagation.

    A drop-in replacement for the NumPy teaching class: the same interface, the same numbers and
    the same printed output, many times faster.

    Parameters
    ----------
    layers : sequence of int
        Number of inputs, of units in each hidden layer, and of outputs, without bias units: two
        or more positive integers. Stored by reference.
    alpha : float, default 0.1
        Learning rate, a finite number.

    Attributes
    ----------
    W : list of ndarray
        Weight matrix l has shape `(layers[l] + 1, layers[l + 1] + 1)`, the last one
        `(layers[-2] + 1, layers[-1])`; the extra units carry the bias. Initial values are
        `np.random.randn(...) / sqrt(layers[l])` from NumPy's global generator. Training changes
        these arrays in place; they may be replaced by other arrays of floats whose shapes chain.
    layers, alpha
        As given; alpha is read anew at every call and every epoch.

    Raises
    ------
    ValueError
        If layers are not two or more positive integers, or too large for this machine's memory;
        if alpha is not finite.
    TypeError
        If alpha is no number.

    Notes
    -----
    Methods may be overridden, in a subclass or on an instance. If `sigmoid`, `sigmoid_deriv` or
    `fit_partial` is, training runs sample by sample in NumPy and calls it.

    The method is stochastic gradient descent without shuffling on the squared error: D. E.
    Rumelhart, G. E. Hinton, R. J. Williams, "Learning representations by back-propagating
    errors", Nature 323 (1986).

    Examples
    --------
    >>> import numpy as np
    >>> from bp_numba import NeuralNetwork
    >>> X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> y = np.array([[0], [1], [1], [0]])
    >>> np.random.seed(0)
    >>> nn = NeuralNetwork([2, 2, 1], alpha=0.5)
    >>> nn
    NeuralNetwork: 2-2-1
    >>> nn.fit(X, y, epochs=20000, displayUpdate=10000)
    [INFO] epoch=1, loss=0.5541668
    [INFO] epoch=10000, loss=0.0005943
    [INFO] epoch=20000, loss=0.0002300
    >>> print(nn.predict(X).round(3).ravel())
    [0.006 0.988 0.992 0.014]
    """

    def __init__(self, layers: Sequence[int], alpha: float = 0.1) -> None:
        check.check_layers(layers)
        check.check_alpha(alpha)
        super().__init__(layers, alpha)

    def __copy__(self) -> "NeuralNetwork":
        """Return a network of its own: the weights are copied too."""
        duplicate = object.__new__(type(self))
        duplicate.__dict__.update(self.__dict__, W=copy.deepcopy(self.W))
        return duplicate

    def sigmoid(self, x: Any) -> Any:
        """Return 1 / (1 + exp(-x)), element by element; large arrays by the compiled kernel.

        The kernel's error is below 2 ulp, and where exp overflows it gives no warning.
        """
        return prediction.sigmoid(x) if type(x) is np.ndarray else super().sigmoid(x)

    def fit(self, X: Any, y: Any, epochs: int = 1000, displayUpdate: float = 100) -> None:
        """Train on every row of X in turn, `epochs` times, and print the loss now and then.

        Parameters
        ----------
        X : array_like of shape (n, layers[0])
            Samples, without the column of ones; never changed. One-dimensional X counts as one
            column.
        y : array_like of shape (n, layers[-1]), (n, 1) or (n,)
            Targets; a single column serves all outputs. Beware of one-dimensional y: it trains
            as expected, but the printed loss, as in the reference, is the sum over all n x n
            pairs of predictions and targets. Pass `y[:, np.newaxis]` for the true loss.
        epochs : int, default 1000
            Passes over the samples. They are counted from 1 in every call, but training goes on
            from the present weights.
        displayUpdate : number, default 100
            `[INFO] epoch=..., loss=...` is printed after the first epoch and after every one
            that this divides; 0 means every epoch.

        Raises
        ------
        ValueError, TypeError
            If an argument, alpha or the weights cannot be used; nothing is trained then.
        KeyboardInterrupt
            Within a fraction of a second after Ctrl-C; the weights are those reached so far.

        Examples
        --------
        >>> import numpy as np
        >>> from bp_numba import NeuralNetwork
        >>> np.random.seed(0)
        >>> nn = NeuralNetwork([2, 2, 1], alpha=0.5)
        >>> nn.fit([[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]], epochs=2)
        [INFO] epoch=1, loss=0.5541668
        """
        epochs = check.check_epochs(epochs)
        interval = check.check_display_update(displayUpdate)
        X, y = check.as_numbers(X, "X"), check.as_numbers(y, "y")
        if X.ndim == 1 and len(self.W[0]) == 2:
            X = X[:, np.newaxis]
        trainer = None if self._overridden("fit_partial") else self._trainer(X, y)
        if trainer is None:
            super().fit(X, y, epochs, interval or np.inf)
            return
        overridden = self._overridden("predict", "calculate_loss")
        samples = np.c_[X, np.ones(len(X))] if overridden else X
        loss = self.calculate_loss if overridden else self._loss
        done = 0
        for epoch in display_epochs(epochs, interval):
            trainer.run(epoch - done)
            self._print_loss(epoch, loss(samples, y))
            done = epoch
        trainer.run(epochs - done)

    def fit_partial(self, x: Any, y: Any) -> None:
        """Make one update with the gradient summed over the rows of x.

        Parameters
        ----------
        x : array_like of shape (layers[0] + 1,) or (n, layers[0] + 1)
            One sample or a batch, the trailing 1 of the bias included.
        y : array_like
            Targets that broadcast to the outputs' shape, (n, layers[-1]).

        Raises
        ------
        ValueError, TypeError
            If an argument, alpha or the weights cannot be used; nothing is changed then.

        Examples
        --------
        >>> from bp_numba import NeuralNetwork
        >>> NeuralNetwork([2, 2, 1]).fit_partial([0, 1, 1], 1)
        """
        alpha = check.check_alpha(self.alpha)
        x, y = check.as_numbers(x, "x"), check.as_numbers(y, "y")
        x = x[0] if x.ndim == 2 and len(x) == 1 else x
        overridden = self._overridden("sigmoid", "sigmoid_deriv")
        if not overridden and training.train_one(self.W, x, y, alpha):
            return
        x = np.atleast_2d(x)
        matrices = check.check_weights(self.W)
        check.check_samples(x, len(matrices[0]), has_bias=True, name="x")
        check.check_broadcast(y, (len(x), matrices[-1].shape[1]), "y", exact=True)
        if overridden:
            super().fit_partial(x, y)
            return
        started = perf_counter()
        training.train_batch(matrices, x, y, alpha)
        if len(x) == 1:
            training.charge(perf_counter() - started)

    def predict(self, X: Any, addBias: bool = True) -> Any:
        """Return the outputs for each row of X.

        Parameters
        ----------
        X : array_like of shape (n, layers[0]) or (layers[0],)
            Samples, or a single one.
        addBias : bool, default True
            Append the column of ones; False says that X already holds it.

        Returns
        -------
        ndarray of shape (n, layers[-1])
            New, C-contiguous, float64; a single sample gives one row.

        Raises
        ------
        ValueError, TypeError
            If X is not numeric or has the wrong number of columns.

        Examples
        --------
        >>> from bp_numba import NeuralNetwork
        >>> NeuralNetwork([2, 2, 1]).predict([0, 1]).shape
        (1, 1)
        """
        X = check.as_numbers(X, "X")
        if X.ndim < 2:
            X = X.reshape(1, -1)
        check.check_samples(X, len(self.W[0]), has_bias=not addBias)
        if self._overridden("sigmoid"):
            return np.ascontiguousarray(super().predict(X, addBias), dtype=np.float64)
        return prediction.predict(self.W, X)

    def calculate_loss(self, X: Any, targets: Any) -> Any:
        """Return half the sum of squared errors over all rows and outputs.

        Parameters
        ----------
        X : array_like of shape (n, layers[0] + 1)
            Samples, the column of ones included.
        targets : array_like of shape (n, layers[-1]) or (n, 1)
            Targets. One-dimensional ones count as a single row and are broadcast: with one
            output unit the result is the sum over all n x n pairs, as in the reference.

        Returns
        -------
        float
            A `np.float64`: a sum, not a mean.

        Raises
        ------
        ValueError, TypeError
            If X or targets are not numeric or do not fit the network.

        Examples
        --------
        >>> import numpy as np
        >>> from bp_numba import NeuralNetwork
        >>> np.random.seed(1)
        >>> print(f"{NeuralNetwork([2, 2, 1]).calculate_loss([[0, 1, 1]], [[1]]):.6f}")
        0.108196
        """
        predictions = self.predict(X, addBias=False)
        targets = check.as_numbers(targets, "targets")
        if not self._overridden("predict"):
            check.check_broadcast(targets, predictions.shape, "targets")
        return half_squared_error(predictions, targets)

    def _loss(self, X: Any, y: Any) -> Any:
        """Return the loss for samples without the column of ones, no method being overridden."""
        return half_squared_error(prediction.predict(self.W, X), y)

    def _trainer(self, X: Any, y: Any) -> Any:
        """Return the compiled trainer, or None where NumPy has to do it, after all checks."""
        matrices = check.check_weights(self.W)
        inputs, outputs = matrices[0].shape[0], matrices[-1].shape[1]
        check.check_samples(X, inputs)
        check.check_targets(X, y, outputs)
        if not self._overridden("predict", "calculate_loss"):
            check.check_broadcast(y, (len(X), outputs), "y")
        if self._overridden("sigmoid", "sigmoid_deriv"):
            return None
        return training.Trainer(self, X, y) if native.enabled() else None

    def _overridden(self, *names: str) -> bool:
        """Tell if any of the methods is not the one of this module, whoever replaced it."""
        own, kind = self.__dict__, type(self)
        for name in names:  # any() with a generator takes three times as long
            if name in own or getattr(kind, name) is not _METHODS[name]:
                return True
        return False


_METHODS = {
    name: getattr(NeuralNetwork, name)
    for name in ("sigmoid", "sigmoid_deriv", "fit_partial", "predict", "calculate_loss")
}


def display_epochs(epochs: int, interval: int | None) -> Iterator[int]:
    """Yield the epochs after which the loss is shown: the first and every multiple of interval."""
    if epochs:
        yield 1
    if interval is not None:
        yield from range(max(interval, 2), epochs + 1, interval)


def half_squared_error(predictions: Any, targets: Any) -> Any:
    """Return half the sum of squared errors; one-dimensional targets count as a single row."""
    targets = np.atleast_2d(targets)
    if np.shape(predictions)[1:] == targets.shape[:1] == (1,) and targets.size > 1:
        return 0.5 * _sum_over_pairs(predictions[:, 0], targets[0])
    return np.float64(0.5 * np.sum((predictions - targets) ** 2))


def _sum_over_pairs(p: Any, y: Any) -> Any:
    """Return the sum over all i, j of (p[i] - y[j])^2 in memory for one vector.

    n_y sum (p - mean p)^2 + n_p sum (y - mean y)^2 + n_p n_y (mean p - mean y)^2
    """
    if p.size == 0:
        return np.float64(0.0)
    if not np.isfinite(y).all():
        return np.sum((p[0] - y) ** 2) + np.sum(p * 0.0)
    p_mean, y_mean = p.mean(), y.mean()
    return (
        y.size * np.sum((p - p_mean) ** 2)
        + p.size * np.sum((y - y_mean) ** 2)
        + p.size * y.size * (p_mean - y_mean) ** 2
    )
