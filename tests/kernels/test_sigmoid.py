"""The vectorised logistic function: its error, its limits, its special values."""

from decimal import Decimal, localcontext

import numpy as np
import pytest

from bp_numba.kernels.sigmoid import activate_all
from tests.kernels.cases import WIDTHS
from tests.simd.calling import call


def compiled_sigmoid(values, width=4):
    z = np.zeros(-(-len(values) // 16) * 16, dtype=values.dtype)
    z[: len(values)] = values
    out = np.empty_like(z)
    call(activate_all, width, z, out)
    return out[: len(values)]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sigmoid_of_special_values(dtype, width):
    limits = np.finfo(dtype)
    extremes = [np.nan, np.inf, -np.inf, limits.max, limits.min]
    small = [0.0, -0.0, limits.smallest_subnormal]
    saturating = [40.0, 18.0, -709.0, -709.7, -88.0, -88.7]
    z = np.array([*extremes, *small, *saturating], dtype=dtype)
    with np.errstate(over="ignore"):
        expected = 1 / (1 + np.exp(-z))
    actual = compiled_sigmoid(z, width)
    assert actual.dtype == dtype
    tolerance = {"rtol": 2 * limits.eps, "atol": limits.smallest_subnormal}
    np.testing.assert_allclose(actual, expected, **tolerance)


def test_sigmoid_saturates_where_numpy_does():
    z = -np.array([709.782712893384, 709.7827128933841, 710.0, 745.2, 1e5, 1e17, np.inf])
    with np.errstate(over="ignore"):
        expected = 1.0 / (1.0 + np.exp(-z))
    actual = compiled_sigmoid(z)
    np.testing.assert_array_equal(actual == 0.0, expected == 0.0)
    assert actual[0] > 0.0 and not actual[1:].any()
    assert (compiled_sigmoid(np.array([37.5, 40.0, 41.0, 710.0, 1e17, 1e300])) == 1.0).all()
    narrow = -np.array([88.72283, 88.722847, 89.0, 104.0, 1e5, np.inf], dtype=np.float32)
    with np.errstate(over="ignore"):
        expected = 1 / (1 + np.exp(-narrow))
    np.testing.assert_array_equal(compiled_sigmoid(narrow) == 0, expected == 0)
    assert (compiled_sigmoid(np.float32([17.5, 18.0, 19.0, 89.0, 1e38])) == 1.0).all()


def test_sigmoid_error_is_below_two_and_a_half_ulp():
    rng = np.random.default_rng(5)
    ranges = [
        (-700, 40, 4000),
        (-37.5, -36, 4000),
        (36, 40, 1000),
        (-5, 0, 10_000),
        (-40, -5, 10_000),
    ]
    z = np.concatenate([rng.normal(size=4000) * 4, *(rng.uniform(*range_) for range_ in ranges)])
    worst = 0.0
    with localcontext() as context:
        context.prec = 40
        for value, actual in zip(z, compiled_sigmoid(z), strict=True):
            exact = 1 / (1 + (-Decimal(float(value))).exp())
            ulp = Decimal(float(np.spacing(float(exact))))
            worst = max(worst, float(abs(Decimal(float(actual)) - exact) / ulp))
    assert 0.5 < worst < 2.5


def test_sigmoid_error_of_float32():
    rng = np.random.default_rng(6)
    z = np.concatenate([rng.normal(size=40_000) * 3, rng.uniform(-88, 18, 40_000)])
    z = z.astype(np.float32)
    exact = 1 / (1 + np.exp(-z.astype(np.float64)))
    error = np.abs(compiled_sigmoid(z) - exact) / np.spacing(exact.astype(np.float32))
    assert 0.5 < error.max() < 2.5


def test_sigmoid_keeps_nan_whatever_its_payload():
    bits = np.uint64(0x7FF8_0000_0000_0000) + np.arange(0, 2**13, 17, dtype=np.uint64)
    z = np.concatenate([bits, bits | np.uint64(1 << 63)]).view(np.float64)
    assert np.isnan(compiled_sigmoid(z)).all()
