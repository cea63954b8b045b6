"""Kernels on the user's own matrices: row after row, without padding, a sample at a time.

The same steps as in `forward` and `backward`. Vectors at the end of a row are loaded and stored
only as far as the row goes. For a single sample that costs less than packing.
"""

from bp_numba.kernels.forward import ROWS
from bp_numba.kernels.places import Network, activations_of, steps_of
from bp_numba.kernels.sigmoid import derivative, sigmoid
from bp_numba.simd.arithmetic import first_lanes, fma, sum_rows, total
from bp_numba.simd.loops import Registers, loop
from bp_numba.simd.memory import Memory
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index


@operation
def forward_rows(network: Network, matrix: Memory, l: Index) -> None:
    """Write a_{l+1}[j] = sigmoid(sum over i of a_l[i] * W_l[i, j])."""
    rows, columns = network.units[l], network.units[l + 1]
    a, above = activations_of(network, l), activations_of(network, l + 1)
    whole = rows.rounded_down(ROWS)
    for j in loop(0, columns, matrix.lanes):
        part, count = matrix[j:], columns - j
        sums, rest = Registers([matrix.zero()] * ROWS), Registers([matrix.zero()])
        for i in loop(0, whole, ROWS):
            sums.values = [
                fma(part.load_first((i + r) * columns, count), a.broadcast(i + r), partial)
                for r, partial in enumerate(sums.values)
            ]
        for i in loop(whole, rows):
            w = part.load_first(i * columns, count)
            rest.values = [fma(w, a.broadcast(i), rest.values[0])]
        first, *others = sums.values
        z = total([first + rest.values[0], *others])
        above.store(j, first_lanes(sigmoid(z), count))


@operation
def backward_rows(network: Network, matrix: Memory, l: Index) -> None:
    """Write s_l[i] = (sum over j of W_l[i, j] s_{l+1}[j]) a_l[i] (1 - a_l[i]), and update W_l."""
    rows, columns, v = network.units[l], network.units[l + 1], matrix.lanes
    a, steps, above = (
        activations_of(network, l),
        steps_of(network, l).memory,
        steps_of(network, l + 1).memory,
    )
    for i in loop(0, rows, v):
        a_i, end = [a.broadcast(i + r) for r in range(v)], rows - i
        products = Registers([matrix.zero()] * v)
        for j in loop(0, columns, v):
            step, sums = above.load(j), []
            for r, partial in enumerate(products.values):
                count = (columns - j).where(end.constant(r), "<", end)
                at = (i + r) * columns + j
                w = matrix.load_first(at, count)
                sums.append(fma(w, step, partial))
                matrix.store_first(at, count, fma(a_i[r], step, w))
            products.values = sums
        step = sum_rows(products.values) * derivative(a.load(i))
        steps.store(i, first_lanes(step, end))


@operation
def update_rows(network: Network, matrix: Memory) -> None:
    """Change W_0[i, j] += a_0[i] s_1[j]."""
    rows, columns = network.units[0], network.units[1]
    a, steps = activations_of(network, 0), steps_of(network, 1).memory
    for i in loop(0, rows):
        for j in loop(0, columns, matrix.lanes):
            at, count = i * columns + j, columns - j
            w = matrix.load_first(at, count)
            matrix.store_first(at, count, fma(a.broadcast(i), steps.load(j), w))
