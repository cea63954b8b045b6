"""Layer 1 in exact blocks too, where W_1 is large: it is written once for several samples.

As in layer 0, products are taken with the weights before the block, and what its samples have
changed since is added. For sample t that is

    z_2(t) = a_1(t) W_1 + sum over s < t of (a_1(t) . a_1(s)) s_2(s)
    s_1(t) = (W_1 s_2(t) + sum over s < t of (s_2(t) . s_2(s)) a_1(s)) a_1(t) (1 - a_1(t))

One walk over W_1 gives the steps of a sample and the product of the next. The steps of some units
are known when their rows have been multiplied with the steps above; so are then the activations of
the next sample, whose net inputs wait for nothing else, and they are multiplied with the same rows,
which the first-level cache still holds. On AVX2 that makes fits of 64-128-128-10, 64-192-192-10 and
64-256-256-10 take 0.94, 0.90 and 0.90 times as long, on AVX-512 0.98, 0.93 and 0.92.

Activations of layer 1 are kept where its net inputs were, for all samples of a block.
"""

from typing import NamedTuple

from bp_numba.kernels import row_tiles
from bp_numba.kernels.layout import BLOCK, ROWS
from bp_numba.kernels.places import Lists, Network, Slots, activations_of, steps_of
from bp_numba.kernels.row_tiles import Left, Right, Tiles
from bp_numba.kernels.sigmoid import derivative, sigmoid
from bp_numba.simd.arithmetic import first_lanes, fma
from bp_numba.simd.loops import Registers, loop, when
from bp_numba.simd.memory import Memory
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index, Vector

NEAR = 16_384
"""Bytes of three tiles up to which a walk's products are two tiles apart, so that neither waits for
activations, and beyond it one: half of a first-level cache. On AVX2 that made 64-128-128-10 take 5%
less time, and 64-192-192-10, whose tiles have 18,816 bytes, 4% more."""


class Block(NamedTuple):
    """A network and the samples of a block, from number `first` on."""

    network: Network
    inputs: Lists
    first: Index

    @property
    def a(self) -> Slots:
        """The net inputs of layer 1, and then its activations."""
        return Slots(self.network.net_inputs, self.network.padded[1])

    @property
    def z(self) -> Memory:
        """The net inputs of layer 2, and then its activations."""
        return activations_of(self.network, 2)

    @property
    def products(self) -> Memory:
        """Room for inner products, where other kernels have a_0 and a_1: two vectors or more."""
        return activations_of(self.network, 0)

    def gram(self, t: Index) -> Memory:
        """Return the inner products of a_0 of sample t with those of the block."""
        return self.inputs.gram[(self.first + t) * BLOCK :]


@operation
def activate_two_layers(block: Block, t: Index) -> None:
    """Write a_1 and a_2 of sample t, corrected for those of the block before it.

    If there are any, `step_back` has written a_1 and its product with W_1.
    """
    for _ in when(t, "==", 0):
        _begin(block, t)
    z, s_2 = block.z, steps_of(block.network, 2)
    row_tiles.write_inner_products(block.a, t, block.network.padded[1], block.products)
    for j in loop(0, block.network.units[2], z.lanes):
        net_input = _corrected(z.load(j), block.products, s_2.beyond(j), t)
        z.store(j, first_lanes(sigmoid(net_input), block.network.units[2] - j))


def _begin(block: Block, t: Index) -> None:
    """Write a_1 of a sample and its product with W_1, both without any corrections."""
    matrix, a = Tiles.of(block.network), block.a.of(t)
    _clear(block)
    for i in loop(0, matrix.rows, ROWS):
        _activate(block, t, i, a.load(i, ROWS))
        row_tiles.multiply(matrix, Left(a, i, block.z), None)


def _clear(block: Block) -> None:
    """Begin new net inputs of layer 2."""
    for j in loop(0, block.network.padded[2], block.z.lanes):
        block.z.store(j, block.z.zero())


def _activate(block: Block, t: Index, i: Index, z: Vector) -> None:
    """Write the activations of some units of layer 1 from their net inputs."""
    block.a.of(t).store(i, first_lanes(sigmoid(z), block.network.units[1] - i))


def _corrected(value: Vector, products: Memory, slots: Slots, count: Index) -> Vector:
    """Return a value and the sum over s < count of products[s] times the vector in slot s."""
    total = Registers([value])
    for s in loop(0, count):
        x = slots.of(s).load(0, value.lanes)
        total.values = [fma(x, products.broadcast(s, value.lanes), total.values[0])]
    return total.values[0]


@operation
def step_back(block: Block, t: Index, count: Index) -> None:
    """Write s_1 of sample t, and if it is not the last of `count`, a_1 and a_1 W_1 of the next.

    Walks go to and fro, for the second-level cache.
    """
    matrix, following = Tiles.of(block.network), t + 1
    s_2, a_next = steps_of(block.network, 2), block.a.of(following)
    row_tiles.write_inner_products(s_2, t, matrix.columns, block.products)
    _clear(block)
    rows, odd, one = matrix.rows, t - t.rounded_down(2), t.constant(ROWS)
    apart = (one + one.where(matrix.columns * (3 * ROWS * 8), "<=", NEAR)).at_most(rows)

    def row(n: Index) -> Index:
        return n + (rows - ROWS - n * 2).where(odd, "!=", 0)

    for _ in when(following, "<", count):
        for n in loop(0, apart, ROWS):
            _advance(block, t, Right(row(n), s_2.of(t)), None)
        for n in loop(apart, rows, ROWS):
            _advance(block, t, Right(row(n), s_2.of(t)), Left(a_next, row(n - apart), block.z))
        for n in loop(rows - apart, rows, ROWS):
            row_tiles.multiply(matrix, Left(a_next, row(n), block.z), None)
    for _ in when(following, "==", count):
        for n in loop(0, rows, ROWS):
            _write_steps(block, t, Right(row(n), s_2.of(t)), None)


def _advance(block: Block, t: Index, right: Right, left: Left | None) -> None:
    """Write the steps of some units and their activations of the next sample; multiply others."""
    gram, s_1 = block.gram(t + 1), steps_of(block.network, 1).beyond(right.row)
    z = _corrected(block.a.of(t + 1).load(right.row, ROWS), gram, s_1, t)
    s = _write_steps(block, t, right, left)
    _activate(block, t + 1, right.row, fma(s, gram.broadcast(t, ROWS), z))


def _write_steps(block: Block, t: Index, right: Right, left: Left | None) -> Vector:
    """Write and return the steps of some units; multiply others with activations.

    Corrections come before the products, so that they are there when these are.
    """
    a, s_1 = block.a.beyond(right.row), steps_of(block.network, 1).beyond(right.row)
    correction = _corrected(block.z.zero(ROWS), block.products, a, t)
    product = row_tiles.multiply(Tiles.of(block.network), left, right)
    s = (product + correction) * derivative(a.of(t).load(0, ROWS))
    s_1.of(t).store(0, s)
    return s


@operation
def update_second(block: Block, count: Index) -> None:
    """Change W_1[i, j] += sum over t of a_1(t)[i] s_2(t)[j] for the `count` samples of a block."""
    row_tiles.update(Tiles.of(block.network), block.a, steps_of(block.network, 2), count)
