"""The register tiles that the kernels are built from: straight-line vector code, unrolled.

A tile is a list of vectors in registers. An operation moves one step along the inner dimension of
a matrix product, or finishes a vector and writes it.
"""

from typing import Any

from llvmlite import ir
from numba import types

from bp_numba.sigmoid import sigmoid
from bp_numba.simd import first_lanes, fma, round_to_float32, sum_lanes, sum_rows, with_lane
from bp_numba.tracing import (
    Index,
    Memory,
    Registers,
    Scalar,
    Vector,
    VectorType,
    loop,
    operation,
    splat,
)

ROWS = 4
"""Rows that a matrix-vector product takes at a time, into as many partial sums: enough to hide
the latency of the fused multiply-add. Vectors have as many lanes or a multiple of it."""


def nothing(*_: Any) -> Any:
    """Return the result type of an operation that only writes."""
    return types.void


def same(first: Any, *_: Any) -> Any:
    """Return the type of the first argument."""
    return first


def vector(memory: Any, *_: Any) -> Any:
    """Return the type of a memory's vectors."""
    return VectorType(memory.dtype)


def tile(count: int | None = None) -> Any:
    """Return the type of a tile of `count` vectors, by default as many as a vector has lanes."""

    def result_type(memory: Any, *_: Any) -> Any:
        vector_type = VectorType(memory.dtype)
        return types.UniTuple(vector_type, count or vector_type.lanes)

    return result_type


@operation(lambda memory: types.intp)
def lanes(memory: Memory) -> Index:
    """Return the number of elements in a vector."""
    return Index(memory.builder, ir.IntType(64)(memory.vector.count))


@operation(vector)
def load(memory: Memory, at: Index) -> Vector:
    """Return the vector that begins at an index."""
    return memory.load(at)


@operation(nothing)
def store(memory: Memory, at: Index, value: Vector) -> None:
    """Write the vector that begins at an index."""
    memory.store(at, value)


@operation(nothing)
def copy(source: Memory, at: Index, target: Memory, to: Index) -> None:
    """Write target[to] = source[at], one element."""
    target[to] = source[at]


@operation(vector)
def filled(memory: Memory, number: Scalar) -> Vector:
    """Return a vector, like those of a memory, with the number in every lane."""
    return splat(number, memory.vector)


@operation(vector)
def net_input(activations: Memory, first: Index, end: Index, weights: Memory, at: Index) -> Vector:
    """Return the sum over i = first .. end - 1 of activations[i] * (the next vector of weights).

    The first of these is at `at`. Up to `ROWS` - 1 more are taken, whose activations are zero.
    """
    tile, v = Registers([weights.zero()] * ROWS), weights.vector.count
    for i in loop(first, end, ROWS):
        row = at + (i + first * -1) * v
        tile.vectors = [
            fma(weights.load(row + r * v), activations.broadcast(i + r), partial)
            for r, partial in enumerate(tile.vectors)
        ]
    return total(tile.vectors)


@operation(vector)
def net_inputs_by_column(
    activations: Memory, first: Index, end: Index, weights: Memory, at: Index, count: Index
) -> Vector:
    """Return the sum over i = first .. end - 1 of activations[i] * (column c)[i], in lane c.

    The first of count columns begins at `at`; each is as long as the activations, end - first,
    which is a multiple of the lanes. Other lanes are zero.
    """
    nets, v, column = Registers([weights.zero()]), weights.vector.count, end + first * -1
    for c in loop(count * 0, count):
        net = Registers([weights.zero()])
        for i in loop(column * 0, column, v):
            w = weights.load(at + column * c + i)
            net.vectors = [fma(w, activations.load(first + i), net.vectors[0])]
        nets.vectors = [with_lane(nets.vectors[0], c, sum_lanes(net.vectors[0]))]
    return nets.vectors[0]


def total(sums: list[Vector]) -> Vector:
    """Return the sum of a power of two of partial sums, in pairs."""
    while len(sums) > 1:
        sums = [a + b for a, b in zip(sums[::2], sums[1::2], strict=True)]
    return sums[0]


