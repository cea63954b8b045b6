"""Groups of networks in lanes as the kernels read them, and their samples; see `lanes`."""

from collections.abc import Iterable, Iterator
from itertools import cycle, repeat
from typing import Any, NamedTuple, TypeAlias

from bp_numba.kernels.lanes import TOGETHER, most_vectors
from bp_numba.kernels.variants import known_units
from bp_numba.simd.arithmetic import fma, where_greater
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
    """So many vectors of networks side by side, from number `first` on."""

    many: Lanes
    first: Index
    size: int

    @classmethod
    def all(cls, many: Lanes) -> Iterator["Group"]:
        """Yield, for loops, groups of all vectors, as large as they can be."""
        done, size = Registers([many.rates.size.constant(0)]), most_vectors(known_units())
        while size:
            for q in loop(done.values[0], many.rates.size // many.rates.lanes - (size - 1), size):
                yield cls(many, q, size)
                done.values = [q + size]
            size //= 2

    def tiles(self, end: Index) -> Iterator[tuple[Index, int]]:
        """Yield, for loops, numbers below the end, and how many units from each on go together."""
        done = Registers([end.constant(0)])
        for count in dict.fromkeys((max(1, TILE // self.size), 1)):
            for number in loop(done.values[0], end - (count - 1), count):
                yield number, count
                done.values = [number + count]

    def matrix(self, l: Index | int) -> "Matrix":
        """Return W_l."""
        units, offsets = self.many.units, self.many.weight_offsets
        l = offsets.size.constant(l)
        weights = self.part(self.many.weights, offsets[offsets.size - 1]).after(offsets[l])
        return Matrix(weights, units[l], units[l + 1])

    def slots(self, scratch: Memory, l: Index | int) -> "Slots":
        """Return the activations or steps of layer l."""
        offsets = self.many.unit_offsets
        return self._slots(scratch, offsets[offsets.size - 1]).after(offsets[l])

    def part(self, memory: Memory, per_network: Index | int) -> "Slots":
        """Return what a memory of so many elements for each network has for this group."""
        begin = self.first * per_network * memory.lanes
        return self._slots(memory[begin:], per_network)

    def _slots(self, memory: Memory, per_network: Index | int) -> "Slots":
        together = min(self.size, TOGETHER)
        apart = self.first.constant(per_network) * (together * memory.lanes)
        return Slots(memory, self.size, together, apart)


class Slots(NamedTuple):
    """Elements of the networks of a group.

    Attributes
    ----------
    memory : Memory
        Of the first element the vectors that lie together, then those of the next.
    vectors, together : int
        How many there are, and how many of them lie together.
    apart : Index
        How far it is to the same element of the next that lie together.
    """

    memory: Memory
    vectors: int
    together: int
    apart: Index

    def after(self, count: Index | int) -> "Slots":
        """Return those after so many elements."""
        begin = count * (self.together * self.memory.lanes)
        return self._replace(memory=self.memory[begin:])

    def places(self, element: Index | int, count: int = 1) -> list[Index]:
        """Return where the vectors of so many elements are."""
        v, together = self.memory.lanes, self.together
        return [
            self.apart * (k // together) + ((element + c) * together + k % together) * v
            for c in range(count)
            for k in range(self.vectors)
        ]

    def load(self, element: Index | int, count: int = 1) -> Vectors:
        """Return the vectors of so many elements."""
        return [self.memory.load(at) for at in self.places(element, count)]

    def one_by_one(self, element: Index | int) -> Iterator[Vector]:
        """Load the vectors of an element when they are asked for: all would take many registers."""
        return map(self.memory.load, self.places(element))

    def store(self, element: Index | int, values: Iterable[Vector], count: int = 1) -> None:
        """Write the vectors of so many elements, each as soon as it is computed."""
        for at, value in zip(self.places(element, count), values, strict=True):
            self.memory.store(at, value)


class Matrix(NamedTuple):
    """W_l of a group's networks, and its shape."""

    weights: Slots
    rows: Index
    columns: Index

    def places(self, i: Index, j: Index, rows: int = 1, columns: int = 1) -> list[Index]:
        """Return where W[i, j] and so on are: of rows and columns from there on one is one."""
        return [
            at
            for r in range(rows)
            for c in range(columns)
            for at in self.weights.places((i + r) * self.columns + j + c)
        ]

    def load(self, i: Index, j: Index, columns: int) -> Vectors:
        """Return W[i, j] and what is beside it in so many columns."""
        return self.weights.load(i * self.columns + j, columns)

    def update(self, at: Index, a: Vector, s: Vector) -> tuple[Vector, Vector]:
        """Change W_l[i, j] += a_l[i] s_{l+1}[j] at a place; return what was and what is there.

        One place after the other: weights of all, loaded together, would not fit into registers.
        """
        before = self.weights.memory.load(at)
        after = fma(a, s, before)
        self.weights.memory.store(at, after)
        return before, after


class Shared(NamedTuple):
    """A sample that all networks take."""

    X: Memory
    targets: Memory
    size: int

    @classmethod
    def of(cls, group: Group, samples: Samples, number: Index) -> "Shared":
        """Return the sample of that number."""
        units, last = group.many.units, group.many.units.size - 1
        X, targets = samples.X[number * (units[0] - 1) :], samples.targets[number * units[last] :]
        return cls(X, targets, group.size)

    def inputs(self, i: Index) -> Iterator[Vector]:
        """Return a_0[i]."""
        return repeat(self.X.broadcast(i), self.size)

    def target(self, j: Index) -> Iterator[Vector]:
        """Return y[j]."""
        return repeat(self.targets.broadcast(j), self.size)

    def only(self, values: Iterable[Vector], other: float) -> Iterable[Vector]:
        """Return the values."""
        return values


class Own(NamedTuple):
    """Each network's own sample; those that have none of this number stay as they are.

    For them targets and activations are 0 and steps -0: adding -0 changes no bit.
    """

    X: Slots
    targets: Slots
    present: Slots

    @classmethod
    def of(cls, group: Group, samples: Samples, number: Index) -> "Own":
        """Return the samples of that number."""
        units, n = group.many.units, samples.size[0] + 1
        inputs, outputs = units[0] - 1, units[units.size - 1]
        return cls(
            group.part(samples.X, n * inputs).after(number * inputs),
            group.part(samples.targets, n * outputs).after(number * outputs),
            group.part(samples.present, n).after(number),
        )

    def inputs(self, i: Index) -> Iterator[Vector]:
        """Return a_0[i]."""
        return self.X.one_by_one(i)

    def target(self, j: Index) -> Iterator[Vector]:
        """Return y[j]."""
        return self.targets.one_by_one(j)

    def only(self, values: Iterable[Vector], other: float) -> Iterable[Vector]:
        """Return the values, of one or several units, and `other` where a network has no sample."""
        pairs = zip(values, cycle(self.present.one_by_one(0)), strict=False)
        return (where_greater(present, 0.5, value, other) for value, present in pairs)


Sample: TypeAlias = Shared | Own
