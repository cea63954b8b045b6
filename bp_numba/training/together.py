"""Changes of several arrays that no signal handler comes between.

Python handles signals between two of its bytecodes. If one raised between the changes of two
matrices, new weights of one would stay beside old weights of another. So all of them are changed in
one call into C.
"""

import operator
from collections import deque
from collections.abc import Callable, Iterable
from itertools import chain, repeat
from typing import Any

import numpy as np

_assign: Callable[..., None] = operator.setitem


def copy_each(targets: Iterable[Any], sources: Iterable[Any]) -> None:
    """Copy arrays to as many others of the same shapes."""
    deque(map(_assign, targets, repeat(...), sources), maxlen=0)


def add_each(targets: list[Any], updates: list[Any]) -> None:
    """Add arrays to as many others of the same shapes."""
    deque(map(np.add, targets, updates, targets), maxlen=0)


def exhaust(*iterators: Iterable[Any]) -> None:
    """Go through iterators of C, as `map` of a function of C is, one after the other."""
    deque(chain(*iterators), maxlen=0)


def in_turn(*calls: Callable[[], Any]) -> None:
    """Call functions of C one after the other, as what a kernel does and the count of it."""
    deque(map(operator.call, calls), maxlen=0)
