"""Samples as the kernels take them: in lists, with padded targets, in a table."""

import functools
from typing import Any

import numpy as np

from bp_numba.kernels import calls
from bp_numba.kernels.inputs import list_inputs
from bp_numba.kernels.layout import BLOCK, padded_rows
from bp_numba.simd.arrays import Array, address, address_table
from bp_numba.training.samples import Samples, SharedSamples

REMEMBERED_BYTES = 4096
"""Size of X and of y up to which samples in lists are remembered."""


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
        How many samples a list is for; None for what suits them.

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
        if not np.isfinite(inputs.gram).all():
            # Products of samples overflow where no net input need do so.
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
    """Return samples in lists; how is what else `Listed` takes.

    A few samples are remembered: `fit` for a single epoch, again and again, finds them. So are
    those of many networks.
    """
    if isinstance(samples, SharedSamples):
        if how not in samples.listings:
            samples.listings[how] = Listed(samples.X, samples.targets, *how)
        found: Listed = samples.listings[how]
        return found
    X, targets = samples.X, samples.targets
    if max(X.nbytes, targets.nbytes) > REMEMBERED_BYTES:
        return Listed(X, targets, *how)
    return _remembered(*_frozen(X), *_frozen(targets), *how)


def _frozen(array: Array) -> tuple[bytes, np.dtype[Any], tuple[int, ...]]:
    return array.tobytes(), array.dtype, array.shape


@functools.lru_cache(maxsize=8)
def _remembered(
    X: bytes,
    X_dtype: np.dtype[Any],
    X_shape: tuple[int, ...],
    targets: bytes,
    targets_dtype: np.dtype[Any],
    targets_shape: tuple[int, ...],
    *how: Any,
) -> Listed:
    return Listed(
        np.frombuffer(X, X_dtype).reshape(X_shape),
        np.frombuffer(targets, targets_dtype).reshape(targets_shape),
        *how,
    )
