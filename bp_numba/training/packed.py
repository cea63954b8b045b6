"""A packed copy of the weights, which the training kernels work on."""

import math
import threading
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np

from bp_numba.kernels.calls import Training
from bp_numba.kernels.layout import flat_network, unpacked
from bp_numba.simd.arrays import Array, address, address_table, aligned_zeros
from bp_numba.training.known_units import KnownUnits
from bp_numba.training.listed import Listed
from bp_numba.training.plan import Plan
from bp_numba.training.together import copy_each

FEW = 10_000
"""Weights up to which OpenBLAS takes one thread for a product of two vectors: with 10,000 the CPU
time was the time taken, with 10,001 twice that."""


class Packed:
    """Buffers for weights of some shapes, and the calls of a kernel that trains them.

    The kernel for known units is used here, where it is known that the weights have these.

    Parameters
    ----------
    matrices : list of L arrays
        Of the shapes and types that are packed.
    plan : Plan
        Of which the kernel's name, its vectors and panels are taken.
    """

    def __init__(self, matrices: list[Array], plan: Plan) -> None:
        self._key, width, panel = _key(matrices, plan), plan.width, plan.panel
        units = [*map(len, matrices), matrices[-1].shape[1]]
        narrow = [w.itemsize == 4 for w in matrices]
        self._known_units = KnownUnits(plan.kernel, units, width)
        self._flat, self._errors = flat_network(units, narrow, width, panel), aligned_zeros(width)
        self._parts = self._flat.packed_parts(width, panel)
        self._packed = [part.packed for part in self._parts]
        self._training = address_table(Training(network=self._flat, errors=self._errors))
        self._table = address(self._training)

    def suits(self, matrices: list[Array], plan: Plan) -> bool:
        """Tell if matrices are of the same shapes and types, and the plan is alike."""
        return _key(matrices, plan) == self._key

    def pack(self, matrices: list[Array], kernel: Callable[..., int]) -> None:
        """Copy the matrices to the packed weights, for a kernel that takes any units."""
        self._kernel = self._known_units.kernel() or kernel
        self._started = perf_counter()
        self._unpacked = unpacked(matrices, self._parts)
        copy_each(self._packed, self._unpacked)

    def train(self, samples: Listed, first: int, count: int, alpha: float) -> None:
        """Train on `count` blocks of samples from number `first` on, round and round."""
        self._kernel(self._table, samples.table, first, count, 1, alpha)

    def measure(self, samples: Listed, first: int, count: int) -> None:
        """Add the squared errors of some blocks to those that `loss` returns."""
        self._kernel(self._table, samples.table, first, count, 0, 0.0)

    def loss(self) -> Any:
        """Return half the sum of the squared errors since the last call, and begin anew."""
        loss = np.float64(0.5 * sum(self._errors.tolist()))
        self._errors.fill(0.0)
        return loss

    def is_finite(self) -> bool:
        """Tell if all weights are; if not, the padding may not be zero, here and elsewhere."""
        weights = self._flat.weights
        # The fastest answer, for a few weights: of more, BLAS would use threads. `dot` warns of
        # squares that overflow, `vdot` does not.
        if weights.size <= FEW and math.isfinite(np.vdot(weights, weights)):
            return True
        return bool(np.isfinite(weights).all())

    def unpack(self) -> None:
        """Copy the weights back to the matrices that they came from, and let go of these."""
        copy_each(self._unpacked, self._packed)
        self._unpacked = []
        self._known_units.trained(perf_counter() - self._started)


class _Local(threading.local):
    last: Packed | None = None


local = _Local()
"""The buffers that this thread used last; the next run finds them if its weights are alike."""


def packed_for(matrices: list[Array], plan: Plan, kernel: Callable[..., int]) -> Packed:
    """Return buffers in which the matrices are packed, for a plan and its kernel.

    The caller puts them back as `local.last` when a slice has ended well. Meanwhile a signal
    handler that trains gets its own, and an interrupt leaves none that are half written.
    """
    packed, local.last = local.last, None
    if packed is None or not packed.suits(matrices, plan):
        packed = Packed(matrices, plan)
    packed.pack(matrices, kernel)
    return packed


def _key(matrices: list[Array], plan: Plan) -> list[Any]:
    return [plan.kernel, plan.width, [(w.shape, w.itemsize) for w in matrices]]
