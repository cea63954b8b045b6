"""Samples as lists of their inputs that are not zero, by single samples or by blocks.

A zero input neither adds to a net input nor changes its row of weights, so it can be left out.
A block lists the inputs that are not zero in all of its samples; that is every input of dense
data, and so dense data are lists like any other.
"""

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

import numpy as np

from bp_numba.kernels.layout import BLOCK, first_panel
from bp_numba.simd.arrays import Array, Floats, Offsets, aligned_parts

LIST_MULTIPLE = 4
"""Lists are filled up to a multiple of this with zeros at the spare row."""

SINGLE_COST = 3.0
"""Time that an input in the list of a single sample takes, relative to one in that of a block and
per sample: 3.4 in a cache of the first level (digits), 2.7 in one of the second (784-128-10)."""

CHUNK = 65_536
"""Elements of X that are converted at a time."""


Chunks: TypeAlias = Iterable[tuple[slice, Floats]]


class Inputs(NamedTuple):
    """The samples as the kernels see them, in lists for 1 or for `BLOCK` of them each.

    Attributes
    ----------
    values : (starts[-1] * samples,) float64
        For each listed input its value in each sample that the list is for.
    gram : (blocks * BLOCK * BLOCK,) float64
        Inner products of the samples of each block with each other.
    offsets : (starts[-1],) int64
        For each listed input where its row lies in a panel: its number times the panel's columns.
    starts : (lists + 1,) int64
        List b is `starts[b]:starts[b + 1]`.
    """

    values: Floats
    gram: Floats
    offsets: Offsets
    starts: Offsets


def list_inputs(X: Array, width: int, samples_per_list: int | None = None) -> tuple[Inputs, int]:
    """Return the lists of inputs, and for how many samples each is.

    Parameters
    ----------
    X : (n, d) array of numbers
        Samples without the column of ones. Read in chunks: no other copy is made than the lists.
    width : int
        Doubles in a vector.
    samples_per_list : 1, BLOCK or None, default None
        None for what suits their density.
    """
    few = [*_chunks(X)] if X.size <= CHUNK else None
    single, block = _counts(X, few or _chunks(X))
    if samples_per_list is None:
        suits_single = SINGLE_COST * np.add.reduce(single) < BLOCK * np.add.reduce(block)
        samples_per_list = 1 if suits_single else BLOCK
    counts = single if samples_per_list == 1 else block
    panel = first_panel(samples_per_list, width)
    return _fill(X, panel, samples_per_list, counts, few or _chunks(X)), samples_per_list


def _counts(X: Array, chunks: Chunks) -> tuple[Offsets, Offsets]:
    """Return how many inputs, the bias included, are listed for each sample and each block."""
    blocks = -(-len(X) // BLOCK)
    single = np.empty((blocks, BLOCK), dtype=np.int64)
    block = np.empty(blocks, dtype=np.int64)
    for b, chunk in chunks:
        active = chunk != 0
        np.add.reduce(active, axis=2, dtype=np.int32, out=single[b])
        np.add.reduce(np.logical_or.reduce(active, axis=1), axis=1, out=block[b])
    return single.ravel()[: len(X)], block


def _fill(X: Array, panel: int, samples: int, counts: Offsets, chunks: Chunks) -> Inputs:
    """Return lists for so many samples each, whose lengths are at least the counts.

    They are filled up with zeros at the spare row.
    """
    units = X.shape[1] + 1
    most = -(-units // LIST_MULTIPLE) * LIST_MULTIPLE
    starts = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(-(-counts // LIST_MULTIPLE) * LIST_MULTIPLE, out=starts[1:])
    values, gram = aligned_parts(int(starts[-1]) * samples, -(-len(X) // BLOCK) * BLOCK * BLOCK)
    by_input = values.reshape(-1, samples)
    offsets = np.full(starts[-1], units * panel)
    for b, chunk in chunks:
        first = b.start * BLOCK // samples
        turned = chunk.transpose(0, 2, 1)
        part = chunk.reshape(-1, samples, units)[: len(counts) - first].transpose(0, 2, 1)
        lists = slice(first, first + len(part))
        start, end = starts[first], starts[lists.stop]
        if samples == BLOCK and (counts[lists] == units).all():
            # What follows would do the same, slower. A product with a copy takes 0.4 of the time of
            # one with the matrix's own transpose.
            turned = by_input[start:end].reshape(-1, most, samples)[:, :units]
            turned[...] = part
            offsets[start:end].reshape(-1, most)[:, :units] = np.arange(0, units * panel, panel)
        else:
            number = np.repeat(np.arange(len(part)), counts[lists])
            unit = np.flatnonzero((part != 0).any(axis=2)) - number * units
            before = np.cumsum(counts[lists]) - counts[lists]
            k = np.arange(len(unit)) + (starts[lists] - before)[number]
            by_input[k] = part[number, unit]
            offsets[k] = unit * panel
        with np.errstate(all="ignore"):
            np.matmul(chunk, turned, out=gram.reshape(-1, BLOCK, BLOCK)[b])
    return Inputs(values=values, gram=gram, offsets=offsets, starts=starts)


def _chunks(X: Array) -> Chunks:
    """Yield which blocks a chunk has, and the chunk, of shape (blocks, BLOCK, units).

    The units are the columns of X and the ones of the bias; rows beyond the end of X are all zeros.
    """
    inputs = X.shape[1]
    step = max(1, CHUNK // (inputs * BLOCK)) * BLOCK
    for first in range(0, len(X), step):
        part = X[first : first + step]
        b, blocks = first // BLOCK, -(-len(part) // BLOCK)
        chunk = np.zeros((blocks * BLOCK, inputs + 1))
        chunk[: len(part), :inputs] = part
        chunk[: len(part), inputs] = 1.0
        yield slice(b, b + blocks), chunk.reshape(blocks, BLOCK, -1)
