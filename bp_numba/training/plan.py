"""How networks of some shapes are trained on some samples: the kernel, its vectors, the lists."""

import functools
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from bp_numba.kernels.layout import BLOCK, first_panel, is_large
from bp_numba.kernels.variants import for_large
from bp_numba.simd.arrays import Array
from bp_numba.simd.width import width_for
from bp_numba.training.listed import listed
from bp_numba.training.samples import Samples, SharedSamples

Shapes: TypeAlias = tuple[tuple[tuple[int, ...], int], ...]
"""Shape and bytes of an element, of each weight matrix."""

Frozen: TypeAlias = tuple[bytes, np.dtype[Any], tuple[int, ...]]
"""Content, type and shape of an array."""

REMEMBERED_BYTES = 4096
"""Size of each array of samples up to which a plan is remembered."""


class Plan:
    """What training in a kernel takes beside the weights; nobody changes it.

    Parameters
    ----------
    shapes : Shapes
        Of the weight matrices.
    sets : Samples
        What is trained on, and then other samples whose loss is wanted.

    Attributes
    ----------
    kernel : str
        Name of the entry point.
    width, panel : int
        Doubles in a vector, and in a row of the first matrix's panels.
    in_blocks : bool
        Whether the first matrix is updated once for each block of samples.
    tiled : bool
        Whether the second matrix is large, and lies in tiles.
    listed : list of Listed
        The sets in lists, the first of which is trained on.
    """

    def __init__(self, shapes: Shapes, *sets: Samples) -> None:
        matrices, sizes = zip(*shapes, strict=True)
        units = [*(rows for rows, _ in matrices), matrices[-1][1]]
        self.width = width_for(units)
        # A float32 matrix is rounded after every sample, not after every block.
        lists = None if min(sizes) > 4 else 1
        self.listed = [listed(sets[0], units[-1], self.width, lists)]
        lists = self.listed[0].samples_per_list
        self.listed += [listed(samples, units[-1], self.width, lists) for samples in sets[1:]]
        self.in_blocks, self.panel = lists == BLOCK, first_panel(lists, self.width)
        self.kernel = "train_blocks" if self.in_blocks else "train_samples"
        self.tiled = is_large(units)
        if self.tiled:
            self.kernel = for_large(self.kernel)


def plan_for(matrices: Sequence[Array], *sets: Samples) -> Plan:
    """Return the plan for such weights and sets of samples.

    That for a few samples is remembered: `fit` for a single epoch, again and again, finds it.
    """
    shapes = tuple([(w.shape, w.itemsize) for w in matrices])
    frozen = [*map(_frozen, sets)]
    return Plan(shapes, *sets) if None in frozen else _remembered(shapes, *frozen)


def _frozen(samples: Samples) -> tuple[Frozen, Frozen] | None:
    """Return what makes a few samples what they are; None for many, and those of many networks."""
    X, targets = samples.X, samples.targets
    if max(X.nbytes, targets.nbytes) > REMEMBERED_BYTES or isinstance(samples, SharedSamples):
        return None
    return (X.tobytes(), X.dtype, X.shape), (targets.tobytes(), targets.dtype, targets.shape)


@functools.lru_cache(maxsize=8)
def _remembered(shapes: Shapes, *sets: tuple[Frozen, Frozen]) -> Plan:
    return Plan(shapes, *(Samples(*map(_thawed, arrays)) for arrays in sets))


def _thawed(array: Frozen) -> Array:
    content, dtype, shape = array
    return np.frombuffer(content, dtype).reshape(shape)
