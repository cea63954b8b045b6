"""Every operation on vectors against NumPy, on random and on special values."""

import operator

import numba
import numpy as np
import pytest

if numba.config.DISABLE_JIT:
    pytest.skip("NUMBA_DISABLE_JIT leaves no vectors to test", allow_module_level=True)

from bp_numba.kernels.layout import address, address_table
from bp_numba.kernels.tiles import filled, load, nothing, store
from bp_numba.simd import arithmetic as simd
from bp_numba.simd.tracing import Index, Memory, Registers, Scalar, loop, operation, splat
from bp_numba.simd.width import lanes as lanes_of_cpu

LANES = lanes_of_cpu()
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

    @operation(nothing)
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
        return simd.fma(x, y, z)

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
        return simd.where_greater(a, b, x, y)

    a, b = operands(2)
    x, y = np.arange(a.size) + 0.5, -np.arange(float(a.size))
    np.testing.assert_array_equal(lane_by_lane(apply)(a, b, x, y), np.where(a > b, x, y))


@operation(nothing)
def write_any_nonzero(pairs: Memory, at: Index, found: Memory, number: Index) -> None:
    vectors = [pairs.load(at), pairs.load(at + LANES)]
    found[number] = simd.any_nonzero(vectors).value


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
        return simd.round_to_float32(a)

    (a,) = operands(1)
    with np.errstate(over="ignore"):
        expected = a.astype(np.float32).astype(np.float64)
    same_but_for_the_sign_of_nan(lane_by_lane(apply)(a), expected)


@operation(nothing)
def keep_first(value: Memory, count: Index, out: Memory) -> None:
    out.store(count * 0, simd.first_lanes(value.load(count * 0), count))


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


@operation(nothing)
def copy_first(source: Memory, at: Index, target: Memory, to: Index, count: Index) -> None:
    target.store_first(to, count, source.load_first(at, count))


@operation(nothing)
def load_first(source: Memory, at: Index, target: Memory, to: Index, count: Index) -> None:
    target.store(to, source.load_first(at, count))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("count", [-3, 0, 1, LANES - 1, LANES, LANES + 5, 3 * LANES])
def test_masked_access_touches_no_more_than_count(count, dtype):
    @numba.njit
    def run(source, target, zeroed, count):
        copy_first(source, 2, target, 3, count)
        load_first(source, 2, zeroed, 0, count)

    lanes = LANES * 8 // np.dtype(dtype).itemsize
    source, target = np.arange(2 + lanes, dtype=dtype), np.full(3 + 2 * lanes, -1, dtype=dtype)
    zeroed, expected = np.empty(lanes, dtype=dtype), target.copy()
    run(source, target, zeroed, count)
    kept = min(max(count, 0), lanes)
    expected[3 : 3 + kept] = source[2 : 2 + kept]
    np.testing.assert_array_equal(target, expected)
    np.testing.assert_array_equal(zeroed, np.where(np.arange(lanes) < kept, source[2:], 0.0))


@operation(nothing)
def broadcast_each(values: Memory, number: Scalar, out: Memory, i: Index) -> None:
    out.store(i * (2 * LANES), values.broadcast(i))
    out.store(i * (2 * LANES) + LANES, splat(number, out.vector))


def test_broadcast_and_splat():
    @numba.njit
    def run(values, out):
        for i in range(values.size):
            broadcast_each(values, values[i], out, i)

    out = np.empty(SPECIAL.size * 2 * LANES)
    run(SPECIAL, out)
    np.testing.assert_array_equal(out, np.repeat(SPECIAL, 2 * LANES))


@operation(nothing)
def write_lanes(values: Memory, at: Index, sums: Memory, chosen: Memory, lane: Index) -> None:
    value = values.load(at)
    sums.store(at, simd.sum_lanes(value))
    chosen.store(at, simd.with_lane(value, lane, value.constant(7.0)))


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


@operation(nothing)
def write_gathered(values: Memory, numbers: Memory, out: Memory, at: Index) -> None:
    indices = [numbers.index(at + r) for r in range(LANES)]
    out.store(at, values.gather(indices))
    out.store(at + LANES, values.single(indices[0]))
    out.store(at + (LANES + 1), values.single(indices[1]) + values.zero(1))


def test_gather_and_single():
    @numba.njit
    def run(values, numbers, out):
        write_gathered(values, numbers, out, 0)

    values = np.random.default_rng(4).normal(size=100)
    numbers, out = np.random.default_rng(5).permutation(100)[:LANES], np.full(LANES + 3, np.nan)
    run(values, numbers, out)
    expected = [*values[numbers], *values[numbers[:2]], np.nan]
    np.testing.assert_array_equal(out, expected)


@operation(nothing)
def write_integers(numbers: Memory, at: Index, out: Memory) -> None:
    number = numbers.index(at)
    out[at * 2] = (number >> 3).value
    out[at * 2 + 1] = number.rounded_down(8).value


