"""A SIMD vector type for Numba and the operations that the kernels are written in.

A `vector` holds `LANES` doubles. Its operations are LLVM vector instructions, so one source
becomes zmm registers with AVX-512, ymm with AVX2 and pairs of 128-bit registers elsewhere.
Explicit vectors are needed because Numba leaves the SLP vectoriser off, cannot promise LLVM
that arrays do not overlap, and would end every row of odd length in a scalar loop.

    load, store, broadcast, splat   memory or a scalar to a vector, and back
    + - * / fma                     lane by lane; fma(a, b, c) = a * b + c
    where_greater, first_lanes      choose between lanes, or lanes and zero
    round_to_float32                as if stored and loaded
    half_power_of_two               2 ** (k - 1), for exponentials
    zero_rows, fma_rows, sum_rows   dot products of LANES matrix rows with one vector

Indices are never wrapped around. They are checked if NUMBA_BOUNDSCHECK=1 and only then: out of
range they corrupt memory.
"""

import operator
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import binding, ir
from numba import config, types
from numba.core import cgutils
from numba.extending import (
    intrinsic,
    lower_builtin,
    models,
    register_model,
    type_callable,
)

_FEATURES = config.CPU_FEATURES or binding.get_host_cpu_features().flatten()

LANES = 8 if "+avx512f" in _FEATURES else 4
"""Doubles in a vector: eight where registers hold 64 bytes. Eight on AVX2 made XOR a tenth slower
and the digits no faster (``python -m bench.speed`` with either, in turn)."""

_DOUBLES = ir.VectorType(ir.DoubleType(), LANES)
_INTEGERS = ir.VectorType(ir.IntType(64), LANES)
_ZERO = ir.Constant(_DOUBLES, [0.0] * LANES)


class VectorType(types.Type):  # type: ignore[misc]
    """Numba's type of a vector of `LANES` doubles."""

    def __init__(self) -> None:
        super().__init__(name=f"vector(float64 x {LANES})")


vector = VectorType()
rows_of_vectors = types.UniTuple(vector, LANES)


@register_model(VectorType)
class _VectorModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, vector_type: VectorType) -> None:
        super().__init__(manager, vector_type, _DOUBLES)


