"""Memory from tables of addresses, whatever the order of what is in them."""

from itertools import permutations
from typing import NamedTuple

import numba
import numpy as np
import pytest

from bp_numba.simd.arrays import Floats, Offsets, address, address_table
from bp_numba.simd.memory import Memory
from bp_numba.simd.tables import floats_at, memory_at, memory_from, reader
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index
from bp_numba.simd.width import vector_width
from tests.simd.calling import call

LANES = vector_width()


class Inner(NamedTuple):
    values: Floats
    numbers: Offsets


FIELDS = {"inner": Inner, "more": Floats, "others": Offsets}


def outer(order):
    """Return a NamedTuple class with the fields in an order."""
    return NamedTuple("Outer", [(name, FIELDS[name]) for name in order])


@operation
def describe(call_: tuple, out: Memory) -> None:
    out[0] = call_.inner.values[2]
    out[1] = call_.more[0]
    for number, memory in enumerate([call_.inner.values, call_.inner.numbers, call_.more]):
        call_.others[number] = memory.size
    call_.others[3] = call_.inner.numbers[1]


@pytest.mark.parametrize("order", list(permutations(FIELDS)))
def test_fields_are_found_whatever_their_order(order):
    kind = outer(order)
    read = reader(kind)

    @numba.njit
    def run(table, out):
        describe(read(table), out)

    arrays = kind(
        inner=Inner(np.array([1.0, 2.0, 3.0]), np.array([7, 8])),
        more=np.array([4.0]),
        others=np.zeros(4, dtype=np.int64),
    )
    out = np.zeros(2)
    run(address_table(arrays).ravel(), out)
    assert out.tolist() == [3.0, 4.0]
    assert arrays.others.tolist() == [3, 2, 1, 8]


def test_elements_of_memory_in_a_compiled_function():
    read = reader(Inner)

    @numba.njit
    def run(table):
        inner = read(table)
        return inner.values[1], inner.numbers[0], inner.values.size

    inner = Inner(np.array([1.5, 2.5]), np.array([7]))
    assert run(address_table(inner).ravel()) == (2.5, 7, 2)


@operation
def store_part(memory: Memory, at: Index, out: Memory) -> Index:
    out.store(0, memory.load(at))
    return memory.size


def test_memory_from_a_table_of_addresses():
    @numba.njit
    def run(table, out):
        return store_part(floats_at(table, 1), 3, out)

    floats, out = np.arange(20.0), np.empty(LANES)
    assert run(address_table([out, floats]).ravel(), out) == 20
    np.testing.assert_array_equal(out, floats[3 : 3 + LANES])


def test_memory_at_an_address():
    @numba.njit
    def run(address, size, out):
        return store_part(memory_from(memory_at(out, address, size), 2), 1, out)

    numbers, out = np.arange(20.0), np.empty(LANES)
    assert run(address(numbers), 20, out) == 18
    np.testing.assert_array_equal(out, numbers[3 : 3 + LANES])


@pytest.mark.skipif(not numba.config.BOUNDSCHECK, reason="checked with NUMBA_BOUNDSCHECK=1 only")
@pytest.mark.parametrize("number", [-1, 2, 3])
def test_matrices_beyond_the_table_are_noticed(number):
    table = address_table([np.zeros(1), np.zeros(1)]).ravel()
    with pytest.raises(IndexError):
        call(floats_at_index, None, table, number)


@operation
def floats_at_index(table: Memory, number: Index) -> Index:
    return floats_at(table, number).size