@operation(nothing)
def activate_net(net: Vector, activations: Memory, at: Index, count: Index) -> None:
    """Write sigmoid(net) in the first count lanes and zeros in the others."""
    activations.store(at, first_lanes(sigmoid(net), count))


def _derivative(a: Vector) -> Vector:
    return a * (a.constant(1.0) - a)


@operation(nothing)
def output_step(
    alpha: Vector, activations: Memory, at: Index, y: Memory, y_at: Index, steps: Memory, to: Index
) -> None:
    """Write -alpha (a - y) a (1 - a)."""
    a = activations.load(at)
    steps.store(to, (y.load(y_at) - a) * (alpha * _derivative(a)))


@operation(vector)
def multiply_and_update(
    activations: Memory,
    i: Index,
    weights: Memory,
    at: Index,
    rows: Index,
    steps: Memory,
    first: Index,
    end: Index,
) -> Vector:
    """Return the products of `lanes` rows of weights with steps[first:end], and update the rows.

    Row r of a panel, w, is multiplied, its sum goes to lane r, and then it gets
    w + activations[i + r] * step. The rows of the first panel begin at `at`; panels have `rows`
    rows.
    """
    v = activations.vector.count
    a = [activations.broadcast(i + r) for r in range(v)]
    products = Registers([weights.zero()] * v)
    for j in loop(first, end, v):
        step, panel = steps.load(j), at + (j + first * -1) * rows
        w = [weights.load(panel + r * v) for r in range(v)]
        products.vectors = [fma(w[r], step, partial) for r, partial in enumerate(products.vectors)]
        for r in range(v):
            weights.store(panel + r * v, fma(a[r], step, w[r]))
    return sum_rows(products.vectors)


@operation(vector)
def multiply_and_update_singly(
    activations: Memory,
    i: Index,
    count: Index,
    weights: Memory,
    at: Index,
    rows: Index,
    steps: Memory,
    first: Index,
    end: Index,
) -> Vector:
    """Do the same row by row, for the first count rows only; other lanes are zero."""
    v, products = activations.vector.count, Registers([weights.zero()])
    for r in loop(count * 0, count):
        a, product = activations.broadcast(i + r), Registers([weights.zero()])
        for j in loop(first, end, v):
            step, row = steps.load(j), at + (j + first * -1) * rows + r * v
            w = weights.load(row)
            product.vectors = [fma(w, step, product.vectors[0])]
            weights.store(row, fma(a, step, w))
        products.vectors = [with_lane(products.vectors[0], r, sum_lanes(product.vectors[0]))]
    return products.vectors[0]


@operation(same)
def multiply_and_update_columns(
    products: Vector,
    activations: Memory,
    i: Index,
    weights: Memory,
    at: Index,
    rows: Index,
    steps: Memory,
    first: Index,
    end: Index,
) -> Vector:
    """Return the products plus those of more columns, in a vector of rows, and update these.

    The column for steps[first], w, begins at `at`, the others `rows` elements after each other.
    """
    sums, a = Registers([products]), activations.load(i)
    for j in loop(first, end):
        step, column = steps.broadcast(j), at + (j + first * -1) * rows
        w = weights.load(column)
        sums.vectors = [fma(w, step, sums.vectors[0])]
        weights.store(column, fma(a, step, w))
    return sums.vectors[0]


@operation(nothing)
def hidden_step(
    products: Vector, activations: Memory, at: Index, count: Index, steps: Memory, to: Index
) -> None:
    """Write products a (1 - a) in the first count lanes, and zeros in the others."""
    step = products * _derivative(activations.load(at))
    steps.store(to, first_lanes(step, count))


@operation(nothing)
def activate_vector(nets: Memory, at: Index, activations: Memory, to: Index) -> None:
    """Write the sigmoid of a vector of net inputs."""
    activations.store(to, sigmoid(nets.load(at)))


@operation(nothing)
def round_weights(weights: Memory, at: Index) -> None:
    """Round a vector of weights to float32."""
    weights.store(at, round_to_float32(weights.load(at)))
