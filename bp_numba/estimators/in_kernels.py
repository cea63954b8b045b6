"""Training in kernels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse

from bp_numba.estimators import hooks
from bp_numba.estimators.adam_rates import AdamRates
from bp_numba.estimators.overflows import Overflows
from bp_numba.estimators.weighting import mean_weight_of_ones
from bp_numba.kernels.variants import Variant
from bp_numba.training.batches import BatchTraining, Data, Settings
from bp_numba.training.gradient import Gradient

MOMENTS = {"AdamOptimizer": ("ms", "vs"), "SGDOptimizer": ("velocities",)}
"""What scikit-learn's optimizers keep of the gradients."""


def kept_by(optimizer: Any) -> tuple[str, ...]:
    """Return what an optimizer keeps of the gradients, nothing if it is not scikit-learn's own."""
    kinds = {hooks.get(f"_stochastic_optimizers.{kind}"): kept for kind, kept in MOMENTS.items()}
    return kinds.get(type(optimizer), ())


class InKernels:
    """A `Trainer` whose weights and moments lie in the kernels' buffers until they are asked for.

    Raises
    ------
    NotCompiled
        If there is no kernel to be had.
    """

    def __init__(self, estimator: Any, X: Any, y: Any, sample_weight: Any, batch_size: int) -> None:
        self._estimator, self._optimizer = estimator, estimator._optimizer
        self._parameters = estimator.coefs_ + estimator.intercepts_
        self._weights = None if sample_weight is None or sample_weight.all() else sample_weight
        self._starts = np.arange(0, X.shape[0], batch_size)
        # The optimizer stays over calls of partial_fit, whatever `solver` is set to.
        self._kept = kept_by(self._optimizer)
        self._is_adam = "ms" in self._kept
        self._loss_factor = _loss_factor(estimator, y)
        self._mean_weight = mean_weight_of_ones(estimator, sample_weight, batch_size)
        self._dtype = X.dtype
        X = X.astype(_precision(X, y), copy=False)
        variant = _variant(estimator, X, "adam" if self._is_adam else _rule(self._optimizer))
        self._training = BatchTraining(
            variant, self._parameters, _data(X, y, sample_weight), int(batch_size), self._settings()
        )
        self._kept = self._kept[: variant.moments]
        self._pack_moments()
        self._overflows = Overflows(self._training.weights)
        self._rates = AdamRates(self._optimizer)

    def _pack_moments(self) -> None:
        self._training.pack_moments(*(getattr(self._optimizer, name) for name in self._kept))

    def _settings(self) -> Settings:
        """Return what the estimator and its optimizer say at present."""
        names = ("beta_1", "beta_2", "epsilon") if self._is_adam else ("momentum",)
        return Settings(
            penalty=self._estimator.alpha,
            loss_factor=self._loss_factor,
            mean_weight=self._mean_weight,
            **{name: getattr(self._optimizer, name) for name in names},
        )

    def epoch(self, order: NDArray[np.intp]) -> float:
        """Train one epoch; see `Trainer`."""
        try:
            loss = self._epoch(order)
        finally:
            self._round()
        self._overflows.look(loss, self._training.weights)
        return loss

    def _round(self) -> None:
        """Give the weights the precision of the estimator's, so that looking at them alters none.

        scikit-learn's code rounds them after each batch.
        """
        weights = self._training.weights
        if weights.dtype != self._dtype:
            with np.errstate(all="ignore"):
                weights[...] = weights.astype(self._dtype)

    def _epoch(self, order: NDArray[np.intp]) -> float:
        if not self._is_adam:
            return self._training.epoch(
                order, np.full(len(self._starts), self._optimizer.learning_rate)
            )
        adam = self._optimizer
        updates = self._updates(adam.t, order)
        rates = self._rates.of(updates)
        try:
            return self._training.epoch(order, rates)
        finally:
            if done := self._training.batches_done:
                adam.t, adam.learning_rate = int(updates[done - 1]), rates[done - 1]

    def _updates(self, before: int, order: NDArray[np.intp]) -> Any:
        """Return how many updates there have been after each batch; no weight, no update."""
        if self._weights is None:
            return range(before + 1, before + 1 + len(self._starts))
        weighted = np.add.reduceat(self._weights[order] != 0, self._starts) > 0
        return before + np.cumsum(weighted)

    def write_back(self) -> None:
        """Copy weights to the estimator's arrays, and moments to new ones."""
        self._training.unpack(self._parameters)
        dtype = self._training.weights.dtype
        moments = [[np.empty_like(part, dtype) for part in self._parameters] for _ in self._kept]
        self._training.unpack_moments(*moments)
        for name, parts in zip(self._kept, moments, strict=True):
            setattr(self._optimizer, name, parts)

    def read_back(self) -> None:
        """Take weights, moments and settings from the estimator."""
        self._parameters = self._estimator.coefs_ + self._estimator.intercepts_
        self._training.pack(self._parameters)
        self._pack_moments()
        self._training.change(self._settings())


def _precision(X: Any, y: Any) -> Any:
    """Return what scikit-learn's loss and gradient are computed in: that of samples with targets.

    For X of float32 it is float64, unless y is of float32 or less, as classes are. In float32 the
    loss of numbers beyond 1e5 would not show what an epoch changes, and training would end.
    """
    return np.float32 if np.result_type(X.dtype, y.dtype) == np.float32 else np.float64


def _variant(estimator: Any, X: Any, optimizer: str) -> Variant:
    return Variant(
        hidden=estimator.activation,
        output=estimator.out_activation_,
        optimizer=optimizer,
        inputs="sparse" if issparse(X) else "dense",
        dtype=X.dtype.name,
    )


def _rule(optimizer: Any) -> str:
    if optimizer.momentum == 0:
        return "plain"
    return "nesterov" if optimizer.nesterov else "momentum"


def _data(X: Any, y: Any, sample_weight: Any) -> Data:
    """Return samples as kernels take them, which trust the indices of a sparse matrix."""
    if not issparse(X):
        return Data(np.ascontiguousarray(X), y, sample_weight)
    X = X.tocsr()
    X = csr_matrix((X.data, X.indices, X.indptr), X.shape)  # the check may replace its arrays
    X.check_format(full_check=True)
    return Data(X, y, sample_weight)


def _loss_factor(estimator: Any, y: Any) -> float:
    """Return what the sum over outputs is multiplied by, for the loss but not for its gradient.

    scikit-learn's squared error is a mean over outputs, its gradient that of their sum.
    """
    return 0.5 / y.shape[1] if estimator.out_activation_ == "identity" else 1.0


def lbfgs_gradient(
    estimator: Any, units: list[int], X: Any, y: Any, sample_weight: Any
) -> Gradient:
    """Return what the solver 'lbfgs' minimizes: in float64, as SciPy's weights are.

    Raises
    ------
    NotCompiled
        If there is no kernel to be had.
    """
    X = X.astype(np.float64)
    settings = Settings(estimator.alpha, _loss_factor(estimator, y))
    return Gradient(_variant(estimator, X, "none"), units, _data(X, y, sample_weight), settings)
