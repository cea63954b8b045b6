"""Training in kernels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from bp_numba.estimators.weighting import mean_weight_of_ones
from bp_numba.kernels.variants import Variant
from bp_numba.training.batches import BatchTraining, Data, Settings
from bp_numba.training.gradient import Gradient


class InKernels:
    """A `Trainer` whose weights and moments lie in the kernels' buffers until they are asked for.

    Raises
    ------
    NotCompiled
        If there is no kernel to be had.
    """

    def __init__(self, estimator: Any, X: Any, y: Any, sample_weight: Any, batch_size: int) -> None:
        self._optimizer, self._batch_size = estimator._optimizer, int(batch_size)
        self._parameters = estimator.coefs_ + estimator.intercepts_
        adam = estimator.solver == "adam"
        variant = Variant(
            hidden=estimator.activation,
            output=estimator.out_activation_,
            optimizer="adam" if adam else _rule(self._optimizer),
            inputs="sparse" if issparse(X) else "dense",
            dtype=X.dtype.name,
        )
        settings = Settings(
            mean_weight=mean_weight_of_ones(estimator, sample_weight, batch_size),
            penalty=estimator.alpha,
            loss_factor=_loss_factor(estimator, y),
            **(
                {name: getattr(self._optimizer, name) for name in ("beta_1", "beta_2", "epsilon")}
                if adam
                else {"momentum": self._optimizer.momentum}
            ),
        )
        data = _data(X, y, sample_weight)
        self._training = BatchTraining(variant, self._parameters, data, self._batch_size, settings)
        self._rates = self._rates_of_adam if adam else self._rates_of_sgd
        names = ("ms", "vs") if adam else ("velocities",)
        self._moments = [getattr(self._optimizer, name) for name in names[: variant.moments]]
        self._training.pack_moments(*self._moments)
        self._updates_before = self._optimizer.t if adam else 0

    def epoch(self, order: NDArray[np.intp]) -> float:
        """Train one epoch; see `Trainer`."""
        batches = -(-len(order) // self._batch_size)
        return self._training.epoch(order, self._rates(batches))

    def write_back(self) -> None:
        """Copy weights and moments to the estimator's arrays."""
        self._training.unpack(self._parameters)
        self._training.unpack_moments(*self._moments)
        if self._rates == self._rates_of_adam:
            self._optimizer.t = self._updates_before + self._training.updates

    def _rates_of_sgd(self, batches: int) -> Any:
        return np.full(batches, self._optimizer.learning_rate)

    def _rates_of_adam(self, batches: int) -> Any:
        """Return the learning rates of the next updates, corrected for the moments' bias."""
        adam, updates = self._optimizer, self._updates_before + self._training.updates
        t = updates + np.arange(1, batches + 1)
        rates = adam.learning_rate_init * np.sqrt(1 - adam.beta_2**t) / (1 - adam.beta_1**t)
        adam.learning_rate = rates[-1]
        return rates


def _rule(optimizer: Any) -> str:
    if optimizer.momentum == 0:
        return "plain"
    return "nesterov" if optimizer.nesterov else "momentum"


def _data(X: Any, y: Any, sample_weight: Any) -> Data:
    """Return samples as kernels take them, which trust the indices of a sparse matrix."""
    if not issparse(X):
        return Data(np.ascontiguousarray(X), y, sample_weight)
    X = X.tocsr()
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
    variant = Variant(
        hidden=estimator.activation,
        output=estimator.out_activation_,
        optimizer="none",
        inputs="sparse" if issparse(X) else "dense",
        dtype="float64",
    )
    settings = Settings(estimator.alpha, _loss_factor(estimator, y))
    return Gradient(variant, units, _data(X.astype(np.float64), y, sample_weight), settings)
