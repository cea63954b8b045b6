"""Training in scikit-learn's own code, batch by batch: for whatever kernels do not take."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import gen_batches

from bp_numba.estimators.weighting import mean_weight_of_ones


class InScikitLearn:
    """A `Trainer` that calls the estimator's own `_backprop` and optimizer.

    These work on the estimator's arrays in place, so there is never anything to write back.
    """

    def __init__(self, estimator: Any, X: Any, y: Any, sample_weight: Any, batch_size: int) -> None:
        self._estimator, self._batch_size = estimator, batch_size
        self._samples = X, y, sample_weight
        self._mean_weight = mean_weight_of_ones(estimator, sample_weight, batch_size)
        self.read_back()
        layers = len(estimator.coefs_)
        self._activations = [None] * (layers + 1)
        self._scratch = [[None] * layers for _ in ("deltas", "coef_grads", "intercept_grads")]

    def epoch(self, order: NDArray[np.intp]) -> float:
        """Train one epoch; see `Trainer`."""
        loss = 0.0
        for batch in gen_batches(len(order), self._batch_size):
            # A slice of X is not a copy, and lies in memory as X does, which BLAS may round by.
            rows = order[batch] if self._estimator.shuffle else batch
            loss += self._update(rows) * (batch.stop - batch.start)
        return loss / len(order)

    def write_back(self) -> None:
        """Do nothing: the estimator's arrays are what is trained."""

    def read_back(self) -> None:
        """Take the estimator's arrays, which may be others; all else is looked at where it is."""
        self._parameters = self._estimator.coefs_ + self._estimator.intercepts_

    def _update(self, rows: Any) -> float:
        """Train one batch and return its loss before that."""
        parts: list[Any] = [None if part is None else part[rows] for part in self._samples]
        X, y, sample_weight = parts
        if sample_weight is not None and not sample_weight.any():
            return 0.0  # scikit-learn would divide by it
        self._activations[0] = X
        scale = 1.0 if self._mean_weight is None else sample_weight[0] / self._mean_weight
        loss, coefs, intercepts = self._estimator._backprop(
            X, y, sample_weight, self._activations, *self._scratch
        )
        gradients = coefs + intercepts
        if scale != 1:
            gradients = [gradient * scale for gradient in gradients]
        self._estimator._optimizer.update_params(self._parameters, gradients)
        return loss * scale  # type: ignore[no-any-return]
