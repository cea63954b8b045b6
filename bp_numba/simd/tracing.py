"""How SIMD operations for Numba are made: Python functions that write LLVM instructions.

Numba runs an operation while it compiles a function that calls it, on `Vector`, `Index`, `Scalar`
and `Memory` objects, and these write down an instruction for each of their operations. A Python
loop in it is unrolled; `loops.loop` turns when the kernel runs. Operations may call each other.
Whole formulas as one operation keep the compiler's Python passes from seeing their parts: the
kernels compile in half the time.

Both worlds know NamedTuples of memories, numbers and further NamedTuples. Their annotations say
what they hold: `Floats` a memory of float64, `Offsets` one of int64, `Reals` one of the floats that
the code is compiled for.
"""

from collections.abc import Callable
from typing import Any, get_type_hints

from numba import types
from numba.extending import lower_builtin

from bp_numba.simd.arrays import Floats, Offsets, Reals
from bp_numba.simd.internals import AbstractTemplate, cgutils, infer_global, signature
from bp_numba.simd.memory import Memory, MemoryType
from bp_numba.simd.values import Index, Scalar, Vector, VectorType
from bp_numba.simd.width import real_bits


def element_type(annotation: Any) -> Any:
    """Return Numba's type of the elements of an array with an annotation."""
    reals = types.float32 if real_bits() == 32 else types.float64
    return {Floats: types.float64, Offsets: types.int64, Reals: reals}[annotation]


def operation(function: Callable[..., Any]) -> Any:
    """Make a function on the objects of this room one that Numba compiles a call of.

    Its annotation says what it returns: None, an `Index`, a `Vector` or a `Memory` of elements
    like those of the first argument, or a NamedTuple. Other operations call it as it is.
    """
    returned = get_type_hints(function).get("return", type(None))

    class Template(AbstractTemplate):  # type: ignore[misc]
        key = function

        def generic(self, args: Any, kws: Any) -> Any:
            args = [types.intp if isinstance(a, types.Integer) else a for a in args]
            return signature(_result_type(returned, args), *args)

    infer_global(function, types.Function(Template))

    @lower_builtin(function, types.VarArg(types.Any))  # type: ignore[untyped-decorator]
    def trace_operation(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        objects = [_as_object(context, builder, *pair) for pair in zip(sig.args, args, strict=True)]
        return _as_value(context, builder, sig.return_type, function(*objects))

    return function


def field_annotations(annotation: Any) -> list[Any]:
    """Return the annotations of a NamedTuple's fields in their order; none of another type."""
    hints = get_type_hints(annotation) if hasattr(annotation, "_fields") else {}
    return [hints[field] for field in getattr(annotation, "_fields", ())]


def numba_type(annotation: Any) -> Any:
    """Return Numba's type of a NamedTuple, or of a field with this annotation."""
    if fields := field_annotations(annotation):
        return types.BaseTuple.from_types([numba_type(field) for field in fields], annotation)
    return types.intp if annotation is int else MemoryType(element_type(annotation))


def _result_type(returned: Any, args: list[Any]) -> Any:
    if returned is type(None):
        return types.void
    if returned is Index:
        return types.intp
    if returned is Vector:
        return VectorType(args[0].dtype)
    if returned is Memory:
        return MemoryType(args[0].dtype)
    return numba_type(returned)


def _as_object(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    match kind:
        case VectorType():
            return Vector(builder, value)
        case types.BaseNamedTuple():
            parts = zip(kind.types, cgutils.unpack_tuple(builder, value), strict=True)
            return kind.instance_class(*[_as_object(context, builder, *part) for part in parts])
        case types.Integer():
            return Index(builder, value)
        case types.Float():
            return Scalar(builder, value)
        case _:
            return Memory.of(context, builder, kind, value)


def _as_value(context: Any, builder: Any, kind: Any, result: Any) -> Any:
    if result is None:
        return context.get_dummy_value()
    if isinstance(result, tuple):
        parts = zip(kind.types, result, strict=True)
        values = [_as_value(context, builder, *part) for part in parts]
        return context.make_tuple(builder, kind, values)
    return result.value
