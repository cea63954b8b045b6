"""Products of samples with matrices in panels, in tiles of sums that stay in registers."""

from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Any, NamedTuple

from bp_numba.kernels.places import InputList, Matrix, Slots, Spread, Turned, groups, panel_groups
from bp_numba.simd.arithmetic import fma, sum_rows
from bp_numba.simd.loops import Registers, loop
from bp_numba.simd.memory import Memory
from bp_numba.simd.values import Index, Vector
from bp_numba.simd.width import WIDEST, is_for_arm, vector_width

ROWS = 4
"""Rows of a gradient that are summed at a time."""

GRADIENT_PANELS = [3, 1]
"""Panels of a gradient that are summed at a time: twelve sums leave registers for what is added."""

TOGETHER = 8
"""Panels that a single sample is multiplied with at a time, or samples a single row, if vectors do
not have more lanes: so many sums hide their latency."""


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
    rows: Slots | Turned,
    count: Index,
    matrix: Matrix,
    initial: Memory | None,
    sizes: dict[int, int],
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
    rows: list[Any], count: Index, panels: list[Memory], starts: list[Vector]
) -> list[Vector]:
    """Return for each row the sums for each panel."""
    sums = Registers(starts * len(rows))
    for i in loop(0, count.at_least(1)):  # LLVM would write all around it again for a count of 0
        w = (panel.load(i * panel.lanes) for panel in panels)
        sums.values = _with_products(sums.values, (row.broadcast(i) for row in rows), w, panels)
    return sums.values


def _with_products(
    sums: list[Vector], x: Iterator[Vector], w: Iterator[Vector], panels: Sequence[Any]
) -> list[Vector]:
    """Return the sums with x * w added, for each of x one for each of w, which are of panels.

    All are loaded just before they are used first: together they would not fit into the registers.
    """
    each_x = (x_t for x_t in x for _ in panels)
    return [fma(w_p, x_t, z) for z, w_p, x_t in zip(sums, cycle(w), each_x, strict=False)]


def multiply_turned(
    rows: Slots, count: Index, matrix: Matrix, initial: Memory
) -> Iterator[tuple[Index, Index, Vector]]:
    """Yield t, k and initial[k] + sum over i of rows(t)[i] * matrix[k, i], k by k.

    In the lanes are the sums of sample t and those after it, for `count` made up to whole tiles.
    """
    v = rows.memory.lanes
    for k, together in groups(matrix.rows, dot_rows(v)):
        samples = v if together > 1 else max(v, TOGETHER)
        for t in loop(0, count, samples):
            some = [rows.of(t + s) for s in range(samples)]
            sums = _dots(some, matrix, [(k + r) * v for r in range(together)])
            for r in range(together):
                of_row, start = sums[r::together], initial.broadcast(k + r)
                for s in range(0, samples, v):
                    yield t + s, k + r, start + sum_rows(of_row[s : s + v])


def multiply_one_turned(
    row: Memory, matrix: Matrix, initial: Memory
) -> Iterator[tuple[Index, Vector]]:
    """Yield k and initial[k] + sum over i of row[i] * matrix[k, i], vector by vector."""
    v = row.lanes
    for k in loop(0, matrix.rows, v):
        # Beyond the last row that one again, whose sums become padding.
        places = [(k + r).at_most(matrix.rows - 1) * v for r in range(v)]
        yield k, initial.load(k) + sum_rows(_dots([row], matrix, places))


def dot_rows(lanes: int) -> list[int]:
    """Return how many rows as many samples as a vector has lanes are multiplied with at a time.

    With three Neoverse N1, which has as many registers as AVX-512 has, half as long, keeps a sum in
    memory.
    """
    sums = 24 if vector_width() == WIDEST else 8 if is_for_arm() else 12
    return [sums // lanes, 1] if sums >= 2 * lanes else [1]


def _dots(rows: list[Memory], matrix: Matrix, places: list[Index]) -> list[Vector]:
    """Return for each row, and each place in a panel, the sums of products that the lanes have."""
    sums = Registers([rows[0].zero()] * (len(rows) * len(places)))
    for i in loop(0, matrix.panel_columns, rows[0].lanes):
        panel = matrix.column(i)
        w = (panel.load(place) for place in places)
        sums.values = _with_products(sums.values, (row.load(i) for row in rows), w, places)
    return sums.values


def add_products(
    rows: Slots | Turned, deltas: Slots, count: Index, gradient: Matrix, sizes: dict[int, int]
) -> None:
    """Add gradient[i, j] += sum over t < count of rows(t)[i] * deltas(t)[j]."""
    for j, panels in panel_groups(gradient, list(sizes)):
        together, some = sizes[len(panels)], deltas.beyond(j)
        for i, size in groups(gradient.rows, sorted({together, min(2, together), 1}, reverse=True)):
            _add_tile(rows, some, count, panels, [i + r for r in range(size)])


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
    row: Memory | Spread | None,
    deltas: Memory,
    matrix: Matrix,
    keep: Vector,
    squares: Registers[Vector],
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
    rows: Slots | Turned, deltas: Slots, count: Index, panels: list[Memory], tile: list[Index]
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
