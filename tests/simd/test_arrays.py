"""Aligned buffers, addresses, and the tables that kernels are called with."""

from typing import NamedTuple

import numpy as np
import pytest

from bp_numba.simd.arrays import (
    ALIGNMENT,
    address,
    address_table,
    aligned_parts,
    aligned_zeros,
)


@pytest.mark.parametrize("size", [0, 1, 7, 8, 1000])
def test_buffers_are_aligned_zeros(size):
    buffer = aligned_zeros(size)
    assert buffer.shape == (size,) and buffer.dtype == np.float64
    assert size == 0 or buffer.ctypes.data % ALIGNMENT == 0
    assert not buffer.any()


def test_parts_are_aligned_and_apart():
    sizes = 3, 0, 8, 9, 16
    parts = aligned_parts(*sizes)
    for number, part in enumerate(parts):
        assert part.shape == (sizes[number],) and not part.any()
        assert part.size == 0 or part.ctypes.data % ALIGNMENT == 0
    for number, part in enumerate(parts):
        part[...] = number + 1
    assert [set(part) for part in parts] == [{1.0}, set(), {3.0}, {4.0}, {5.0}]


def test_address_table():
    arrays = [np.zeros(3), np.zeros(5, dtype=np.int64)]
    table = address_table(arrays)
    assert table.tolist() == [[a.ctypes.data, a.size] for a in arrays]


def test_tables_have_the_order_of_the_fields():
    class Inner(NamedTuple):
        b: np.ndarray
        c: np.ndarray

    class Outer(NamedTuple):
        a: np.ndarray
        inner: Inner
        d: np.ndarray

    a, b, c, d = (np.zeros(size) for size in (1, 2, 3, 4))
    assert address_table(Outer(a, Inner(b, c), d))[:, 1].tolist() == [1, 2, 3, 4]
    assert address_table(Outer(d=d, inner=Inner(c=c, b=b), a=a))[:, 1].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("writable", [True, False])
def test_the_address_of_an_array(writable):
    array = np.arange(10.0)
    array.flags.writeable = writable
    for part in (array, array[3:], array[:0]):
        assert address(part) == part.__array_interface__["data"][0]
