"""The functions that Python calls, with C's calling convention: compiled one by one, on demand.

A table holds the addresses and sizes of arrays (`layout.address_table`). Those that work on
`matrices` take the user's own: C-contiguous, row after row, of float64.
"""

from typing import Any

from numba import types

from bp_numba.kernels.in_place import backward_rows, forward_rows, update_rows
from bp_numba.kernels.inputs import Inputs
from bp_numba.kernels.kernels import (
    activate_sample,
    backward,
    forward,
    forward_block,
    forward_listed,
    output_steps,
    round_narrow,
    update_block_rows,
    update_listed_rows,
)
from bp_numba.kernels.layout import BLOCK, FlatNetwork, Floats, Offsets
from bp_numba.kernels.many_rows import (
    VECTORS,
    forward_samples,
    is_finite,
    list_active,
    load_samples,
    store_outputs,
)
from bp_numba.kernels.tiles import activate_vector, lanes
from bp_numba.simd.arithmetic import floats_at, integers_at, memory_at
from bp_numba.simd.internals import entry_point, kernel

NET, TARGETS, INPUTS = 0, 9, 10
"""Where the fields of the FlatNetwork, y, and the fields of the Inputs begin in the table for
training."""


@kernel
def network_at(table: Offsets) -> FlatNetwork:
    """Return the network that a table describes."""
    return FlatNetwork(
        floats_at(table, NET),
        floats_at(table, NET + 1),
        floats_at(table, NET + 2),
        floats_at(table, NET + 3),
        integers_at(table, NET + 4),
        integers_at(table, NET + 5),
        integers_at(table, NET + 6),
        integers_at(table, NET + 7),
        integers_at(table, NET + 8),
    )


@kernel
def inputs_at(table: Offsets) -> Inputs:
    """Return the inputs that a table describes."""
    return Inputs(
        floats_at(table, INPUTS),
        floats_at(table, INPUTS + 1),
        integers_at(table, INPUTS + 2),
        integers_at(table, INPUTS + 3),
    )


@kernel
def train_upper(net: FlatNetwork, t: int, y: Floats, y_at: int, alpha: float) -> None:
    """From a_1 compute all other activations and all steps, and update W_1 and above."""
    last = net.units.size - 1
    for l in range(1, last):
        forward(net, l)
    output_steps(net, t, y, y_at, alpha)
    for l in range(last - 1, 0, -1):
        backward(net, t, l)


@entry_point
def train_blocks(table: Offsets, first: int, count: int, alpha: float) -> int:
    """Train on `count` blocks from number `first` on, round and round; the last may be short.

    The inputs are listed by blocks. No matrix may be narrow.
    """
    net, inputs, y = network_at(table), inputs_at(table), floats_at(table, TARGETS)
    y_stride, blocks = net.padded[net.units.size - 1], inputs.starts.size - 1
    for number in range(first, first + count):
        block = number % blocks
        forward_block(net, inputs, block)
        for t in range(min(BLOCK, y.size // y_stride - block * BLOCK)):
            activate_sample(net, inputs, block * BLOCK, t)
            train_upper(net, t, y, (block * BLOCK + t) * y_stride, alpha)
        update_block_rows(net, inputs, block)
    return 1


@entry_point
def train_samples(table: Offsets, size: int, first: int, count: int, alpha: float) -> int:
    """Train on `count` blocks from number `first` on, round and round; the last may be short.

    The inputs are listed by single samples. `size` is how many of them W_0 is kept for: `BLOCK`,
    or 1 if a matrix is narrow.
    """
    net, inputs, y = network_at(table), inputs_at(table), floats_at(table, TARGETS)
    y_stride, samples = net.padded[net.units.size - 1], inputs.starts.size - 1
    blocks = (samples + BLOCK - 1) // BLOCK
    for number in range(first, first + count):
        start = number % blocks * BLOCK
        for part in range(start, min(start + BLOCK, samples), size):
            in_part = min(size, samples - part)
            forward_listed(net, inputs, part, in_part)
            for t in range(in_part):
                activate_sample(net, inputs, part, t)
                train_upper(net, t, y, (part + t) * y_stride, alpha)
            update_listed_rows(net, inputs, part, in_part)
            round_narrow(net)
    return 1


@entry_point
def train_one(table: Offsets, matrices: Offsets, alpha: float) -> int:
    """Train the matrices in place on one sample: a_0 of the network, and y behind it in the table.

    Nothing is padded or left out: NaN and infinity go where NumPy would take them.
    """
    net, y = network_at(table), floats_at(table, TARGETS)
    last = net.units.size - 1
    for l in range(last):
        forward_rows(net, floats_at(matrices, l), l)
    output_steps(net, 0, y, 0, alpha)
    for l in range(last - 1, 0, -1):
        backward_rows(net, floats_at(matrices, l), l)
    update_rows(net, floats_at(matrices, 0))
    return 1


@entry_point
def predict(
    table: Offsets, matrices: Offsets, inputs: int, outputs: int, rows: int, columns: int
) -> int:
    """Write the predictions for all rows of X, of which the column of ones may be missing.

    The table holds the units, scratch space (2 * VECTORS vectors for each unit of the largest
    layer, whose units are made even in number), the numbers of all units of the largest layer, and
    room for those of layer 0. X of shape (rows, columns) and the outputs of shape (rows, units[L])
    are given by their addresses.
    """
    units, activations = integers_at(table, 0), floats_at(table, 1)
    everything, active = integers_at(table, 2), integers_at(table, 3)
    last = units.size - 1
    X = memory_at(activations, inputs, rows * columns)
    Y = memory_at(activations, outputs, rows * units[last])
    step = VECTORS * lanes(activations)
    may_skip = is_finite(floats_at(matrices, 0))  # zero times infinity would be NaN
    for row in range(0, rows, step):
        count, source, target = min(step, rows - row), 0, activations.size // 2
        load_samples(X, row * columns, columns, count, activations, units[0])
        listed, listed_count = everything, units[0]
        if may_skip:
            listed, listed_count = active, list_active(activations, units[0], active)
        for l in range(last):
            matrix = floats_at(matrices, l)
            forward_samples(
                matrix, units[l], units[l + 1], activations, source, target, listed, listed_count
            )
            source, target = target, source
            listed, listed_count = everything, units[l + 1]
        store_outputs(activations, source, units[last], Y, row * units[last], count)
    return 1


@entry_point
def predict_one(table: Offsets, matrices: Offsets) -> int:
    """From a_0 in the network that a table describes, write all other activations."""
    net = network_at(table)
    for l in range(net.units.size - 1):
        forward_rows(net, floats_at(matrices, l), l)
    return 1


@entry_point
def activate(table: Offsets) -> int:
    """Write outputs = sigmoid(nets) for at least as many elements as a vector has.

    The table holds nets and outputs, which must not overlap. The last vector ends at the last
    element and so may repeat part of the one before it.
    """
    nets, outputs = floats_at(table, 0), floats_at(table, 1)
    v = lanes(nets)
    for at in range(0, nets.size - v, v):
        activate_vector(nets, at, outputs, at)
    activate_vector(nets, nets.size - v, outputs, nets.size - v)
    return 1


TYPES: dict[str, Any] = {
    "p": types.CPointer(types.int64),
    "i": types.int64,
    "d": types.float64,
}
"""Numba's types of the letters in `native.ARGUMENTS`."""
