"""A packed copy of the weights, which the training kernels work on."""

import threading
import weakref
from collections.abc import Callable
from operator import call, is_
from time import perf_counter
from typing import Any

import numpy as np

from bp_numba.kernels.calls import MEASURE, PACK, TRAIN, UNPACK, Training
from bp_numba.kernels.layout import flat_network, units_of
from bp_numba.simd.arrays import Array, address, address_table, aligned_zeros
from bp_numba.training.choice import is_plain
from bp_numba.training.known_units import KnownUnits
from bp_numba.training.listed import Listed
from bp_numba.training.plan import Plan
from bp_numba.training.together import copy_each


class Packed:
    """Buffers for weights of some shapes, and the calls of a kernel that trains them.

    The kernel for known units is used here, where it is known that the weights have these.

    Parameters
    ----------
    matrices : list of L arrays
        Of the shapes and types that are packed.
    plan : Plan
        Of which the kernel's name, its vectors, panels and tiles are taken.
    """

    def __init__(self, matrices: list[Array], plan: Plan) -> None:
        self._key, width = _key(matrices, plan), plan.width
        units = units_of(matrices)
        narrow = [w.itemsize == 4 for w in matrices]
        self._known_units = KnownUnits(plan.kernel, units, width)
        self._flat = flat_network(units, narrow, width, plan.panel, plan.tiled)
        self._errors = aligned_zeros(width)
        self._addresses = np.array([(0, w.size) for w in matrices], dtype=np.int64)
        self._training = address_table(
            Training(network=self._flat, errors=self._errors, matrices=self._addresses)
        )
        self._table = address(self._training)
        # Arrays packed last. While one is the same object its data is where it was: with a weak
        # reference NumPy refuses to `resize` it (see `scratch`). Addresses take longer to ask for.
        self._pins: list[Callable[[], Any]] = [lambda: None] * len(matrices)

    def suits(self, matrices: list[Array], plan: Plan) -> bool:
        """Tell if matrices are of the same shapes and types, and the plan is alike."""
        return _key(matrices, plan) == self._key

    def pack(self, matrices: list[Array], kernel: Callable[..., int]) -> None:
        """Copy the matrices to the packed weights, for a kernel that takes any units."""
        self._kernel = self._known_units.kernel() or kernel
        self._started, self._matrices = perf_counter(), matrices
        self._plain = matrices
        if not all(map(is_plain, matrices)):
            self._plain = [np.array(w, np.float64, order="C") for w in matrices]
        if not all(map(is_, map(call, self._pins), self._plain)):
            self._addresses[:, 0] = [*map(address, self._plain)]
            self._pins = [*map(weakref.ref, self._plain)]
        self._kernel(self._table, self._table, 0, 0, PACK, 0.0)

    def train(self, samples: Listed, first: int, count: int, alpha: float) -> None:
        """Train on `count` blocks of samples from number `first` on, round and round."""
        self._kernel(self._table, samples.table, first, count, TRAIN, alpha)

    def measure(self, samples: Listed, first: int, count: int) -> None:
        """Add the squared errors of some blocks to those that `loss` returns."""
        self._kernel(self._table, samples.table, first, count, MEASURE, 0.0)

    def loss(self) -> Any:
        """Return half the sum of the squared errors since the last call, and begin anew."""
        loss = np.float64(0.5 * sum(self._errors.tolist()))
        self._errors.fill(0.0)
        return loss

    def unpack(self) -> bool:
        """Copy the weights back to the matrices that they came from, and let go of these.

        Returns
        -------
        bool
            False if some are infinite or NaN: then the padding may not be zero, here and elsewhere,
            and the matrices are as they were.
        """
        is_finite = self._kernel(self._table, self._table, 0, 0, UNPACK, 0.0) != 0
        if is_finite and self._plain is not self._matrices:
            copy_each(self._matrices, self._plain)
        if is_finite:
            self._known_units.trained(perf_counter() - self._started)
        self._matrices = self._plain = []
        return is_finite


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
