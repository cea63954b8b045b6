"""Every operation on vectors against NumPy, on random and on special values."""

import operator

import numba
import numpy as np
import pytest

from bp_numba.simd import arithmetic
from bp_numba.simd.memory import Memory
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index
from bp_numba.simd.width import vector_width

LANES = vector_width()
SPECIAL = np.array(
    [np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, -5e-324, 2e-308, 1e308, -1e308, 1.0, -1.5]
)


def operands(count):
    """Return arrays of whole vectors in which all special values meet each other and noise."""
    rng = np.random.default_rng(count)
    grid = np.stack(np.meshgrid(*[SPECIAL] * count), axis=-1).reshape(-1, count)
    noise = rng.normal(size=(1000, count)) * 10.0 ** rng.integers(-5, 6, size=(1000, count))
    values = np.concatenate([grid, noise])
    values = values[: len(values) // 16 * 16]
    return [np.ascontiguousarray(column) for column in values.T]


def lane_by_lane(function):
    """Return a compiled function of as many arrays, the result in the last argument's place."""

    @operation
    def apply_at(arrays: Memory, size: Index, out: Memory, at: Index) -> None:
        count = function.__code__.co_argcount
        operands = [arrays.load(size * n + at) for n in range(count)]
        out.store(at, function(*operands))

    @numba.njit
    def run(arrays, size, out, step):
        for at in range(0, size, step):
            apply_at(arrays, size, out, at)

    def apply(*arrays):
        out = np.empty_like(arrays[0])
        step = LANES * 8 // out.itemsize
        run(np.concatenate(arrays), out.size, out, step)
        return out

    return apply


def same_but_for_the_sign_of_nan(actual, expected):
    np.testing.assert_array_equal(actual, expected)
    numbers = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(actual[numbers]), np.signbit(expected[numbers]))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("operator_", [operator.add, operator.sub, operator.mul, operator.truediv])
def test_arithmetic(operator_, dtype):
    with np.errstate(all="ignore"):
        a, b = (x.astype(dtype) for x in operands(2))
        expected = operator_(a, b)

    def apply(x, y):
        return operator_(x, y)

    same_but_for_the_sign_of_nan(lane_by_lane(apply)(a, b), expected)


def test_negation():
    (a,) = operands(1)

    def apply(x):
        return -x

    same_but_for_the_sign_of_nan(lane_by_lane(apply)(a), -a)


def test_numbers_stand_for_every_lane():
    def apply(x):
        return (x + 1.5) * 2.0 - 0.25

    (a,) = operands(1)
    with np.errstate(all="ignore"):
        same_but_for_the_sign_of_nan(lane_by_lane(apply)(a), (a + 1.5) * 2.0 - 0.25)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_fma_is_rounded_once_or_twice(dtype):
    def apply(x, y, z):
        return arithmetic.fma(x, y, z)

    with np.errstate(all="ignore"):
        a, b, c = (x.astype(dtype) for x in operands(3))
        twice = a * b + c
        magnitude = np.abs(a * b) + np.abs(c)
    out = lane_by_lane(apply)(a, b, c)
    # 1e308 * 1.5 - 1e308 overflows on the way only if the product is rounded by itself.
    comparable = np.isfinite(magnitude) | np.isnan(a) | np.isnan(b) | np.isnan(c)
    np.testing.assert_array_equal(np.isnan(out[comparable]), np.isnan(twice[comparable]))
    finite = np.isfinite(magnitude)
    error = np.abs(out[finite] - twice[finite])
    assert (error <= 2 * np.spacing(magnitude[finite])).all()


def test_where_greater_takes_the_last_for_nan():
    def apply(a, b, x, y):
        return arithmetic.where_greater(a, b, x, y)

    a, b = operands(2)
    x, y = np.arange(a.size) + 0.5, -np.arange(float(a.size))
    np.testing.assert_array_equal(lane_by_lane(apply)(a, b, x, y), np.where(a > b, x, y))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    "ours, numpys", [(arithmetic.sqrt, np.sqrt), (arithmetic.absolute, np.abs)]
)
def test_sqrt_and_absolute(ours, numpys, dtype):
    def apply(a):
        return ours(a)

    with np.errstate(all="ignore"):
        (a,) = (x.astype(dtype) for x in operands(1))
        expected = numpys(a)
    same_but_for_the_sign_of_nan(lane_by_lane(apply)(a), expected)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_with_sign(dtype):
    def apply(a, sign):
        return arithmetic.with_sign(a, sign)

    with np.errstate(all="ignore"):
        a, sign = (x.astype(dtype) for x in operands(2))
    same_but_for_the_sign_of_nan(lane_by_lane(apply)(a, sign), np.copysign(a, sign))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_maximum_is_nan_where_one_is(dtype):
    def of_vectors(a, b):
        return arithmetic.maximum(a, b)

    def of_a_number(a):
        return arithmetic.maximum(a, 0.0)

    with np.errstate(all="ignore"):
        a, b = (x.astype(dtype) for x in operands(2))
        np.testing.assert_array_equal(lane_by_lane(of_vectors)(a, b), np.maximum(a, b))
        np.testing.assert_array_equal(lane_by_lane(of_a_number)(a), np.maximum(a, 0))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_max_lanes_is_in_every_lane(dtype):
    def apply(a):
        return arithmetic.max_lanes(a)

    lanes = LANES * 8 // np.dtype(dtype).itemsize
    rows = -1 - np.random.default_rng(8).random((8 * lanes, lanes)).astype(dtype)
    every = np.arange(lanes)
    for block, special in enumerate([-0.5, 3.0, np.inf, np.nan, -np.inf]):
        rows[block * lanes + every, every] = special
    rows[-1] = -np.inf
    rows[-2] = np.nan
    expected = rows.max(axis=1, keepdims=True).repeat(lanes, axis=1)
    actual = lane_by_lane(apply)(rows.ravel()).reshape(rows.shape)
    np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("dtype, integer", [(np.float64, np.uint64), (np.float32, np.uint32)])
