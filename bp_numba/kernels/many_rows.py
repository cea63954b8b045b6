"""Kernels that predict many samples at a time: one in each lane of two vectors.

They read the user's own matrices, row after row. The activations of unit i are the `VECTORS`
vectors from i * VECTORS * lanes on; two halves of a buffer take turns as source and target. Inputs
that are zero in all of the samples are left out.
"""

from numba import types

from bp_numba.kernels.layout import Floats, Offsets
from bp_numba.kernels.sigmoid import sigmoid
from bp_numba.kernels.tiles import copy, filled, lanes, nothing, same, store, tile, total
from bp_numba.simd.arithmetic import any_nonzero, fma, transposed
from bp_numba.simd.internals import kernel
from bp_numba.simd.tracing import Index, Memory, Registers, Vector, loop, operation

UNITS, VECTORS = 8, 2
"""Units and vectors of samples computed at a time: sixteen sums. With one vector, and half as many
multiplications for each weight that is loaded, 10,000 x 784-128-10 took a fifth longer."""

ACTIVATED = 2
"""Units whose sigmoid is computed at a time: the latencies of four vectors overlap. One vector at a
time took a tenth longer."""


@operation(nothing)
def copy_transposed(
    source: Memory, at: Index, stride: Index, target: Memory, to: Index, target_stride: Index
) -> None:
    """Write the columns of a square tile of the source to rows of the target."""
    rows = [source.load(at + stride * r) for r in range(source.vector.count)]
    for i, column in enumerate(transposed(rows)):
        target.store(to + target_stride * i, column)


@operation(nothing)
def store_units(nets: list[Vector], activations: Memory, at: Index) -> None:
    """Write the net inputs, one vector after the other."""
    for n, net in enumerate(nets):
        activations.store(at + n * net.lanes, net)


@operation(lambda memory, *_: types.intp)
def any_not_finite(memory: Memory, whole: Index, size: Index) -> Index:
    """Return 1 if an element is infinite or NaN, else 0: `UNITS` vectors at a time up to whole."""
    tile, v = Registers([memory.zero()] * UNITS), memory.vector.count
    for at in loop(whole * 0, whole, UNITS * v):
        tile.vectors = [fma(memory.load(at + n * v), 0.0, s) for n, s in enumerate(tile.vectors)]
    for at in loop(whole, size):
        first, *others = tile.vectors
        tile.vectors = [fma(memory.broadcast(at), 0.0, first), *others]
    return any_nonzero(tile.vectors)


@operation(lambda activations, *_: types.intp)
def list_if_active(activations: Memory, at: Index, i: Index, listed: Memory, count: Index) -> Index:
    """Write listed[count] = i, and return count + 1 if the vectors at `at` are not all zero."""
    listed[count] = i.value
    vectors = [activations.load(at + q * activations.vector.count) for q in range(VECTORS)]
    return count + any_nonzero(vectors)


@operation(tile(UNITS * VECTORS))
def unit_sums(memory: Memory) -> list[Vector]:
    """Return the zeros that the net inputs of `UNITS` units begin with."""
    return [memory.zero()] * (UNITS * VECTORS)


@operation(lambda sums: types.UniTuple(sums.dtype, VECTORS))
def unit_sum(sums: list[Vector]) -> list[Vector]:
    """Return the sum of the partial sums of one unit, in pairs."""
    return [total(sums[q::VECTORS]) for q in range(VECTORS)]


