"""Products of samples with matrices in panels, in tiles of sums that stay in registers."""

from collections.abc import Iterator
from itertools import cycle
from typing import NamedTuple

from bp_numba.kernels.places import InputList, Matrix, Slots, panel_groups
from bp_numba.simd.arithmetic import fma
from bp_numba.simd.loops import Registers, loop
from bp_numba.simd.memory import Memory
from bp_numba.simd.values import Index, Vector
from bp_numba.simd.width import WIDEST, vector_width

ROWS = 4
"""Rows of a gradient that are summed at a time."""

GRADIENT_PANELS = [3, 1]
"""Panels of a gradient that are summed at a time: twelve sums leave registers for what is added."""

TOGETHER = 8
"""Panels that a single sample is multiplied with at a time: so many sums hide their latency."""


class Tiles(NamedTuple):
    """How much is taken at a time, for each number of panels.

    Attributes
    ----------
    samples : dict of int to int
        Samples of a product.
    rows : dict of int to int
        Rows of a gradient.
    """

    samples: dict[int, int]
    rows: dict[int, int]


def tiles(is_single: bool) -> Tiles:
    """Return the tiles for blocks of several samples, or of a single one.

    The sums of a tile, the weights and an input have to fit into 16 registers, or 32. Of a single
    sample no more is used twice if there are several rows.
    """
    if is_single:
        return Tiles({TOGETHER: 1, 1: 1}, {TOGETHER: 1, 1: 1})
    of_products = {3: 8, 1: 8} if vector_width() == WIDEST else {3: 4, 1: 8}
    return Tiles(of_products, dict.fromkeys(GRADIENT_PANELS, ROWS))


def multiply(
    rows: Slots, count: Index, matrix: Matrix, initial: Memory | None, sizes: dict[int, int]
) -> Iterator[tuple[Index, Index, Vector]]:
    """Yield t, j and initial[j] + sum over i of rows(t)[i] * matrix[i, j], vector by vector.

    For `count` samples, made up to whole tiles.
    """
    v = rows.memory.lanes
    for j, panels in panel_groups(matrix, list(sizes)):
        samples = sizes[len(panels)]
        for first in loop(0, count, samples):
            some = [rows.of(first + t) for t in range(samples)]
            starts = [
                initial.load(j + p * v) if initial else rows.memory.zero()
                for p in range(len(panels))
            ]
            for n, z in enumerate(_multiply_tile(some, matrix.rows, panels, starts)):
                t, p = divmod(n, len(panels))
                yield first + t, j + p * v, z


def _multiply_tile(
    rows: list[Memory], count: Index, panels: list[Memory], starts: list[Vector]
) -> list[Vector]:
    """Return for each row the sums for each panel."""
    sums = Registers(starts * len(rows))
    for i in loop(0, count.at_least(1)):  # LLVM would write all around it again for a count of 0
        w = (panel.load(i * panel.lanes) for panel in panels)
        sums.values = _with_products(sums.values, (row.broadcast(i) for row in rows), w, panels)
    return sums.values


def _with_products(
    sums: list[Vector], x: Iterator[Vector], w: Iterator[Vector], panels: list[Memory]
) -> list[Vector]:
    """Return the sums with x * w added, for each of x one for each of w, which are of panels.

    All are loaded just before they are used first: together they would not fit into the registers.
    """
    each_x = (x_t for x_t in x for _ in panels)
    return [fma(w_p, x_t, z) for z, w_p, x_t in zip(sums, cycle(w), each_x, strict=False)]


def add_products(
    rows: Slots, deltas: Slots, count: Index, gradient: Matrix, sizes: dict[int, int]
) -> None:
    """Add gradient[i, j] += sum over t < count of rows(t)[i] * deltas(t)[j]."""
    for j, panels in panel_groups(gradient, list(sizes)):
        together, some = sizes[len(panels)], deltas.beyond(j)
        whole = gradient.rows.rounded_down(together)
        for i in loop(0, whole, together):
            _add_tile(rows, some, count, panels, [i + r for r in range(together)])
        for i in loop(whole, gradient.rows):
            _add_tile(rows, some, count, panels, [i])


def add_rows(deltas: Slots, count: Index, gradient: Matrix, biases: Memory) -> None:
    """Add biases[j] += sum over t < count of deltas(t)[j]."""
    v = biases.lanes
    for j, panels in panel_groups(gradient, GRADIENT_PANELS):
        places = [j + p * v for p in range(len(panels))]
        sums = Registers([biases.load(place) for place in places])
        for t in loop(0, count):
            delta = deltas.of(t)
            sums.values = [
                z + delta.load(place) for z, place in zip(sums.values, places, strict=True)
            ]
        for place, z in zip(places, sums.values, strict=True):
            biases.store(place, z)


def descend(
    row: Memory | None, deltas: Memory, matrix: Matrix, keep: Vector, squares: Registers[Vector]
) -> None:
    """Set matrix[i, j] = keep * matrix[i, j] + row[i] * deltas[j]; add the squares of what it was.

    Without a row nothing is added to what is kept.
    """
    v, size = deltas.lanes, len(squares.values)
    for j, panels in panel_groups(matrix, [size, 1]):
        d = [deltas.load(j + p * v) for p in range(len(panels))]
        for i in loop(0, matrix.rows):
            w = [panel.load(i * v) for panel in panels]
            sums = squares.values
            squares.values = [*map(fma, w, w, sums), *sums[len(w) :]]
            kept = [keep * w_p for w_p in w]
            if row is not None:
                x = row.broadcast(i)
                kept = [fma(x, d_p, kept_p) for d_p, kept_p in zip(d, kept, strict=True)]
            for panel, new in zip(panels, kept, strict=True):
                panel.store(i * v, new)


def _add_tile(
    rows: Slots, deltas: Slots, count: Index, panels: list[Memory], tile: list[Index]
) -> None:
    v = panels[0].lanes
    sums = Registers([panel.load(i * v) for i in tile for panel in panels])
    for t in loop(0, count):
        row, delta = rows.of(t), deltas.of(t)
        d = (delta.load(p * v) for p in range(len(panels)))
        sums.values = _with_products(sums.values, (row.broadcast(i) for i in tile), d, panels)
    for n, z in enumerate(sums.values):
        r, p = divmod(n, len(panels))
        panels[p].store(tile[r] * v, z)


def multiply_list(
    listed: InputList, matrix: Matrix, initial: Memory
) -> Iterator[tuple[Index, Vector]]:
    """Yield j and initial[j] + sum over k of values[k] * (the vector at offsets[k] of a panel)."""
    v = initial.lanes
    for j, panels in panel_groups(matrix, [TOGETHER, 1]):
        sums = Registers([initial.load(j + p * v) for p in range(len(panels))])
        for k in loop(listed.start, listed.end):
            x, at = listed.values.broadcast(k), listed.offsets[k]
            sums.values = [
                fma(panel.load(at), x, z) for panel, z in zip(panels, sums.values, strict=True)
            ]
        for p, z in enumerate(sums.values):
            yield j + p * v, z


def add_list(listed: InputList, deltas: Memory, gradient: Matrix) -> None:
    """Add values[k] * deltas to the rows at offsets[k] of a gradient, for each k of a list."""
    v = deltas.lanes
    for j, panels in panel_groups(gradient, [TOGETHER, 1]):
        d = [deltas.load(j + p * v) for p in range(len(panels))]
        for k in loop(listed.start, listed.end):
            x, at = listed.values.broadcast(k), listed.offsets[k]
            for panel, d_p in zip(panels, d, strict=True):
                panel.store(at, fma(x, d_p, panel.load(at)))
