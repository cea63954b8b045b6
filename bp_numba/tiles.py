"""The register tiles that the kernels are built from: straight-line vector code, unrolled.

A tile is a list of vectors in registers. An operation moves one step along the inner dimension of
a matrix product, or finishes a vector and writes it.
"""

from itertools import product
from typing import Any

from llvmlite import ir
from numba import types

from bp_numba.cpu import most_lanes
from bp_numba.inputs import LIST_MULTIPLE
from bp_numba.layout import BLOCK
from bp_numba.sigmoid import sigmoid
from bp_numba.simd import first_lanes, fma, round_to_float32, sum_rows
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

PANELS = 2 if most_lanes() == 8 else 1
"""Panels that a block of samples is multiplied with at a time. With two, an input that is loaded is
used twice (784-128-10 took a sixth less time), but only AVX-512 has the registers."""

UPDATED = 4
"""Panels that a sample's list updates at a time: one look at the list serves all of them."""


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


@operation(tile(ROWS))
def partial_sums(memory: Memory) -> list[Vector]:
    """Return the zeros that a matrix-vector product begins with."""
    return [memory.zero()] * ROWS


@operation(tile(1))
def partial_sum(memory: Memory) -> list[Vector]:
    """Return the zero that the rows beyond the last group of `ROWS` are added to."""
    return [memory.zero()]


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


@operation(same)
def multiply_rows(
    sums: list[Vector],
    activations: Memory,
    i: Index,
    matrix: Memory,
    at: Index,
    columns: Index,
    count: Index,
) -> list[Vector]:
    """Return sums[r] + activations[i + r] * (the first count elements at `at` + r * columns)."""
    return [
        fma(matrix.load_first(at + columns * r, count), activations.broadcast(i + r), partial)
        for r, partial in enumerate(sums)
    ]


def total(sums: list[Vector]) -> Vector:
    """Return the sum of a power of two of partial sums, in pairs."""
    while len(sums) > 1:
        sums = [a + b for a, b in zip(sums[::2], sums[1::2], strict=True)]
    return sums[0]


@operation(nothing)
def activate(sums: list[Vector], activations: Memory, at: Index, count: Index) -> None:
    """Write sigmoid(sum of sums) in the first count lanes and zeros in the others."""
    activations.store(at, first_lanes(sigmoid(total(sums)), count))


@operation(nothing)
def activate_sums(
    sums: list[Vector], rest: list[Vector], activations: Memory, at: Index, count: Index
) -> None:
    """Write sigmoid(sum of sums and rest) in the first count lanes and zeros in the others."""
    activate([sums[0] + rest[0], *sums[1:]], activations, at, count)


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


@operation(tile())
def dot_products(memory: Memory) -> list[Vector]:
    """Return the zeros that the dot products of `lanes` rows begin with."""
    return [memory.zero()] * memory.vector.count


@operation(tile())
def broadcast_rows(activations: Memory, i: Index) -> list[Vector]:
    """Return activations[i + r], each in all lanes of a vector, for `lanes` rows."""
    return [activations.broadcast(i + r) for r in range(activations.vector.count)]


