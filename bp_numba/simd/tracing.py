"""How SIMD operations for Numba are made: Python functions that write LLVM instructions.

Numba runs an operation while it compiles a kernel that calls it, on `Vector`, `Index`, `Scalar`
and `Memory` objects, and these write down an instruction for each of their operations. A Python
loop in it is unrolled. Operations may call each other.

Indices are never wrapped around. They are checked if NUMBA_BOUNDSCHECK=1 and only then: out of
range they corrupt memory.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing import signature
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.extending import lower_builtin, make_attribute_wrapper, models, register_model

from bp_numba.simd.width import lanes


class VectorType(types.Type):  # type: ignore[misc]
    """Numba's type of a vector of floats, as wide as `cpu.lanes()` doubles."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        self.lanes = lanes() * 64 // dtype.bitwidth
        super().__init__(name=f"vector({dtype} x {self.lanes})")


class MemoryType(types.Type):  # type: ignore[misc]
    """Numba's type of a flat array known by its address and size: nothing to count or to own."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        super().__init__(name=f"memory({dtype})")


@register_model(VectorType)
class _VectorModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, vector_type: VectorType) -> None:
        element = manager.lookup(vector_type.dtype).get_value_type()
        super().__init__(manager, vector_type, ir.VectorType(element, vector_type.lanes))


@register_model(MemoryType)
class _MemoryModel(models.StructModel):  # type: ignore[misc]
    def __init__(self, manager: Any, memory_type: MemoryType) -> None:
        members = [("data", types.CPointer(memory_type.dtype)), ("size", types.intp)]
        super().__init__(manager, memory_type, members)


make_attribute_wrapper(MemoryType, "size", "size")


class Scalar:
    """A number known only when the kernel runs."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value


class Index(Scalar):
    """An integer known only when the kernel runs."""

    def __add__(self, other: "Index | int") -> "Index":
        """Return self + other."""
        return Index(self.builder, self.builder.add(self.value, self._value_of(other)))

    def __mul__(self, other: "Index | int") -> "Index":
        """Return self * other."""
        return Index(self.builder, self.builder.mul(self.value, self._value_of(other)))

    def __rshift__(self, bits: int) -> "Index":
        """Return self // 2 ** bits."""
        return Index(self.builder, self.builder.ashr(self.value, self.value.type(bits)))

    def rounded_down(self, multiple: int) -> "Index":
        """Return the largest multiple of a power of two that is not larger than self."""
        return Index(self.builder, self.builder.and_(self.value, self.value.type(-multiple)))

    def where_less(self, number: int, limit: "Index") -> "Index":
        """Return self if number < limit, else 0."""
        value, zero = self.value, self.value.type(0)
        inside = self.builder.icmp_signed("<", value.type(number), limit.value)
        return Index(self.builder, self.builder.select(inside, value, zero))

    def where_equal(self, number: "Index", other: int, otherwise: "Index") -> "Index":
        """Return self if number == other, else otherwise."""
        equal = self.builder.icmp_signed("==", number.value, number.value.type(other))
        return Index(self.builder, self.builder.select(equal, self.value, otherwise.value))

    def _value_of(self, other: "Index | int") -> Any:
        return other.value if isinstance(other, Index) else self.value.type(other)


