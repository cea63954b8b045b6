"""Where a block of samples and the matrices lie in the buffers of a perceptron."""

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

from bp_numba.kernels.outputs import Outputs
from bp_numba.kernels.places import InputList, Matrix, Slots, Turned
from bp_numba.kernels.products import Tiles
from bp_numba.kernels.variants import compiled_variant
from bp_numba.simd.arithmetic import first_lanes
from bp_numba.simd.loops import loop
from bp_numba.simd.memory import Memory
from bp_numba.simd.values import Index

Call: TypeAlias = Any
"""A `calls.Batches` as operations see it."""


class Block(NamedTuple):
    """Some samples of a call: from number `start` of its order on, and how many.

    There is room for `size`. If that is one, vectors hold outputs, else samples.
    """

    call: Call
    start: Index
    samples: Index
    size: Index
    tiles: Tiles
    is_single: bool = False

    def number(self, t: Index) -> Index:
        """Return the number of sample t."""
        return self.call.samples.order[self.start + t]

    def slots(self, memory: Memory, l: Index | int) -> Slots:
        """Return the slots of a layer below the last in the activations or deltas."""
        network = self.call.network
        return Slots(memory[network.slot_offsets[l] :], network.padded[l])

    def outputs(self, memory: Memory) -> Turned:
        """Return those of the last layer."""
        offsets = self.call.network.slot_offsets
        return Turned(memory[offsets[offsets.size - 2] :], self.size)

    def lists(self) -> Iterator[tuple[Index, InputList]]:
        """Yield, for a loop over the samples, each with the list of its inputs."""
        data = self.call.samples
        for t in loop(0, self.samples):
            n = self.number(t)
            yield t, InputList(data.X, data.offsets, data.starts[n], data.starts[n + 1])

    def outputs_by_lanes(self) -> Iterator[Outputs]:
        """Yield the outputs of as many samples as vectors hold, of a single one alone."""
        weights = self.call.samples.weights
        if self.is_single:
            number = self.number(self.samples.constant(0))
            yield self._outputs(self.samples.constant(0), [number], weights.broadcast(number))
            return
        for t in loop(0, self.samples, weights.lanes):
            lanes = [(t + r).at_most(self.samples - 1) for r in range(weights.lanes)]
            numbers = [self.number(lane) for lane in lanes]
            weight = first_lanes(weights.gather(numbers), self.samples - t)
            yield self._outputs(t, numbers, weight)

    def _outputs(self, t: Index, numbers: list[Index], weight: Any) -> Outputs:
        network = self.call.network
        a, deltas = (self.outputs(m).memory[t:] for m in (network.activations, network.deltas))
        last = network.units.size - 1
        units = network.units[last]
        return Outputs(
            a=a,
            deltas=deltas,
            stride=self.size,
            targets=self.call.samples.targets,
            row=network.padded[last] if self.is_single else units,
            units=units,
            numbers=numbers,
            there=self.samples - t,
            weight=weight,
        )


def matrix_of(memory: Memory, network: Any, l: Index | int) -> Matrix:
    """Return a matrix but the last in a memory of the layout of the weights."""
    columns = network.padded[network.units.size.constant(l) + 1]
    memory = memory[network.weight_offsets[l] :]
    return Matrix(memory, network.units[l], columns, network.rows[l], columns)


def last_matrix(memory: Memory, network: Any) -> Matrix:
    """Return the last one, transposed as it lies there."""
    below = network.units.size - 2
    outputs, columns = network.units[below + 1], network.padded[below]
    return Matrix(memory[network.weight_offsets[below] :], outputs, columns, outputs, columns)


def biases_of(memory: Memory, network: Any, l: Index | int) -> Memory:
    """Return the memory that begins with the intercepts of layer l + 1."""
    return memory[network.intercept_offsets[l] :]


def first_layer() -> int:
    """Return the first layer whose activations have slots: sparse inputs stay where they are."""
    return 1 if compiled_variant().inputs == "sparse" else 0
