"""Register tiles for a single column of the first matrix, beside whole panels of eight.

Where the columns of the units fill whole panels, that of the bias unit is alone. As a panel it
would take the time of eight columns; by itself it is multiplied and updated along the samples of a
block, which fill a vector: `BLOCK` is the number of lanes. With shorter vectors, whose panels leave
less idle, `layout` has no single column in the first matrix, and these operations write no code.
See `input_tiles` for the panels, and `inputs.Inputs` for values, rows, start and end.
"""

from collections.abc import Callable
from typing import Any

from numba import types

from bp_numba.inputs import LIST_MULTIPLE
from bp_numba.layout import BLOCK
from bp_numba.simd import fma, sum_lanes, sum_rows
from bp_numba.tiles import ROWS, nothing, total
from bp_numba.tracing import Index, Memory, Registers, Vector, loop, operation


def column_operation(function: Callable[..., None]) -> Callable[..., None]:
    """Make an operation of a function, which is run only for vectors of `BLOCK` lanes."""

    def run(values: Memory, *arguments: Any) -> None:
        if values.vector.count == BLOCK:
            function(values, *arguments)

    return operation(nothing)(run)


@operation(lambda start, end: types.intp)
def in_groups(start: Index, end: Index) -> Index:
    """Return where the last whole group of `BLOCK` inputs of a list ends."""
    return start + (end + start * -1).rounded_down(BLOCK)


def _row(rows: Memory, k: Index) -> Index:
    return rows.index(k) >> (BLOCK.bit_length() - 1)


def _group(first: Index, size: int) -> list[Index]:
    return [first + r for r in range(size)]


@column_operation
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
    tile = Registers([nets.zero()] * ROWS)

    def sum_with(k: Index, partial: Vector) -> Vector:
        return fma(values.load(k * BLOCK), weights.broadcast(at + _row(rows, k)), partial)

    for first in loop(start, whole, ROWS):
        tile.vectors = list(map(sum_with, _group(first, ROWS), tile.vectors))
    for k in loop(whole, end):
        partial, *others = tile.vectors
        tile.vectors = [sum_with(k, partial), *others]
    net = total(tile.vectors)
    for t in range(BLOCK):
        nets.store(to + stride * t, net.shuffle(net, [t]))


@column_operation
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
    step = steps.gather([step_at + stride * t for t in range(BLOCK)])

    def add(k: Index, change: Vector, lane: int) -> None:
        row = at + _row(rows, k)
        weights.store(row, weights.single(row) + change.shuffle(change, [lane]))

    for first in loop(start, whole, BLOCK):
        changes = sum_rows([values.load(k * BLOCK) * step for k in _group(first, BLOCK)])
        for lane, k in enumerate(_group(first, BLOCK)):
            add(k, changes, lane)
    for k in loop(whole, end):
        add(k, sum_lanes(values.load(k * BLOCK) * step), 0)


@column_operation
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
            fma(values.single(k), weights.single(at + _row(rows, k)), partial)
            for k, partial in zip(_group(first, LIST_MULTIPLE), tile.vectors, strict=True)
        ]
    nets.store(to, total(tile.vectors))


@column_operation
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
        for k in _group(first, LIST_MULTIPLE):
            row = at + _row(rows, k)
            weights.store(row, fma(step, values.single(k), weights.single(row)))
