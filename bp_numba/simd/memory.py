"""Memory as operations see it: a flat array, of which vectors may begin anywhere.

Indices are never wrapped around. They are checked if NUMBA_BOUNDSCHECK=1 and only then: out of
range they corrupt memory.
"""

import operator
from collections.abc import Sequence
from typing import Any, overload

from llvmlite import ir
from numba import types
from numba.extending import lower_builtin, make_attribute_wrapper, models, register_model

from bp_numba.simd.internals import AbstractTemplate, cgutils, infer_global, signature
from bp_numba.simd.values import Index, Scalar, Traced, Vector, VectorType


class MemoryType(types.Type):  # type: ignore[misc]
    """Numba's type of a flat array known by its address and size: nothing to count or to own."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        super().__init__(name=f"memory({dtype})")


@register_model(MemoryType)
class _MemoryModel(models.StructModel):  # type: ignore[misc]
    def __init__(self, manager: Any, memory_type: MemoryType) -> None:
        members = [("data", types.CPointer(memory_type.dtype)), ("size", types.intp)]
        super().__init__(manager, memory_type, members)


make_attribute_wrapper(MemoryType, "size", "size")


class Memory(Traced):
    """A flat array of floats or of int64.

    `memory[i]` is an element, a `Scalar` or an `Index`, and `memory[i:]` the memory from there on;
    it is the first that moves, so that an index counts from what the memory stands for: a layer, a
    panel, the steps of a sample.
    """

    def __init__(self, context: Any, builder: Any, dtype: Any, data: Any, size: Any) -> None:
        self.context, self.builder, self.dtype = context, builder, dtype
        self.data, self.size = data, Index(builder, size)

    @classmethod
    def of(cls, context: Any, builder: Any, numba_type: Any, value: Any) -> "Memory":
        """Return the elements of a Numba value: of a memory, of a NumPy array, or of a C array.

        A C array has none until its size is known, see `with_size`.
        """
        if isinstance(numba_type, MemoryType):
            fields = cgutils.create_struct_proxy(numba_type)(context, builder, value)
            return cls(context, builder, numba_type.dtype, fields.data, fields.size)
        if isinstance(numba_type, types.CPointer):
            return cls(context, builder, numba_type.dtype, value, ir.IntType(64)(0))
        array = context.make_array(numba_type)(context, builder, value)
        size = cgutils.unpack_tuple(builder, array.shape)[0]
        return cls(context, builder, numba_type.dtype, array.data, size)

    @classmethod
    def at(cls, like: Any, dtype: Any, address: Index, size: Index) -> "Memory":
        """Return the memory of `size` elements at an address; `like` has context and builder."""
        pointer = like.context.get_value_type(dtype).as_pointer()
        data = like.builder.inttoptr(address.value, pointer)
        return cls(like.context, like.builder, dtype, data, size.value)

    def with_size(self, size: int) -> "Memory":
        """Return the same memory, of so many elements."""
        known = self.size.constant(size).value
        return Memory(self.context, self.builder, self.dtype, self.data, known)

    @property
    def value(self) -> Any:
        """The Numba value."""
        fields = cgutils.create_struct_proxy(MemoryType(self.dtype))(self.context, self.builder)
        fields.data, fields.size = self.data, self.size.value
        return fields._getvalue()

    @property
    def address(self) -> Index:
        """Where it begins."""
        return Index(self.builder, self.builder.ptrtoint(self.data, self.size.value.type))

    @property
    def lanes(self) -> int:
        """How many elements its vectors have."""
        return int(VectorType(self.dtype).lanes)

    @overload
    def __getitem__(self, index: slice) -> "Memory": ...

    @overload
    def __getitem__(self, index: Index | int) -> Any: ...

    def __getitem__(self, index: Any) -> Any:
        """Return one element, or for a slice without an end the memory from its start on."""
        if isinstance(index, slice):
            start = self.size.constant(index.start)
            data = self.builder.gep(self.data, [start.value], inbounds=True)
            rest = (self.size - start).value
            return Memory(self.context, self.builder, self.dtype, data, rest)
        kind = Index if isinstance(self.dtype, types.Integer) else Scalar
        return kind(self.builder, self.builder.load(self._address(index, 1)))

    def __setitem__(self, index: Index, value: Any) -> None:
        """Write one element."""
        self.builder.store(value.value, self._address(index, 1))

    def load(self, index: Index | int, lanes: int | None = None) -> Vector:
        """Return the vector that begins at an index, of `lanes` elements if that is given."""
        # Aligned to the element only: vector loads of aligned data cost the same either way, and
        # a promise of more would turn a layout error into a crash.
        address = self._vector_address(index, lanes or self.lanes)
        return Vector(self.builder, self.builder.load(address, align=4))

    def store(self, index: Index | int, value: Vector) -> None:
        """Write the vector that begins at an index."""
        self.builder.store(value.value, self._vector_address(index, value.lanes), align=4)

    def load_first(self, index: Index | int, count: Index) -> Vector:
        """Return the vector that begins at an index; only the first count lanes are read."""
        rest, first, builder = self.zero().value, self.size.constant(index), self.builder
        vector = rest.type
        address = builder.bitcast(builder.gep(self.data, [first.value]), vector.as_pointer())
        alignment = ir.IntType(32)(self.dtype.bitwidth // 8)
        arguments = [address, alignment, count.compare_lanes("<", vector.count), rest]
        typed = f"v{vector.count}f{self.dtype.bitwidth}"
        return Vector(builder, self._call(f"llvm.masked.load.{typed}.p0{typed}", vector, arguments))

    def prefetch(self, index: Index) -> None:
        """Bring the cache line of one element, which need not exist, to the second-level cache."""
        to_read, near, data = (ir.IntType(32)(number) for number in (0, 2, 1))
        address = self.builder.gep(self.data, [index.value])
        line = self.builder.bitcast(address, ir.IntType(8).as_pointer())
        self._call("llvm.prefetch.p0i8", ir.VoidType(), [line, to_read, near, data])

    def _call(self, intrinsic: str, result: Any, arguments: Sequence[Any]) -> Any:
        signature = ir.FunctionType(result, [argument.type for argument in arguments])
        module = self.builder.module
        function = cgutils.get_or_insert_function(module, signature, intrinsic)
        return self.builder.call(function, arguments)

    def broadcast(self, index: Index | int, lanes: int | None = None) -> Vector:
        """Return a vector with one element in every lane, of which there may be `lanes`."""
        element: Scalar = self[index]
        return element.broadcast(self._vector_type(lanes or self.lanes))

    def gather(self, indices: Sequence[Index]) -> Vector:
        """Return a vector of the elements at some indices."""
        vector = ir.Constant(self._vector_type(len(indices)), ir.Undefined)
        for lane, index in enumerate(indices):
            element = self[index].value
            vector = self.builder.insert_element(vector, element, ir.IntType(32)(lane))
        return Vector(self.builder, vector)

    def zero(self, lanes: int | None = None) -> Vector:
        """Return a vector of zeros of this memory's type, by default as long as any other."""
        vector = self._vector_type(lanes or self.lanes)
        return Vector(self.builder, ir.Constant(vector, [0.0] * vector.count))

    def filled(self, number: Scalar) -> Vector:
        """Return a vector of this memory's type with the number in every lane."""
        return number.broadcast(self._vector_type(self.lanes))

    def _vector_type(self, lanes: int) -> Any:
        return ir.VectorType(self.context.get_value_type(self.dtype), lanes)

    def _address(self, index: Index | int, count: int) -> Any:
        first = self.size.constant(index)
        if self.context.enable_boundscheck:
            for end in (first, first + (count - 1)):
                cgutils.do_boundscheck(self.context, self.builder, end.value, self.size.value)
        return self.builder.gep(self.data, [first.value], inbounds=True)

    def _vector_address(self, index: Index | int, lanes: int) -> Any:
        address, vector = self._address(index, lanes), self._vector_type(lanes)
        return self.builder.bitcast(address, vector.as_pointer())


class _GetItem(AbstractTemplate):  # type: ignore[misc]
    key = operator.getitem

    def generic(self, args: Any, kws: Any) -> Any:
        if isinstance(args[0], MemoryType) and isinstance(args[1], types.Integer):
            return signature(args[0].dtype, args[0], types.intp)
        return None


infer_global(operator.getitem, types.Function(_GetItem))


@lower_builtin(operator.getitem, MemoryType, types.intp)  # type: ignore[untyped-decorator]
def _lower_getitem(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return Memory.of(context, builder, sig.args[0], args[0])[Index(builder, args[1])].value
