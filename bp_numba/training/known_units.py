"""Kernels that are compiled for a network's own layers, once such networks have trained for long.

They give the same bits as those for any layers. So, unlike in `choice`, the clock may decide, and
whether a kernel is there already.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

from bp_numba.kernels.variants import for_units
from bp_numba.native import loading

LONG = 2.0
"""Seconds of training after which the kernel is compiled, in the background: as long as that takes,
on a CPU that is idle."""

MOST = 16_384
"""Weights up to which that is done: the first-level cache holds them, or nearly. On AVX2 XOR took
21% less time, 64-32-16-10 and 64-16-10 7 to 9%, 64-64-64-10 1 to 7%; 784-128-10 as long."""

_seconds: dict[str, float] = {}
"""How long the networks of this process have trained, by the name of the kernel for them."""


class KnownUnits:
    """The kernel for some layers, which is there or not.

    Parameters
    ----------
    base : str
        Name of the kernel for any layers.
    units : sequence of L + 1 ints
        Rows of each weight matrix, then the columns of the last.
    width : int
        Doubles in a vector.
    """

    def __init__(self, base: str, units: Sequence[int], width: int) -> None:
        self._name, self._width = for_units(base, units), width
        self._suits = sum(rows * columns for rows, columns in pairwise(units)) <= MOST

    def kernel(self) -> Callable[..., int] | None:
        """Return the kernel if it is there."""
        return loading.loaded(self._name, self._width) if self._suits else None

    def trained(self, seconds: float) -> None:
        """Count some more seconds of training; when they are enough, the kernel is ordered."""
        if self._suits:
            _seconds[self._name] = total = _seconds.get(self._name, 0.0) + seconds
            if total >= LONG:
                loading.order(self._name, self._width)
