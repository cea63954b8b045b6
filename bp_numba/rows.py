"""Kernels on the user's own matrices: row after row, without padding, a sample at a time.

The same steps as in `kernels`, of which see the symbols. Vectors at the end of a row are loaded
and stored only as far as the row goes. For a single sample that costs less than packing.
"""

from bp_numba.jit import kernel
from bp_numba.layout import FlatNetwork, Floats
from bp_numba.tiles import (
    ROWS,
    activate_sums,
    broadcast_rows,
    dot_products,
    hidden_step,
    lanes,
    load,
    multiply_and_update_rows,
    multiply_rows,
    partial_sum,
    partial_sums,
    update_row,
)


@kernel
def forward_rows(net: FlatNetwork, matrix: Floats, l: int) -> None:
    """Write a_{l+1}[j] = sigmoid(sum over i of a_l[i] * W_l[i, j])."""
    rows, columns, a = net.units[l], net.units[l + 1], net.unit_offsets[l]
    for j in range(0, columns, lanes(matrix)):
        sums, rest = partial_sums(matrix), partial_sum(matrix)
        at, count = j, columns - j
        for i in range(0, rows - ROWS + 1, ROWS):
            sums = multiply_rows(sums, net.activations, a + i, matrix, at, columns, count)
            at += ROWS * columns
        for i in range(rows // ROWS * ROWS, rows):
            rest = multiply_rows(rest, net.activations, a + i, matrix, at, columns, count)
            at += columns
        activate_sums(sums, rest, net.activations, net.unit_offsets[l + 1] + j, count)


@kernel
def backward_rows(net: FlatNetwork, matrix: Floats, l: int) -> None:
    """Write s_l[i] = (sum over j of W_l[i, j] s_{l+1}[j]) a_l[i] (1 - a_l[i]), and update W_l."""
    v, rows, columns = lanes(matrix), net.units[l], net.units[l + 1]
    for i in range(0, rows, v):
        a_at = net.unit_offsets[l] + i
        products = dot_products(matrix)
        a = broadcast_rows(net.activations, a_at)
        for j in range(0, columns, v):
            at, step = i * columns + j, load(net.steps, net.unit_offsets[l + 1] + j)
            products = multiply_and_update_rows(
                products, a, matrix, at, columns, rows - i, columns - j, step
            )
        hidden_step(products, net.activations, a_at, rows - i, net.steps, a_at)


@kernel
def update_rows(net: FlatNetwork, matrix: Floats) -> None:
    """Change W_0[i, j] += a_0[i] s_1[j]."""
    columns = net.units[1]
    for i in range(net.units[0]):
        for j in range(0, columns, lanes(matrix)):
            step = load(net.steps, net.unit_offsets[1] + j)
            update_row(matrix, i * columns + j, columns - j, net.activations, i, step)
