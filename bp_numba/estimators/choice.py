"""Kernels or scikit-learn's code: decided here, for every fit, and never by the clock."""

from itertools import combinations, pairwise
from typing import Any

import numpy as np
from scipy.sparse import issparse
from threadpoolctl import threadpool_info

from bp_numba.estimators import hooks
from bp_numba.estimators.in_kernels import InKernels, kept_by, lbfgs_gradient
from bp_numba.estimators.in_scikit_learn import InScikitLearn
from bp_numba.estimators.trainer import Samples, Trainer
from bp_numba.kernels.layout import units_of
from bp_numba.kernels.variants import HIDDEN
from bp_numba.native.compiling import NotCompiled
from bp_numba.training.gradient import Gradient

LOSSES = {
    "identity": "squared_error",
    "softmax": "log_loss",
    "logistic": "log_loss",
    "exp": "poisson",
}
"""The loss of each activation of outputs, in scikit-learn's names. Where a loss was set between two
calls of `partial_fit`, the activation of the one before stays."""

KERNEL, BLAS = 12.0, 18.0
"""Multiply-adds in a nanosecond: of the kernels, and at most of each of BLAS's threads; on AVX2,
for fits of (100,) to (512, 512) units in batches of 32 to 1000."""

CALLS, UNIT, WEIGHT = 100_000.0, 8.0, 10.0
"""What scikit-learn's code takes besides, in nanoseconds, at least: for each layer of a batch, for
each unit and sample, and for each weight of a batch more than the kernels."""


def trainer_for(estimator: Any, X: Any, y: Any, sample_weight: Any, batch_size: int) -> Trainer:
    """Return what trains an estimator, whose weights and optimizer there are, on samples.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        With `coefs_`, `intercepts_` and `_optimizer`.
    X, y, sample_weight
        The samples to train on, as `Samples` has them.
    batch_size : int
        How many samples are in a batch, from 1 to all; the last one may have fewer.
    """
    arguments = estimator, X, y, sample_weight, batch_size
    parts = estimator.coefs_ + estimator.intercepts_
    samples = Samples(X, y, sample_weight)
    if suits(estimator, samples, batch_size) and _goes_on(estimator._optimizer, parts):
        try:
            return InKernels(*arguments)
        except NotCompiled:
            pass  # there has been a warning, and there is no second attempt
    return InScikitLearn(*arguments)


def gradient_for(estimator: Any, X: Any, y: Any, sample_weight: Any) -> Gradient | None:
    """Return loss and gradient on all samples, in kernels, or None for scikit-learn's code."""
    if not suits(estimator, Samples(X, y, sample_weight), X.shape[0]):
        return None
    units = units_of(estimator.coefs_)
    try:
        return lbfgs_gradient(estimator, units, X, y, sample_weight)
    except NotCompiled:
        return None


def suits(estimator: Any, samples: Samples, batch_size: int) -> bool:
    """Tell if kernels can train an estimator on samples, and sooner."""
    X, y, sample_weight = samples
    coefs, intercepts = estimator.coefs_, estimator.intercepts_
    parts = coefs + intercepts
    return (
        estimator.activation in HIDDEN
        and LOSSES.get(estimator.out_activation_) == estimator.loss
        and X.dtype in (np.float32, np.float64)
        and _are_numbers(y)
        and not (issparse(X) and len(coefs) == 1)
        and (sample_weight is None or _are_weights(sample_weight, X.dtype))
        and all(_is_plain(part, X.dtype) for part in parts)
        and not any(np.may_share_memory(*pair) for pair in combinations(parts, 2))
        and coefs[0].shape[0] == X.shape[1]
        and all(a.shape[1:] == b.shape[:1] for a, b in pairwise(coefs))
        and all(w.shape[1:] == b.shape for w, b in zip(coefs, intercepts, strict=True))
        and intercepts[-1].shape == y.shape[1:]
        and not hooks.are_overridden(estimator, "_backprop", "_forward_pass", "_compute_loss_grad")
        and is_faster(units_of(coefs), batch_size)
    )


def _are_numbers(y: Any) -> bool:
    """Tell if kernels can read targets as scikit-learn's code does: text would become numbers."""
    return isinstance(y, np.ndarray) and y.dtype.kind in "biuf" and y.dtype.itemsize <= 8


def _are_weights(sample_weight: Any, dtype: Any) -> bool:
    """Tell if kernels can add up weights of samples in a type without loss of range.

    Those below 0 may add up to 0 in a batch without being 0, which is an error.
    """
    used, limits = sample_weight[sample_weight != 0], np.finfo(dtype)
    return not len(used) or bool(
        used.min() >= limits.smallest_normal and used.max() <= limits.max / len(used)
    )


def _is_plain(part: Any, dtype: Any) -> bool:
    return type(part) is np.ndarray and part.dtype == dtype and part.flags.writeable


def _goes_on(optimizer: Any, parts: list[Any]) -> bool:
    """Tell if an optimizer is scikit-learn's own, and has what it keeps for weights like these."""
    kept, shapes = kept_by(optimizer), [part.shape for part in parts]
    return (
        bool(kept)
        and vars(optimizer).keys().isdisjoint(("update_params", "_get_updates"))
        and all([np.shape(part) for part in getattr(optimizer, name)] == shapes for name in kept)
    )


def is_faster(units: list[int], batch_size: int) -> bool:
    """Tell if kernels train a batch sooner than scikit-learn's code with all of BLAS's threads."""
    weights = sum(a * b for a, b in pairwise(units))
    # Forward, back and for the gradient; not back to the inputs.
    multiply_adds = (3.0 * weights - units[0] * units[1]) * batch_size
    besides = CALLS * (len(units) - 1) + UNIT * sum(units[1:]) * batch_size + WEIGHT * weights
    if multiply_adds / KERNEL < besides:  # however many threads there are: asking takes 2 ms
        return True
    threads = max((pool["num_threads"] for pool in threadpool_info() if _is_blas(pool)), default=1)
    return multiply_adds / KERNEL < besides + multiply_adds / (BLAS * threads)


def _is_blas(pool: Any) -> bool:
    return bool(pool["user_api"] == "blas")
