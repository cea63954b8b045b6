"""What the kernels need to work on a user's own matrices: checked once, kept for each thread.

A call for one sample takes microseconds, of which looking at the matrices again would take most.
So those of the last call are remembered, and held: as long as they are, an array that is the same
object, with the same shape and flags, has its data at the same address.
"""

import threading
import weakref
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from bp_numba.kernels.calls import OneSample, prediction_call
from bp_numba.kernels.layout import flat_network, units_of
from bp_numba.simd.arrays import Array, address, address_table, aligned_zeros
from bp_numba.simd.width import vector_width
from bp_numba.training.choice import for_call

FEW = 32
"""Rows up to which copying samples takes less time than asking for their address."""


class Scratch:
    """Buffers and tables for networks of one shape, and the matrices used last.

    Parameters
    ----------
    matrices : list of L arrays
        Plain, writable, C-contiguous, native float64 arrays that chain and share no memory.

    Attributes
    ----------
    units : list of L + 1 ints
        Length of each layer's activation vector, bias unit included.
    one, many : int
        Addresses of the tables of a `calls.OneSample` and of a `calls.Prediction`.
    x, y : arrays of shape (units[0],) and (units[L],)
        The first activations of the network, and the target.
    inputs : array of shape (units[0] - 1,)
        x without the 1 of the bias.
    samples, targets : sets of tuples
        Shapes that a sample and a target may have.
    outputs : array of shape (1, units[L])
        Its last activations.
    X, Y : arrays of size FEW * units[0], flat, and of shape (FEW, units[L])
        Room for up to `FEW` samples and their outputs.
    few : tuple of two ints
        Their addresses.
    """

    _held: list[tuple[Array, tuple[int, ...], Any]]

    def __init__(self, matrices: list[Array]) -> None:
        self.units = units = units_of(matrices)
        self._addresses = np.empty((len(matrices), 2), dtype=np.int64)
        self.hold(matrices)

        network = flat_network(units, [False] * len(matrices), vector_width())
        network = network._replace(weights=aligned_zeros(0))  # they stay where they are
        target = aligned_zeros(int(network.padded[-1]))
        self._one = OneSample(network=network, target=target, matrices=self._addresses)
        self._one_table = address_table(self._one)
        self.one = address(self._one_table)
        self.x = network.activations[: units[0]]
        self.inputs = self.x[:-1]
        self.outputs = network.activations[network.unit_offsets[-2] :][np.newaxis, : units[-1]]
        self.y = target[: units[-1]]
        self.samples, self.targets = shapes_of_one(units[0], units[-1])

        self._many = prediction_call(units, self._addresses, vector_width())
        self._many_table = address_table(self._many)
        self.many = address(self._many_table)
        self.X, self.Y = np.empty(FEW * units[0]), np.empty((FEW, units[-1]))
        self.few = address(self.X), address(self.Y)

    def hold(self, matrices: list[Array]) -> None:
        """Remember the matrices, of the shapes of this scratch space."""
        # NumPy refuses to `resize` an array with weak references, even without `refcheck`: there
        # and back again, it would have the same shape at another address.
        self._pins = [weakref.ref(w) for w in matrices]
        self._addresses[...] = address_table(matrices)
        self._held = [(w, w.shape, w.dtype) for w in matrices]

    def holds(self, W: Sequence[Array]) -> bool:
        """Tell if W are the matrices used last, and still as they were."""
        if len(W) != len(self._held):
            return False
        for w, (held, shape, dtype) in zip(W, self._held):  # noqa: B905 as long as each other
            if w is not held or w.shape != shape or w.dtype is not dtype or not w.flags.carray:
                return False
        return True


def shapes_of_one(inputs: int, outputs: int) -> tuple[set[tuple[int, ...]], set[tuple[int, ...]]]:
    """Return the shapes that a sample, with the 1 of the bias, and its target may have."""
    return {(inputs,), (1, inputs)}, {(outputs,), (1, outputs), (1,), (1, 1), ()}


class _Local(threading.local):
    last: Scratch | None = None


local = _Local()
"""The scratch space that this thread used last."""


def scratch_for(W: Any) -> Scratch | None:
    """Return scratch space that holds the matrices of W, or None if kernels cannot work on them.

    The caller puts it back as `local.last` when its call has ended. Meanwhile a signal handler that
    predicts gets its own, and an interrupt leaves none that is half written.
    """
    scratch = local.last
    local.last = None
    if scratch is not None and scratch.holds(W):
        return scratch
    matrices = list(W) if isinstance(W, Iterable) else []
    if for_call(matrices) is not None:
        return None
    units = units_of(matrices)
    if scratch is not None and scratch.units == units:
        scratch.hold(matrices)
    else:
        scratch = Scratch(matrices)
    return scratch
