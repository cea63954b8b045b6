"""From the activations of a layer to those of the next; see the room's symbols."""

from collections.abc import Sequence

from bp_numba.kernels.places import Matrix, Network, activations_of, matrix_of, panel_groups
from bp_numba.kernels.sigmoid import sigmoid
from bp_numba.kernels.variants import known_units
from bp_numba.simd.arithmetic import first_lanes, fma, sum_lanes, total, with_lane
from bp_numba.simd.loops import Registers, loop, when
from bp_numba.simd.memory import Memory
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index, Vector

ROWS = 4
"""Rows that a matrix-vector product takes at a time, into as many partial sums: enough to hide
the latency of the fused multiply-add. Vectors have as many lanes or a multiple of it."""


PANELS = [2, 1]
"""Panels that a product takes at a time where units are known, and so few that the matrix lies in
the first-level cache. On AVX2 the digits took 4% less time so; on Zen 5 64-256-256-10, from the
second-level cache, took a sixth more."""


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
    for j, panels in panel_groups(matrix, PANELS if known_units() else [1]):
        for p, z in enumerate(net_inputs_of_panels(a, matrix.rows, panels)):
            above.store(j + p * v, sigmoid(z))


def net_inputs_of_panels(a: Memory, rows: Index, panels: Sequence[Memory]) -> list[Vector]:
    """Return for each panel the sum over i < rows of a[i] * (row i of the panel).

    Up to `ROWS` - 1 more are taken, whose activations are zero.
    """
    sums, v = Registers([a.zero()] * (len(panels) * ROWS)), a.lanes
    for i in loop(0, rows, ROWS):
        w = [(r, panel.load((i + r) * v)) for panel in panels for r in range(ROWS)]
        sums.values = [
            fma(w_r, a.broadcast(i + r), partial)
            for (r, w_r), partial in zip(w, sums.values, strict=True)
        ]
    return [total(sums.values[p : p + ROWS]) for p in range(0, len(panels) * ROWS, ROWS)]


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
