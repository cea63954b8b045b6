"""From the activations of a layer to those of the next; see the room's symbols."""

from bp_numba.kernels.places import Matrix, Network, activations_of, matrix_of
from bp_numba.kernels.sigmoid import sigmoid
from bp_numba.simd.arithmetic import first_lanes, fma, sum_lanes, total, with_lane
from bp_numba.simd.loops import Registers, loop, when
from bp_numba.simd.memory import Memory
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index, Vector

ROWS = 4
"""Rows that a matrix-vector product takes at a time, into as many partial sums: enough to hide
the latency of the fused multiply-add. Vectors have as many lanes or a multiple of it."""


@operation
def forward(network: Network, l: Index) -> None:
    """Write a_{l+1}[j] = sigmoid(sum over i of a_l[i] * W_l[i, j]), l > 0."""
    matrix, v = matrix_of(network, l), network.weights.lanes
    a, above = activations_of(network, l), activations_of(network, l + 1)
    # These sums take longest to be ready, and meanwhile the panels are multiplied: after the panels
    # they made the digits 5% slower.
    for _ in when(matrix.panel_columns, "<", matrix.columns):
        count = matrix.columns - matrix.panel_columns
        z = net_inputs_by_column(a, matrix, count)
        above.store(matrix.panel_columns, first_lanes(sigmoid(z), count))
    for j in loop(0, matrix.panel_columns, v):
        above.store(j, sigmoid(net_inputs_of_panel(a, matrix.rows, matrix.column(j))))


def net_inputs_of_panel(a: Memory, rows: Index, panel: Memory) -> Vector:
    """Return the sum over i < rows of a[i] * (row i of a panel).

    Up to `ROWS` - 1 more are taken, whose activations are zero.
    """
    sums, v = Registers([panel.zero()] * ROWS), panel.lanes
    for i in loop(0, rows, ROWS):
        sums.values = [
            fma(panel.load((i + r) * v), a.broadcast(i + r), partial)
            for r, partial in enumerate(sums.values)
        ]
    return total(sums.values)


def net_inputs_by_column(a: Memory, matrix: Matrix, count: Index) -> Vector:
    """Return in lane c < count the sum over i of a[i] * (column c beyond the panels)[i].

    Padding, whose activations are zero, is taken too. Other lanes are zero.
    """
    columns, v = matrix.column(matrix.panel_columns), a.lanes
    sums = Registers([a.zero()])
    for c in loop(0, count):
        products, column = Registers([a.zero()]), columns[c * matrix.padded :]
        for i in loop(0, matrix.padded, v):
            products.values = [fma(column.load(i), a.load(i), products.values[0])]
        sums.values = [with_lane(sums.values[0], c, sum_lanes(products.values[0]))]
    return sums.values[0]
