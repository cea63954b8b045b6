"""Overflows in kernels, told as NumPy tells its own."""

from math import isfinite
from typing import Any

import numpy as np


class Overflows:
    """Tells of the first overflow of a run, as NumPy's error state (`np.errstate`) wants it.

    Kernels compute in silence where scikit-learn's code, which is NumPy's, warns or raises.

    Parameters
    ----------
    weights : array
        Before the run: what is not finite from the beginning has not overflowed.
    """

    def __init__(self, weights: Any) -> None:
        self._may_be_told = bool(np.isfinite(weights).all())

    def look(self, loss: Any, weights: Any) -> None:
        """Tell if there has been one, where a loss and weights, or a gradient, have come out.

        Raises
        ------
        FloatingPointError
            If there has been one, and the error state says so.
        """
        # A loss may be NaN for other reasons: Poisson's is for targets below 0.
        if isfinite(loss) or not self._may_be_told:
            return
        if np.isinf(loss) or not np.isfinite(weights).all():
            self._may_be_told = False
            np.square(np.finfo(np.float64).max)
