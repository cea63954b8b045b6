"""Real numbers as people write them: Python's, NumPy's, fractions, arrays without dimensions."""

import math
from numbers import Real
from typing import Any

import numpy as np

REALS: Any = (int, float, np.bool_, Real)  # an abstract class alone would say it, but takes long


def is_real(value: Any) -> bool:
    """Tell if a value is a real number; NumPy calls its times integers, which are none."""
    return isinstance(value, REALS) and not isinstance(value, np.timedelta64)


def without_dimensions(value: Any) -> Any:
    """Return what an array without dimensions holds, and anything else as it is."""
    return value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value


def as_float(value: Any) -> float | None:
    """Return a real number as a float, infinite where it is beyond those; None if it is none."""
    number = without_dimensions(value)
    if not is_real(number):
        return None
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def described(value: Any, array: Any) -> str:
    """Say what someone passed in place of numbers: `value`, of which NumPy makes `array`."""
    if isinstance(array, np.ndarray):
        return f"{type(value).__name__} with dtype {array.dtype} and shape {array.shape}"
    return f"{type(value).__name__} {value!r:.60}"
