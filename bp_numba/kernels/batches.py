"""Mini-batches: the gradient of a batch, summed over blocks of samples.

Each block goes through all layers and back, so what it leaves behind stays in a cache, see
`perceptron.block_size`. With A_0 the samples, one in each row, and f the activation of the hidden
layers,

    Z_{l+1} = A_l W_l + b_l       A_l = f(Z_l)        D_L = (A_L - Y) * (weight of each sample)
    D_l = (D_{l+1} W_l^T) * f'(Z_l)                   G_l += A_l^T D_{l+1}

The last matrix lies transposed: vectors run along the layer below in its products, and in what is
done with outputs along samples, of a single sample along its outputs.

Products take some samples at a time, and so compute rows that a short block does not have: they
come to nothing, as what is summed over samples takes only those that there are.

A batch of one sample with plain SGD changes the weights while it goes back, without a gradient: in
half the time, as most of it is memory that is written.
"""

from functools import partial, reduce
from operator import add
from typing import Any, TypeAlias

from bp_numba.kernels.functions import derivative, hidden_activations
from bp_numba.kernels.optimizers import descend_batch, end_batch
from bp_numba.kernels.outputs import end_forward
from bp_numba.kernels.perceptron_places import (
    Block,
    biases_of,
    first_layer,
    last_matrix,
    matrix_of,
)
from bp_numba.kernels.places import Matrix, Slots, Turned
from bp_numba.kernels.products import (
    add_list,
    add_products,
    add_rows,
    descend,
    multiply,
    multiply_list,
    multiply_one_turned,
    multiply_turned,
    tiles,
)
from bp_numba.kernels.variants import compiled_variant
from bp_numba.simd.arithmetic import sum_rows, transposed
from bp_numba.simd.loops import Registers, loop, when
from bp_numba.simd.memory import Memory
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index, Vector

Call: TypeAlias = Any
"""A `calls.Batches` as operations see it."""

CHAINS = 4
"""Sums that squares of weights are added to in turns: one would wait for itself."""


def _load_inputs(block: Block) -> None:
    """Copy the inputs of a block's samples to their slots."""
    network, slots = block.call.network, block.slots(block.call.network.activations, 0)
    units, v = network.units[0], slots.memory.lanes
    whole = units.rounded_down(v)
    for t in loop(0, block.samples):
        row, slot = block.call.samples.X[block.number(t) * units :], slots.of(t)
        for j in loop(0, whole, v):
            slot.store(j, row.load(j))
        for j in loop(whole, units, v):
            slot.store(j, row.load_first(j, units - j))


def _forward(block: Block) -> None:
    """Write the activations of all hidden layers, and the net inputs of the output layer."""
    network, first = block.call.network, first_layer()
    top = network.units.size - 2
    if first:
        _forward_lists(block)
    else:
        _load_inputs(block)
    for l in loop(first, top):
        a, above = (block.slots(network.activations, layer) for layer in (l, l + 1))
        matrix = matrix_of(network.weights, network, l)
        biases = biases_of(network.weights, network, l)
        for t, j, z in multiply(a, block.samples, matrix, biases, block.tiles.samples):
            above.of(t).store(j, hidden_activations(z, network.units[l + 1] - j))
    _net_inputs_of_outputs(block, block.slots(network.activations, top))


def _forward_lists(block: Block) -> None:
    """Write the activations of layer 1, of sparse inputs."""
    network = block.call.network
    matrix, above = matrix_of(network.weights, network, 0), block.slots(network.activations, 1)
    for t, listed in block.lists():
        for j, z in multiply_list(listed, matrix, biases_of(network.weights, network, 0)):
            above.of(t).store(j, hidden_activations(z, network.units[1] - j))


def _net_inputs_of_outputs(block: Block, a: Slots) -> None:
    """Write the net inputs of the output layer, from the activations of the layer below."""
    network = block.call.network
    matrix, z = last_matrix(network.weights, network), block.outputs(network.activations)
    biases = biases_of(network.weights, network, network.units.size - 2)
    if block.is_single:
        for k, z_k in multiply_one_turned(a.of(0), matrix, biases):
            z.memory.store(k, z_k)
    else:
        for t, k, z_k in multiply_turned(a, block.samples, matrix, biases):
            z.memory.store(k * z.stride + t, z_k)


def _backward(block: Block) -> None:
    """Add to the gradient what the block contributes, from the deltas of the output layer."""
    network, first = block.call.network, first_layer()
    top = network.units.size - 2
    outputs, below = block.outputs(network.deltas), block.slots(network.activations, top)
    gradient, sizes = last_matrix(network.gradient, network), block.tiles.rows
    add_products(outputs, below, block.samples, gradient, sizes)
    _add_to_biases_of_outputs(block, network.gradient)
    for _ in when(top.constant(0), "<", top):
        _deltas_of_top(block)
    for n in loop(first, top):
        l = top - 1 - (n - first)
        a, above = block.slots(network.activations, l), block.slots(network.deltas, l + 1)
        of_layer = matrix_of(network.gradient, network, l)
        add_products(a, above, block.samples, of_layer, sizes)
        add_rows(above, block.samples, of_layer, biases_of(network.gradient, network, l))
        for _ in when(l.constant(0), "<", l):
            _deltas_below(block, l)
    if first:
        of_lists, deltas = matrix_of(network.gradient, network, 0), block.slots(network.deltas, 1)
        for t, listed in block.lists():
            add_list(listed, deltas.of(t), of_lists)
        add_rows(deltas, block.samples, of_lists, biases_of(network.gradient, network, 0))


