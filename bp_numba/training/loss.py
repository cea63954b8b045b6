"""The squared error of predictions, also where they are broadcast against all targets."""

from typing import Any

import numpy as np

from bp_numba.training import choice
from bp_numba.training.prediction import predict
from bp_numba.training.samples import Samples


def loss(W: Any, samples: Samples, record: choice.HasWork) -> Any:
    """Return half the sum of squared errors of a network with these weights.

    Raises
    ------
    ValueError
        If W has been replaced by matrices that the samples do not fit.
    """
    return half_squared_error(predict(W, samples.X, False, record), samples.y)


def half_squared_error(predictions: Any, targets: Any) -> Any:
    """Return half the sum of squared errors; one-dimensional targets count as a single row."""
    if targets.ndim < 2:
        targets = targets.reshape(1, -1)
    if len(targets) == 1 and targets.size > 1 and np.shape(predictions)[1:] == (1,):
        return 0.5 * _sum_over_pairs(predictions[:, 0], targets[0])
    errors = predictions - targets
    return np.float64(0.5 * np.add.reduce(errors * errors, axis=None))


def _sum_over_pairs(p: Any, y: Any) -> Any:
    """Return the sum over all i, j of (p[i] - y[j])^2 in memory for one vector.

    n_y sum (p - mean p)^2 + n_p sum (y - mean y)^2 + n_p n_y (mean p - mean y)^2
    """
    if p.size == 0:
        return np.float64(0.0)
    if not np.isfinite(y).all():
        return np.sum((p[0] - y) ** 2) + np.sum(p * 0.0)
    y = y.astype(np.result_type(y, np.float64))  # in which the reference subtracts
    p_mean, y_mean = p.mean(), y.mean()
    return (
        y.size * np.sum((p - p_mean) ** 2)
        + p.size * np.sum((y - y_mean) ** 2)
        + p.size * y.size * (p_mean - y_mean) ** 2
    )
