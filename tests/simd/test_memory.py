"""Memory: vectors, parts of vectors and elements of it, and what is not touched."""

import numba
import numpy as np
import pytest

from bp_numba.simd.memory import Memory
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index, Scalar
from bp_numba.simd.width import vector_width
from tests.simd.calling import call

LANES = vector_width()
SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, 1e308, -1.5])


@operation
def load_first(source: Memory, at: Index, target: Memory, to: Index, count: Index) -> None:
    target.store(to, source.load_first(at, count))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("count", [-3, 0, 1, LANES - 1, LANES, LANES + 5, 3 * LANES])
def test_masked_loads_take_no_more_than_count(count, dtype):
    @numba.njit
    def run(source, zeroed, count):
        load_first(source, 2, zeroed, 0, count)

    lanes = LANES * 8 // np.dtype(dtype).itemsize
    source, zeroed = np.arange(2 + lanes, dtype=dtype), np.empty(lanes, dtype=dtype)
    run(source, zeroed, count)
    kept = min(max(count, 0), lanes)
    np.testing.assert_array_equal(zeroed, np.where(np.arange(lanes) < kept, source[2:], 0.0))


@operation
def broadcast_each(values: Memory, number: Scalar, out: Memory, i: Index) -> None:
    out.store(i * (2 * LANES), values.broadcast(i))
    out.store(i * (2 * LANES) + LANES, out.filled(number))


def test_broadcast_and_splat():
    @numba.njit
    def run(values, out):
        for i in range(values.size):
            broadcast_each(values, values[i], out, i)

    out = np.empty(SPECIAL.size * 2 * LANES)
    run(SPECIAL, out)
    np.testing.assert_array_equal(out, np.repeat(SPECIAL, 2 * LANES))


@operation
def write_gathered(values: Memory, numbers: Memory, out: Memory, at: Index) -> None:
    indices = [numbers[at + r] for r in range(LANES)]
    out.store(at, values.gather(indices))
    out.store(at + LANES, values.load(indices[0], 1))
    out.store(at + (LANES + 1), values.load(indices[1], 1) + values.zero(1))


def test_gather_and_single():
    @numba.njit
    def run(values, numbers, out):
        write_gathered(values, numbers, out, 0)

    values = np.random.default_rng(4).normal(size=100)
    numbers, out = np.random.default_rng(5).permutation(100)[:LANES], np.full(LANES + 3, np.nan)
    run(values, numbers, out)
    expected = [*values[numbers], *values[numbers[:2]], np.nan]
    np.testing.assert_array_equal(out, expected)


def test_a_vector_several_registers_long():
    @operation
    def double(memory: Memory, at: Index) -> None:
        memory.store(at, memory.load(at, 4 * memory.lanes) * 2.0)

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
    @operation
    def fetch(memory: Memory, at: Index) -> None:
        memory.prefetch(at)

    @numba.njit
    def run(array, index):
        fetch(array, index)

    array = np.arange(8.0)
    run(array, index)
    np.testing.assert_array_equal(array, np.arange(8.0))
    assert "llvm.prefetch" in run.inspect_llvm(run.signatures[0])


@operation
def read_part(memory: Memory, start: Index, out: Memory) -> Index:
    part = memory[start:]
    out.store(0, part[1:].load(1))
    part[part.size - 1] = memory[0]
    return part.size


def test_a_part_counts_from_where_it_begins():
    memory, out = np.arange(20.0), np.empty(LANES)
    assert call(read_part, None, memory, 5, out) == 15
    np.testing.assert_array_equal(out, np.arange(7.0, 7.0 + LANES))
    assert memory[-1] == 0.0 and (memory[:-1] == np.arange(19.0)).all()


@operation
def copy_vector(memory: Memory, source: Index, target: Index) -> None:
    memory.store(target, memory.load(source))


@operation
def copy_vector_of_part(memory: Memory, source: Index, target: Index) -> None:
    part = memory[LANES:]
    part.store(target - LANES, part.load(source - LANES))


@pytest.mark.skipif(not numba.config.BOUNDSCHECK, reason="checked with NUMBA_BOUNDSCHECK=1 only")
@pytest.mark.parametrize("index", [-1, LANES + 1, 2 * LANES, 3 * LANES])
@pytest.mark.parametrize("operation", [copy_vector, copy_vector_of_part])
def test_indices_are_checked_on_demand(operation, index):
    memory = np.zeros(2 * LANES)
    call(operation, None, memory, LANES, LANES)
    for source, target in ((index, LANES), (LANES, index)):
        with pytest.raises(IndexError):
            call(operation, None, memory, source, target)
