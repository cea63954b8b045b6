"""Register tiles for a single column of the first matrix, beside whole panels.

Where the columns of the units fill whole panels, that of the bias unit is alone. As a panel it
would take the time of eight columns; by itself it is multiplied and updated along the samples of a
block. See `input_tiles` for the panels, and `inputs.Inputs` for values, rows, start and end.
"""

from numba import types

from bp_numba.inputs import LIST_MULTIPLE
from bp_numba.layout import BLOCK
from bp_numba.simd import fma, sum_lanes, sum_rows
from bp_numba.tiles import ROWS, nothing, total
from bp_numba.tracing import Index, Memory, Registers, Vector, loop, operation


@operation(lambda start, end, values: types.intp)
def in_groups(start: Index, end: Index, values: Memory) -> Index:
    """Return where the last whole group of `lanes` inputs of a list ends."""
    lanes: int = values.vector.count
    return start + (end + start * -1).rounded_down(lanes)


def _row(rows: Memory, k: Index, weights: Memory) -> Index:
    lanes: int = weights.vector.count
    return rows.index(k) >> (lanes.bit_length() - 1)


def _group(first: Index) -> list[Index]:
    return [first + r for r in range(LIST_MULTIPLE)]


@operation(nothing)
def multiply_column(
    values: Memory,
    rows: Memory,
    start: Index,
    whole: Index,
    end: Index,
    weights: Memory,
    at: Index,
    nets: Memory,
    to: Index,
    stride: Index,
) -> None:
    """Write the products of a block of samples with the column that begins at `at`.

    For sample t, to nets[to + t * stride] the sum over k = start .. end - 1 of
    values[k * BLOCK + t] * (the row's weight); whole is `in_groups`.
    """
    v = values.vector.count
    parts = BLOCK // v
    tile = Registers([nets.zero()] * (parts * ROWS))

    def add(k: Index, partials: list[Vector]) -> list[Vector]:
        w = weights.broadcast(at + _row(rows, k, weights))
        return [fma(values.load(k * BLOCK + q * v), w, partials[q]) for q in range(parts)]

    for first in loop(start, whole, ROWS):
        sums = tile.vectors
        groups = [add(first + r, sums[r * parts : (r + 1) * parts]) for r in range(ROWS)]
        tile.vectors = [partial for group in groups for partial in group]
    for k in loop(whole, end):
        sums = tile.vectors
        tile.vectors = add(k, sums[:parts]) + sums[parts:]
    for q in range(parts):
        net = total(tile.vectors[q::parts])
        for lane in range(v):
            nets.store(to + stride * (q * v + lane), net.shuffle(net, [lane]))


@operation(nothing)
def update_column(
    values: Memory,
    rows: Memory,
    start: Index,
    whole: Index,
    end: Index,
    weights: Memory,
    at: Index,
    steps: Memory,
    step_at: Index,
    stride: Index,
) -> None:
    """Update the column that begins at `at` by a block of samples.

    Add to each row's weight, for k = start .. end - 1, the sum over t of values[k * BLOCK + t] *
    steps[step_at + t * stride]; whole is `in_groups`.
    """
    v = values.vector.count
    step = [
        steps.gather([step_at + stride * (q + t) for t in range(v)]) for q in range(0, BLOCK, v)
    ]

    def product(k: Index) -> Vector:
        return total([values.load(k * BLOCK + q * v) * s for q, s in enumerate(step)])

    def add(k: Index, change: Vector, lane: int) -> None:
        row = at + _row(rows, k, weights)
        weights.store(row, weights.single(row) + change.shuffle(change, [lane]))

    for first in loop(start, whole, v):
        changes = sum_rows([product(first + r) for r in range(v)])
        for r in range(v):
            add(first + r, changes, r)
    for k in loop(whole, end):
        add(k, sum_lanes(product(k)), 0)


@operation(nothing)
def multiply_list_column(
    values: Memory,
    rows: Memory,
    start: Index,
    end: Index,
    weights: Memory,
    at: Index,
    nets: Memory,
    to: Index,
) -> None:
    """Write to nets[to] the product of a sample's list with the column that begins at `at`."""
    tile = Registers([nets.zero(1)] * LIST_MULTIPLE)
    for first in loop(start, end, LIST_MULTIPLE):
        tile.vectors = [
            fma(values.single(k), weights.single(at + _row(rows, k, weights)), partial)
            for k, partial in zip(_group(first), tile.vectors, strict=True)
        ]
    nets.store(to, total(tile.vectors))


@operation(nothing)
def update_list_column(
    values: Memory,
    rows: Memory,
    start: Index,
    end: Index,
    weights: Memory,
    at: Index,
    steps: Memory,
    step_at: Index,
) -> None:
    """Update the column that begins at `at` by a sample's list, with one step."""
    step = steps.single(step_at)
    for first in loop(start, end, LIST_MULTIPLE):
        for k in _group(first):
            row = at + _row(rows, k, weights)
            weights.store(row, fma(step, values.single(k), weights.single(row)))
