"""Networks of the same layers, trained together, each in a lane of a vector."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import accumulate, pairwise
from operator import setitem
from time import perf_counter
from typing import Any

import numpy as np

from bp_numba.kernels.lanes import in_groups, lanes
from bp_numba.kernels.layout import units_of
from bp_numba.many.listed import Listed, Measured, is_measurable
from bp_numba.many.members import Member
from bp_numba.many.tasks import Order, Task
from bp_numba.native import loading
from bp_numba.simd.arrays import Array, Floats, address, address_table
from bp_numba.simd.width import NARROWEST, widest
from bp_numba.training.choice import for_fit
from bp_numba.training.known_units import KnownUnits
from bp_numba.training.run import Run
from bp_numba.training.together import in_turn
from bp_numba.training.trainer import SLICE_SECONDS

MOST_BYTES = 6144
"""Of the weights of a vector of networks, 192 numbers of each on AVX2 (`python -m bench --case
'many-*'`). The larger networks are, the less is won, and a single one loses: of 8-12-4, with 169
weights, 64 took 0.43 times as long as by the kernels for one, and a single one 1.96 times; of
8-16-4, with 221, a single one took 2.04 times as long. On AVX-512 (Zen 4) that is 96 numbers: of
8-8-1, with 81 weights, 64 took 0.22 times as long, a single one 1.5 times."""

HERE = ("_table", "_for_any_units", "_listed", "_measured")
"""What has addresses in it, and is made anew in another process."""

FIRST_SLICE = 1_000_000
"""Weights times samples of all vectors in the first slice, before the speed is known."""


def suits(member: Member) -> bool:
    """Tell if lanes are built for a network: by its layers and samples, and the CPU."""
    if member.is_bound:
        return False
    matrices, outputs = member.network.W, member.outputs
    return (
        sum(w.size for w in matrices) * widest() * 8 <= MOST_BYTES
        and all(w.dtype == np.float64 for w in matrices)
        and is_measurable(member.samples, outputs)
        and (member.watched is None or is_measurable(member.watched, outputs))
    )


def lanes_for(networks: int) -> int:
    """Return the lanes of the vectors that so many networks are trained in; it changes no bit.

    A few take shorter ones: a single one of 8-8-1 takes 0.66 times as long so on AVX-512 (Zen 4;
    `python -m bench --case many-8-8-1-1`).
    """
    return NARROWEST if networks <= NARROWEST else widest()


def has_kernel(has_own: bool, width: int) -> bool:
    """Tell if there is a kernel, which is waited for; if there should be and is not, it warns."""
    return for_fit(_name(has_own), width).kernel is not None


def _name(has_own: bool) -> str:
    return "train_on_own" if has_own else "train_on_shared"


class InLanes(Task):
    """Train networks in lanes.

    Their weights are copied to the lanes when the task is made, and back when it is delivered.
    """

    def __init__(self, members: list[Member], epoch: int, width: int) -> None:
        super().__init__(members, epoch)
        self._width = width
        self._run: Run | None = None
        self._is_shared = not members[0].has_own
        if self._is_shared:
            self._sets = self._sets[:1]
        units = units_of(members[0].network.W)
        self._known_units = KnownUnits(_name(not self._is_shared), units, self._width)
        self._many = lanes(units, len(members), self._width)
        self._many.rates[: len(members)] = [float(member.network.alpha) for member in members]
        self._steps = max(1, FIRST_SLICE // max(1, self._many.weights.size // self._width))
        weights = np.zeros((self._many.rates.size, self._many.weight_offsets[-1]))
        for l, part in enumerate(self._by_layer(weights)):
            matrices = np.concatenate([member.network.W[l] for member in members])
            part[: len(members)] = matrices.reshape(len(members), -1)
        ends = accumulate(group.shape[1] for group in self._groups())
        for group, of_group in zip(self._groups(), np.split(weights, [*ends]), strict=False):
            group[...] = of_group.T

    def _groups(self) -> list[Floats]:
        """Return views of the weights, of shape (elements, networks side by side)."""
        return in_groups(self._many.weights, self._many.rates.size // self._width, self._width)

    def _by_layer(self, weights: Floats) -> list[Floats]:
        """Return for each layer a view of weights of shape (networks, elements)."""
        ends = pairwise(self._many.weight_offsets.tolist())
        return [weights[:, start:end] for start, end in ends]

    def _pairs(self) -> Iterator[tuple[Array, Array]]:
        weights = np.concatenate([group.T for group in self._groups()])
        for l, part in enumerate(self._by_layer(weights)):
            matrices = [member.network.W[l] for member in self.members]
            yield from zip(matrices, part.reshape(-1, *matrices[0].shape), strict=False)

    def __getstate__(self) -> dict[str, Any]:
        """Leave behind what is `HERE`."""
        return super().__getstate__() | dict.fromkeys(HERE)

    def _prepare(self, order: Order) -> None:
        self._run = order.run
        self._table = address_table(self._many)
        self._for_any_units = loading.load(_name(not self._is_shared), self._width)
        how = self._is_shared, int(self._many.units[-1]), self._width
        samples = [samples for samples, _ in self._sets]
        watched = [watched for _, watched in self._sets if watched is not None]
        self._listed = Listed.of(samples, *how)
        self._measured = [Measured.of(samples, self._listed, *how)]
        if watched:
            self._measured.append(Measured.of(watched, None, *how))

    def _train(self, order: Order) -> None:
        n, started = self._listed.size, perf_counter()
        stop, _ = order.run.next_stop(self.epoch)
        if n <= self._steps and not self.done[1]:
            epochs = min(min(stop, order.until) - self.epoch, self._steps // n)
            steps = epochs * n
            self._go_on(0, steps, (self.epoch + epochs, 0))
        else:
            steps = self._train_part(n)
        seconds = perf_counter() - started
        if self._steps < 2 * steps:
            self._steps = max(1, int(steps * min(2.0, SLICE_SECONDS / max(seconds, 1e-9))))
        self._known_units.trained(seconds)
        self._measure(order.run, seconds)

    def _train_part(self, n: int) -> int:
        """Train on a part of an epoch; until it is whole, the weights before it are kept."""
        if not self.done[1]:
            self._whole = self._many.weights.copy()
        first = int(self.done[1])
        count = min(self._steps, n - first)
        at = first + count
        self._go_on(first, count, (self.epoch + at // n, at % n))
        return count

    def _kernel(self) -> Callable[..., int]:
        """Return the kernel for these units, if it is there, or for any, with the networks."""
        return partial(self._known_units.kernel() or self._for_any_units, address(self._table))

    def _go_on(self, first: int, count: int, done: tuple[int, int]) -> None:
        """Train, and note what is done, before any signal is handled."""
        train = partial(self._kernel(), self._listed.table, first, count, 1)
        # From an array: where NumPy reads a tuple, it looks for signals.
        in_turn(train, partial(setitem, self.done, ..., np.array(done)))

    def _measure(self, run: Run, seconds: float = 0.0) -> None:
        """Note the losses where they are displayed, unless that is done."""
        epoch, known = self.epoch, max(self._delivered, *(p.epoch for p in self._points[-1:]), 0)
        if epoch > known and run.next_stop(epoch - 1) == (epoch, True):
            self._display(epoch, seconds, *map(self._losses, self._measured))

    def _losses(self, measured: Measured) -> Floats:
        errors, listed, measure = self._many.errors, measured.listed, self._kernel()
        errors.fill(0.0)
        for first in range(0, listed.size, self._steps):
            measure(listed.table, first, min(self._steps, listed.size - first), 0)
        return measured.scales * errors[: self._count] + measured.rests

    def _settle(self) -> None:
        if self.done[1]:
            self._many.weights[...] = self._whole
            self.done[1] = 0
        elif self._run is not None:
            self._measure(self._run)  # if an interrupt has come before