class Vector:
    """A vector in a register; arithmetic is lane by lane, numbers stand for every lane."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value
        self.lanes = value.type.count

    def __add__(self, other: "Vector | float") -> "Vector":
        """Return self + other."""
        return self.apply("fadd", other)

    def __sub__(self, other: "Vector | float") -> "Vector":
        """Return self - other."""
        return self.apply("fsub", other)

    def __mul__(self, other: "Vector | float") -> "Vector":
        """Return self * other."""
        return self.apply("fmul", other)

    def __truediv__(self, other: "Vector | float") -> "Vector":
        """Return self / other."""
        return self.apply("fdiv", other)

    def __neg__(self) -> "Vector":
        """Return -self."""
        return self.like(self.builder.fneg(self.value))

    def apply(self, instruction: str, other: "Vector | float") -> "Vector":
        """Return the vector that an instruction makes of self and other."""
        return self.like(getattr(self.builder, instruction)(self.value, self.constant(other).value))

    def constant(self, number: "Vector | float") -> "Vector":
        """Return a vector with the number in every lane; a vector is returned as it is."""
        if isinstance(number, Vector):
            return number
        return self.like(ir.Constant(self.value.type, [float(number)] * self.lanes))

    def like(self, value: Any) -> "Vector":
        """Return an LLVM value as a vector."""
        return Vector(self.builder, value)

    def shuffle(self, other: "Vector", lanes: Sequence[int]) -> "Vector":
        """Return the numbered lanes of self (0 and up) and other (`lanes` and up)."""
        mask = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), list(lanes))
        return self.like(self.builder.shuffle_vector(self.value, other.value, mask))


class Memory:
    """A flat array; vectors may begin anywhere in it."""

    def __init__(self, context: Any, builder: Any, dtype: Any, data: Any, size: Any) -> None:
        self.context, self.builder, self.dtype = context, builder, dtype
        self.data, self.size = data, size

    @classmethod
    def of(cls, context: Any, builder: Any, numba_type: Any, value: Any) -> "Memory":
        """Return the elements of a Numba value: of a memory, or of a NumPy array."""
        if isinstance(numba_type, MemoryType):
            fields = cgutils.create_struct_proxy(numba_type)(context, builder, value)
            return cls(context, builder, numba_type.dtype, fields.data, fields.size)
        if isinstance(numba_type, types.CPointer):
            return cls(context, builder, numba_type.dtype, value, ir.IntType(64)(2**62))
        array = context.make_array(numba_type)(context, builder, value)
        size = cgutils.unpack_tuple(builder, array.shape)[0]
        return cls(context, builder, numba_type.dtype, array.data, size)

    @property
    def vector(self) -> Any:
        """The LLVM type of its vectors."""
        element = self.context.get_value_type(self.dtype)
        return ir.VectorType(element, VectorType(self.dtype).lanes)

    @property
    def value(self) -> Any:
        """The Numba value."""
        fields = cgutils.create_struct_proxy(MemoryType(self.dtype))(self.context, self.builder)
        fields.data, fields.size = self.data, self.size
        return fields._getvalue()

    def __getitem__(self, index: Index) -> Any:
        """Return the LLVM value of one element."""
        return self.builder.load(self._address(index, 1))

    def index(self, index: Index) -> Index:
        """Return one element of an array of integers."""
        return Index(self.builder, self[index])

    def __setitem__(self, index: Index, value: Any) -> None:
        """Write the LLVM value of one element."""
        self.builder.store(value, self._address(index, 1))

    def load(self, index: Index, vectors: int = 1) -> Vector:
        """Return the vector that begins at an index, or several of them as one long vector."""
        # Aligned to the element only: vector loads of aligned data cost the same either way, and
        # a promise of more would turn a layout error into a crash.
        address = self._vector_address(index, self.vector.count * vectors)
        return Vector(self.builder, self.builder.load(address, align=4))

    def single(self, index: Index) -> Vector:
        """Return one element as a vector of one lane."""
        return self.gather([index])

    def gather(self, indices: Sequence[Index]) -> Vector:
        """Return a vector of the elements at some indices."""
        vector = ir.Constant(ir.VectorType(self.vector.element, len(indices)), ir.Undefined)
        for lane, index in enumerate(indices):
            vector = self.builder.insert_element(vector, self[index], ir.IntType(32)(lane))
        return Vector(self.builder, vector)

    def store(self, index: Index, value: Vector) -> None:
        """Write the vector that begins at an index."""
        self.builder.store(value.value, self._vector_address(index, value.lanes), align=4)

    def load_first(self, index: Index, count: Index) -> Vector:
        """Return the vector that begins at an index; only the first count lanes are read."""
        return Vector(self.builder, self._masked("load", index, count, [self.zero().value]))

    def store_first(self, index: Index, count: Index, value: Vector) -> None:
        """Write only the first count lanes of a vector."""
        self._masked("store", index, count, [value.value])

    def _masked(self, kind: str, index: Index, count: Index, values: Sequence[Any]) -> Any:
        builder, vector = self.builder, self.vector
        numbers = ir.VectorType(count.value.type, vector.count)
        lane = ir.Constant(numbers, list(range(vector.count)))
        inside = builder.icmp_signed("<", lane, splat(count, numbers).value)
        address = builder.bitcast(builder.gep(self.data, [index.value]), vector.as_pointer())
        alignment = ir.IntType(32)(self.dtype.bitwidth // 8)
        typed = f"v{vector.count}f{self.dtype.bitwidth}.p0v{vector.count}f{self.dtype.bitwidth}"
        if kind == "load":
            arguments, result = [address, alignment, inside, *values], vector
        else:
            arguments, result = [*values, address, alignment, inside], ir.VoidType()
        function = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(result, [argument.type for argument in arguments]),
            f"llvm.masked.{kind}.{typed}",
        )
        return builder.call(function, arguments)

    def prefetch(self, index: Index) -> None:
        """Bring the cache line of one element, which need not exist, to the second-level cache."""
        address = self.builder.bitcast(self.builder.gep(self.data, [index.value]), _BYTES)
        integer = ir.IntType(32)
        function = cgutils.get_or_insert_function(
            self.builder.module,
            ir.FunctionType(ir.VoidType(), [_BYTES, integer, integer, integer]),
            "llvm.prefetch.p0i8",
        )
        self.builder.call(function, [address, integer(0), integer(2), integer(1)])

    def broadcast(self, index: Index) -> Vector:
        """Return a vector with one element in every lane."""
        return splat(Scalar(self.builder, self[index]), self.vector)

    def first(self) -> Index:
        """Return the index 0."""
        return Index(self.builder, ir.IntType(64)(0))

    def zero(self, lanes: int | None = None) -> Vector:
        """Return a vector of zeros of this array's type, by default as long as any other."""
        vector = ir.VectorType(self.vector.element, lanes or self.vector.count)
        return Vector(self.builder, ir.Constant(vector, [0.0] * vector.count))

    def _address(self, index: Index, count: int) -> Any:
        if self.context.enable_boundscheck:
            last = (index + (count - 1)).value
            cgutils.do_boundscheck(self.context, self.builder, index.value, self.size)
            cgutils.do_boundscheck(self.context, self.builder, last, self.size)
        return self.builder.gep(self.data, [index.value], inbounds=True)

    def _vector_address(self, index: Index, lanes: int) -> Any:
        vector = ir.VectorType(self.vector.element, lanes)
        return self.builder.bitcast(self._address(index, lanes), vector.as_pointer())


