"""The sigmoid and its derivative on arrays, as `kernels.sigmoid` has them on vectors."""

from time import perf_counter
from typing import Any

import numpy as np

from bp_numba.kernels.calls import Activation
from bp_numba.simd.arrays import Floats, address_table
from bp_numba.training import choice

MANY = 16384
"""Elements from which on the compiled sigmoid is used rather than NumPy's."""


def sigmoid(net_inputs: Any) -> Any:
    """Return 1 / (1 + exp(-net_inputs)); many float64 elements by the compiled kernel.

    The kernel's error is below 2.5 ulp, and where exp overflows it gives no warning.
    """
    if not _suits_kernel(net_inputs):
        return 1.0 / (1.0 + np.exp(-net_inputs))
    if (kernel := choice.ACTIVATE.kernel()) is not None:
        return _activated(kernel, net_inputs)
    started = perf_counter()
    outputs = 1.0 / (1.0 + np.exp(-net_inputs))
    choice.ACTIVATE.charge(perf_counter() - started)
    return outputs


def derivative(a: Any) -> Any:
    """Return a (1 - a), the derivative of the sigmoid where its value is a."""
    return a * (1.0 - a)


def _suits_kernel(array: Any) -> bool:
    return bool(array.size >= MANY and array.dtype == np.float64 and array.flags.c_contiguous)


def _activated(kernel: Any, net_inputs: Floats) -> Floats:
    outputs = np.empty_like(net_inputs)
    table = address_table(Activation(net_inputs=net_inputs, outputs=outputs))
    kernel(table.ctypes.data)
    return outputs
