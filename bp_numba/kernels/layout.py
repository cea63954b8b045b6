"""From the sizes of the layers to offsets and flat aligned buffers; no Numba here.

A ragged list of weight matrices lies in one flat array. Each matrix is cut into panels, one
vector of columns wide: the vectors of all rows of a panel follow each other, so that whoever
walks down a panel reads memory in order. Matrix l has `units[l]` rows and `units[l + 1]` columns;
rows are padded to whole vectors. In vectors of width `v`, element (i, j) of matrix l is at

    weight_offsets[l] + (j // v * padded[l] + i) * v + j % v              j < panel_columns[l]
    weight_offsets[l] + j * padded[l] + i                                 j >= panel_columns[l]

so both a panel and a column by itself begin at weight_offsets[l] + j * padded[l]. Padding holds
zeros as long as all numbers are finite. The panels of the first matrix may be wider than a vector,
see `first_panel`. A large second matrix (`is_large`) lies in tiles of r = `ROWS` rows, one after
the other: the first v columns of all its rows, then the next, so that element (i, j) is at

    weight_offsets[1] + i // r * r * padded[2] + (j // v * r + i % r) * v + j % v
"""

from collections.abc import Sequence
from itertools import accumulate
from operator import mul
from typing import Any, NamedTuple

import numpy as np

from bp_numba.simd.arrays import Array, Floats, Offsets, aligned_parts, aligned_zeros

BLOCK = 8
"""Samples in a block. With four, 784-128-10 took half as long again, with sixteen 3% less, on
AVX-512; with sixteen the digits took 3% longer."""


LARGE_SIZE, LARGE_SIDE = 16_384, 96
"""Weights that a matrix has more of, and rows and columns that it has at least, to be large. No
kernel is compiled for the known units of networks with so many weights."""

ROWS = 4
"""Rows in a tile of a large matrix, for vectors of any length. With eight 64-256-256-10 took 17%
longer on AVX-512 (Zen 4), since two tiles do not fit into the first-level cache, and 64-128-128-10
3% less."""

LINE = 8
"""Doubles in a cache line of most CPUs, and in the widest vector."""


class FlatNetwork(NamedTuple):
    """A network as the kernels see it: flat buffers and where each layer lies in them.

    Attributes
    ----------
    weights : (weight_offsets[L],) float64
        All matrices, one after the other.
    activations : (BLOCK * unit_offsets[L + 1],) float64
        Scratch space for the activations of one sample, or of a block, see `squared_errors`.
    steps : (BLOCK * unit_offsets[L + 1],) float64
        Scratch space for `-alpha * delta`, for each sample of a block.
    net_inputs : (BLOCK * padded[1],) float64
        Scratch space for the net input of layer 1, for each sample of a block; where the second
        matrix is in tiles, for its activations too.
    narrow : (L,) int64
        1 for matrices that their owner stores as float32: each update is rounded to it.
    units, padded : (L + 1,) int64
        Length of each layer's activation vector, bias unit included, without and with padding.
        Layer 0 has at least one row of padding.
    panel_columns : (L,) int64
        How many columns of each matrix are in panels or tiles, padding included; those from there
        on lie one by one.
    unit_offsets : (L + 2,) int64
        Layer l owns `unit_offsets[l]:unit_offsets[l + 1]` of the activations, and of the steps of
        each sample.
    weight_offsets : (L + 1,) int64
        Matrix l owns `weight_offsets[l]:weight_offsets[l + 1]` of weights.
    """

    weights: Floats
    activations: Floats
    steps: Floats
    net_inputs: Floats
    narrow: Offsets
    units: Offsets
    padded: Offsets
    panel_columns: Offsets
    unit_offsets: Offsets
    weight_offsets: Offsets


def units_of(matrices: Sequence[Any]) -> list[int]:
    """Return the number of rows of each weight matrix, then the number of columns of the last."""
    return [*map(len, matrices), np.shape(matrices[-1])[1]]


