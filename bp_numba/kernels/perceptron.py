"""A perceptron as the kernels see it: flat buffers, and where its layers lie; no Numba here.

A matrix is cut into panels as in `layout`. In vectors of `v` numbers, element (i, j) of matrix l,
which has `units[l]` rows and `units[l + 1]` columns, is at

    weight_offsets[l] + (j // v * rows[l] + i) * v + j % v

The last matrix lies transposed, with a row for each output: there are few, often one, which in rows
of their own would be a vector's only lane. The intercepts, vectors padded with zeros, come after
all matrices.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np

from bp_numba.simd.arrays import Array, Offsets, Reals, aligned_parts

SMALL_BLOCK, LARGE_BLOCK = 16, 32
"""Samples in a block of a batch, multiples of a vector's lanes and of the tiles of `products`."""

LEVEL_1, LEVEL_2 = 2**15, 2**19
"""Bytes of caches as small as CPUs have them."""


class Perceptron(NamedTuple):
    """A network with intercepts, and what its training remembers.

    Attributes
    ----------
    weights : (size,) reals
        All matrices, then all intercepts.
    gradient : (size,) reals
        Of the loss summed over the samples of a batch; zeros between two batches.
    velocity, square : (size,) reals
        The step before, or the moments of Adam. Of size 0 where an optimizer has none.
    transposed : reals
        Matrix l, 0 < l < L - 1, as of (units[l + 1], units[l]), likewise in panels, from
        `transposed_offsets[l]` on. Written at the beginning of each batch.
    activations, deltas : (slot_offsets[L + 1],) reals
        Scratch space: those of layer l < L and sample t of a block begin at
        `slot_offsets[l] + t * padded[l]`. Layer 0 has room if inputs are dense. Output k of sample
        t is at `slot_offsets[L] + k * (samples in a block) + t`; deltas of outputs that there are
        not, up to padded[L], stay zero.
    sums : (2 * v,) reals
        Of the samples of a batch: a vector whose lanes add up to their losses, and one with the sum
        of their weights in each lane.
    units, padded : (L + 1,) int64
        Length of each layer, without and with padding.
    rows : (L,) int64
        Rows in each panel of a matrix, some of them padding if it is transposed in each batch.
    slot_offsets, weight_offsets, intercept_offsets, transposed_offsets : int64
    """

    weights: Reals
    gradient: Reals
    velocity: Reals
    square: Reals
    transposed: Reals
    activations: Reals
    deltas: Reals
    sums: Reals
    units: Offsets
    padded: Offsets
    rows: Offsets
    slot_offsets: Offsets
    weight_offsets: Offsets
    intercept_offsets: Offsets
    transposed_offsets: Offsets

    def pairs(self, buffer: Any, parts: Sequence[Array]) -> Iterator[tuple[Any, Any]]:
        """Yield pairs of views of equal shape: on a buffer of this layout, and on its parts.

        The parts are L matrices, then L intercepts. Copying each second view to the first packs
        them; the other way round unpacks them.
        """
        layers = len(parts) // 2
        for l, matrix in enumerate([*parts[: layers - 1], parts[layers - 1].T]):
            rows, v = len(matrix), self.sums.size // 2
            panels = buffer[self.weight_offsets[l] : self.weight_offsets[l + 1]]
            panels = panels.reshape(-1, int(self.rows[l]), v)[:, :rows]
            whole = matrix.shape[1] // v
            if whole:
                by_panel = matrix[:, : whole * v].reshape(rows, -1, v).transpose(1, 0, 2)
                yield panels[:whole], by_panel
            if rest := matrix.shape[1] - whole * v:
                yield panels[whole, :, :rest], matrix[:, whole * v :]
        for l, intercepts in enumerate(parts[layers:]):
            start = int(self.intercept_offsets[l])
            yield buffer[start : start + len(intercepts)], intercepts


def block_size(units: Sequence[int], itemsize: int) -> int:
    """Return how many samples of a batch a block has, for layers of so many numbers of a size.

    The gradient is read and written once for each block: seldom is better, where it does not fit
    into the first-level cache together with the weights. But what a block leaves behind may take no
    more than half of the second-level cache. No result depends on it.
    """
    weights = sum(a * b for a, b in pairwise(units)) * itemsize
    left_behind = (units[0] + 2 * sum(units[1:])) * LARGE_BLOCK * itemsize
    return LARGE_BLOCK if 2 * weights > LEVEL_1 and 2 * left_behind <= LEVEL_2 else SMALL_BLOCK


def perceptron(
    units: Sequence[int], block: int, lanes: int, dtype: Any, moments: int, is_dense: bool
) -> Perceptron:
    """Return a zeroed perceptron.

    Parameters
    ----------
    units : sequence of L + 1 ints
        Length of each layer.
    block : int
        Samples that there are slots for.
    lanes : int
        Numbers in a vector.
    dtype : dtype
        Of the numbers.
    moments : {0, 1, 2}
        How many numbers the optimizer remembers for each weight.
    is_dense : bool
        Whether samples have all of their inputs.
    """
    padded = [-(-size // lanes) * lanes for size in units]
    slot_offsets = [0, *accumulate(block * size for size in (padded[0] * is_dense, *padded[1:]))]
    rows, columns = [units[0], *padded[1:-1]], [*padded[1:]]
    rows[-1], columns[-1] = units[-1], padded[-2]  # of the last matrix, transposed
    sizes = [a * b for a, b in zip(rows, columns, strict=True)]
    weight_offsets = [0, *accumulate(sizes)]
    intercept_offsets = [*accumulate(padded[1:], initial=weight_offsets[-1])]
    transposed_offsets = [0, 0, *accumulate(sizes[1:-1])]
    size, slots = intercept_offsets[-1], slot_offsets[-1]
    sizes_of_buffers: dict[str, int] = {
        "weights": size,
        "gradient": size,
        "velocity": size * (moments > 0),
        "square": size * (moments > 1),
        "transposed": transposed_offsets[-1],
        "activations": slots,
        "deltas": slots,
        "sums": 2 * lanes,
    }
    buffers = aligned_parts(*sizes_of_buffers.values(), dtype=dtype)
    offsets = {
        "units": units,
        "padded": padded,
        "rows": rows,
        "slot_offsets": slot_offsets,
        "weight_offsets": weight_offsets,
        "intercept_offsets": intercept_offsets,
        "transposed_offsets": transposed_offsets,
    }
    arrays: dict[str, Any] = dict(zip(sizes_of_buffers, buffers, strict=True))
    arrays |= {name: np.array(numbers, dtype=np.int64) for name, numbers in offsets.items()}
    return Perceptron(**arrays)
