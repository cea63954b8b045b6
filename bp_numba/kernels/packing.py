"""The user's own matrices, row after row, copied to the panels of a network, and back.

In NumPy that took a call for each part of a matrix and a turn for each row of each panel: with the
search for infinities a third of the time of a `fit` of one row of the digits.
"""

from collections.abc import Iterator
from typing import Any

from bp_numba.kernels.calls import PACK, UNPACK
from bp_numba.kernels.layout import first_panel
from bp_numba.kernels.places import Matrix, Network, hidden_layers, matrix_of
from bp_numba.simd.arithmetic import any_nonzero, fma
from bp_numba.simd.loops import Registers, loop, when
from bp_numba.simd.memory import Memory
from bp_numba.simd.tables import floats_at
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index


def copying(samples_per_list: int) -> Any:
    """Return the operation that copies all matrices, where lists are of so many samples."""

    @operation
    def copy_weights(training: Any, task: Index) -> Index:
        """Pack all matrices, or unpack them and return 1; or 0 if a weight is not finite.

        Then the matrices are as they were.
        """
        network, finite = training.network, Registers([task.constant(1)])
        panel = first_panel(samples_per_list, network.weights.lanes)
        for _ in when(task, "==", PACK):
            for matrix, packed in _pairs(training, panel):
                _copy(matrix, packed, unpacks=False)
        for _ in when(task, "==", UNPACK):
            finite.values = [_are_finite(network)]
            for _ in when(finite.values[0], "!=", 0):
                for matrix, packed in _pairs(training, panel):
                    _copy(matrix, packed, unpacks=True)
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


def _pairs(training: Any, panel: int) -> Iterator[tuple[Memory, Matrix]]:
    """Yield the first matrix and where it is packed, and for a loop, or in turn, the others."""
    network, matrices = training.network, training.matrices
    yield floats_at(matrices, network.units.size.constant(0)), matrix_of(network, 0, panel)
    for l in hidden_layers(network):
        yield floats_at(matrices, l), matrix_of(network, l)


def _copy(matrix: Memory, packed: Matrix, unpacks: bool) -> None:
    """Copy the matrix by vectors, where whole ones are in panels, and the columns that are left."""
    columns, v = packed.columns, matrix.lanes
    whole = columns.at_most(packed.panel_columns).rounded_down(v)
    for size, start, end in ((v, whole.constant(0), whole), (1, whole, columns)):
        for j in loop(start, end, size):
            first, stride = _column(packed, j)
            for i in loop(0, packed.rows):
                places = (packed.weights, first + i * stride), (matrix, i * columns + j)
                (target, to), (source, at) = reversed(places) if unpacks else places
                target.store(to, source.load(at, size))


def _column(packed: Matrix, j: Index) -> tuple[Index, Index]:
    """Return where column j begins, in its panel or by itself, and how far apart its rows are."""
    panel = packed.panel or packed.weights.lanes
    in_panel = (j - j.rounded_down(panel)).where(j, "<", packed.panel_columns)
    stride = j.constant(panel - 1).where(j, "<", packed.panel_columns) + 1
    return (j - in_panel) * packed.padded + in_panel, stride
