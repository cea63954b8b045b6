"""Samples as lists of their inputs that are not zero, by single samples or by blocks.

A zero input neither adds to a net input nor changes its row of weights, so it can be left out.
A block lists the inputs that are not zero in all of its samples; that is every input of dense
data, and so dense data are lists like any other.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from bp_numba.kernels.layout import BLOCK
from bp_numba.simd.arrays import Array, Floats, Offsets, aligned_zeros

LIST_MULTIPLE = 4
"""Lists of single samples are filled up to a multiple of this with zeros at the spare row."""

SINGLE_COST = 3.0
"""Time that an input in the list of a single sample takes, relative to one in that of a block and
per sample: 3.4 in a cache of the first level (digits), 2.7 in one of the second (784-128-10)."""

CHUNK = 65_536
"""Elements of X that are converted at a time."""


class Inputs(NamedTuple):
    """The samples as the kernels see them, in lists for 1 or for `BLOCK` of them each.

    Attributes
    ----------
    values : (starts[-1] * samples,) float64
        For each listed input its value in each sample that the list is for.
    gram : (blocks * BLOCK * BLOCK,) float64
        Inner products of the samples of each block with each other.
    offsets : (starts[-1],) int64
        For each listed input where its row lies in a panel: its number times the width of a vector.
    starts : (lists + 1,) int64
        List b is `starts[b]:starts[b + 1]`.
    """

    values: Floats
    gram: Floats
    offsets: Offsets
    starts: Offsets


def list_inputs(X: Array, width: int, blocks: bool = True) -> tuple[Inputs, int]:
    """Return the lists of inputs, and for how many samples each is, as suits their density.

    Parameters
    ----------
    X : (n, d) array of numbers
        Samples without the column of ones. Read in chunks: no other copy is made than the lists.
    width : int
        Doubles in a vector.
    blocks : bool, default True
        Whether lists may be for blocks.
    """
    single, block = _counts(X)
    if not blocks or SINGLE_COST * single.sum() < BLOCK * block.sum():
        return _fill(X, width, 1, single), 1
    return _fill(X, width, BLOCK, block), BLOCK


def _counts(X: Array) -> tuple[Offsets, Offsets]:
    """Return how many inputs, the bias included, are listed for each sample and each block."""
    single = np.empty(len(X), dtype=np.int64)
    blocks = np.empty(-(-len(X) // BLOCK), dtype=np.int64)
    for first, chunk in _chunks(X, 0):
        active = chunk != 0
        samples = single[first : first + active.shape[0] * BLOCK]
        samples[:] = active.sum(axis=2).ravel()[: len(samples)]
        blocks[first // BLOCK : first // BLOCK + len(active)] = active.any(axis=1).sum(axis=1)
    return single, blocks


def _fill(X: Array, width: int, samples: int, counts: Offsets) -> Inputs:
    """Return lists for so many samples each, whose lengths are at least the counts."""
    units, multiple = X.shape[1] + 1, LIST_MULTIPLE if samples == 1 else 1
    starts = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(-(-counts // multiple) * multiple, out=starts[1:])
    values = aligned_zeros(int(starts[-1]) * samples)
    by_input = values.reshape(-1, samples)
    offsets = np.empty(starts[-1], dtype=np.int64)
    gram = aligned_zeros(-(-len(X) // BLOCK) * BLOCK * BLOCK)
    for first, chunk in _chunks(X, multiple - 1):
        b = first // BLOCK
        with np.errstate(all="ignore"):
            gram.reshape(-1, BLOCK, BLOCK)[b : b + len(chunk)] = chunk @ chunk.transpose(0, 2, 1)
        lists = slice(first // samples, first // samples + chunk.shape[0] * BLOCK // samples)
        missing = -counts[lists] % multiple
        part = chunk.reshape(-1, samples, chunk.shape[2])[: len(missing)]
        k = slice(starts[lists.start], starts[lists.start + len(part)])
        if k.stop - k.start == len(part) * part.shape[2]:  # what follows would do the same, slower
            by_input[k].reshape(len(part), -1, samples)[...] = part.transpose(0, 2, 1)
            offsets[k].reshape(len(part), -1)[...] = np.arange(part.shape[2]) * width
        else:
            active = (part != 0).any(axis=1)
            active[:, units:] = np.arange(multiple - 1) < missing[:, np.newaxis]
            by_input[k] = part.transpose(0, 2, 1)[active]
            offsets[k] = np.minimum(np.nonzero(active)[1], units) * width
    return Inputs(values=values, gram=gram, offsets=offsets, starts=starts)


def _chunks(X: Array, spare: int) -> Iterator[tuple[int, Floats]]:
    """Yield the first row of each chunk and the chunk, of shape (blocks, BLOCK, inputs).

    The inputs are those of X, the ones of the bias, and `spare` zeros; rows beyond the end of X
    are all zeros.
    """
    inputs = X.shape[1]
    step = max(1, CHUNK // (inputs * BLOCK)) * BLOCK
    for first in range(0, len(X), step):
        part = X[first : first + step]
        blocks = -(-len(part) // BLOCK)
        chunk = np.zeros((blocks * BLOCK, inputs + 1 + spare))
        chunk[: len(part), :inputs] = part
        chunk[: len(part), inputs] = 1.0
        yield first, chunk.reshape(blocks, BLOCK, -1)
