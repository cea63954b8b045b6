"""How far predicted numbers are from the actual ones, without overflow however large they are."""

import math

import numpy as np
import numpy.typing as npt

from bp_numba.preprocessing.scaling import fit_factor

Numbers = npt.NDArray[np.float64]


def r_squared(predicted: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """Return 1 - (sum of squared errors) / (sum of squares about the mean).

    NaN where all actual values are equal: then it is not defined.
    """
    errors, values, _ = _scaled(predicted, actual)
    if not values.size or values.min() == values.max():
        return math.nan
    total = np.sum((values - values.mean()) ** 2)
    return float(1 - np.sum(errors**2) / total) if total > 0 else math.nan


def root_mean_squared_error(predicted: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """Return the square root of the mean squared error; infinity if it is more than a float."""
    errors, _, factor = _scaled(predicted, actual)
    return float(math.sqrt(np.mean(errors**2))) / factor


def _scaled(predicted: npt.ArrayLike, actual: npt.ArrayLike) -> tuple[Numbers, Numbers, float]:
    """Return errors and actual values, both times the factor."""
    a, b = np.asarray(predicted, dtype=np.float64), np.asarray(actual, dtype=np.float64)
    factor = fit_factor(a, b)
    with np.errstate(over="ignore", under="ignore"):
        values = b * factor
        return a * factor - values, values, factor
