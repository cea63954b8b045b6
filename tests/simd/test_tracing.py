"""Python functions that Numba compiles calls of, and what they take and return."""

from typing import NamedTuple

import numba
import numpy as np
import pytest

from bp_numba.simd.arrays import Floats, Offsets
from bp_numba.simd.memory import Memory, MemoryType
from bp_numba.simd.tracing import numba_type, operation
from bp_numba.simd.values import Index, Scalar, Vector
from bp_numba.simd.width import vector_width
from tests.simd.calling import call

LANES = vector_width()


class Pair(NamedTuple):
    values: Floats
    number: int


class Nested(NamedTuple):
    pair: Pair
    offsets: Offsets


@operation
def halves(values: Memory, numbers: Memory) -> Nested:
    return Nested(Pair(values[numbers[0] :], numbers[1]), numbers[1:])


@operation
def described(nested: Nested, out: Memory) -> None:
    out[0] = nested.pair.values[0]
    nested.offsets[1] = nested.pair.number * 2


def test_named_tuples_come_and_go():
    @numba.njit
    def run(values, numbers, out):
        nested = halves(values, numbers)
        described(nested, out)
        return nested.pair.values.size, nested.pair.number, nested.offsets[0]

    values, numbers, out = np.arange(10.0), np.array([3, 7, 0]), np.zeros(1)
    assert run(values, numbers, out) == (7, 7, 7)
    assert out[0] == 3.0 and numbers.tolist() == [3, 7, 14]


def test_the_type_of_a_named_tuple():
    nested = numba_type(Nested)
    assert nested.instance_class is Nested and nested.types[0].instance_class is Pair
    assert nested.types[1] == MemoryType(numba.types.int64)
    assert tuple(nested.types[0].types) == (MemoryType(numba.types.float64), numba.types.intp)


@operation
def doubled(values: Memory, factor: Scalar) -> Vector:
    return values.load(0) * values.filled(factor)


@operation
def kept(vector: Vector, out: Memory) -> None:
    out.store(0, vector)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_vectors_are_handed_on(dtype):
    @numba.njit
    def run(values, out):
        kept(doubled(values, values[1]), out)

    lanes = LANES * 8 // np.dtype(dtype).itemsize
    values, out = np.arange(lanes, dtype=dtype) + 1, np.zeros(lanes, dtype=dtype)
    run(values, out)
    np.testing.assert_array_equal(out, values * values[1])


@operation
def rest_of(values: Memory, start: Index) -> Memory:
    return values[start:]


@operation
def size_of(values: Memory) -> Index:
    return rest_of(values, values.size.constant(2)).size  # operations call each other as they are


def test_operations_call_each_other():
    assert call(size_of, None, np.zeros(9)) == 7
