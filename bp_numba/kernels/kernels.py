"""Backpropagation, one sample at a time, on flat padded arrays.

    l        a layer, 0 .. L; matrix l leads from layer l to layer l + 1
    a_l      activations of layer l; a_0 is a sample, which ends in the 1 of the bias
    s_l      steps of layer l, l = 1 .. L: -alpha times the deltas
    W_l      weights from layer l to layer l + 1, shape (units[l], units[l + 1])
    net      the `layout.FlatNetwork` that holds them
    inputs   the `inputs.Inputs` that list the samples
    t        a sample's number in its block of `BLOCK`; its steps begin at t * unit_offsets[L + 1]

Deltas are linear in those of the layer above, so the learning rate can be put in once, at the
output: what flows back are the steps themselves. The bias is a unit like any other, so matrix
times vector plus bias is one product.

Numbers are finite: zeros are left out and padding is multiplied with, so where a weight becomes
infinite or NaN the result is wrong. `training.Trainer` looks for that and repeats the work in
NumPy. All kernels trust their indices: arguments are checked where users pass them.
"""

from bp_numba.kernels.column_tiles import (
    multiply_column,
    multiply_list_column,
    panel_columns,
    update_column,
    update_list_column,
)
from bp_numba.kernels.input_tiles import (
    PANELS,
    UPDATED,
    corrected,
    multiply_list,
    multiply_list_twice,
    multiply_panel,
    multiply_panels,
    update_list,
    update_lists,
    update_panel,
    update_panels,
)
from bp_numba.kernels.inputs import Inputs
from bp_numba.kernels.layout import BLOCK, FlatNetwork, Floats
from bp_numba.kernels.tiles import (
    activate_net,
    filled,
    hidden_steps,
    lanes,
    last_hidden_steps,
    load,
    net_input,
    net_inputs_by_column,
    output_step,
    round_weights,
)
from bp_numba.simd.internals import kernel


@kernel
def forward(net: FlatNetwork, l: int) -> None:
    """Write a_{l+1}[j] = sigmoid(sum over i of a_l[i] * W_l[i, j]), l > 0."""
    v, rows, columns, padded = lanes(net.weights), net.units[l], net.units[l + 1], net.padded[l]
    first, target, whole = net.unit_offsets[l], net.unit_offsets[l + 1], columns // v * v
    matrix = net.weight_offsets[l]
    if whole < columns:
        at, count = matrix + whole * padded, columns - whole
        z = net_inputs_by_column(net.activations, first, padded, net.weights, at, count)
        activate_net(z, net.activations, target + whole, count)
    for j in range(0, whole, v):
        z = net_input(net.activations, first, rows, net.weights, matrix)
        activate_net(z, net.activations, target + j, v)
        matrix += v * padded


@kernel
def output_steps(net: FlatNetwork, t: int, y: Floats, y_at: int, alpha: float) -> None:
    """Write s_L = -alpha (a_L - y) a_L (1 - a_L); the target begins at y[y_at]."""
    last = net.units.size - 1
    at = net.unit_offsets[last]
    to = at + t * net.unit_offsets[last + 1]
    rate, columns = filled(net.weights, alpha), net.units[last]
    for j in range(0, columns, lanes(net.weights)):
        output_step(rate, net.activations, at + j, y, y_at + j, net.steps, to + j)


