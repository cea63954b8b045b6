"""A SIMD vector type for Numba and its operations: straight-line code on vectors in registers.

One source becomes zmm registers with AVX-512, ymm with AVX2 and pairs of 128-bit registers
elsewhere. Explicit vectors are needed because Numba leaves the SLP vectoriser off, cannot promise
LLVM that arrays do not overlap, and would end every row of odd length in a scalar loop. Writing
whole formulas as one operation (`tracing.operation`) keeps the compiler's Python passes from
seeing their parts: the kernels compile in half the time.

    + - * / fma                  lane by lane; fma(a, b, c) = a * b + c
    where_greater, first_lanes   choose between lanes, or lanes and zero
    any_nonzero                  1 or 0
    round_to_float32             as if stored and loaded
    sum_lanes, with_lane         across the lanes of a vector
    sum_rows, transposed         square tiles
    floats_at, integers_at       memory from a table of addresses
    memory_at                    memory from an address
"""

import operator
from collections.abc import Sequence
from functools import reduce
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing import signature
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.extending import lower_builtin

from bp_numba.simd.tracing import Index, Memory, MemoryType, Vector, operation, splat


def fma(a: Vector, b: Vector | float, c: Vector | float) -> Vector:
    """Return a * b + c, rounded once where the CPU can."""
    # llvm.fmuladd, not llvm.fma: the latter is a libm call per lane on a CPU without FMA.
    element = "f64" if isinstance(a.value.type.element, ir.DoubleType) else "f32"
    function = cgutils.get_or_insert_function(
        a.builder.module,
        ir.FunctionType(a.value.type, [a.value.type] * 3),
        f"llvm.fmuladd.v{a.lanes}{element}",
    )
    values = [a.value, a.constant(b).value, a.constant(c).value]
    return a.like(a.builder.call(function, values))


def where_greater(a: Vector, b: Vector | float, x: Vector | float, y: Vector | float) -> Vector:
    """Return x in the lanes where a > b and y in the others, those with a NaN included."""
    greater = a.builder.fcmp_ordered(">", a.value, a.constant(b).value)
    return a.like(a.builder.select(greater, a.constant(x).value, a.constant(y).value))


def first_lanes(value: Vector, count: Index) -> Vector:
    """Return value in the first count lanes and zero in the others, whatever they held."""
    builder = value.builder
    numbers = ir.VectorType(count.value.type, value.lanes)
    lane = ir.Constant(numbers, list(range(value.lanes)))
    inside = builder.icmp_signed("<", lane, splat(count, numbers).value)
    return value.like(builder.select(inside, value.value, value.constant(0.0).value))


def any_nonzero(vectors: Sequence[Vector]) -> Index:
    """Return 1 if any lane of the vectors is not zero, NaN included, else 0."""
    builder, zero = vectors[0].builder, vectors[0].constant(0.0)
    flags = [builder.fcmp_unordered("!=", vector.value, zero.value) for vector in vectors]
    bits = builder.bitcast(reduce(builder.or_, flags), ir.IntType(zero.lanes))
    found = builder.icmp_unsigned("!=", bits, bits.type(0))
    return Index(builder, builder.zext(found, ir.IntType(64)))


def round_to_float32(value: Vector) -> Vector:
    """Return each lane rounded to the nearest float32."""
    narrow = value.builder.fptrunc(value.value, ir.VectorType(ir.FloatType(), value.lanes))
    return value.like(value.builder.fpext(narrow, value.value.type))


def sum_rows(rows: Sequence[Vector]) -> Vector:
    """Return the vector whose lane r is the sum of the lanes of rows[r], for `lanes` rows.

    A transposing tree: each step adds the two halves of the blocks of neighbouring rows, so that
    log2(lanes) steps leave one vector of sums and no scalar is ever stored.
    """
    lanes, half = rows[0].lanes, 1
    while half < lanes:
        lower = [
            side * lanes + block + lane
            for block in range(0, lanes, 2 * half)
            for side in (0, 1)
            for lane in range(half)
        ]
        upper = [lane + half for lane in lower]
        rows = [
            left.shuffle(right, lower) + left.shuffle(right, upper)
            for left, right in zip(rows[::2], rows[1::2], strict=True)
        ]
        half *= 2
    return rows[0]


def sum_lanes(value: Vector) -> Vector:
    """Return a vector with the sum of all lanes in every lane."""
    half = value.lanes // 2
    while half:
        value = value + value.shuffle(value, [lane ^ half for lane in range(value.lanes)])
        half //= 2
    return value


def with_lane(value: Vector, number: Index, other: Vector) -> Vector:
    """Return value with one lane, whose number may be known only later, taken from another."""
    builder = value.builder
    numbers = ir.VectorType(number.value.type, value.lanes)
    lane = ir.Constant(numbers, list(range(value.lanes)))
    chosen = builder.icmp_signed("==", lane, splat(number, numbers).value)
    return value.like(builder.select(chosen, other.value, value.value))


def transposed(rows: Sequence[Vector]) -> list[Vector]:
    """Return the columns of a square tile, given its rows."""
    columns, lanes, half = list(rows), rows[0].lanes, 1
    while half < lanes:
        # Exchange the upper right with the lower left quarter of each block of 2 half rows.
        upper = [(i & half) * (lanes // half) + (i & ~half) for i in range(lanes)]
        lower = [lane + half for lane in upper]
        for r in (r for r in range(lanes) if not r & half):
            top, bottom = columns[r], columns[r + half]
            columns[r], columns[r + half] = top.shuffle(bottom, upper), top.shuffle(bottom, lower)
        half *= 2
    return columns


@operation(lambda table, number: MemoryType(types.float64))
def floats_at(table: Memory, number: Index) -> Memory:
    """Return the float64 memory whose address and size are the number-th pair in a table."""
    return _memory_at(types.float64, table, number)


@operation(lambda table, number: MemoryType(types.int64))
def integers_at(table: Memory, number: Index) -> Memory:
    """Return the int64 memory whose address and size are the number-th pair in a table."""
    return _memory_at(types.int64, table, number)


def _memory_at(dtype: Any, table: Memory, number: Index) -> Memory:
    address, size = table.index(number * 2), table.index(number * 2 + 1)
    return _memory(table, dtype, address, size)


@operation(lambda like, address, size: MemoryType(like.dtype))
def memory_at(like: Memory, address: Index, size: Index) -> Memory:
    """Return the memory at an address, for elements of the same type as those of another."""
    return _memory(like, like.dtype, address, size)


def _memory(like: Memory, dtype: Any, address: Index, size: Index) -> Memory:
    pointer = like.context.get_value_type(dtype).as_pointer()
    data = like.builder.inttoptr(address.value, pointer)
    return Memory(like.context, like.builder, dtype, data, size.value)


class _GetItem(AbstractTemplate):  # type: ignore[misc]
    key = operator.getitem

    def generic(self, args: Any, kws: Any) -> Any:
        if isinstance(args[0], MemoryType) and isinstance(args[1], types.Integer):
            return signature(args[0].dtype, args[0], types.intp)
        return None


infer_global(operator.getitem, types.Function(_GetItem))


@lower_builtin(operator.getitem, MemoryType, types.intp)  # type: ignore[untyped-decorator]
def _lower_getitem(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return Memory.of(context, builder, sig.args[0], args[0])[Index(builder, args[1])]
