"""Numbers moved and divided for a network, and back, without overflow however large they are."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

SCALES = ("minmax", "standard", "none")

LARGE = 1e100
"""Scaled numbers are at most so large: infinity times a weight of 0 would be no number."""

_PLAIN = 2.0**-500, 2.0**500
"""Between these, sums of squares neither overflow nor vanish."""


class Scaling(NamedTuple):
    """A number becomes (number * factor - offset) / divisor.

    The factor is a power of two, so that it rounds nothing: 1 but for numbers so large or so
    small that their squares or differences would be none.
    """

    factor: float = 1.0
    offset: float = 0.0
    divisor: float = 1.0

    def apply(self, numbers: Numbers) -> Numbers:
        """Return the scaled numbers, a new array."""
        scaled = self.move(numbers)
        with np.errstate(over="ignore", under="ignore"):
            scaled /= self.divisor
        return np.clip(scaled, -LARGE, LARGE, out=scaled)

    def move(self, numbers: Numbers) -> Numbers:
        """Return the numbers before they are divided, a new array."""
        with np.errstate(over="ignore", under="ignore"):
            moved: Numbers = numbers * self.factor
            moved -= self.offset
        return moved

    def undo(self, scaled: Numbers) -> Numbers:
        """Return the numbers again, at most as large as a float can be."""
        with np.errstate(over="ignore", under="ignore"):
            numbers: Numbers = (self.offset + scaled * self.divisor) / self.factor
        return np.clip(numbers, -np.finfo(float).max, np.finfo(float).max, out=numbers)

    def value(self, scaled: float) -> float:
        """Return one number again."""
        return float(self.undo(np.array([scaled]))[0])


def fit_scaling(numbers: Numbers, scale: str) -> Scaling:
    """Return the scaling of finite numbers by one of `SCALES`.

    "minmax" makes the lowest 0 and the highest 1, "standard" the mean 0 and the standard
    deviation 1. Of equal numbers the offset is their value and the divisor 1.
    """
    if scale == "none":
        return Scaling()
    factor = fit_factor(numbers)
    with np.errstate(over="ignore", under="ignore"):
        values = numbers if factor == 1 else numbers * factor
    lowest, highest = values.min(), values.max()
    if scale == "minmax" or lowest == highest:
        offset, divisor = lowest, highest - lowest
    else:
        offset, divisor = values.mean(), values.std()
    # The deviation of equal numbers is often a little above 0, by rounding.
    return Scaling(factor, float(offset), float(divisor) or 1.0)


def fit_factor(*arrays: Numbers) -> float:
    """Return the power of two that brings the largest of all to about 1, or 1 if none need be."""
    largest = max((float(np.abs(numbers).max()) for numbers in arrays if numbers.size), default=0)
    if largest == 0 or _PLAIN[0] < largest < _PLAIN[1]:
        return 1.0
    return float(2.0 ** min(-np.frexp(largest)[1], 1000))
