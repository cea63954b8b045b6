"""Where things lie in the flat buffers: a matrix, a layer, the steps of a sample, its inputs."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from bp_numba.kernels.layout import first_panel, flat_sizes
from bp_numba.kernels.variants import known_units
from bp_numba.simd.loops import Registers, loop
from bp_numba.simd.memory import Memory
from bp_numba.simd.tables import constant_memory
from bp_numba.simd.values import Index, Vector
from bp_numba.simd.width import vector_width

Network: TypeAlias = Any
"""A `layout.FlatNetwork` as operations see it: its arrays are memories."""

Lists: TypeAlias = Any
"""The lists of `inputs.Inputs` as operations see them."""


def with_known_sizes(network: Network, samples_per_list: int) -> Network:
    """Return a network whose sizes are constants if the code is compiled for its layers."""
    if (units := known_units()) is None:
        return network
    width = vector_width()
    sizes = flat_sizes(units, width, first_panel(samples_per_list, width))
    known = {name: constant_memory(network.units, sizes[name]) for name in sizes}
    return network._replace(**known)


def hidden_layers(network: Any, lowest: int = 1) -> Iterator[Index]:
    """Yield lowest .. L - 1 for a loop, or one by one if the code is compiled for the layers.

    So each of them has code of its own, in which all sizes are constants.
    """
    last = network.units.size - 1
    if (units := known_units()) is None:
        yield from loop(lowest, last)
    else:
        yield from map(last.constant, range(lowest, len(units) - 1))


class Matrix(NamedTuple):
    """W_l: memory that begins with it, its shape, its rows with padding, its columns in panels.

    A panel is as wide as a vector, or has more columns, `panel`, of which `column` finds a vector.
    """

    weights: Memory
    rows: Index
    columns: Index
    padded: Index
    panel_columns: Index
    panel: int = 0

    def column(self, j: Index) -> Memory:
        """Return the memory that begins with column j, in its panel or by itself."""
        first = j.rounded_down(self.panel) if self.panel > self.weights.lanes else j
        return self.weights[first * self.padded + (j - first) :]


def panel_groups(matrix: Matrix, sizes: Sequence[int]) -> Iterator[tuple[Index, list[Memory]]]:
    """Yield, for loops over all panels, the first column and the panels of groups of a size.

    Each size takes what the one before has left; the last is 1.
    """
    v = matrix.weights.lanes
    for j, size in groups(matrix.panel_columns, sizes, v):
        yield j, [matrix.column(j + p * v) for p in range(size)]


def groups(count: Index, sizes: Sequence[int], step: int = 1) -> Iterator[tuple[Index, int]]:
    """Yield, for loops over range(0, count, step), the first number and the size of groups.

    Each size takes what the one before has left; the last is 1.
    """
    done = Registers([count.constant(0)])
    for size in sizes:
        for first in loop(done.values[0], count - (size - 1) * step, size * step):
            yield first, size
            done.values = [first + size * step]


def panel_groups_to_and_fro(
    matrix: Matrix, sizes: Sequence[int], turned: Index
) -> Iterator[tuple[Index, list[Memory]]]:
    """Yield the same, the groups of a size in the opposite order if `turned` is not 0.

    What a walk to and fro has used last is in a cache when it comes back, while one that begins
    anew finds nothing in a cache that is a little too small. Sizes are powers of two.
    """
    v, columns = matrix.weights.lanes, matrix.panel_columns
    start = columns.constant(0)
    for size in sizes:
        step = size * v
        end = start + (columns - start).rounded_down(step)
        for n in loop(start, end, step):
            j = n + (start + end - step - n * 2).where(turned, "!=", 0)
            yield j, [matrix.column(j + p * v) for p in range(size)]
        start = end


class Slots(NamedTuple):
    """Memory for each sample of a block, so many elements apart."""

    memory: Memory
    stride: Index

    def of(self, t: Index | int) -> Memory:
        """Return the memory that begins with that of sample t."""
        return self.memory[self.stride * t :]

    def since(self, t: Index | int) -> "Slots":
        """Return the slots of sample t and those after it."""
        return Slots(self.of(t), self.stride)

    def beyond(self, j: Index) -> "Slots":
        """Return the slots without the first j elements of each."""
        return Slots(self.memory[j:], self.stride)


class Spread(NamedTuple):
    """A sample's memory whose elements are so many apart."""

    memory: Memory
    stride: Index

    def broadcast(self, i: Index | int) -> Vector:
        """Return a vector with element i in every lane."""
        return self.memory.broadcast(self.stride * i)


class Turned(NamedTuple):
    """Memory for each sample of a block: one beside the other, their elements so many apart."""

    memory: Memory
    stride: Index

    def of(self, t: Index | int) -> Spread:
        """Return the elements of sample t."""
        return Spread(self.memory[t:], self.stride)


def matrix_of(network: Network, l: Index | int, panel: int = 0) -> Matrix:
    """Return matrix l of a network; its panels are as wide as vectors, or as `panel` says."""
    return Matrix(
        network.weights[network.weight_offsets[l] :],
        network.units[l],
        network.units[l + 1],
        network.padded[l],
        network.panel_columns[l],
        panel,
    )


def activations_of(network: Network, l: Index | int) -> Memory:
    """Return the memory that begins with a_l."""
    return network.activations[network.unit_offsets[l] :]


def steps_of(network: Network, l: Index | int) -> Slots:
    """Return the slots of s_l."""
    stride = network.unit_offsets[network.units.size]
    return Slots(network.steps[network.unit_offsets[l] :], stride)


class InputList(NamedTuple):
    """A list of inputs, of one sample or of a block, from start to end; see `inputs.Inputs`."""

    values: Memory
    offsets: Memory
    start: Index
    end: Index


def list_of(inputs: Lists, number: Index) -> InputList:
    """Return one of the lists of inputs."""
    return InputList(
        inputs.values, inputs.offsets, inputs.starts[number], inputs.starts[number + 1]
    )
