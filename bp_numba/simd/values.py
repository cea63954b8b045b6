"""What an operation works on: numbers and vectors that are known only when the kernel runs.

Their arithmetic writes down LLVM instructions (see `tracing`). Numbers of Python stand for
constants.
"""

from collections.abc import Sequence
from typing import Any, Self

from llvmlite import ir
from numba import types
from numba.extending import models, register_model

from bp_numba.simd.width import vector_width


class VectorType(types.Type):  # type: ignore[misc]
    """Numba's type of a vector of floats, as wide as `vector_width()` doubles."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        self.lanes = vector_width() * 64 // dtype.bitwidth
        super().__init__(name=f"vector({dtype} x {self.lanes})")


@register_model(VectorType)
class _VectorModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, vector_type: VectorType) -> None:
        element = manager.lookup(vector_type.dtype).get_value_type()
        super().__init__(manager, vector_type, ir.VectorType(element, vector_type.lanes))


class Traced:
    """Something that stands for what the kernel will have when it runs."""

    outlived = False
    """Whether it was made in the body of a loop that has ended, see `loops`."""


class Value(Traced):
    """An LLVM value, and the builder of the instructions that use it."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value


class Scalar(Value):
    """A floating-point number."""

    def broadcast(self, vector_type: Any) -> "Vector":
        """Return a vector of an LLVM type with the number in every lane."""
        return Vector(self.builder, _splat(self.builder, self.value, vector_type))


class Index(Value):
    """An integer. Divisors are powers of two; as in Python, quotients are rounded down."""

    def __add__(self, other: "Index | int") -> "Index":
        """Return self + other."""
        return self._like(self.builder.add(self.value, self.constant(other).value))

    def __sub__(self, other: "Index | int") -> "Index":
        """Return self - other."""
        return self._like(self.builder.sub(self.value, self.constant(other).value))

    def __mul__(self, other: "Index | int") -> "Index":
        """Return self * other."""
        return self._like(self.builder.mul(self.value, self.constant(other).value))

    def __floordiv__(self, divisor: int) -> "Index":
        """Return self // divisor."""
        return self._like(self.builder.ashr(self.value, self.value.type(divisor.bit_length() - 1)))

    def rounded_down(self, multiple: int) -> "Index":
        """Return the largest multiple of a power of two that is not larger than self."""
        return self._like(self.builder.and_(self.value, self.value.type(-multiple)))

    def where(self, a: "Index", relation: str, b: "Index | int") -> "Index":
        """Return self if a < b, or a == b, as the relation says, else 0."""
        chosen = self.builder.icmp_signed(relation, a.value, a.constant(b).value)
        return self._like(self.builder.select(chosen, self.value, self.value.type(0)))

    def at_most(self, other: "Index | int") -> "Index":
        """Return the smaller of self and other."""
        limit = self.constant(other).value
        is_less = self.builder.icmp_signed("<", self.value, limit)
        return self._like(self.builder.select(is_less, self.value, limit))

    def at_least(self, other: "Index | int") -> "Index":
        """Return the larger of self and other."""
        limit = self.constant(other).value
        is_more = self.builder.icmp_signed(">", self.value, limit)
        return self._like(self.builder.select(is_more, self.value, limit))

    def constant(self, number: "Index | int") -> "Index":
        """Return a number as an index; an index is returned as it is."""
        return number if isinstance(number, Index) else self._like(self.value.type(number))

    def compare_lanes(self, relation: str, lanes: int) -> Any:
        """Return LLVM's mask of the lanes whose number is `relation`, "<" or "==", to self."""
        numbers = ir.VectorType(self.value.type, lanes)
        every, lane = _splat(self.builder, self.value, numbers), list(range(lanes))
        return self.builder.icmp_signed(relation, ir.Constant(numbers, lane), every)

    def _like(self, value: Any) -> "Index":
        return Index(self.builder, value)


class Vector(Value):
    """A vector in a register; arithmetic is lane by lane, numbers stand for every lane."""

    @property
    def lanes(self) -> int:
        """How many elements it has."""
        return int(self.value.type.count)

    def __add__(self, other: "Vector | float") -> "Vector":
        """Return self + other."""
        return self._apply("fadd", other)

    def __sub__(self, other: "Vector | float") -> "Vector":
        """Return self - other."""
        return self._apply("fsub", other)

    def __mul__(self, other: "Vector | float") -> "Vector":
        """Return self * other."""
        return self._apply("fmul", other)

    def __truediv__(self, other: "Vector | float") -> "Vector":
        """Return self / other."""
        return self._apply("fdiv", other)

    def __neg__(self) -> "Vector":
        """Return -self."""
        return self.like(self.builder.fneg(self.value))

    def _apply(self, instruction: str, other: "Vector | float") -> "Vector":
        return self.like(getattr(self.builder, instruction)(self.value, self.constant(other).value))

    def constant(self, number: "Vector | float") -> "Vector":
        """Return a vector with the number in every lane; a vector is returned as it is."""
        if isinstance(number, Vector):
            return number
        return self.like(ir.Constant(self.value.type, [float(number)] * self.lanes))

    def like(self, value: Any) -> Self:
        """Return an LLVM value as a vector."""
        return type(self)(self.builder, value)

    def shuffle(self, other: "Vector", lanes: Sequence[int]) -> "Vector":
        """Return the numbered lanes of self (0 and up) and other (`lanes` and up)."""
        mask = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), list(lanes))
        return self.like(self.builder.shuffle_vector(self.value, other.value, mask))

    def lane(self, number: int) -> "Vector":
        """Return one lane as a vector of one lane."""
        return self.shuffle(self, [number])


def _splat(builder: Any, value: Any, vector_type: Any) -> Any:
    first = ir.IntType(32)(0)
    single = builder.insert_element(ir.Constant(vector_type, ir.Undefined), value, first)
    every = ir.Constant(ir.VectorType(ir.IntType(32), vector_type.count), [0] * vector_type.count)
    return builder.shuffle_vector(single, single, every)