@operation(tile())
def multiply_and_update(
    activations: Memory,
    i: Index,
    weights: Memory,
    at: Index,
    rows: Index,
    steps: Memory,
    first: Index,
    end: Index,
) -> list[Vector]:
    """Return the products of `lanes` rows of weights with steps[first:end], and update the rows.

    Row r of a panel, w, is multiplied, and then gets w + activations[i + r] * step. The rows of
    the first panel begin at `at`; panels have `rows` rows.
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
    return products.vectors


@operation(same)
def multiply_and_update_rows(
    products: list[Vector],
    a: list[Vector],
    matrix: Memory,
    at: Index,
    columns: Index,
    rows: Index,
    count: Index,
    step: Vector,
) -> list[Vector]:
    """Do the same with the first count elements at `at` + r * columns, of the first rows only."""
    for r, partial in enumerate(products):
        first = count.where_less(r, rows)
        w = matrix.load_first(at + columns * r, first)
        products[r] = fma(w, step, partial)
        matrix.store_first(at + columns * r, first, fma(a[r], step, w))
    return products


@operation(nothing)
def update_row(
    matrix: Memory, at: Index, count: Index, activations: Memory, i: Index, step: Vector
) -> None:
    """Change the first count elements at `at` by activations[i] * step."""
    w = matrix.load_first(at, count)
    matrix.store_first(at, count, fma(activations.broadcast(i), step, w))


@operation(nothing)
def hidden_step(
    products: list[Vector], activations: Memory, at: Index, count: Index, steps: Memory, to: Index
) -> None:
    """Write (sum of products[r]) a (1 - a) in lane r, and zeros from lane count on."""
    step = sum_rows(products) * _derivative(activations.load(at))
    steps.store(to, first_lanes(step, count))


def _update_listed(panels: int) -> Any:
    @operation(nothing)
    def update_listed(
        values: Memory,
        rows: Memory,
        start: Index,
        end: Index,
        weights: Memory,
        at: Index,
        panel: Index,
        steps: Memory,
        step_at: Index,
    ) -> None:
        """Update some panels of weights by a sample.

        Add values[k] * (the steps at step_at) to the vector at `at` + rows[k], for
        k = start .. end - 1. Panels are `panel` elements apart.
        """
        tile = [steps.load(step_at + p * steps.vector.count) for p in range(panels)]
        for first in loop(start, end, LIST_MULTIPLE):
            for k in (first + r for r in range(LIST_MULTIPLE)):
                row, x = at + rows.index(k), values.broadcast(k)
                for p, step in enumerate(tile):
                    w = weights.load(row + panel * p)
                    weights.store(row + panel * p, fma(step, x, w))

    return update_listed


def _multiply_listed(panels: int) -> Any:
    @operation(nothing)
    def multiply_listed(
        values: Memory,
        rows: Memory,
        start: Index,
        end: Index,
        weights: Memory,
        at: Index,
        panel: Index,
        nets: Memory,
        to: Index,
    ) -> None:
        """Write the product of a sample's list of inputs with some panels of weights.

        For the panel that begins at `at`, to nets[to] the sum over k = start .. end - 1 of
        values[k] * (the vector at `at` + rows[k]). Panels are `panel` elements apart.
        """
        tile = Registers([nets.zero()] * (panels * ROWS))
        for first in loop(start, end, ROWS):
            sums = []
            for p, r in product(range(panels), range(ROWS)):
                w = weights.load(at + panel * p + rows.index(first + r))
                sums.append(fma(w, values.broadcast(first + r), tile.vectors[p * ROWS + r]))
            tile.vectors = sums
        for p in range(panels):
            net = total(tile.vectors[p * ROWS : (p + 1) * ROWS])
            nets.store(to + p * net.lanes, net)

    return multiply_listed


def _multiply_block(panels: int) -> Any:
    @operation(nothing)
    def multiply_block(
        values: Memory,
        rows: Memory,
        start: Index,
        end: Index,
        weights: Memory,
        at: Index,
        panel: Index,
        nets: Memory,
        to: Index,
        stride: Index,
    ) -> None:
        """Write the products of a block of samples with some panels of weights.

        For sample t and the panel that begins at `at`, to nets[to + t * stride] the sum over
        k = start .. end - 1 of values[k * BLOCK + t] * (the vector at `at` + rows[k]). Panels are
        `panel` elements apart.
        """
        tile = Registers([nets.zero()] * (panels * BLOCK))
        for k in loop(start, end):
            row = at + rows.index(k)
            w = [weights.load(row + panel * p) for p in range(panels)]
            x = [values.broadcast(k * BLOCK + t) for t in range(BLOCK)]
            tile.vectors = [
                fma(w[n // BLOCK], x[n % BLOCK], partial) for n, partial in enumerate(tile.vectors)
            ]
        for n, net in enumerate(tile.vectors):
            nets.store(to + stride * (n % BLOCK) + n // BLOCK * net.lanes, net)

    return multiply_block


def _update_block(panels: int) -> Any:
    @operation(nothing)
    def update_block(
        values: Memory,
        rows: Memory,
        start: Index,
        end: Index,
        weights: Memory,
        at: Index,
        panel: Index,
        steps: Memory,
        step_at: Index,
        stride: Index,
    ) -> None:
        """Update some panels of weights by a block of samples.

        Add to the vector at `at` + rows[k], for k = start .. end - 1, the sum over t of
        values[k * BLOCK + t] * (the steps of sample t, at step_at + t * stride).
        """
        v = steps.vector.count
        tile = [
            steps.load(step_at + stride * t + p * v) for p in range(panels) for t in range(BLOCK)
        ]
        for k in loop(start, end):
            row = at + rows.index(k)
            x = [values.broadcast(k * BLOCK + t) for t in range(BLOCK)]
            for p in range(panels):
                w = weights.load(row + panel * p)
                for t in range(BLOCK):
                    w = fma(tile[p * BLOCK + t], x[t], w)
                weights.store(row + panel * p, w)

    return update_block


multiply_list, multiply_list_twice = _multiply_listed(1), _multiply_listed(2)
update_list, update_lists = _update_listed(1), _update_listed(UPDATED)
multiply_panel, multiply_panels = _multiply_block(1), _multiply_block(PANELS)
update_panel, update_panels = _update_block(1), _update_block(PANELS)


@operation(nothing)
def activate_vector(nets: Memory, at: Index, activations: Memory, to: Index) -> None:
    """Write the sigmoid of a vector of net inputs."""
    activations.store(to, sigmoid(nets.load(at)))


@operation(same)
def corrected(
    net: Vector, gram: Memory, k: Index, count: Index, steps: Memory, at: Index, stride: Index
) -> Vector:
    """Return net + the sum over s < count of gram[k + s] * (the steps at `at` + s * stride)."""
    tile = Registers([net])
    for s in loop(count * 0, count):
        step = steps.load(at + stride * s)
        tile.vectors = [fma(step, gram.broadcast(k + s), tile.vectors[0])]
    return tile.vectors[0]


@operation(nothing)
def round_weights(weights: Memory, at: Index) -> None:
    """Round a vector of weights to float32."""
    weights.store(at, round_to_float32(weights.load(at)))
