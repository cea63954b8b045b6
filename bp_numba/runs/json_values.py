"""What JSON can hold: a copy of it, and checks of values read from JSON text.

The checks take whatever JSON can hold, and never raise.
"""

from itertools import pairwise
from typing import Any


def is_count(value: Any) -> bool:
    """Tell if it is an integer that is not negative; True and False are none."""
    return type(value) is int and value >= 0


def is_number(value: Any) -> bool:
    """Tell if it is an integer or a float, NaN and infinity included."""
    return type(value) in (int, float)


def are_numbers(value: Any) -> bool:
    """Tell if it is a list of integers and floats."""
    return isinstance(value, list) and all(map(is_number, value))


def are_layers(value: Any) -> bool:
    """Tell if it is a list of two or more positive integers."""
    return isinstance(value, list) and len(value) >= 2 and all(n and is_count(n) for n in value)


def are_chained_shapes(value: Any) -> bool:
    """Tell if it is a list of pairs, each with as many rows as the one before has columns."""
    pairs = isinstance(value, list) and all(
        isinstance(shape, list) and len(shape) == 2 and all(map(is_count, shape)) for shape in value
    )
    return pairs and len(value) > 0 and all(a[1] == b[0] for a, b in pairwise(value))


def json_copy(value: Any) -> Any:
    """Return a copy with new dicts and lists, as they are once written to JSON text and read.

    Raises
    ------
    TypeError
        If JSON cannot hold it.
    """
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list | tuple):
        return [json_copy(item) for item in value]
    if not isinstance(value, dict):
        raise TypeError(f"{type(value).__name__} {value!r:.60} is not JSON serializable")
    for key in value:
        if not (key is None or isinstance(key, str | int | float)):
            raise TypeError(f"key {key!r:.60} is not JSON serializable")
    return {key: json_copy(item) for key, item in value.items()}