@operation(same)
def multiply_units(
    sums: list[Vector], weights: Memory, at: Index, activations: Memory, i: Index
) -> list[Vector]:
    """Return sums[c * VECTORS + q] + weights[at + c] * (vector q of the activations at i)."""
    a = [activations.load(i + q * sums[0].lanes) for q in range(VECTORS)]
    w = [weights.broadcast(at + c) for c in range(len(sums) // VECTORS)]
    return [fma(a[n % VECTORS], w[n // VECTORS], partial) for n, partial in enumerate(sums)]


@operation(same)
def multiply_rows_of_unit(
    sums: list[Vector], weights: Memory, at: Index, stride: Index, activations: Memory, i: Index
) -> list[Vector]:
    """Return the partial sums of one unit with as many rows added, one row to each."""
    v = sums[0].lanes
    w = [weights.broadcast(at + stride * r) for r in range(len(sums) // VECTORS)]
    return [
        fma(activations.load(i + n * v), w[n // VECTORS], partial) for n, partial in enumerate(sums)
    ]


@operation(nothing)
def activate_units(activations: Memory, at: Index) -> None:
    """Replace the net inputs of `ACTIVATED` units by their sigmoid."""
    activations.store(at, sigmoid(activations.load(at, ACTIVATED * VECTORS)))


@kernel
def load_samples(
    X: Floats, at: int, columns: int, count: int, activations: Floats, units: int
) -> None:
    """Write a_0 of `count` rows of X from X[at] on, with the 1 of the bias if it is missing."""
    v, first = lanes(activations), 0
    if count == v * VECTORS:
        first = columns // v * v
        for i in range(0, first, v):
            for t in range(0, count, v):
                row = at + t * columns
                copy_transposed(X, row + i, columns, activations, i * count + t, count)
    for t in range(count):
        for i in range(first, columns):
            copy(X, at + t * columns + i, activations, i * v * VECTORS + t)
    if columns < units:
        for t in range(0, v * VECTORS, v):
            store(activations, columns * v * VECTORS + t, filled(activations, 1.0))


@kernel
def is_finite(matrix: Floats) -> bool:
    """Tell if no element is infinite or NaN."""
    step = UNITS * lanes(matrix)
    return not any_not_finite(matrix, matrix.size // step * step, matrix.size)


@kernel
def list_active(activations: Floats, units: int, listed: Offsets) -> int:
    """Write which units of a_0 are not zero in all of the samples, and return how many."""
    count = 0
    for i in range(units):
        count = list_if_active(activations, i * VECTORS * lanes(activations), i, listed, count)
    return count


@kernel
def forward_samples(
    matrix: Floats,
    rows: int,
    columns: int,
    activations: Floats,
    source: int,
    target: int,
    listed: Offsets,
    count: int,
) -> None:
    """Write a_{l+1}: tiles of units, those left over one by one, then the sigmoid of all.

    Tiles take the first count of the listed rows, each row in its turn: a row of zeros that is
    left out changes no sum.
    """
    v = lanes(activations) * VECTORS
    whole, whole_rows = columns // UNITS * UNITS, rows // UNITS * UNITS
    for j in range(0, whole, UNITS):
        sums = unit_sums(activations)
        for k in range(count):
            i = listed[k]
            sums = multiply_units(sums, matrix, i * columns + j, activations, source + i * v)
        store_units(sums, activations, target + j * v)
    for j in range(whole, columns):
        sums = unit_sums(activations)
        for i in range(0, whole_rows, UNITS):
            at = i * columns + j
            sums = multiply_rows_of_unit(sums, matrix, at, columns, activations, source + i * v)
        single = unit_sum(sums)
        for i in range(whole_rows, rows):
            single = multiply_units(single, matrix, i * columns + j, activations, source + i * v)
        store_units(single, activations, target + j * v)
    for at in range(target, target + columns * v, ACTIVATED * v):
        activate_units(activations, at)


@kernel
def store_outputs(
    activations: Floats, source: int, units: int, outputs: Floats, at: int, count: int
) -> None:
    """Write `count` rows of outputs from outputs[at] on."""
    v, first = lanes(activations), 0
    if count == v * VECTORS:
        first = units // v * v
        for t in range(0, count, v):
            for j in range(0, first, v):
                row = at + t * units
                copy_transposed(activations, source + j * count + t, count, outputs, row + j, units)
    for t in range(count):
        for j in range(first, units):
            a = source + j * lanes(activations) * VECTORS + t
            copy(activations, a, outputs, at + t * units + j)
