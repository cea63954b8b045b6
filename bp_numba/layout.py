"""From the sizes of the layers to offsets, one flat aligned buffer, and matrix views on it.

A ragged list of weight matrices lies in one flat array of doubles. Matrix l has `units[l]` rows
and `units[l + 1]` columns; its rows are padded to `strides[l + 1]` doubles and their number to
`strides[l]`, both multiples of the vector length, so that kernels only ever move whole vectors.
It begins at `weight_offsets[l]`. Activations and deltas of layer l begin at `unit_offsets[l]` of
their own flat arrays. Padding holds zeros.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Offsets: TypeAlias = npt.NDArray[np.int64]

ALIGNMENT = 64
"""Bytes: a cache line, and the widest vector, so that no vector crosses a line. NumPy aligns to 16
only."""


class FlatNetwork(NamedTuple):
    """A network as the kernels see it: flat buffers and where each layer lies in them.

    Attributes
    ----------
    weights : (weight_offsets[L],) float64
        All matrices, one after the other.
    narrow : (L,) bool
        Which matrices their owner stores as float32, so that updates are rounded to it.
    activations, deltas : (unit_offsets[L + 1],) float64
        Scratch space of the kernels.
    units, strides : (L + 1,) int64
        Length of each layer's activation vector, bias unit included, without and with padding.
    unit_offsets : (L + 2,) int64
        Layer l owns `unit_offsets[l]:unit_offsets[l + 1]` of activations and deltas.
    weight_offsets : (L + 1,) int64
        Matrix l owns `weight_offsets[l]:weight_offsets[l + 1]` of weights.
    """

    weights: Floats
    narrow: Flags
    activations: Floats
    deltas: Floats
    units: Offsets
    strides: Offsets
    unit_offsets: Offsets
    weight_offsets: Offsets

    def matrices(self) -> list[Floats]:
        """Return the views of shape `(units[l], units[l + 1])` on the flat weights."""
        return [
            self.weights[start:end].reshape(-1, stride)[:rows, :columns]
            for (start, end), stride, (rows, columns) in zip(
                pairwise(self.weight_offsets),
                self.strides[1:],
                pairwise(self.units),
                strict=True,
            )
        ]


def flat_network(units: Sequence[int], narrow: Sequence[bool], lanes: int) -> FlatNetwork:
    """Return a zeroed network for the given layers.

    Parameters
    ----------
    units : sequence of L + 1 ints
        The number of rows of each weight matrix, then the number of columns of the last.
    narrow : sequence of L bools
        Which matrices are stored as float32.
    lanes : int
        Doubles in a vector; strides are multiples of it.
    """
    sizes = np.array(units, dtype=np.int64)
    strides = -(-sizes // lanes) * lanes
    unit_offsets = _offsets(strides)
    weight_offsets = _offsets(strides[:-1] * strides[1:])
    return FlatNetwork(
        weights=aligned_zeros(int(weight_offsets[-1])),
        narrow=np.array(narrow, dtype=np.bool_),
        activations=aligned_zeros(int(unit_offsets[-1])),
        deltas=aligned_zeros(int(unit_offsets[-1])),
        units=sizes,
        strides=strides,
        unit_offsets=unit_offsets,
        weight_offsets=weight_offsets,
    )


def padded_rows(rows: int, columns: int, lanes: int) -> Floats:
    """Return an aligned array of zeros whose rows hold `columns` doubles and their padding."""
    stride = -(-columns // lanes) * lanes
    return aligned_zeros(rows * stride).reshape(rows, stride)


def aligned_zeros(size: int) -> Floats:
    """Return a one-dimensional array of zeros that begins at a multiple of `ALIGNMENT`."""
    buffer = np.zeros(size * 8 + ALIGNMENT, dtype=np.uint8)
    start = -buffer.ctypes.data % ALIGNMENT
    return buffer[start : start + size * 8].view(np.float64)


def _offsets(sizes: Offsets) -> Offsets:
    return np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(sizes)))
