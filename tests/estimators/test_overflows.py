"""Overflows in kernels: what NumPy's error state asks for, as in scikit-learn's code."""

import warnings

import numpy as np
import pytest

from bp_numba.estimators.overflows import Overflows
from tests.estimators.twins import outcome, twins

RUNS = {
    "sgd": ({"solver": "sgd", "learning_rate_init": 1e3, "max_iter": 20}, 1.0),
    "adam": ({"max_iter": 3, "batch_size": 7}, 1e200),
    "lbfgs": ({"solver": "lbfgs"}, 1e200),
    "poisson": ({"loss": "poisson", "max_iter": 3}, 1e5),
}


@pytest.mark.parametrize(("parameters", "scale"), RUNS.values(), ids=RUNS)
def test_an_overflow_is_told(parameters, scale, numbers):
    X, y = numbers * scale, np.abs(numbers[:, 0])
    for twin in twins("MLPRegressor", **parameters):
        with np.errstate(all="warn"):
            seen = outcome(twin.fit, X, y).warnings
        assert any("RuntimeWarning: overflow encountered in " in text for text in seen)
        with np.errstate(over="raise"):
            assert "FloatingPointError: overflow" in outcome(twin.fit, X, y).error
        with np.errstate(all="ignore"):
            assert not any("encountered" in text for text in outcome(twin.fit, X, y).warnings)


def test_what_is_not_an_overflow_is_not_told():
    with np.errstate(all="raise"):
        Overflows(np.ones(2)).look(np.nan, np.ones(2))  # Poisson's loss of a target below 0
        Overflows(np.array([np.nan])).look(np.nan, np.array([np.nan]))
        Overflows(np.ones(2)).look(1.0, np.array([np.inf]))
    overflows = Overflows(np.ones(2))
    with pytest.warns(RuntimeWarning, match="overflow encountered in square"):
        overflows.look(np.inf, np.ones(2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        overflows.look(np.nan, np.full(2, np.nan))
