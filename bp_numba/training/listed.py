"""Samples as the kernels take them: in lists, with padded targets, in a table."""

from typing import Any

import numpy as np

from bp_numba.kernels import calls
from bp_numba.kernels.inputs import list_inputs
from bp_numba.kernels.layout import BLOCK, padded_rows
from bp_numba.simd.arrays import Array, address, address_table
from bp_numba.training.samples import Samples, SharedSamples


class Listed:
    """Samples in lists, which nobody changes.

    Parameters
    ----------
    X, targets : arrays
        Samples, and a row of targets for each. X is copied once, as lists of the inputs that are
        not zero.
    outputs, width : int
        Columns of the last weight matrix, and doubles in a vector.
    samples_per_list : 1, BLOCK or None, default None
        How many samples a list is for; None for what suits samples to train on.

    Attributes
    ----------
    blocks : int
        How many blocks they are.
    samples_per_list : int
        1 or BLOCK.
    table : int
        Address of the table of `calls.Listed`.
    """

    def __init__(
        self,
        X: Array,
        targets: Array,
        outputs: int,
        width: int,
        samples_per_list: int | None = None,
    ) -> None:
        self.blocks, kept = -(-len(X) // BLOCK), BLOCK
        inputs, self.samples_per_list = list_inputs(X, width, samples_per_list)
        if samples_per_list != BLOCK and not np.isfinite(inputs.gram).all():
            # Products of samples overflow where no net input need do so. Lists for blocks are
            # asked for by who only measures samples: without products, in a kernel for blocks.
            del inputs  # before there are more copies of X
            inputs, self.samples_per_list = list_inputs(X, width, 1)
            kept = 1
        targets = padded_rows(targets, outputs, width)
        self._listed = calls.Listed(
            inputs=inputs, targets=targets, kept=np.array([kept], dtype=np.int64)
        )
        self._table = address_table(self._listed)
        self.table = address(self._table)


def listed(samples: Samples, *how: Any) -> Listed:
    """Return samples in lists; how is what else `Listed` takes. Many networks share theirs."""
    if not isinstance(samples, SharedSamples):
        return Listed(samples.X, samples.targets, *how)
    if how not in samples.listings:
        samples.listings[how] = Listed(samples.X, samples.targets, *how)
    found: Listed = samples.listings[how]
    return found
