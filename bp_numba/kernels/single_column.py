"""A column of the first matrix by itself, that of the bias unit beside whole panels.

Where `layout.has_single_column` says so, it is multiplied and updated along the samples of a block,
which fill a vector; for other vectors these functions write no code. See `first_layer` for the
panels.
"""

from collections.abc import Sequence

from bp_numba.kernels.inputs import LIST_MULTIPLE
from bp_numba.kernels.layout import BLOCK, block_fills_vector
from bp_numba.kernels.places import InputList, Matrix, Slots
from bp_numba.simd.arithmetic import fma, sum_lanes, sum_rows, total
from bp_numba.simd.loops import Registers, loop
from bp_numba.simd.memory import Memory
from bp_numba.simd.values import Index, Vector


def multiply_column(listed: InputList, samples: int, matrix: Matrix, net_inputs: Slots) -> None:
    """Write the product of a list of inputs with the column, one number for each sample."""
    if not block_fills_vector(matrix.weights.lanes):
        return
    for j in loop(matrix.panel_columns, matrix.columns):
        column = matrix.column(j)
        sums = Registers([net_inputs.memory.zero(samples)] * LIST_MULTIPLE)
        for first in loop(listed.start, listed.end, LIST_MULTIPLE):
            sums.values = [
                _add_product(listed, samples, column, first + r, partial)
                for r, partial in enumerate(sums.values)
            ]
        z = total(sums.values)
        for t in range(samples):
            net_inputs.of(t).store(j, z.lane(t))


def _add_product(
    listed: InputList, samples: int, column: Memory, k: Index, partial: Vector
) -> Vector:
    w = column.broadcast(_row(listed, k, column), samples)
    return fma(listed.values.load(k * samples, samples), w, partial)


def update_column(listed: InputList, samples: int, matrix: Matrix, steps: Slots) -> None:
    """Add to each listed row of the column the sum over t of values[k, t] * s(t)."""
    if not block_fills_vector(matrix.weights.lanes):
        return
    for j in loop(matrix.panel_columns, matrix.columns):
        column = matrix.column(j)
        s = steps.memory.gather([steps.stride * t + j for t in range(samples)])
        if samples == 1:
            _update_by_sample(listed, column, s)
        else:
            _update_by_block(listed, column, s)


def _update_by_sample(listed: InputList, column: Memory, s: Vector) -> None:
    for first in loop(listed.start, listed.end, LIST_MULTIPLE):
        for k in _group(first, LIST_MULTIPLE):
            row = _row(listed, k, column)
            column.store(row, fma(s, listed.values.load(k, 1), column.load(row, 1)))


def _update_by_block(listed: InputList, column: Memory, s: Vector) -> None:
    """Sum eight inputs at a time across the samples, then add each sum to its row."""
    whole = listed.start + (listed.end - listed.start).rounded_down(BLOCK)
    for first in loop(listed.start, whole, BLOCK):
        group = _group(first, BLOCK)
        changes = sum_rows([listed.values.load(k * BLOCK) * s for k in group])
        for lane, k in enumerate(group):
            _add(column, _row(listed, k, column), changes.lane(lane))
    for k in loop(whole, listed.end):
        change = sum_lanes(listed.values.load(k * BLOCK) * s)
        _add(column, _row(listed, k, column), change.lane(0))


def _add(column: Memory, row: Index, change: Vector) -> None:
    column.store(row, column.load(row, 1) + change)


def _group(first: Index, size: int) -> Sequence[Index]:
    return [first + r for r in range(size)]


def _row(listed: InputList, k: Index, column: Memory) -> Index:
    return listed.offsets[k] // column.lanes
