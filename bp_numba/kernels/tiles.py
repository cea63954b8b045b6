"""The register tiles that the kernels are built from: straight-line vector code, unrolled.

A tile is a list of vectors in registers. An operation moves one step along the inner dimension of
a matrix product, or finishes a vector and writes it.
"""

from typing import Any

from llvmlite import ir
from numba import types

from bp_numba.kernels.sigmoid import sigmoid
from bp_numba.simd.arithmetic import (
    first_lanes,
    fma,
    round_to_float32,
    sum_lanes,
    sum_rows,
    with_lane,
)
from bp_numba.simd.tracing import (
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
def net_input(activations: Memory, first: Index, rows: Index, weights: Memory, at: Index) -> Vector:
    """Return the sum over i = 0 .. rows - 1 of activations[first + i] * (row i of a panel).

    The panel begins at `at`. Up to `ROWS` - 1 more are taken, whose activations are zero.
    """
    tile, v = Registers([weights.zero()] * ROWS), weights.vector.count
    for i in loop(rows * 0, rows, ROWS):
        tile.vectors = [
            fma(weights.load(at + (i + r) * v), activations.broadcast(first + i + r), partial)
            for r, partial in enumerate(tile.vectors)
        ]
    return total(tile.vectors)


@operation(vector)
def net_inputs_by_column(
    activations: Memory, first: Index, rows: Index, weights: Memory, at: Index, count: Index
) -> Vector:
    """Return the sum over i = 0 .. rows - 1 of activations[first + i] * (column c)[i] in lane c.

    The first of count columns begins at `at`; each is `rows` long, a multiple of the lanes. Other
    lanes are zero.
    """
    nets, v = Registers([weights.zero()]), weights.vector.count
    for c in loop(count * 0, count):
        net = Registers([weights.zero()])
        for i in loop(rows * 0, rows, v):
            w = weights.load(at + rows * c + i)
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


def derivative(a: Vector) -> Vector:
    """Return a (1 - a), the derivative of the sigmoid where its value is a."""
    return a * (a.constant(1.0) - a)


@operation(nothing)
def output_step(
    alpha: Vector, activations: Memory, at: Index, y: Memory, y_at: Index, steps: Memory, to: Index
) -> None:
    """Write -alpha (a - y) a (1 - a)."""
    a = activations.load(at)
    steps.store(to, (y.load(y_at) - a) * (alpha * derivative(a)))


@operation(nothing)
def hidden_steps(
    activations: Memory,
    at: Index,
    weights: Memory,
    matrix: Index,
    padded: Index,
    i: Index,
    steps: Memory,
    above: Index,
    columns: Index,
    to: Index,
) -> None:
    """Write the steps of as many units as a vector has lanes, from number i on, and update rows.

    Row r, w, is multiplied with steps[above : above + columns], its sum goes to lane r - i, and
    then it gets w + activations[at + r] * steps. The matrix begins at `matrix`, see `layout`.
    """
    v, whole = weights.vector.count, columns.rounded_down(weights.vector.count)
    a = [activations.broadcast(at + i + r) for r in range(v)]
    products = Registers([weights.zero()] * v)
    for j in loop(whole * 0, whole, v):
        step, row = steps.load(above + j), matrix + j * padded + i * v
        w = [weights.load(row + r * v) for r in range(v)]
        products.vectors = [fma(w[r], step, partial) for r, partial in enumerate(products.vectors)]
        for r in range(v):
            weights.store(row + r * v, fma(a[r], step, w[r]))
    _finish(
        sum_rows(products.vectors), activations, at, weights, matrix, padded, i, steps, above,
        whole, columns, to,
    )  # fmt: skip


@operation(nothing)
def last_hidden_steps(
    activations: Memory,
    at: Index,
    weights: Memory,
    matrix: Index,
    padded: Index,
    i: Index,
    rows: Index,
    steps: Memory,
    above: Index,
    columns: Index,
    to: Index,
) -> None:
    """Do the same as `hidden_steps`, row by row, for rows i to `rows` - 1: less than a vector."""
    v, whole = weights.vector.count, columns.rounded_down(weights.vector.count)
    products = Registers([weights.zero()])
    for r in loop(i, rows):
        a, product = activations.broadcast(at + r), Registers([weights.zero()])
        for j in loop(whole * 0, whole, v):
            step, row = steps.load(above + j), matrix + j * padded + r * v
            w = weights.load(row)
            product.vectors = [fma(w, step, product.vectors[0])]
            weights.store(row, fma(a, step, w))
        lane = r + i * -1
        products.vectors = [with_lane(products.vectors[0], lane, sum_lanes(product.vectors[0]))]
    _finish(
        products.vectors[0], activations, at, weights, matrix, padded, i, steps, above, whole,
        columns, to,
    )  # fmt: skip


def _finish(
    products: Vector,
    activations: Memory,
    at: Index,
    weights: Memory,
    matrix: Index,
    padded: Index,
    i: Index,
    steps: Memory,
    above: Index,
    whole: Index,
    columns: Index,
    to: Index,
) -> None:
    """Multiply and update the columns beyond whole panels too, and write the steps."""
    a, sums = activations.load(at + i), Registers([products])
    for j in loop(whole, columns):
        step, column = steps.broadcast(above + j), matrix + j * padded + i
        w = weights.load(column)
        sums.vectors = [fma(w, step, sums.vectors[0])]
        weights.store(column, fma(a, step, w))
    steps.store(to + i, sums.vectors[0] * derivative(a))


@operation(nothing)
def activate_vector(nets: Memory, at: Index, activations: Memory, to: Index) -> None:
    """Write the sigmoid of a vector of net inputs."""
    activations.store(to, sigmoid(nets.load(at)))


@operation(nothing)
def round_weights(weights: Memory, at: Index) -> None:
    """Round a vector of weights to float32."""
    weights.store(at, round_to_float32(weights.load(at)))
