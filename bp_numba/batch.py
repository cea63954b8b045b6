"""Kernels that predict many samples at a time: one in each lane of two vectors.

They read the user's own matrices, row after row. The activations of unit i are the `VECTORS`
vectors from i * VECTORS * lanes on; two halves of a buffer take turns as source and target.
"""

from bp_numba.jit import kernel
from bp_numba.layout import Floats
from bp_numba.simd import fma, transposed
from bp_numba.tiles import activate_vector, copy, filled, lanes, nothing, same, store, tile
from bp_numba.tracing import Index, Memory, Vector, operation

UNITS, VECTORS = 8, 2
"""Units and vectors of samples computed at a time: sixteen sums. With one vector, and half as many
multiplications for each weight that is loaded, 10,000 x 784-128-10 took a fifth longer."""


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


@operation(tile(UNITS * VECTORS))
def unit_sums(memory: Memory) -> list[Vector]:
    """Return the zeros that the net inputs of `UNITS` units begin with."""
    return [memory.zero()] * (UNITS * VECTORS)


@operation(tile(VECTORS))
def unit_sum(memory: Memory) -> list[Vector]:
    """Return the zeros that the net input of one unit begins with."""
    return [memory.zero()] * VECTORS


@operation(same)
def multiply_units(
    sums: list[Vector], weights: Memory, at: Index, activations: Memory, i: Index
) -> list[Vector]:
    """Return sums[c * VECTORS + q] + weights[at + c] * (vector q of the activations at i)."""
    a = [activations.load(i + q * sums[0].lanes) for q in range(VECTORS)]
    w = [weights.broadcast(at + c) for c in range(len(sums) // VECTORS)]
    return [fma(a[n % VECTORS], w[n // VECTORS], partial) for n, partial in enumerate(sums)]


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
def forward_samples(
    matrix: Floats, rows: int, columns: int, activations: Floats, source: int, target: int
) -> None:
    """Write a_{l+1}: tiles of units, those left over by themselves, then the sigmoid of all."""
    v = lanes(activations) * VECTORS
    whole = columns // UNITS * UNITS
    for j in range(0, whole, UNITS):
        sums = unit_sums(activations)
        for i in range(rows):
            sums = multiply_units(sums, matrix, i * columns + j, activations, source + i * v)
        store_units(sums, activations, target + j * v)
    for j in range(whole, columns):
        single = unit_sum(activations)
        for i in range(rows):
            single = multiply_units(single, matrix, i * columns + j, activations, source + i * v)
        store_units(single, activations, target + j * v)
    for at in range(target, target + columns * v, lanes(activations)):
        activate_vector(activations, at, activations, at)


@kernel
def store_outputs(
    activations: Floats, source: int, units: int, outputs: Floats, at: int, count: int
) -> None:
    """Write `count` rows of outputs from outputs[at] on."""
    for t in range(count):
        for j in range(units):
            a = source + j * lanes(activations) * VECTORS + t
            copy(activations, a, outputs, at + t * units + j)
