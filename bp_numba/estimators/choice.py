"""Kernels or scikit-learn's code: decided here, for every fit."""

from typing import Any

from bp_numba.estimators.in_scikit_learn import InScikitLearn
from bp_numba.estimators.trainer import Trainer


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
    return InScikitLearn(estimator, X, y, sample_weight, batch_size)
