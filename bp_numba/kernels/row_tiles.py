"""Products of W_1 with steps and activations, and updates of it, where it lies in tiles of rows.

Each product takes a whole tile, whose rows are beside each other vector by vector: of columns j and
those after it the vector of row i is at

    i // ROWS * ROWS * columns + j * ROWS + i % ROWS * v
"""

from typing import NamedTuple

from bp_numba.kernels.layout import BLOCK, ROWS
from bp_numba.kernels.places import Network, Slots, groups
from bp_numba.simd.arithmetic import fma, sum_rows
from bp_numba.simd.loops import Registers, loop
from bp_numba.simd.memory import Memory
from bp_numba.simd.values import Index, Vector

VECTORS = 2
"""Vectors of a tile's columns that are updated together. With three 64-256-256-10 took 0 to 3%
longer on AVX2."""


class Tiles(NamedTuple):
    """W_1: memory that begins with it, and its rows and columns, padding included."""

    weights: Memory
    rows: Index
    columns: Index

    @classmethod
    def of(cls, network: Network) -> "Tiles":
        """Return W_1 of a network."""
        weights = network.weights[network.weight_offsets[1] :]
        return cls(weights, network.padded[1], network.padded[2])

    def tile(self, i: Index) -> Memory:
        """Return the memory that begins with the rows from i on."""
        return self.weights[i * self.columns :]

    def at(self, r: int, j: Index) -> Index:
        """Return where in a tile its row r has the vector that begins with column j."""
        return j * ROWS + r * self.weights.lanes


class Left(NamedTuple):
    """Activations a_1 and a row of W_1, from which on a tile of rows is multiplied with them.

    The product is added to net inputs.
    """

    a: Memory
    row: Index
    net_inputs: Memory


class Right(NamedTuple):
    """Steps s_2 and a row of W_1 likewise."""

    row: Index
    s: Memory


def multiply(matrix: Tiles, left: Left | None, right: Right | None) -> Vector:
    """Add the product of one tile and activations to net inputs; return that of another and steps.

    Both in one loop: where the first is in the first-level cache, it waits for the second.
    """
    products = Registers([matrix.weights.zero()] * ROWS)
    if left:
        first, a = matrix.tile(left.row), [left.a.broadcast(left.row + r) for r in range(ROWS)]
    if right:
        second = matrix.tile(right.row)
    for j in loop(0, matrix.columns, matrix.weights.lanes):
        if right:
            step, partial = right.s.load(j), products.values
            products.values = [
                fma(second.load(matrix.at(r, j)), step, partial[r]) for r in range(ROWS)
            ]
        if left:
            z = left.net_inputs.load(j)
            for r in range(ROWS):
                z = fma(first.load(matrix.at(r, j)), a[r], z)
            left.net_inputs.store(j, z)
    return sum_rows(products.values)


def update(matrix: Tiles, a: Slots, s: Slots, count: Index) -> None:
    """Change W_1[i, j] += sum over t of a_1(t)[i] s_2(t)[j] for `count` samples of a block."""
    v, columns = matrix.weights.lanes, matrix.columns
    for i in loop(0, matrix.rows, ROWS):
        for j, vectors in groups(columns, [VECTORS, 1], v):
            places = [matrix.at(r, j + c * v) for c in range(vectors) for r in range(ROWS)]
            _update_places(matrix.tile(i), places, (a.beyond(i), s.beyond(j)), count)


def _update_places(
    tile: Memory, places: list[Index], slots: tuple[Slots, Slots], count: Index
) -> None:
    """Change vectors of a tile: all rows of one vector of columns, then those of the next."""
    (a, s), vectors = slots, len(places) // ROWS
    w = Registers([tile.load(at) for at in places])
    for t in loop(0, count):
        a_t = [a.of(t).broadcast(r) for r in range(ROWS)]
        s_t = [s.of(t).load(c * tile.lanes) for c in range(vectors)]
        w.values = [fma(a_t[n % ROWS], s_t[n // ROWS], value) for n, value in enumerate(w.values)]
    for at, value in zip(places, w.values, strict=True):
        tile.store(at, value)


def write_inner_products(slots: Slots, t: Index, size: Index, products: Memory) -> None:
    """Write the inner products of what sample t has in its slot with that of all of a block."""
    v, slot = products.lanes, slots.of(t)
    sums = Registers([products.zero()] * BLOCK)
    for i in loop(0, size, v):
        value, partial = slot.load(i), sums.values
        sums.values = [fma(slots.of(s).load(i), value, partial[s]) for s in range(BLOCK)]
    for s in range(0, BLOCK, v):
        products.store(s, sum_rows(sums.values[s : s + v]))