def _add_to_biases_of_outputs(block: Block, memory: Memory) -> None:
    """Add the deltas of the output layer to its intercepts in a memory of the weights' layout."""
    network, deltas = block.call.network, block.outputs(block.call.network.deltas)
    biases, v = biases_of(memory, network, network.units.size - 2), memory.lanes
    for t in loop(0, block.samples, v):  # in this order, whatever the size of blocks
        for k in loop(0, network.padded[network.units.size - 1], v):
            if block.is_single:
                total = deltas.memory.load(k)
            else:
                rows = [(k + r) * deltas.stride + t for r in range(v)]
                total = sum_rows([deltas.memory.load(row) for row in rows])
            biases.store(k, biases.load(k) + total)


def _deltas_of_top(block: Block) -> None:
    """Write the deltas of the last hidden layer, from those of the output layer."""
    network = block.call.network
    outputs, turned = block.outputs(network.deltas), last_matrix(network.weights, network)
    _write_deltas(block, network.units.size - 2, outputs, turned)


def _deltas_below(block: Block, l: Index) -> None:
    """Write the deltas of layer l, from those of the hidden layer above."""
    network = block.call.network
    memory, columns = network.transposed[network.transposed_offsets[l] :], network.padded[l]
    turned = Matrix(memory, network.units[l + 1], columns, network.padded[l + 1], columns)
    _write_deltas(block, l, block.slots(network.deltas, l + 1), turned)


def _write_deltas(block: Block, l: Index, above: Slots | Turned, turned: Matrix) -> None:
    """Write the deltas of layer l, from those above and the transposed matrix between them."""
    network = block.call.network
    a, deltas = block.slots(network.activations, l), block.slots(network.deltas, l)
    for t, j, products in multiply(above, block.samples, turned, None, block.tiles.samples):
        deltas.of(t).store(j, derivative(a.of(t).load(j), products))


@operation
def add_block(call: Call, start: Index, count: Index, size: Index) -> None:
    """Add the gradient of `count` samples of a block that has room for `size`.

    They are those from number `start` of the order on.
    """
    block = Block(call, start, count, size, tiles(is_single=False))
    _forward(block)
    for outputs in block.outputs_by_lanes():
        end_forward(call, outputs)
    _backward(block)


@operation
def train_sample(call: Call, number: Index) -> None:
    """Train on a batch of one sample, of this number in the order."""
    begin_batch(call)
    one = number.constant(1)
    block = Block(call, number, one, one, tiles(is_single=True), is_single=True)
    _forward(block)
    for outputs in block.outputs_by_lanes():
        end_forward(call, outputs)
    if compiled_variant().optimizer == "plain":
        descend_batch(call, number, partial(_descend, block))
    else:
        _backward(block)
        end_batch(call, number)


def _descend(block: Block, factor: Vector, keep: Vector) -> Vector:
    """Do what `_backward` and plain SGD do, at once, for a block of one sample.

    That is W = keep W + factor A^T D, without a gradient. Return the squares of the weights before.
    """
    network, first = block.call.network, first_layer()
    top = network.units.size - 2
    outputs, below = block.outputs(network.deltas), block.slots(network.activations, top)
    for k in loop(0, network.padded[network.units.size - 1], factor.lanes):
        outputs.memory.store(k, outputs.memory.load(k) * factor)  # and so all deltas below
    squares = Registers([keep.constant(0.0)] * CHAINS)
    for _ in when(top.constant(0), "<", top):
        _deltas_of_top(block)
    last = last_matrix(network.weights, network)
    descend(outputs.of(0), below.of(0), last, keep, squares)
    _add_to_biases_of_outputs(block, network.weights)
    for n in loop(first, top):
        l = top - 1 - (n - first)
        for _ in when(l.constant(0), "<", l):
            _deltas_below(block, l)
        row, deltas = block.slots(network.activations, l), block.slots(network.deltas, l + 1)
        matrix = matrix_of(network.weights, network, l)
        descend(row.of(0), deltas.of(0), matrix, keep, squares)
        add_rows(deltas, block.samples, matrix, biases_of(network.weights, network, l))
    if first:
        weights, deltas_1 = matrix_of(network.weights, network, 0), block.slots(network.deltas, 1)
        descend(None, deltas_1.of(0), weights, keep, squares)
        for t, listed in block.lists():
            add_list(listed, deltas_1.of(t), weights)
        add_rows(deltas_1, block.samples, weights, biases_of(network.weights, network, 0))
    return reduce(add, squares.values)


@operation
def begin_batch(call: Call) -> None:
    """Forget the sums of the batch before, and transpose the matrices between hidden layers."""
    network = call.network
    for at in loop(0, network.sums.size, network.sums.lanes):
        network.sums.store(at, network.sums.zero())
    v = network.weights.lanes
    for l in loop(1, network.units.size - 2):
        matrix = matrix_of(network.weights, network, l)
        turned = network.transposed[network.transposed_offsets[l] :]
        for j in loop(0, matrix.columns, v):
            panel = matrix.column(j)
            for i in loop(0, matrix.padded, v):
                for c, column in enumerate(transposed([panel.load((i + r) * v) for r in range(v)])):
                    turned.store(i * matrix.columns + (j + c) * v, column)
