"""Arrays for kernels, which are given their addresses: aligned, in tables; no Numba here."""

import ctypes
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]  # numpy.typing takes a millisecond to import
Floats: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
Reals: TypeAlias = np.ndarray[Any, np.dtype[np.floating[Any]]]
Offsets: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]

ALIGNMENT = 64
"""Bytes: a cache line, and the widest vector, so that no vector crosses a line. NumPy aligns to 16
only."""


def aligned_zeros(size: int, dtype: Any = np.float64) -> Any:
    """Return a one-dimensional array of zeros that begins at a multiple of `ALIGNMENT`."""
    length = size * np.dtype(dtype).itemsize
    buffer = np.zeros(length + ALIGNMENT, dtype=np.uint8)
    start = -address(buffer) % ALIGNMENT
    return buffer[start : start + length].view(dtype)


def aligned_parts(*sizes: int, dtype: Any = np.float64) -> list[Any]:
    """Return arrays of zeros of these sizes, aligned likewise, in one piece of memory."""
    unit = ALIGNMENT // np.dtype(dtype).itemsize
    ends = list(accumulate(-(-size // unit) * unit for size in sizes))
    whole = aligned_zeros(ends[-1], dtype)
    return [whole[start : start + size] for start, size in zip((0, *ends), sizes, strict=False)]


def address(array: Any) -> int:
    """Return where a contiguous array begins; for a writable one in a quarter of the time."""
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(array))
    except (TypeError, ValueError):
        return int(array.ctypes.data)


def address_table(arrays: Iterable[Any]) -> Offsets:
    """Return the addresses and sizes of contiguous arrays, which must outlive their use.

    Those of a NamedTuple come in the order of its fields, in which `tables.reader` reads them.
    """
    return np.array([(address(a), a.size) for a in each_array(arrays)], dtype=np.int64)


def each_array(arrays: Iterable[Any]) -> Iterator[Array]:
    """Yield the arrays of an iterable, and of NamedTuples in it."""
    for item in arrays:
        if isinstance(item, tuple):
            yield from each_array(item)
        else:
            yield item
