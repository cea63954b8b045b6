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

from bp_numba.kernels.inputs import LIST_MULTIPLE
from bp_numba.kernels.layout import BLOCK
from bp_numba.kernels.tiles import ROWS, nothing, total
from bp_numba.simd.arithmetic import fma, sum_lanes, sum_rows
from bp_numba.simd.tracing import Index, Memory, Registers, Vector, loop, operation


def column_operation(function: Callable[..., None]) -> Callable[..., None]:
    """Make an operation of a function, which is run only for vectors of `BLOCK` lanes."""

    def run(values: Memory, *arguments: Any) -> None:
        if values.vector.count == BLOCK:
            function(values, *arguments)

    return operation(nothing)(run)


@operation(lambda *_: types.intp)
def panel_columns(weights: Memory, columns: Index, padded: Index) -> Index:
    """Return how many columns of the first matrix are in panels: all, padded, or all but one."""
    if weights.vector.count < BLOCK:
        return padded
    whole = columns.rounded_down(BLOCK)
    return whole.where_equal(columns + whole * -1, 1, padded)


def _in_groups(start: Index, end: Index) -> Index:
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
    end: Index,
    weights: Memory,
    length: Index,
    column: Index,
    columns: Index,
    nets: Memory,
    to: Index,
    stride: Index,
) -> None:
    """Write the products of a block of samples with the columns from `column` to `columns`.

    For sample t and column j, to nets[to + j + t * stride] the sum over k = start .. end - 1 of
    values[k * BLOCK + t] * (the row's weight). Columns are `length` elements long.
    """
    for j in loop(column, columns):
        tile, at, whole = Registers([nets.zero()] * ROWS), length * j, _in_groups(start, end)

        def sum_with(k: Index, partial: Vector, at: Index = at) -> Vector:
            return fma(values.load(k * BLOCK), weights.broadcast(at + _row(rows, k)), partial)

        for first in loop(start, whole, ROWS):
            tile.vectors = list(map(sum_with, _group(first, ROWS), tile.vectors))
        for k in loop(whole, end):
            partial, *others = tile.vectors
            tile.vectors = [sum_with(k, partial), *others]
        net = total(tile.vectors)
        for t in range(BLOCK):
            nets.store(to + j + stride * t, net.shuffle(net, [t]))


@column_operation
def update_column(
    values: Memory,
    rows: Memory,
    start: Index,
    end: Index,
    weights: Memory,
    length: Index,
    column: Index,
    columns: Index,
    steps: Memory,
    step_at: Index,
    stride: Index,
) -> None:
    """Update the columns from `column` to `columns` by a block of samples.

    Add to each row's weight, for k = start .. end - 1, the sum over t of values[k * BLOCK + t] *
    steps[step_at + j + t * stride]. Columns are `length` elements long.
    """
    for j in loop(column, columns):
        step = steps.gather([step_at + j + stride * t for t in range(BLOCK)])
        at, whole = length * j, _in_groups(start, end)

        def add(k: Index, change: Vector, lane: int, at: Index = at) -> None:
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
    length: Index,
    column: Index,
    columns: Index,
    nets: Memory,
    to: Index,
) -> None:
    """Write to nets[to + j] the product of a sample's list with column j."""
    for j in loop(column, columns):
        tile = Registers([nets.zero(1)] * LIST_MULTIPLE)
        for first in loop(start, end, LIST_MULTIPLE):
            tile.vectors = [
                fma(values.single(k), weights.single(length * j + _row(rows, k)), partial)
                for k, partial in zip(_group(first, LIST_MULTIPLE), tile.vectors, strict=True)
            ]
        nets.store(to + j, total(tile.vectors))


@column_operation
def update_list_column(
    values: Memory,
    rows: Memory,
    start: Index,
    end: Index,
    weights: Memory,
    length: Index,
    column: Index,
    columns: Index,
    steps: Memory,
    step_at: Index,
) -> None:
    """Update column j by a sample's list, with steps[step_at + j]."""
    for j in loop(column, columns):
        step = steps.single(step_at + j)
        for first in loop(start, end, LIST_MULTIPLE):
            for k in _group(first, LIST_MULTIPLE):
                row = length * j + _row(rows, k)
                weights.store(row, fma(step, values.single(k), weights.single(row)))
