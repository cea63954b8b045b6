"""Memory from tables of addresses and sizes, in which Python hands arrays to kernels."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from llvmlite import ir
from numba import types

from bp_numba.simd.arrays import Floats
from bp_numba.simd.memory import Memory
from bp_numba.simd.tracing import element_type, field_annotations, operation
from bp_numba.simd.values import Index


def reader(kind: Any) -> Any:
    """Return an operation that reads a NamedTuple from its table, see `arrays.address_table`.

    The order of its fields tells both sides what is where.
    """

    def read(table: Memory) -> Any:
        return _read(kind, table.with_size(2 * _pairs(kind)), count())

    read.__annotations__["return"] = kind
    return operation(read)


def _pairs(annotation: Any) -> int:
    return sum(map(_pairs, field_annotations(annotation))) or 1


def _read(annotation: Any, table: Memory, pairs: Iterator[int]) -> Any:
    if fields := field_annotations(annotation):
        return annotation(*[_read(field, table, pairs) for field in fields])
    return _memory_of_pair(table, table.size.constant(next(pairs)), element_type(annotation))


def _memory_of_pair(table: Memory, number: Index, dtype: Any) -> Memory:
    return Memory.at(table, dtype, table[number * 2], table[number * 2 + 1])


@operation
def floats_at(table: Memory, number: Index) -> Floats:
    """Return the float64 memory whose address and size are the number-th pair in a table."""
    return _memory_of_pair(table, number, types.float64)  # type: ignore[return-value]


@operation
def memory_at(like: Memory, address: Index, size: Index) -> Memory:
    """Return the memory at an address, for elements of the same type as those of another."""
    return Memory.at(like, like.dtype, address, size)


@operation
def memory_from(memory: Memory, start: Index) -> Memory:
    """Return the memory from an element on."""
    return memory[start:]


def constant_memory(like: Memory, numbers: Sequence[int]) -> Memory:
    """Return memory of int64 that is part of the code, so that LLVM knows what it holds."""
    builder, kind = like.builder, like.context.get_value_type(types.int64)
    values = ir.ArrayType(kind, len(numbers))
    name = builder.module.get_unique_name("constants")
    constants = ir.GlobalVariable(builder.module, values, name)
    constants.linkage, constants.global_constant = "internal", True
    constants.initializer = ir.Constant(values, list(numbers))
    data = constants.bitcast(kind.as_pointer())
    return Memory(like.context, builder, types.int64, data, kind(len(numbers)))
