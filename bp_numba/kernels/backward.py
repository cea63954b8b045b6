"""From the steps of a layer to those of the layer below, and the update in the same pass.

Deltas are linear in those of the layer above, so the learning rate is put in once, at the output:
what flows back are the steps themselves.
"""

from collections.abc import Sequence

from bp_numba.kernels.places import Matrix, Network, activations_of, matrix_of, steps_of
from bp_numba.kernels.sigmoid import derivative
from bp_numba.simd.arithmetic import fma, sum_lanes, sum_rows, with_lane
from bp_numba.simd.loops import Registers, loop, when
from bp_numba.simd.memory import Memory
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index, Scalar, Vector


@operation
def output_steps(network: Network, t: Index, targets: Memory, y_at: Index, alpha: Scalar) -> None:
    """Write s_L = -alpha (a_L - y) a_L (1 - a_L); the target begins at targets[y_at]."""
    last = network.units.size - 1
    a, steps, y = activations_of(network, last), steps_of(network, last).of(t), targets[y_at:]
    rate = steps.filled(alpha)
    for j in loop(0, network.units[last], steps.lanes):
        a_j = a.load(j)
        steps.store(j, rate * (y.load(j) - a_j) * derivative(a_j))


@operation
def backward(network: Network, t: Index, l: Index) -> None:
    """Write s_l[i] = (sum over j of W_l[i, j] s_{l+1}[j]) a_l[i] (1 - a_l[i]), and update W_l.

    The sum takes the weights before the update W_l[i, j] += a_l[i] s_{l+1}[j]. A vector of rows at
    a time, so that steps are stored as vectors: a vector load soon after scalar stores to the
    same place would stall.
    """
    matrix, a = matrix_of(network, l), activations_of(network, l)
    above, steps = steps_of(network, l + 1).of(t), steps_of(network, l).of(t)
    v = steps.lanes
    # More than half a vector of rows is done as one, with padding; fewer are done one by one.
    whole = (matrix.rows + (v // 2 - 1)).rounded_down(v)
    for i in loop(0, whole, v):
        rows = [i + r for r in range(v)]
        products = Registers([a.zero()] * v)
        _multiply_and_update(matrix, rows, [a.broadcast(row) for row in rows], above, products)
        steps.store(i, _finished(matrix, i, a, above, sum_rows(products.values)))
    for _ in when(whole, "<", matrix.rows):
        sums = Registers([a.zero()])
        for row in loop(whole, matrix.rows):
            product = Registers([a.zero()])
            _multiply_and_update(matrix, [row], [a.broadcast(row)], above, product)
            product_sum = sum_lanes(product.values[0])
            sums.values = [with_lane(sums.values[0], row - whole, product_sum)]
        steps.store(whole, _finished(matrix, whole, a, above, sums.values[0]))


def _multiply_and_update(
    matrix: Matrix,
    rows: Sequence[Index],
    a: Sequence[Vector],
    above: Memory,
    products: Registers[Vector],
) -> None:
    """Add W[rows[r], j] s[j] over whole panels to products[r], then a[r] s[j] to W[rows[r], j]."""
    v = above.lanes
    for j in loop(0, matrix.panel_columns, v):
        step, panel = above.load(j), matrix.column(j)
        w = [panel.load(row * v) for row in rows]
        products.values = [
            fma(w_r, step, partial) for w_r, partial in zip(w, products.values, strict=True)
        ]
        for row, a_r, w_r in zip(rows, a, w, strict=True):
            panel.store(row * v, fma(a_r, step, w_r))


def _finished(matrix: Matrix, i: Index, a: Memory, above: Memory, products: Vector) -> Vector:
    """Multiply and update the columns beyond whole panels too, and return the steps from i on."""
    a_i, sums = a.load(i), Registers([products])
    for j in loop(matrix.panel_columns, matrix.columns):
        step, column = above.broadcast(j), matrix.column(j)
        w = column.load(i)
        sums.values = [fma(w, step, sums.values[0])]
        column.store(i, fma(a_i, step, w))
    return sums.values[0] * derivative(a_i)