def flat_network(
    units: Sequence[int],
    narrow: Sequence[bool],
    width: int,
    panel: int | None = None,
    tiled: bool = False,
) -> FlatNetwork:
    """Return a zeroed network for the given layers.

    Parameters
    ----------
    units : sequence of L + 1 ints
        The number of rows of each weight matrix, then the number of columns of the last.
    narrow : sequence of L bools
        Which matrices are stored as float32.
    width : int
        Doubles in a vector.
    panel : int, optional
        Doubles in a row of the first matrix's panels, `width` by default.
    tiled : bool, default False
        Whether the second matrix lies in tiles.
    """
    sizes = flat_sizes(units, width, panel, tiled)
    arrays = {name: _int64(numbers) for name, numbers in sizes.items()}
    length = sizes["unit_offsets"][-1]
    weights, activations, steps, net_inputs = aligned_parts(
        sizes["weight_offsets"][-1], BLOCK * length, BLOCK * length, BLOCK * sizes["padded"][1]
    )
    return FlatNetwork(
        weights=weights,
        activations=activations,
        steps=steps,
        net_inputs=net_inputs,
        narrow=_int64(narrow),
        **arrays,
    )


def first_panel(samples_per_list: int, width: int) -> int:
    """Return how many columns the panels of the first matrix have.

    Lists of single samples take rows here and there: if these were shorter than a cache line, as
    much as they use would come to the cache for nothing. Blocks take one row after the other.
    """
    return LINE if samples_per_list == 1 else width


def is_large(units: Sequence[int]) -> bool:
    """Tell if W_1 is so large that it pays to take it in blocks of samples too.

    On AVX2 64-170-96-10 took 0.96 times as long so and 64-64-300-10 0.95, but 64-100-100-10 1.04,
    64-40-500-10 and 64-300-64-10 1.08.
    """
    return len(units) > 2 and min(units[1:3]) >= LARGE_SIDE and units[1] * units[2] > LARGE_SIZE


def flat_sizes(
    units: Sequence[int], width: int, panel: int | None = None, tiled: bool = False
) -> dict[str, list[int]]:
    """Return the fields of a `FlatNetwork` that tell where each layer lies."""
    padded = [-(-size // width) * width for size in (units[0] + 1, *units[1:])]
    panel_columns = [size // width * width for size in units[1:]]
    if not has_single_column(units[1], width):
        panel_columns[0] = padded[1]
    if tiled:
        panel_columns[1] = padded[2]
    columns = [*map(max, panel_columns, units[1:])]
    if panel is not None and panel > width:
        columns[0] = -(-columns[0] // panel) * panel
    return {
        "units": [*units],
        "padded": padded,
        "panel_columns": panel_columns,
        "unit_offsets": [0, *accumulate(padded)],
        "weight_offsets": [0, *accumulate(map(mul, padded, columns))],
    }


def has_single_column(columns: int, width: int) -> bool:
    """Tell if the first matrix has a column by itself, that of the bias unit, beside whole panels.

    As a panel it would take the time of `width` columns. By itself it is multiplied and updated
    along the samples of a block, which must fill a vector. Shorter vectors, whose panels leave less
    idle, have none.
    """
    return block_fills_vector(width) and columns % width == 1


def block_fills_vector(width: int) -> bool:
    """Tell if a vector of so many doubles has one for each sample of a block."""
    return width == BLOCK


def padded_rows(values: Array, columns: int, width: int) -> Floats:
    """Return a flat aligned copy of a matrix whose rows are padded with zeros to whole vectors.

    Values of one column are repeated in each of the `columns`.
    """
    stride = -(-columns // width) * width
    flat = aligned_zeros(len(values) * stride)
    flat.reshape(-1, stride)[:, :columns] = values
    return flat


def _int64(numbers: Sequence[int]) -> Offsets:
    return np.array(numbers, dtype=np.int64)
