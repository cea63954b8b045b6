"""Operations on vectors in registers: straight-line code.

One source becomes zmm registers with AVX-512, ymm with AVX2 and pairs of 128-bit registers
elsewhere. Explicit vectors are needed because Numba leaves the SLP vectoriser off, cannot promise
LLVM that arrays do not overlap, and would end every row of odd length in a scalar loop.

    + - * / fma                  lane by lane; fma(a, b, c) = a * b + c
    sqrt, absolute, with_sign    lane by lane
    maximum                      the larger of two
    Bits                         the elements as integers, for formats of floats
    where_greater, where_at_most, first_lanes   choose between lanes, or lanes and zero
    any_nonzero                  1 or 0
    round_to_float32             as if stored and loaded
    total                        of several vectors
    sum_lanes, max_lanes         across the lanes of a vector
    with_lane                    of another vector
    sum_rows, transposed         square tiles
"""

from collections.abc import Sequence
from functools import reduce
from typing import Any

from llvmlite import ir

from bp_numba.simd.internals import cgutils
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index, Value, Vector


def fma(a: Vector, b: Vector | float, c: Vector | float) -> Vector:
    """Return a * b + c, rounded once where the CPU can."""
    # llvm.fmuladd, not llvm.fma: the latter is a libm call per lane on a CPU without FMA.
    return _intrinsic("fmuladd", a, a.constant(b), a.constant(c))


def sqrt(a: Vector) -> Vector:
    """Return the square roots, correctly rounded: NaN of numbers below 0, -0 of -0."""
    return _intrinsic("sqrt", a)


def absolute(a: Vector) -> Vector:
    """Return |a|."""
    return _intrinsic("fabs", a)


def with_sign(a: Vector, sign: Vector) -> Vector:
    """Return |a| with the signs of another vector, those of its zeros included."""
    return _intrinsic("copysign", a, sign)


def maximum(a: Vector, b: Vector | float) -> Vector:
    """Return the larger in each lane: NaN if one is NaN, of zeros of different signs either.

    One instruction where b is a number, three where it is a vector.
    """
    # Not llvm.maximum, which LLVM before 17 cannot compile for vectors on x86.
    b = a.constant(b)
    larger = where_greater(b, a, b, a)
    unordered = a.builder.fcmp_unordered("uno", b.value, b.value)
    return a.like(a.builder.select(unordered, b.value, larger.value))


def where_greater(a: Vector, b: Vector | float, x: Vector | float, y: Vector | float) -> Vector:
    """Return x in the lanes where a > b and y in the others, those with a NaN included."""
    return _where(">", a, b, x, y)


def where_at_most(a: Vector, b: Vector | float, x: Vector | float, y: Vector | float) -> Vector:
    """Return x in the lanes where a <= b and y in the others, those with a NaN included."""
    return _where("<=", a, b, x, y)


def _where(
    relation: str, a: Vector, b: Vector | float, x: Vector | float, y: Vector | float
) -> Vector:
    holds = a.builder.fcmp_ordered(relation, a.value, a.constant(b).value)
    return a.like(a.builder.select(holds, a.constant(x).value, a.constant(y).value))


@operation
def smaller(a: Index, b: Index) -> Index:
    """Return the smaller of two: Numba's `min` would be compiled as a function of its own.

    With it training on XOR takes 5% more instructions.
    """
    return a.at_most(b)


def first_lanes(value: Vector, count: Index, rest: Vector | float = 0.0) -> Vector:
    """Return value in the first count lanes and `rest` in the others, whatever they held."""
    inside, other = count.compare_lanes("<", value.lanes), value.constant(rest)
    return value.like(value.builder.select(inside, value.value, other.value))


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
    """Return the vector whose lane r is the sum of the lanes of rows[r], for up to `lanes` rows.

    They are a power of two. A transposing tree: each step adds the two halves of the blocks of
    neighbouring rows, so that log2(lanes) steps leave one vector of sums and no scalar is ever
    stored.
    """
    while len(rows) < rows[0].lanes:
        rows = [_folded(row) for row in rows]
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
    lanes = value.lanes
    while value.lanes > 1:
        value = _folded(value)
    return value.shuffle(value, [0] * lanes)


def _folded(value: Vector) -> Vector:
    """Return the sum of the two halves of a vector."""
    half = value.lanes // 2
    lower, upper = ([side + lane for lane in range(half)] for side in (0, half))
    return value.shuffle(value, lower) + value.shuffle(value, upper)


def max_lanes(value: Vector) -> Vector:
    """Return a vector with the maximum of all lanes, NaN if one is NaN, in every lane."""
    half = value.lanes // 2
    while half:
        other = value.shuffle(value, [lane ^ half for lane in range(value.lanes)])
        value = maximum(value, other)
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


class Bits(Value):
    """The bits of a vector's floats, one unsigned integer for each, which wraps around."""

    def __init__(self, floats: Vector, value: Any = None) -> None:
        builder, kind = floats.builder, floats.value.type
        width = 64 if isinstance(kind.element, ir.DoubleType) else 32
        self._floats, integers = floats, ir.VectorType(ir.IntType(width), kind.count)
        bits = builder.bitcast(floats.value, integers) if value is None else value
        super().__init__(builder, bits)

    def __add__(self, other: "Bits | int") -> "Bits":
        """Return self + other."""
        return self._apply("add", other)

    def __and__(self, other: "Bits | int") -> "Bits":
        """Return self & other."""
        return self._apply("and_", other)

    def __or__(self, other: "Bits | int") -> "Bits":
        """Return self | other."""
        return self._apply("or_", other)

    def __lshift__(self, other: int) -> "Bits":
        """Return self << other."""
        return self._apply("shl", other)

    def __rshift__(self, other: int) -> "Bits":
        """Return self >> other, zeros moved in."""
        return self._apply("lshr", other)

    def floats(self) -> Vector:
        """Return the floats that have these bits."""
        return self._floats.like(self.builder.bitcast(self.value, self._floats.value.type))

    def _apply(self, instruction: str, other: "Bits | int") -> "Bits":
        kind = self.value.type
        if not isinstance(other, Bits):
            value = ir.Constant(kind, [other] * kind.count)
        else:
            value = other.value
        return Bits(self._floats, getattr(self.builder, instruction)(self.value, value))


def _intrinsic(name: str, *operands: Vector) -> Vector:
    """Return the value of one of LLVM's functions on vectors that becomes instructions, no call."""
    first = operands[0]
    element = "f64" if isinstance(first.value.type.element, ir.DoubleType) else "f32"
    function = cgutils.get_or_insert_function(
        first.builder.module,
        ir.FunctionType(first.value.type, [first.value.type] * len(operands)),
        f"llvm.{name}.v{first.lanes}{element}",
    )
    return first.like(first.builder.call(function, [operand.value for operand in operands]))