def _define_operator(function: Any, instruction: str) -> None:
    @type_callable(function)  # type: ignore[untyped-decorator]
    def type_operator(context: Any) -> Any:
        def result_type(left: Any, right: Any) -> VectorType | None:
            return vector if left == right == vector else None

        return result_type

    @lower_builtin(function, VectorType, VectorType)  # type: ignore[untyped-decorator]
    def lower_operator(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return getattr(builder, instruction)(*args)


_define_operator(operator.add, "fadd")
_define_operator(operator.sub, "fsub")
_define_operator(operator.mul, "fmul")
_define_operator(operator.truediv, "fdiv")


def _pointer(
    context: Any, builder: Any, array_type: Any, array: Any, index: Any, count: int
) -> Any:
    """Return the address of array[index]; check index to index + count - 1 if asked to."""
    fields = context.make_array(array_type)(context, builder, array)
    if context.enable_boundscheck:
        size = cgutils.unpack_tuple(builder, fields.shape)[0]
        last = builder.add(index, index.type(count - 1))
        cgutils.do_boundscheck(context, builder, index, size)
        cgutils.do_boundscheck(context, builder, last, size)
    return builder.gep(fields.data, [index], inbounds=True)


def _vector_pointer(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    address = _pointer(context, builder, array_type, array, index, LANES)
    return builder.bitcast(address, _DOUBLES.as_pointer())


def _load(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    # Aligned to the element only: vector loads of aligned data cost the same either way, and a
    # promise of more would turn a layout error into a crash.
    return builder.load(_vector_pointer(context, builder, array_type, array, index), align=8)


def _splat(builder: Any, scalar: Any) -> Any:
    index_type = ir.IntType(32)
    single = builder.insert_element(
        ir.Constant(ir.VectorType(scalar.type, LANES), ir.Undefined), scalar, index_type(0)
    )
    return builder.shuffle_vector(single, single, _shuffle_mask([0] * LANES))


def _shuffle_mask(lanes: Sequence[int]) -> Any:
    return ir.Constant(ir.VectorType(ir.IntType(32), LANES), list(lanes))


def _fma(builder: Any, a: Any, b: Any, c: Any) -> Any:
    # llvm.fmuladd, not llvm.fma: the latter is a libm call per lane on a CPU without FMA.
    function_type = ir.FunctionType(_DOUBLES, [_DOUBLES] * 3)
    function = cgutils.get_or_insert_function(
        builder.module, function_type, f"llvm.fmuladd.v{LANES}f64"
    )
    return builder.call(function, [a, b, c])


def _operation(function: Callable[..., Any]) -> Callable[..., Any]:
    operation: Callable[..., Any] = intrinsic(function)
    return operation


@_operation
def load(typingctx: Any, array: Any, index: Any) -> Any:
    """Return the vector array[index : index + LANES]."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _load(context, builder, signature.args[0], *args)

    return vector(array, types.intp), codegen


@_operation
def store(typingctx: Any, array: Any, index: Any, value: Any) -> Any:
    """Write the vector to array[index : index + LANES]."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array, index, value = args
        address = _vector_pointer(context, builder, signature.args[0], array, index)
        builder.store(value, address, align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), codegen


@_operation
def broadcast(typingctx: Any, array: Any, index: Any) -> Any:
    """Return a vector with array[index] in every lane."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array, index = args
        address = _pointer(context, builder, signature.args[0], array, index, 1)
        return _splat(builder, builder.load(address))

    return vector(array, types.intp), codegen


@_operation
def splat(typingctx: Any, value: Any) -> Any:
    """Return a vector with the scalar value in every lane."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _splat(builder, args[0])

    return vector(types.float64), codegen


@_operation
def fma(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """Return a * b + c, rounded once where the CPU can."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _fma(builder, *args)

    return vector(vector, vector, vector), codegen


@_operation
def where_greater(typingctx: Any, a: Any, b: Any, x: Any, y: Any) -> Any:
    """Return x in the lanes where a > b and y in the others, those with a NaN included."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        a, b, x, y = args
        return builder.select(builder.fcmp_ordered(">", a, b), x, y)

    return vector(vector, vector, vector, vector), codegen


@_operation
def first_lanes(typingctx: Any, value: Any, count: Any) -> Any:
    """Return value in the first count lanes and zero in the others, whatever they held."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lane = ir.Constant(_INTEGERS, list(range(LANES)))
        inside = builder.icmp_signed("<", lane, _splat(builder, args[1]))
        return builder.select(inside, args[0], _ZERO)

    return vector(vector, types.int64), codegen


@_operation
def round_to_float32(typingctx: Any, value: Any) -> Any:
    """Return each lane rounded to the nearest float32."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        narrow = builder.fptrunc(args[0], ir.VectorType(ir.FloatType(), LANES))
        return builder.fpext(narrow, _DOUBLES)

    return vector(vector), codegen


@_operation
def half_power_of_two(typingctx: Any, shifted: Any) -> Any:
    """Return 2 ** (k - 1) for shifted = k + 1.5 * 2 ** 52 with an integer k in -1021 .. 1024."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        # The low bits of `shifted` hold k; biased by 1022 and moved up they are the exponent.
        bits = builder.bitcast(args[0], _INTEGERS)
        bits = builder.add(bits, ir.Constant(_INTEGERS, [1022] * LANES))
        bits = builder.shl(bits, ir.Constant(_INTEGERS, [52] * LANES))
        return builder.bitcast(bits, _DOUBLES)

    return vector(vector), codegen


@_operation
def zero_rows(typingctx: Any) -> Any:
    """Return LANES vectors of zeros, one per matrix row."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return cgutils.pack_array(builder, [_ZERO] * LANES)

    return rows_of_vectors(), codegen


@_operation
def fma_rows(typingctx: Any, matrix: Any, index: Any, stride: Any, value: Any, rows: Any) -> Any:
    """Return rows[r] + load(matrix, index + r * stride) * value for r = 0 .. LANES - 1."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        matrix, index, stride, value, rows = args
        sums = []
        for row in cgutils.unpack_tuple(builder, rows):
            weights = _load(context, builder, signature.args[0], matrix, index)
            sums.append(_fma(builder, weights, value, row))
            index = builder.add(index, stride)
        return cgutils.pack_array(builder, sums)

    return rows_of_vectors(matrix, types.intp, types.intp, vector, rows_of_vectors), codegen


@_operation
def sum_rows(typingctx: Any, rows: Any) -> Any:
    """Return the vector whose lane r is the sum of the lanes of rows[r].

    A transposing tree: each step adds the two halves of the blocks of neighbouring rows, so that
    log2(LANES) steps leave one vector of sums and no scalar is ever stored.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        rows = cgutils.unpack_tuple(builder, args[0])
        half = 1
        while half < LANES:
            lower = [
                side * LANES + block + lane
                for block in range(0, LANES, 2 * half)
                for side in (0, 1)
                for lane in range(half)
            ]
            upper = [lane + half for lane in lower]
            rows = [
                builder.fadd(
                    builder.shuffle_vector(left, right, _shuffle_mask(lower)),
                    builder.shuffle_vector(left, right, _shuffle_mask(upper)),
                )
                for left, right in zip(rows[::2], rows[1::2], strict=True)
            ]
            half *= 2
        return rows[0]

    return vector(rows_of_vectors), codegen
