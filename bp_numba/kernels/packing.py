"""The user's own matrices, row after row, copied to the panels of a network, and back.

In NumPy that took a call for each part of a matrix and a turn for each row of each panel: with the
search for infinities a third of the time of a `fit` of one row of the digits.
"""

from typing import Any, NamedTuple

from bp_numba.kernels.calls import UNPACK
from bp_numba.kernels.layout import ROWS, first_panel
from bp_numba.kernels.places import Matrix, Network, matrix_of
from bp_numba.kernels.variants import is_for_large
from bp_numba.simd.arithmetic import any_nonzero, fma
from bp_numba.simd.loops import Registers, loop, when
from bp_numba.simd.memory import Memory
from bp_numba.simd.tables import floats_at, memory_at
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index


def copying(samples_per_list: int) -> Any:
    """Return the operation that copies all matrices, where lists are of so many samples."""

    @operation
    def copy_weights(training: Any, task: Index) -> Index:
        """Pack all matrices, or unpack them and return 1; or 0 if a weight is not finite.

        Then the matrices are as they were. One loop goes through all of them, either way: one for
        each takes a third of the time that a kernel takes to compile.
        """
        network, finite = training.network, Registers([task.constant(1)])
        panel = first_panel(samples_per_list, network.weights.lanes)
        for _ in when(task, "==", UNPACK):
            finite.values = [_are_finite(network)]
        for _ in when(finite.values[0], "!=", 0):
            for l in loop(0, network.units.size - 1):
                packed = matrix_of(network, l)
                _copy(floats_at(training.matrices, l), packed, l, panel, task)
        return finite.values[0]

    return copy_weights


def _are_finite(network: Network) -> Index:
    """Return 1 if all weights are finite, else 0: only then each times zero is zero."""
    weights = network.weights
    sums = Registers([weights.zero()])
    for at in loop(0, weights.size, weights.lanes):
        sums.values = [fma(weights.load(at), 0.0, sums.values[0])]
    found = any_nonzero(sums.values)
    return found.constant(1) - found


def _copy(matrix: Memory, packed: Matrix, l: Index, panel: int, task: Index) -> None:
    """Copy matrix l by vectors, where whole ones are in panels, and then what columns are left."""
    columns, v = packed.columns, matrix.lanes
    whole = columns.at_most(packed.panel_columns).rounded_down(v)
    for size, start, end in ((v, whole.constant(0), whole), (1, whole, columns)):
        for j in loop(start, end, size):
            ours = column_of(packed, j, l, panel)
            theirs = Column(matrix[j:], columns, j.constant(0))
            source, target = _either(theirs, ours, task), _either(ours, theirs, task)
            for i in loop(0, packed.rows):
                value = source.memory.load(source.row(i), size)
                target.memory.store(target.row(i), value)


class Column(NamedTuple):
    """Where some columns of a matrix begin, and how far apart its rows are, and more its tiles."""

    memory: Memory
    stride: Index
    jump: Index

    def row(self, i: Index) -> Index:
        """Return where row i is."""
        return i * self.stride + i.rounded_down(ROWS) * self.jump


def column_of(packed: Matrix, j: Index, l: Index, panel: int) -> Column:
    """Return column j of matrix l in its panel, which is wide in the first matrix, or by itself.

    Or in the tiles of the second matrix, where that is large.
    """
    v, columns = packed.weights.lanes, packed.panel_columns
    further = (j.rounded_down(v) - j.rounded_down(panel)).where(l, "==", 0)
    within = (j - j.rounded_down(v) + further).where(j, "<", columns)
    width = j.constant(panel - v).where(l, "==", 0) + v
    stride = (width - 1).where(j, "<", columns) + 1
    begin, jump = (j - within) * packed.padded + within, j.constant(0)
    if is_for_large():
        first = j.rounded_down(v)
        begin = begin + (first * ROWS + (j - first) - begin).where(l, "==", 1)
        stride = stride + (stride.constant(v) - stride).where(l, "==", 1)
        jump = (columns - v).where(l, "==", 1)
    return Column(packed.weights[begin:], stride, jump)


def _either(packing: Column, unpacking: Column, task: Index) -> Column:
    """Return what the task, to pack or to unpack, says."""

    def chosen(a: Index, b: Index) -> Index:
        return a + (b - a).where(task, "==", UNPACK)

    a, b = packing.memory, unpacking.memory
    memory = memory_at(a, chosen(a.address, b.address), chosen(a.size, b.size))
    stride, jump = (
        chosen(packing.stride, unpacking.stride),
        chosen(packing.jump, unpacking.jump),
    )
    return Column(memory, stride, jump)
