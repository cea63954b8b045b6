"""The learning rate of each of Adam's updates."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

AHEAD = 1_000
"""Updates whose rates are computed beyond those that are asked for, from the second time on."""


class AdamRates:
    """The learning rates that scikit-learn's `AdamOptimizer` has in the updates to come.

    Many are computed at a time: the few of each epoch, one by one, took NumPy a tenth of the time
    that epochs of some hundred samples take.
    """

    def __init__(self, optimizer: Any) -> None:
        self._optimizer = optimizer
        self._settings: Any = None
        self._first, self._rates = 0, np.zeros(0)

    def of(self, updates: range | NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the rates of updates, which are counted from 1; 0 has the rate of the first.

        Parameters
        ----------
        updates : range or (n,) array of int
            Their numbers, in ascending order, n at least 1.
        """
        adam, first, last = self._optimizer, int(updates[0]), int(updates[-1])
        settings = adam.learning_rate_init, adam.beta_1, adam.beta_2
        is_known = self._first <= first and last < self._first + len(self._rates)
        if not is_known or settings != self._settings:
            ahead = AHEAD if len(self._rates) else 0  # `partial_fit` asks once
            self._first, self._settings = first, settings
            self._rates = _rates(np.arange(first, last + 1 + ahead), *settings)
        if isinstance(updates, range):
            return self._rates[first - self._first : last + 1 - self._first]
        return self._rates[updates - self._first]


def _rates(t: NDArray[np.intp], initial: float, beta_1: float, beta_2: float) -> Any:
    t = np.maximum(t, 1)
    # Powers of Python's floats say nothing when they vanish. NumPy 1 takes a state that is its
    # default, as `under` alone would be, for the end of another thread's.
    with np.errstate(over="ignore", under="ignore"):
        return initial * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
