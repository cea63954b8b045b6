"""The sigmoid on arrays, as `kernels.sigmoid` has it on vectors."""

from typing import Any

import numpy as np

from bp_numba.kernels.calls import Activation
from bp_numba.simd.arrays import Floats, address_table
from bp_numba.training import choice

MANY = 16384
"""Elements from which on the compiled sigmoid is used rather than NumPy's."""

NANOSECONDS = 8
"""What an element takes in NumPy, roughly."""


def sigmoid(net_inputs: Any, record: choice.HasWork) -> Any:
    """Return 1 / (1 + exp(-net_inputs)) for `MANY` elements, by the kernel if they are float64.

    The kernel's error is below 2.5 ulp, and where exp overflows it gives no warning.
    """
    if net_inputs.dtype == np.float64 and net_inputs.flags.c_contiguous:
        if (kernel := choice.ACTIVATE.kernel(record)) is not None:
            return _activated(kernel, net_inputs)
        choice.ACTIVATE.charge(record, NANOSECONDS * net_inputs.size)
    return 1.0 / (1.0 + np.exp(-net_inputs))


def _activated(kernel: Any, net_inputs: Floats) -> Floats:
    outputs = np.empty_like(net_inputs)
    table = address_table(Activation(net_inputs=net_inputs, outputs=outputs))
    kernel(table.ctypes.data)
    return outputs
