"""From the sizes of the layers to offsets and flat aligned buffers; no Numba here.

A ragged list of weight matrices lies in one flat array. Each matrix is cut into panels, one
vector of columns wide: the vectors of all rows of a panel follow each other, so that whoever
walks down a panel reads memory in order. Matrix l has `units[l]` rows and `units[l + 1]` columns;
rows are padded to whole vectors. With `v` lanes, element (i, j) of matrix l is at

    weight_offsets[l] + (j // v * padded[l] + i) * v + j % v

Columns that do not fill a panel, as the one of the bias unit beside 32 others, follow the panels
one by one, element (i, j) at

    weight_offsets[l] + j * padded[l] + i                                j >= units[l + 1] // v * v

But in the first matrix they make a panel with padding, unless it is one beside panels of `BLOCK`.
Padding holds zeros as long as all numbers are finite.
"""

import ctypes
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Floats: TypeAlias = npt.NDArray[np.float64]
Offsets: TypeAlias = npt.NDArray[np.int64]

ALIGNMENT = 64
"""Bytes: a cache line, and the widest vector, so that no vector crosses a line. NumPy aligns to 16
only."""

BLOCK = 8
"""Samples in a block. Four made 784-128-10 half as fast again slower and sixteen 3% faster there,
on AVX-512; sixteen made the digits 3% slower."""


class FlatNetwork(NamedTuple):
    """A network as the kernels see it: flat buffers and where each layer lies in them.

    Attributes
    ----------
    weights : (weight_offsets[L],) float64
        All matrices, one after the other.
    activations : (unit_offsets[L + 1],) float64
        Activations of one sample, scratch space of the kernels.
    steps : (BLOCK * unit_offsets[L + 1],) float64
        Scratch space for `-alpha * delta`, for each sample of a block.
    nets : (BLOCK * padded[1],) float64
        Scratch space for the net input of layer 1, for each sample of a block.
    narrow : (L,) int64
        1 for matrices that their owner stores as float32: each update is rounded to it.
    units, padded : (L + 1,) int64
        Length of each layer's activation vector, bias unit included, without and with padding.
        Layer 0 has at least one row of padding.
    unit_offsets : (L + 2,) int64
        Layer l owns `unit_offsets[l]:unit_offsets[l + 1]` of the activations, and of the steps of
        each sample.
    weight_offsets : (L + 1,) int64
        Matrix l owns `weight_offsets[l]:weight_offsets[l + 1]` of weights.
    """

    weights: Floats
    activations: Floats
    steps: Floats
    nets: Floats
    narrow: Offsets
    units: Offsets
    padded: Offsets
    unit_offsets: Offsets
    weight_offsets: Offsets

    def panels(self, matrices: Sequence[Array], lanes: int) -> list[tuple[Floats, Array]]:
        """Return pairs of views of equal shape: on the weights, and on matrices of these layers.

        Copying each second view to the first packs the matrices; the other way round unpacks them.
        """
        pairs: list[tuple[Floats, Array]] = []
        for l, matrix in enumerate(matrices):
            part = self.weights[self.weight_offsets[l] : self.weight_offsets[l + 1]]
            rows, columns, padded = *matrix.shape, int(self.padded[l])
            panels, rest = divmod(columns, lanes)
            whole, size = panels * lanes, panels * lanes * padded
            if whole:
                packed = part[:size].reshape(panels, padded, lanes)[:, :rows]
                # Splitting an axis never copies, whatever the strides.
                unpacked = matrix[:, :whole].reshape(rows, panels, lanes).transpose(1, 0, 2)
                pairs.append((packed, unpacked))
            if rest and l == 0 and not _has_single_column(columns, lanes):
                pairs.append((part[size:].reshape(padded, lanes)[:rows, :rest], matrix[:, whole:]))
            elif rest:
                pairs.append((part[size:].reshape(rest, padded)[:, :rows], matrix[:, whole:].T))
        return pairs


def flat_network(units: Sequence[int], narrow: Sequence[bool], lanes: int) -> FlatNetwork:
    """Return a zeroed network for the given layers.

    Parameters
    ----------
    units : sequence of L + 1 ints
        The number of rows of each weight matrix, then the number of columns of the last.
    narrow : sequence of L bools
        Which matrices are stored as float32.
    lanes : int
        Doubles in a vector.
    """
    sizes = np.array(units, dtype=np.int64)
    needed = sizes.copy()
    needed[0] += 1
    padded = -(-needed // lanes) * lanes
    unit_offsets = _offsets(padded)
    columns = sizes[1:].copy()
    if not _has_single_column(sizes[1], lanes):
        columns[0] = padded[1]
    weight_offsets = _offsets(padded[:-1] * columns)
    return FlatNetwork(
        weights=aligned_zeros(int(weight_offsets[-1])),
        activations=aligned_zeros(int(unit_offsets[-1])),
        steps=aligned_zeros(BLOCK * int(unit_offsets[-1])),
        nets=aligned_zeros(BLOCK * int(padded[1])),
        narrow=np.array(narrow, dtype=np.int64),
        units=sizes,
        padded=padded,
        unit_offsets=unit_offsets,
        weight_offsets=weight_offsets,
    )


def _has_single_column(columns: int, lanes: int) -> bool:
    return lanes == BLOCK and columns % lanes == 1


def padded_rows(values: Array, columns: int, lanes: int) -> Floats:
    """Return a flat aligned copy of a matrix whose rows are padded with zeros to whole vectors.

    Values of one column are repeated in each of the `columns`.
    """
    stride = -(-columns // lanes) * lanes
    flat = aligned_zeros(len(values) * stride)
    flat.reshape(-1, stride)[:, :columns] = values
    return flat


def aligned_zeros(size: int) -> Floats:
    """Return a one-dimensional array of zeros that begins at a multiple of `ALIGNMENT`."""
    buffer = np.zeros(size * 8 + ALIGNMENT, dtype=np.uint8)
    start = -buffer.ctypes.data % ALIGNMENT
    return buffer[start : start + size * 8].view(np.float64)


def address(array: Any) -> int:
    """Return where a contiguous array begins; for a writable one in a quarter of the time."""
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(array))
    except (TypeError, ValueError):
        return int(array.ctypes.data)


def address_table(arrays: Iterable[Array]) -> Offsets:
    """Return the addresses and sizes of contiguous arrays, which must outlive their use."""
    return np.array([(a.ctypes.data, a.size) for a in arrays], dtype=np.int64)


def _offsets(sizes: Offsets) -> Offsets:
    return np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(sizes)))