@kernel
def backward(net: FlatNetwork, t: int, l: int) -> None:
    """Write s_l[i] = (sum over j of W_l[i, j] s_{l+1}[j]) a_l[i] (1 - a_l[i]), and update W_l.

    The sum takes the weights before the update W_l[i, j] += a_l[i] s_{l+1}[j]. A vector of rows at
    a time, so that steps are stored as vectors: a vector load soon after scalar stores to the
    same place would stall.
    """
    v, rows, columns, padded = lanes(net.weights), net.units[l], net.units[l + 1], net.padded[l]
    at, matrix = net.unit_offsets[l], net.weight_offsets[l]
    slot = t * net.unit_offsets[net.units.size]
    above, to = slot + net.unit_offsets[l + 1], slot + at
    whole = (rows + v // 2 - 1) // v * v  # more than half a vector is done as one, with padding
    for i in range(0, whole, v):
        hidden_steps(
            net.activations, at, net.weights, matrix, padded, i, net.steps, above, columns, to
        )
    if whole < rows:
        last_hidden_steps(
            net.activations, at, net.weights, matrix, padded, whole, rows, net.steps, above,
            columns, to,
        )  # fmt: skip


@kernel
def forward_listed(net: FlatNetwork, inputs: Inputs, first: int, count: int) -> None:
    """Write the net inputs of layer 1, X W_0, of samples that list their inputs by themselves.

    Panel by panel, so that rows which one sample has brought to the cache are there for others.
    """
    rows, stride, v = net.padded[0], net.padded[1], lanes(net.weights)
    columns = panel_columns(net.weights, net.units[1], stride)
    for j in range(0, columns - v, 2 * v):
        for t in range(count):
            multiply_list_twice(
                inputs.values, inputs.rows, inputs.starts[first + t], inputs.starts[first + t + 1],
                net.weights, j * rows, v * rows, net.nets, t * stride + j,
            )  # fmt: skip
    for j in range(columns // (2 * v) * (2 * v), columns, v):
        for t in range(count):
            multiply_list(
                inputs.values, inputs.rows, inputs.starts[first + t], inputs.starts[first + t + 1],
                net.weights, j * rows, v * rows, net.nets, t * stride + j,
            )  # fmt: skip
    for t in range(count):
        multiply_list_column(
            inputs.values, inputs.rows, inputs.starts[first + t], inputs.starts[first + t + 1],
            net.weights, rows, columns, net.units[1], net.nets, t * stride,
        )  # fmt: skip


@kernel
def update_listed_rows(net: FlatNetwork, inputs: Inputs, first: int, count: int) -> None:
    """Change W_0[i, j] += sum over t of x_t[i] s_1(t)[j] for the inputs that the samples list."""
    rows, stride, v = net.padded[0], net.unit_offsets[net.units.size], lanes(net.weights)
    columns = panel_columns(net.weights, net.units[1], net.padded[1])
    whole = columns // (UPDATED * v) * (UPDATED * v)
    for j in range(0, whole, UPDATED * v):
        for t in range(count):
            update_lists(
                inputs.values, inputs.rows, inputs.starts[first + t], inputs.starts[first + t + 1],
                net.weights, j * rows, v * rows, net.steps, t * stride + net.unit_offsets[1] + j,
            )  # fmt: skip
    for j in range(whole, columns, v):
        for t in range(count):
            update_list(
                inputs.values, inputs.rows, inputs.starts[first + t], inputs.starts[first + t + 1],
                net.weights, j * rows, v * rows, net.steps, t * stride + net.unit_offsets[1] + j,
            )  # fmt: skip
    for t in range(count):
        update_list_column(
            inputs.values, inputs.rows, inputs.starts[first + t], inputs.starts[first + t + 1],
            net.weights, rows, columns, net.units[1], net.steps, t * stride + net.unit_offsets[1],
        )  # fmt: skip


@kernel
def forward_block(net: FlatNetwork, inputs: Inputs, block: int) -> None:
    """Write the net inputs of layer 1, X W_0, of all samples in a block, with the present W_0."""
    rows, stride, v = net.padded[0], net.padded[1], lanes(net.weights)
    columns = panel_columns(net.weights, net.units[1], stride)
    start, end = inputs.starts[block], inputs.starts[block + 1]
    whole = columns // (PANELS * v) * (PANELS * v)
    for j in range(0, whole, PANELS * v):
        multiply_panels(
            inputs.values, inputs.rows, start, end, net.weights, j * rows, v * rows,
            net.nets, j, stride,
        )  # fmt: skip
    for j in range(whole, columns, v):
        multiply_panel(
            inputs.values, inputs.rows, start, end, net.weights, j * rows, v * rows,
            net.nets, j, stride,
        )  # fmt: skip
    multiply_column(
        inputs.values, inputs.rows, start, end, net.weights, rows, columns, net.units[1],
        net.nets, 0, stride,
    )  # fmt: skip


@kernel
def activate_sample(net: FlatNetwork, inputs: Inputs, first: int, t: int) -> None:
    """Write a_1 of sample t after the first: its net input has yet to see the updates by those.

    They changed W_0 by the sum over s < t of x_s^T s_1(s), hence the net input of sample t by the
    sum over s < t of (x_t . x_s) s_1(s).
    """
    stride, k = net.unit_offsets[net.units.size], (first + t) * BLOCK
    columns, nets, target = net.units[1], t * net.padded[1], net.unit_offsets[1]
    for j in range(0, columns, lanes(net.weights)):
        z = load(net.nets, nets + j)
        z = corrected(z, inputs.gram, k, t, net.steps, target + j, stride)
        activate_net(z, net.activations, target + j, columns - j)


@kernel
def update_block_rows(net: FlatNetwork, inputs: Inputs, block: int) -> None:
    """Change W_0[i, j] += sum over t of x_t[i] s_1(t)[j] for all samples of a block."""
    rows, stride, v = net.padded[0], net.unit_offsets[net.units.size], lanes(net.weights)
    start, end, first = inputs.starts[block], inputs.starts[block + 1], net.unit_offsets[1]
    columns = panel_columns(net.weights, net.units[1], net.padded[1])
    whole = columns // (PANELS * v) * (PANELS * v)
    for j in range(0, whole, PANELS * v):
        update_panels(
            inputs.values, inputs.rows, start, end, net.weights, j * rows, v * rows,
            net.steps, first + j, stride,
        )  # fmt: skip
    for j in range(whole, columns, v):
        update_panel(
            inputs.values, inputs.rows, start, end, net.weights, j * rows, v * rows,
            net.steps, first + j, stride,
        )  # fmt: skip
    update_column(
        inputs.values, inputs.rows, start, end, net.weights, rows, columns, net.units[1],
        net.steps, first, stride,
    )  # fmt: skip


@kernel
def round_narrow(net: FlatNetwork) -> None:
    """Round matrices to float32 where net.narrow says so, as storing them would."""
    for l in range(net.narrow.size):
        if net.narrow[l]:
            for at in range(net.weight_offsets[l], net.weight_offsets[l + 1], lanes(net.weights)):
                round_weights(net.weights, at)
