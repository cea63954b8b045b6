"""Groups of vectors of networks in lanes, and the samples that they take; see `lanes`."""

from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Any, NamedTuple, TypeAlias

from bp_numba.simd.arithmetic import where_greater
from bp_numba.simd.loops import Registers, loop
from bp_numba.simd.memory import Memory
from bp_numba.simd.values import Index, Vector

Lanes: TypeAlias = Any
"""A `lanes.Lanes` as operations see it."""

Samples: TypeAlias = Any
"""A `lanes.LaneSamples` as operations see it."""

Vectors: TypeAlias = list[Vector]
"""One for each vector of networks side by side; of several units, the first unit's come first."""

TILE = 4
"""Sums that are taken at a time: of so many units where a vector of networks is by itself, which
takes half of the time then. With eight it took as long."""


class Group(NamedTuple):
    """Vectors of networks from number `first` on, as many as go side by side."""

    many: Lanes
    first: Index
    size: int

    def tiles(self, end: Index) -> Iterator[tuple[Index, int]]:
        """Yield, for loops, numbers below the end, and how many units from each on go together."""
        done = Registers([end.constant(0)])
        for count in dict.fromkeys((TILE // self.size, 1)):
            for number in loop(done.values[0], end - (count - 1), count):
                yield number, count
                done.values = [number + count]

    def matrix(self, l: Index | int) -> "Matrix":
        """Return W_l."""
        many, v = self.many, self.many.weights.lanes
        units, offsets = many.units, many.weight_offsets
        stride, l = offsets[offsets.size - 1], offsets.size.constant(l)
        begins = [(self.first + g) * stride + offsets[l] for g in range(self.size)]
        weights = [many.weights[begin * v :] for begin in begins]
        return Matrix(weights, units[l], units[l + 1])

    def slots(self, memory: Memory, l: Index | int) -> "Slots":
        """Return the activations or steps of layer l."""
        offset = self.many.unit_offsets[l] * (self.size * memory.lanes)
        return Slots(memory[offset:], self.size)

    def each(self, memory: Memory, per_network: Index | int = 1) -> list[Memory]:
        """Return for each vector the memory that begins with its part."""
        v = memory.lanes
        return [memory[(self.first + g) * per_network * v :] for g in range(self.size)]


class Slots(NamedTuple):
    """Vectors for each unit of a layer."""

    memory: Memory
    size: int

    def load(self, unit: Index, count: int = 1) -> Vectors:
        """Return those of so many units."""
        v = self.memory.lanes
        return [self.memory.load((unit * self.size + k) * v) for k in range(count * self.size)]

    def store(self, unit: Index, values: Sequence[Vector]) -> None:
        """Write those of as many units as there are values for."""
        for k, value in enumerate(values):
            self.memory.store((unit * self.size + k) * self.memory.lanes, value)


class Matrix(NamedTuple):
    """W_l of each vector of networks, and its shape."""

    weights: list[Memory]
    rows: Index
    columns: Index

    def places(self, i: Index, j: Index, rows: int, columns: int) -> list[tuple[Memory, Index]]:
        """Return where W[i, j] and so on are: of rows and columns from there on one is one."""
        v = self.weights[0].lanes
        return [
            (weights, ((i + r) * self.columns + j + c) * v)
            for r in range(rows)
            for c in range(columns)
            for weights in self.weights
        ]


class Shared(NamedTuple):
    """A sample that all networks take."""

    X: Memory
    targets: Memory
    size: int

    @classmethod
    def of(cls, group: Group, samples: Samples, number: Index) -> "Shared":
        """Return the sample of that number."""
        units, last = group.many.units, group.many.units.size - 1
        X, targets = samples.X[number * units[0] :], samples.targets[number * units[last] :]
        return cls(X, targets, group.size)

    def inputs(self, i: Index, count: int = 1) -> Vectors:
        """Return a_0[i] of so many units."""
        return [self.X.broadcast(i + c) for c in range(count) for _ in range(self.size)]

    def target(self, j: Index) -> Vectors:
        """Return y[j]."""
        return [self.targets.broadcast(j)] * self.size

    def only(self, values: Vectors, other: float) -> Vectors:
        """Return the values."""
        return values


class Own(NamedTuple):
    """Each network's own sample; those that have none of this number stay as they are.

    For them inputs, targets and activations are 0 and steps -0: adding -0 changes no bit.
    """

    X: list[Memory]
    targets: list[Memory]
    present: Vectors

    @classmethod
    def of(cls, group: Group, samples: Samples, number: Index) -> "Own":
        """Return the samples of that number."""
        units, n = group.many.units, samples.size[0]
        inputs, outputs, v = units[0], units[units.size - 1], samples.X.lanes
        X, targets = group.each(samples.X, n * inputs), group.each(samples.targets, n * outputs)
        return cls(
            [memory[number * inputs * v :] for memory in X],
            [memory[number * outputs * v :] for memory in targets],
            [memory.load(number * v) for memory in group.each(samples.present, n)],
        )

    def inputs(self, i: Index, count: int = 1) -> Vectors:
        """Return a_0[i] of so many units."""
        return [X.load((i + c) * X.lanes) for c in range(count) for X in self.X]

    def target(self, j: Index) -> Vectors:
        """Return y[j]."""
        return [targets.load(j * targets.lanes) for targets in self.targets]

    def only(self, values: Vectors, other: float) -> Vectors:
        """Return the values, of one or several units, and `other` where a network has no sample."""
        pairs = zip(values, cycle(self.present), strict=False)
        return [where_greater(present, 0.5, value, other) for value, present in pairs]


Sample: TypeAlias = Shared | Own
