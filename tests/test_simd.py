"""Every operation of the vector type against NumPy, on random and on special values."""

import operator

import numba
import numpy as np
import pytest

if numba.config.DISABLE_JIT:
    pytest.skip("NUMBA_DISABLE_JIT leaves no vectors to test", allow_module_level=True)

from bp_numba import simd
from bp_numba.simd import LANES, load, store

SPECIAL = np.array(
    [np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, -5e-324, 2e-308, 1e308, -1e308, 1.0, -1.5]
)


def operands(count):
    """Return arrays of whole vectors in which all special values meet each other and noise."""
    rng = np.random.default_rng(count)
    grid = np.stack(np.meshgrid(*[SPECIAL] * count), axis=-1).reshape(-1, count)
    noise = rng.normal(size=(1000, count)) * 10.0 ** rng.integers(-5, 6, size=(1000, count))
    values = np.concatenate([grid, noise])
    values = values[: len(values) // LANES * LANES]
    return [np.ascontiguousarray(column) for column in values.T]


def same_but_for_the_sign_of_nan(actual, expected):
    np.testing.assert_array_equal(actual, expected)
    numbers = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(actual[numbers]), np.signbit(expected[numbers]))


@pytest.mark.parametrize("operation", [operator.add, operator.sub, operator.mul, operator.truediv])
def test_arithmetic(operation):
    @numba.njit
    def apply(a, b, out):
        for i in range(0, a.size, LANES):
            store(out, i, operation(load(a, i), load(b, i)))

    a, b = operands(2)
    out = np.empty_like(a)
    apply(a, b, out)
    with np.errstate(all="ignore"):
        same_but_for_the_sign_of_nan(out, operation(a, b))


def test_fma_is_rounded_once_or_twice():
    @numba.njit
    def apply(a, b, c, out):
        for i in range(0, a.size, LANES):
            store(out, i, simd.fma(load(a, i), load(b, i), load(c, i)))

    a, b, c = operands(3)
    out = np.empty_like(a)
    apply(a, b, c, out)
    with np.errstate(all="ignore"):
        twice = a * b + c
        magnitude = np.abs(a * b) + np.abs(c)
    # 1e308 * 1.5 - 1e308 overflows on the way only if the product is rounded by itself.
    comparable = np.isfinite(magnitude) | np.isnan(a) | np.isnan(b) | np.isnan(c)
    np.testing.assert_array_equal(np.isnan(out[comparable]), np.isnan(twice[comparable]))
    finite = np.isfinite(magnitude)
    error = np.abs(out[finite] - twice[finite])
    assert (error <= 2 * np.spacing(magnitude[finite])).all()


def test_where_greater_takes_the_last_for_nan():
    @numba.njit
    def apply(a, b, x, y, out):
        for i in range(0, a.size, LANES):
            store(out, i, simd.where_greater(load(a, i), load(b, i), load(x, i), load(y, i)))

    a, b = operands(2)
    x, y, out = np.arange(a.size) + 0.5, -np.arange(float(a.size)), np.empty_like(a)
    apply(a, b, x, y, out)
    np.testing.assert_array_equal(out, np.where(a > b, x, y))


def test_broadcast_and_splat():
    @numba.njit
    def apply(values, out):
        for i in range(values.size):
            store(out, 2 * i * LANES, simd.broadcast(values, i))
            store(out, (2 * i + 1) * LANES, simd.splat(values[i]))

    out = np.empty(SPECIAL.size * 2 * LANES)
    apply(SPECIAL, out)
    np.testing.assert_array_equal(out, np.repeat(SPECIAL, 2 * LANES))


@pytest.mark.parametrize("count", [-1, 0, 1, 3, LANES - 1, LANES, LANES + 1, 1000])
def test_first_lanes_leaves_exact_zeros(count):
    @numba.njit
    def apply(value, count, out):
        store(out, 0, simd.first_lanes(load(value, 0), count))

    for value in (np.arange(1.0, LANES + 1), np.full(LANES, np.nan), np.full(LANES, np.inf)):
        out = np.empty(LANES)
        apply(value, count, out)
        kept = min(max(count, 0), LANES)
        np.testing.assert_array_equal(out[:kept], value[:kept])
        assert out[kept:].tobytes() == bytes(8 * (LANES - kept))


def test_round_to_float32():
    @numba.njit
    def apply(a, out):
        for i in range(0, a.size, LANES):
            store(out, i, simd.round_to_float32(load(a, i)))

    (a,) = operands(1)
    out = np.empty_like(a)
    apply(a, out)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(out, a.astype(np.float32).astype(np.float64))


def test_rows_become_their_dot_products():
    @numba.njit
    def apply(matrix, stride, vector, out):
        products = simd.zero_rows()
        for j in range(0, vector.size, LANES):
            products = simd.fma_rows(matrix, j, stride, load(vector, j), products)
        store(out, 0, simd.sum_rows(products))

    rng = np.random.default_rng(0)
    matrix, vector = rng.normal(size=(LANES, 3 * LANES)), rng.normal(size=3 * LANES)
    out = np.empty(LANES)
    apply(matrix.ravel(), 3 * LANES, vector, out)
    np.testing.assert_allclose(out, matrix @ vector, rtol=1e-14)

    matrix[1, 0], matrix[2, 3] = np.nan, np.inf
    apply(matrix.ravel(), 3 * LANES, vector, out)
    assert np.isnan(out[1]) and np.isinf(out[2]) and np.isfinite(np.delete(out, [1, 2])).all()


@pytest.mark.skipif(not numba.config.BOUNDSCHECK, reason="checked with NUMBA_BOUNDSCHECK=1 only")
@pytest.mark.parametrize("index", [-1, 1, 2 * LANES])
def test_indices_are_checked_on_demand(index):
    @numba.njit
    def read(array, index):
        store(array, 0, load(array, index))

    @numba.njit
    def write(array, index):
        store(array, index, load(array, 0))

    @numba.njit
    def read_one(array, index):
        store(array, 0, simd.broadcast(array, index))

    for function in (read, write):
        with pytest.raises(IndexError):
            function(np.zeros(LANES), index)
    with pytest.raises(IndexError):
        read_one(np.zeros(LANES), LANES if index > 0 else index)
