"""Mini-batches: the gradient of a batch, summed over blocks of samples.

Each block goes through all layers and back, so what it leaves behind stays in a cache, see
`perceptron.block_size`. With A_0 the samples, one in each row, and f the activation of the hidden
layers,

    Z_{l+1} = A_l W_l + b_l       A_l = f(Z_l)        D_L = (A_L - Y) * (weight of each sample)
    D_l = (D_{l+1} W_l^T) * f'(Z_l)                   G_l += A_l^T D_{l+1}

Products take some samples at a time, and so compute rows that a short block does not have: they
come to nothing, as what is summed over samples takes only those that there are.

A batch of one sample with plain SGD changes the weights while it goes back, without a gradient: in
half the time, as most of it is memory that is written.
"""

from collections.abc import Iterator
from functools import partial, reduce
from operator import add
from typing import Any, NamedTuple, TypeAlias

from bp_numba.kernels.functions import activation, derivative
from bp_numba.kernels.optimizers import descend_batch, end_batch
from bp_numba.kernels.outputs import add_loss, output_deltas
from bp_numba.kernels.places import InputList, Matrix, Slots
from bp_numba.kernels.products import (
    Tiles,
    add_list,
    add_products,
    add_rows,
    descend,
    multiply,
    multiply_list,
    tiles,
)
from bp_numba.kernels.variants import compiled_variant
from bp_numba.simd.arithmetic import transposed
from bp_numba.simd.loops import Registers, loop, when
from bp_numba.simd.memory import Memory
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index, Vector

Call: TypeAlias = Any
"""A `calls.Batches` as operations see it."""


CHAINS = 4
"""Sums that squares of weights are added to in turns: one would wait for itself."""


class Block(NamedTuple):
    """Some samples of a call: from number `start` of its order on, and how many."""

    call: Call
    start: Index
    samples: Index
    tiles: Tiles

    def number(self, t: Index) -> Index:
        """Return the number of sample t."""
        return self.call.samples.order[self.start + t]

    def slots(self, memory: Memory, l: Index | int) -> Slots:
        """Return the slots of layer l in the activations or deltas."""
        network = self.call.network
        return Slots(memory[network.slot_offsets[l] :], network.padded[l])

    def lists(self) -> Iterator[tuple[Index, InputList]]:
        """Yield, for a loop over the samples, each with the list of its inputs."""
        data = self.call.samples
        for t in loop(0, self.samples):
            n = self.number(t)
            yield t, InputList(data.X, data.offsets, data.starts[n], data.starts[n + 1])


def _matrix_of(memory: Memory, network: Any, l: Index | int) -> Matrix:
    """Return matrix l in a memory of the layout of the weights."""
    columns = network.padded[network.units.size.constant(l) + 1]
    memory = memory[network.weight_offsets[l] :]
    return Matrix(memory, network.units[l], columns, network.padded[l], columns)


def _biases(memory: Memory, network: Any, l: Index | int) -> Memory:
    """Return the memory that begins with the intercepts of layer l + 1."""
    return memory[network.intercept_offsets[l] :]


def _first_layer() -> int:
    """Return the first layer whose activations have slots: sparse inputs stay where they are."""
    return 1 if compiled_variant().inputs == "sparse" else 0


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
    network = block.call.network
    last, first = network.units.size - 1, _first_layer()
    if first:
        matrix = _matrix_of(network.weights, network, 0)
        biases, above = _biases(network.weights, network, 0), block.slots(network.activations, 1)
        for t, listed in block.lists():
            for j, z in multiply_list(listed, matrix, biases):
                above.of(t).store(j, activation(z))
    else:
        _load_inputs(block)
    for l in loop(first, last - 1):
        for a, z in _net_inputs(block, l):
            a.store(0, activation(z))
    for a, z in _net_inputs(block, last - 1):
        a.store(0, z)


def _net_inputs(block: Block, l: Index) -> Iterator[tuple[Memory, Vector]]:
    """Yield the net inputs of layer l + 1, vector by vector, and where its activations belong."""
    network = block.call.network
    a, above = (block.slots(network.activations, layer) for layer in (l, l + 1))
    matrix, biases = _matrix_of(network.weights, network, l), _biases(network.weights, network, l)
    for t, j, z in multiply(a, block.samples, matrix, biases, block.tiles.samples):
        yield above.of(t)[j:], z


