"""Loops and branches of operations, and names that they must not bind anew."""

import numpy as np
import pytest
from numba.core.errors import LoweringError

from bp_numba.simd.loops import Registers, loop, when
from bp_numba.simd.memory import Memory
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index
from bp_numba.simd.width import vector_width
from tests.simd.calling import call

LANES = vector_width()


@operation
def add_up(values: Memory, start: Index, end: Index, out: Memory) -> None:
    tile = Registers([values.zero()])
    for i in loop(start, end, 2):
        tile.values = [tile.values[0] + values.broadcast(i)]
    out.store(0, tile.values[0])


@pytest.mark.parametrize(("start", "end"), [(0, 0), (0, 1), (0, 2), (1, 6), (5, 2)])
def test_loop_turns_as_a_range_does(start, end):
    values, out = 2.0 ** np.arange(8), np.empty(LANES)
    call(add_up, None, values, start, end, out)
    np.testing.assert_array_equal(out, sum(values[i] for i in range(start, end, 2)))


@operation
def count_pairs(size: Index, out: Memory) -> Index:
    counted = Registers([size.constant(0)])
    for i in loop(0, size):
        for j in loop(1, size):
            for _ in when(i, "<", j):
                (count,) = counted.values
                out[count] = i * 10 + j
                counted.values = [count + 1]
    return counted.values[0]


def test_branches_in_loops():
    out = np.zeros(10, dtype=np.int64)
    assert call(count_pairs, None, 4, out) == 6
    assert out[:6].tolist() == [1, 2, 3, 12, 13, 23]


@operation
def number_bound_anew(values: Memory, size: Index) -> Index:
    at = size.constant(0)
    for _ in loop(0, size):
        at = at + 1
    return at


@operation
def vector_bound_anew(values: Memory, size: Index) -> None:
    total = values.zero()
    for i in loop(0, size):
        total = total + values.load(i)
        values.store(i, total)


@operation
def memory_bound_anew(values: Memory, size: Index) -> None:
    part = values
    for _ in loop(0, size):
        part = part[1:]
        part.store(0, part.zero())


@operation
def list_changed(values: Memory, size: Index) -> None:
    sums = [values.zero()]
    for i in loop(0, size):
        sums[0] = sums[0] + values.load(i)


@operation
def in_an_inner_loop(values: Memory, size: Index) -> None:
    at = size.constant(0)
    for _ in loop(0, size):
        for _ in loop(0, size):
            at = at + 1


@operation
def in_a_branch(values: Memory, size: Index) -> Index:
    at = size.constant(0)
    for _ in when(size, "<", 3):
        at = at + 1
    return at


BOUND_ANEW = {
    number_bound_anew: "at",
    vector_bound_anew: "total",
    memory_bound_anew: "part",
    list_changed: "sums",
    in_an_inner_loop: "at",
    in_a_branch: "at",
}


@pytest.mark.parametrize("operation", BOUND_ANEW)
def test_a_name_bound_anew_in_a_body_is_an_error(operation):
    with pytest.raises((NameError, LoweringError), match="is bound anew") as raised:
        call(operation, None, np.zeros(20), 3)
    assert f"{BOUND_ANEW[operation]!r} is bound" in str(raised.value)


@operation
def the_same_names_in_two_loops(values: Memory, size: Index, out: Memory) -> None:
    for _ in range(2):
        tile = Registers([values.zero()])
        for i in loop(0, size):
            x = values.broadcast(i)
            tile.values = [tile.values[0] + x]
        for i in loop(0, size):
            x = values.broadcast(i) * 2.0
            tile.values = [tile.values[0] + x]
        out.store(0, tile.values[0])


def test_names_of_a_loop_that_has_ended_are_free():
    values, out = np.arange(5.0), np.empty(LANES)
    call(the_same_names_in_two_loops, None, values, 5, out)
    np.testing.assert_array_equal(out, 30.0)