def test_bits_are_those_of_the_floats(dtype, integer):
    def apply(a, b):
        bits, others = arithmetic.Bits(a), arithmetic.Bits(b)
        return ((((bits + others) & 0x7FFFFFFF) | (bits >> 3)) + (others << 5) + -9).floats()

    rng = np.random.default_rng(9)
    a, b = rng.integers(np.iinfo(integer).max, size=(2, 1024), dtype=integer, endpoint=True)
    expected = (((a + b) & integer(0x7FFFFFFF)) | (a >> integer(3))) + (b << integer(5))
    expected -= integer(9)
    actual = lane_by_lane(apply)(a.view(dtype), b.view(dtype))
    np.testing.assert_array_equal(actual.view(integer), expected)


@operation
def write_any_nonzero(pairs: Memory, at: Index, found: Memory, number: Index) -> None:
    vectors = [pairs.load(at), pairs.load(at + LANES)]
    found[number] = arithmetic.any_nonzero(vectors)


def test_any_nonzero():
    @numba.njit
    def run(pairs, found):
        for number in range(found.size):
            write_any_nonzero(pairs, number * 2 * LANES, found, number)

    pairs = np.zeros((len(SPECIAL) + 1, 2 * LANES))
    pairs[np.arange(len(SPECIAL)), np.arange(len(SPECIAL)) * 5 % (2 * LANES)] = SPECIAL
    pairs[-1] = -0.0
    found = np.full(len(pairs), -1)
    run(pairs.ravel(), found)
    np.testing.assert_array_equal(found, (pairs != 0).any(axis=1))
    assert 0 in found and 1 in found


def test_round_to_float32():
    def apply(a):
        return arithmetic.round_to_float32(a)

    (a,) = operands(1)
    with np.errstate(over="ignore"):
        expected = a.astype(np.float32).astype(np.float64)
    same_but_for_the_sign_of_nan(lane_by_lane(apply)(a), expected)


@operation
def keep_first(value: Memory, count: Index, out: Memory) -> None:
    out.store(0, arithmetic.first_lanes(value.load(0), count))


@numba.njit
def run_keep_first(value, count, out):
    keep_first(value, count, out)


@pytest.mark.parametrize("count", [-1, 0, 1, 3, LANES - 1, LANES, LANES + 1, 1000])
def test_first_lanes_leaves_exact_zeros(count):
    for value in (np.arange(1.0, LANES + 1), np.full(LANES, np.nan), np.full(LANES, np.inf)):
        out = np.empty(LANES)
        run_keep_first(value, count, out)
        kept = min(max(count, 0), LANES)
        np.testing.assert_array_equal(out[:kept], value[:kept])
        assert out[kept:].tobytes() == bytes(8 * (LANES - kept))


@operation
def write_lanes(values: Memory, at: Index, sums: Memory, chosen: Memory, lane: Index) -> None:
    value = values.load(at)
    sums.store(at, arithmetic.sum_lanes(value))
    chosen.store(at, arithmetic.with_lane(value, lane, value.constant(7.0)))


def test_sum_lanes_and_with_lane():
    @numba.njit
    def run(values, sums, chosen):
        for at in range(0, values.size, LANES):
            write_lanes(values, at, sums, chosen, at // LANES - 1)

    values = np.random.default_rng(3).normal(size=(LANES + 2, LANES))
    sums, chosen = np.empty_like(values), np.empty_like(values)
    run(values.ravel(), sums.ravel(), chosen.ravel())
    np.testing.assert_allclose(sums, values.sum(axis=1, keepdims=True).repeat(LANES, axis=1))
    expected = values.copy()
    for lane in range(LANES):  # the first and the last row name no lane
        expected[lane + 1, lane] = 7.0
    np.testing.assert_array_equal(chosen, expected)


@operation
def write_sums_and_columns(
    matrix: Memory, sums: Memory, columns: Memory, few: Memory, zero: Index
) -> None:
    rows = [matrix.load(zero + r * LANES) for r in range(LANES)]
    sums.store(zero, arithmetic.sum_rows(rows))
    few.store(zero, arithmetic.sum_rows(rows[: LANES // 2]))
    for i, column in enumerate(arithmetic.transposed(rows)):
        columns.store(zero + i * LANES, column)


def test_sum_rows_and_transposed():
    @numba.njit
    def run(matrix, sums, columns, few):
        write_sums_and_columns(matrix, sums, columns, few, 0)

    matrix = np.random.default_rng(0).normal(size=(LANES, LANES))
    sums, columns, few = np.empty(LANES), np.empty((LANES, LANES)), np.empty(LANES // 2)
    run(matrix.ravel(), sums, columns.reshape(-1), few)
    np.testing.assert_allclose(sums, matrix.sum(axis=1), rtol=1e-14)
    np.testing.assert_allclose(few, sums[: LANES // 2], rtol=1e-14)
    np.testing.assert_array_equal(columns, matrix.T)

    matrix[1, 0], matrix[2, 3] = np.nan, np.inf
    run(matrix.ravel(), sums, columns.reshape(-1), few)
    assert np.isnan(sums[1]) and np.isinf(sums[2])
    assert np.isfinite(np.delete(sums, [1, 2])).all()
    np.testing.assert_array_equal(columns, matrix.T)