def _backward(block: Block) -> None:
    """Add to the gradient what the block contributes, from the deltas of the output layer."""
    network = block.call.network
    last, first = network.units.size - 1, _first_layer()
    for below in loop(first, last):
        l = last - 1 - (below - first)
        a, above = block.slots(network.activations, l), block.slots(network.deltas, l + 1)
        gradient = _matrix_of(network.gradient, network, l)
        add_products(a, above, block.samples, gradient, block.tiles.rows)
        add_rows(above, block.samples, gradient, _biases(network.gradient, network, l))
        for _ in when(l.constant(0), "<", l):
            _deltas_below(block, l)
    if first:
        gradient = _matrix_of(network.gradient, network, 0)
        biases_0 = _biases(network.gradient, network, 0)
        deltas = block.slots(network.deltas, 1)
        for t, listed in block.lists():
            add_list(listed, deltas.of(t), gradient)
        add_rows(deltas, block.samples, gradient, biases_0)


def _deltas_below(block: Block, l: Index) -> None:
    """Write the deltas of layer l, from those of the layer above."""
    network = block.call.network
    memory, columns = network.transposed[network.transposed_offsets[l] :], network.padded[l]
    turned = Matrix(memory, network.units[l + 1], columns, network.padded[l + 1], columns)
    a, deltas = block.slots(network.activations, l), block.slots(network.deltas, l)
    above = block.slots(network.deltas, l + 1)
    for t, j, products in multiply(above, block.samples, turned, None, block.tiles.samples):
        deltas.of(t).store(j, derivative(a.of(t).load(j), products))


@operation
def add_block(call: Call, start: Index, count: Index) -> None:
    """Add the gradient of `count` samples, from number `start` of the order on."""
    block = Block(call, start, count, tiles(is_single=False))
    _forward(block)
    for t in loop(0, count):
        output_deltas(call, block.number(t), t)
    for t in loop(0, count):  # by itself: so the CPU works at several samples' at a time
        add_loss(call, block.number(t), t, False)
    _backward(block)


@operation
def train_sample(call: Call, number: Index) -> None:
    """Train on a batch of one sample, of this number in the order."""
    begin_batch(call)
    block = Block(call, number, number.constant(1), tiles(is_single=True))
    _forward(block)
    first = number.constant(0)
    output_deltas(call, block.number(first), first)
    add_loss(call, block.number(first), first, True)
    if compiled_variant().optimizer == "plain":
        descend_batch(call, number, partial(_descend, block))
    else:
        _backward(block)
        end_batch(call, number)


def _descend(block: Block, factor: Vector, keep: Vector) -> Vector:
    """Do what `_backward` and plain SGD do, at once, for a block of one sample.

    That is W = keep W + factor A^T D, without a gradient. Return the squares of the weights before.
    """
    network = block.call.network
    last, first = network.units.size - 1, _first_layer()
    outputs = block.slots(network.deltas, last).of(0)
    for j in loop(0, network.padded[last], outputs.lanes):
        outputs.store(j, outputs.load(j) * factor)  # all deltas below are multiples of these
    squares = Registers([keep.constant(0.0)] * CHAINS)
    for below in loop(0, last - first):
        l = last - 1 - below
        for _ in when(l.constant(0), "<", l):
            _deltas_below(block, l)
        row, deltas = block.slots(network.activations, l), block.slots(network.deltas, l + 1)
        matrix = _matrix_of(network.weights, network, l)
        descend(row.of(0), deltas.of(0), matrix, keep, squares)
        add_rows(deltas, block.samples, matrix, _biases(network.weights, network, l))
    if first:
        weights = _matrix_of(network.weights, network, 0)
        deltas_1 = block.slots(network.deltas, 1)
        descend(None, deltas_1.of(0), weights, keep, squares)
        for t, listed in block.lists():
            add_list(listed, deltas_1.of(t), weights)
        add_rows(deltas_1, block.samples, weights, _biases(network.weights, network, 0))
    return reduce(add, squares.values)


@operation
def begin_batch(call: Call) -> None:
    """Forget the sums of the batch before, and transpose the matrices above the first."""
    network = call.network
    for at in loop(0, network.sums.size, network.sums.lanes):
        network.sums.store(at, network.sums.zero())
    v = network.weights.lanes
    for l in loop(1, network.units.size - 1):
        matrix = _matrix_of(network.weights, network, l)
        turned = network.transposed[network.transposed_offsets[l] :]
        for j in loop(0, matrix.columns, v):
            panel = matrix.column(j)
            for i in loop(0, matrix.padded, v):
                columns = transposed([panel.load((i + r) * v) for r in range(v)])
                for c, column in enumerate(columns):
                    turned.store(i * matrix.columns + (j + c) * v, column)
