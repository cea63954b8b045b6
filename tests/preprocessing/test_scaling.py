"""Scaling of numbers of every size, and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bp_numba.preprocessing.measures import r_squared, root_mean_squared_error
from bp_numba.preprocessing.scaling import LARGE, Scaling, fit_scaling
from tests.conftest import run_python

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def test_scales():
    numbers = np.array([1.0, 3.0, 8.0])
    assert fit_scaling(numbers, "none") == Scaling(1, 0, 1)
    assert fit_scaling(numbers, "minmax") == Scaling(1, 1, 7)
    factor, offset, divisor = fit_scaling(numbers, "standard")
    np.testing.assert_allclose([factor, offset, divisor], [1, 4, numbers.std()])
    for scale in ("minmax", "standard"):
        assert fit_scaling(np.full(3, 0.1), scale) == Scaling(1, 0.1, 1)  # not its rounding


def test_a_known_scaling():
    scaling = Scaling(2.0, 3.0, 4.0)
    assert scaling.apply(np.array([5.0])).tolist() == [1.75]
    assert scaling.undo(np.array([1.75])).tolist() == [5.0] and scaling.value(1.75) == 5


@given(st.lists(FINITE, min_size=2, max_size=20), st.sampled_from(["minmax", "standard"]))
def test_scaled_numbers_are_as_they_should_be_and_come_back(numbers, scale):
    numbers = np.array(numbers)
    scaling = fit_scaling(numbers, scale)
    scaled = scaling.apply(numbers)
    assert np.isfinite(scaling).all() and scaling.divisor > 0
    if numbers.min() == numbers.max():
        assert not scaled.any()
    elif scale == "minmax":
        assert scaled.min() == 0 and scaled.max() == 1
    else:
        assert -5 < scaled.min() and scaled.max() < 5
    largest = np.abs(numbers).max()
    np.testing.assert_allclose(scaling.undo(scaled), numbers, rtol=1e-12, atol=1e-12 * largest)


@given(FINITE, FINITE, FINITE)
def test_numbers_beyond_those_trained_on_stay_finite(a, b, new):
    for scale in ("minmax", "standard", "none"):
        scaled = fit_scaling(np.array([a, b]), scale).apply(np.array([new]))
        assert np.abs(scaled) <= LARGE


def test_outputs_far_away_become_the_largest_number():
    scaling = fit_scaling(np.array([-1.7e308, 1.7e308]), "minmax")
    assert scaling.undo(np.array([-9.0, 9.0])).tolist() == [
        -np.finfo(float).max,
        np.finfo(float).max,
    ]


@pytest.mark.parametrize("size", [1.0, 1e307, 1e-300])
def test_measures_of_numbers_of_every_size(size):
    actual, predicted = np.array([1.0, 2.0, 3.0, 6.0]), np.array([1.0, 2.0, 4.0, 6.0])
    np.testing.assert_allclose(r_squared(size * predicted, size * actual), 1 - 1 / 14)
    np.testing.assert_allclose(root_mean_squared_error(size * predicted, size * actual), size / 2)


def test_measures_that_are_not_defined():
    assert np.isnan(r_squared([1.0, 2.0], [3.0, 3.0])) and np.isnan(r_squared([], []))
    assert r_squared([3.0, 3.0], [2.0, 4.0]) == 0


STATE_OF_ANOTHER_THREAD = """
import threading, warnings
import numpy as np
from bp_numba.preprocessing.measures import root_mean_squared_error
from bp_numba.preprocessing.scaling import fit_scaling

warnings.simplefilter("error")
numbers = np.array([1e-300, 2.0])
with np.errstate(invalid="ignore"):
    for function in (root_mean_squared_error, lambda a, b: fit_scaling(a * 1e300, "minmax")):
        thread = threading.Thread(target=function, args=(numbers, numbers))
        thread.start()
        thread.join()
    np.zeros(1) / np.zeros(1)
"""


def test_what_another_thread_ignores_stays_ignored():
    """NumPy 1 counts the threads whose state is not its default, and miscounts."""
    run_python(STATE_OF_ANOTHER_THREAD)