def loop(start: Index, end: Index, step: int = 1) -> Iterator[Index]:
    """Yield once, a turn's number: what is written meanwhile is run for range(start, end, step)."""
    stride = start.value.type(step)
    with cgutils.for_range_slice(start.builder, start.value, end.value, stride) as (number, _):
        yield Index(start.builder, number)


class Registers:
    """Vectors that change from turn to turn of a loop."""

    def __init__(self, vectors: Sequence[Vector]) -> None:
        self.builder = vectors[0].builder
        self._slots = [cgutils.alloca_once_value(self.builder, v.value) for v in vectors]

    @property
    def vectors(self) -> list[Vector]:
        """Their present values."""
        return [Vector(self.builder, self.builder.load(slot)) for slot in self._slots]

    @vectors.setter
    def vectors(self, vectors: Sequence[Vector]) -> None:
        for slot, vector in zip(self._slots, vectors, strict=True):
            self.builder.store(vector.value, slot)


def splat(scalar: Scalar, vector: Any) -> Vector:
    """Return a vector of an LLVM type with the scalar in every lane."""
    empty = ir.Constant(vector, ir.Undefined)
    single = Vector(scalar.builder, scalar.builder.insert_element(empty, scalar.value, _FIRST))
    return single.shuffle(single, [0] * vector.count)


_FIRST = ir.IntType(32)(0)
_BYTES = ir.IntType(8).as_pointer()


def operation(
    result_type: Callable[..., Any],
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function on the objects of this module one that kernels can call.

    Parameters
    ----------
    result_type : callable
        From the Numba types of the arguments to that of the result. A list of vectors is a
        `types.UniTuple` to the kernel.
    """

    def define(function: Callable[..., Any]) -> Callable[..., Any]:
        class Template(AbstractTemplate):  # type: ignore[misc]
            key = function

            def generic(self, args: Any, kws: Any) -> Any:
                args = [types.intp if isinstance(a, types.Integer) else a for a in args]
                return signature(result_type(*args), *args)

        infer_global(function, types.Function(Template))

        @lower_builtin(function, types.VarArg(types.Any))  # type: ignore[untyped-decorator]
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            result = function(*map(_as_object, [context] * len(args), [builder] * len(args),
                                   sig.args, args))  # fmt: skip
            if isinstance(result, list):
                return cgutils.pack_array(builder, [vector.value for vector in result])
            return context.get_dummy_value() if result is None else result.value

        return function

    return define


def _as_object(context: Any, builder: Any, numba_type: Any, value: Any) -> Any:
    match numba_type:
        case VectorType():
            return Vector(builder, value)
        case types.UniTuple():
            return [Vector(builder, lane) for lane in cgutils.unpack_tuple(builder, value)]
        case types.Integer():
            return Index(builder, value)
        case types.Float():
            return Scalar(builder, value)
        case _:
            return Memory.of(context, builder, numba_type, value)