def test_integers_are_rounded_down():
    @numba.njit
    def run(numbers, out):
        for at in range(numbers.size):
            write_integers(numbers, at, out)

    numbers = np.arange(-20, 60)
    out = np.empty((numbers.size, 2), dtype=np.int64)
    run(numbers, out.ravel())
    np.testing.assert_array_equal(out, np.c_[numbers // 8, numbers // 8 * 8])


@operation(nothing)
def write_sums_and_columns(matrix: Memory, sums: Memory, columns: Memory, zero: Index) -> None:
    rows = [matrix.load(zero + r * LANES) for r in range(LANES)]
    sums.store(zero, simd.sum_rows(rows))
    for i, column in enumerate(simd.transposed(rows)):
        columns.store(zero + i * LANES, column)


def test_sum_rows_and_transposed():
    @numba.njit
    def run(matrix, sums, columns):
        write_sums_and_columns(matrix, sums, columns, 0)

    matrix = np.random.default_rng(0).normal(size=(LANES, LANES))
    sums, columns = np.empty(LANES), np.empty((LANES, LANES))
    run(matrix.ravel(), sums, columns.reshape(-1))
    np.testing.assert_allclose(sums, matrix.sum(axis=1), rtol=1e-14)
    np.testing.assert_array_equal(columns, matrix.T)

    matrix[1, 0], matrix[2, 3] = np.nan, np.inf
    run(matrix.ravel(), sums, columns.reshape(-1))
    assert np.isnan(sums[1]) and np.isinf(sums[2])
    assert np.isfinite(np.delete(sums, [1, 2])).all()
    np.testing.assert_array_equal(columns, matrix.T)


@operation(nothing)
def add_up(values: Memory, start: Index, end: Index, out: Memory) -> None:
    tile = Registers([values.zero()])
    for i in loop(start, end, 2):
        tile.vectors = [tile.vectors[0] + values.broadcast(i)]
    out.store(start * 0, tile.vectors[0])


@pytest.mark.parametrize(("start", "end"), [(0, 0), (0, 1), (0, 2), (1, 6), (5, 2)])
def test_loop_turns_as_a_range_does(start, end):
    @numba.njit
    def run(values, start, end, out):
        add_up(values, start, end, out)

    values, out = 2.0 ** np.arange(8), np.empty(LANES)
    run(values, start, end, out)
    np.testing.assert_array_equal(out, sum(values[i] for i in range(start, end, 2)))


def test_memory_from_a_table_of_addresses():
    @numba.njit
    def run(table, out):
        floats, integers = simd.floats_at(table, 0), simd.integers_at(table, 1)
        store(out, 0, load(floats, integers[1]))
        return floats.size, integers.size

    floats, integers = np.arange(20.0), np.array([7, 3])
    out = np.empty(LANES)
    assert run(address_table([floats, integers]).ravel(), out) == (20, 2)
    np.testing.assert_array_equal(out, floats[3 : 3 + LANES])


def test_memory_at_an_address():
    @numba.njit
    def run(address, size, out):
        memory = simd.memory_at(out, address, size)
        store(out, 0, load(memory, 3))
        return memory.size

    numbers, out = np.arange(20.0), np.empty(LANES)
    assert run(address(numbers), 20, out) == 20
    np.testing.assert_array_equal(out, numbers[3 : 3 + LANES])


@pytest.mark.parametrize("writable", [True, False])
def test_the_address_of_an_array(writable):
    array = np.arange(10.0)
    array.flags.writeable = writable
    for part in (array, array[3:], array[:0]):
        assert address(part) == part.__array_interface__["data"][0]


def test_a_vector_several_registers_long():
    @operation(nothing)
    def double(memory: Memory, at: Index) -> None:
        memory.store(at, memory.load(at, 4) * 2.0)

    @numba.njit
    def run(array):
        double(array, 2)

    array = np.arange(4.0 * LANES + 3)
    expected = array.copy()
    expected[2:-1] *= 2.0
    run(array)
    np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize("index", [0, 7, 8, -1, 2**40, -(2**59)])
def test_a_prefetch_may_go_anywhere(index):
    @operation(nothing)
    def fetch(memory: Memory, at: Index) -> None:
        memory.prefetch(at)

    @numba.njit
    def run(array, index):
        fetch(array, index)

    array = np.arange(8.0)
    run(array, index)
    np.testing.assert_array_equal(array, np.arange(8.0))
    assert "llvm.prefetch" in run.inspect_llvm(run.signatures[0])


@pytest.mark.skipif(not numba.config.BOUNDSCHECK, reason="checked with NUMBA_BOUNDSCHECK=1 only")
@pytest.mark.parametrize("index", [-1, 1, 2 * LANES])
def test_indices_are_checked_on_demand(index):
    @numba.njit
    def read(array, index):
        store(array, 0, load(array, index))

    @numba.njit
    def write(array, index):
        store(array, index, filled(array, 0.0))

    for function in (read, write):
        with pytest.raises(IndexError):
            function(np.zeros(LANES), index)
