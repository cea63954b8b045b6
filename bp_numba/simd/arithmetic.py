"""Operations on vectors in registers: straight-line code.

One source becomes zmm registers with AVX-512, ymm with AVX2 and pairs of 128-bit registers
elsewhere. Explicit vectors are needed because Numba leaves the SLP vectoriser off, cannot promise
LLVM that arrays do not overlap, and would end every row of odd length in a scalar loop.

    + - * / fma                  lane by lane; fma(a, b, c) = a * b + c
    where_greater, first_lanes   choose between lanes, or lanes and zero
    any_nonzero                  1 or 0
    round_to_float32             as if stored and loaded
    total                        of several vectors
    sum_lanes, with_lane         across the lanes of a vector
    sum_rows, transposed         square tiles
"""

from collections.abc import Sequence
from functools import reduce

from llvmlite import ir

from bp_numba.simd.internals import cgutils
from bp_numba.simd.values import Index, Vector


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
    inside, zero = count.compare_lanes("<", value.lanes), value.constant(0.0)
    return value.like(value.builder.select(inside, value.value, zero.value))


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


def total(sums: Sequence[Vector]) -> Vector:
    """Return the sum of a power of two of partial sums, in pairs."""
    while len(sums) > 1:
        sums = [a + b for a, b in zip(sums[::2], sums[1::2], strict=True)]
    return sums[0]


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
    chosen = number.compare_lanes("==", value.lanes)
    return value.like(value.builder.select(chosen, other.value, value.value))


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
