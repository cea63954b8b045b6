"""Samples as the kernels for lanes take them, and what gives the losses that `fit` shows."""

from collections.abc import Sequence
from operator import is_
from typing import Any, NamedTuple, Self

import numpy as np

from bp_numba.kernels.lanes import LaneSamples, own_samples, shared_samples
from bp_numba.simd.arrays import Floats, Offsets, address, address_table
from bp_numba.training.samples import Samples
from bp_numba.training.trainer import can_measure


class Listed(NamedTuple):
    """Samples in a table that a kernel reads."""

    samples: LaneSamples
    addresses: Offsets
    table: int
    size: int

    @classmethod
    def of(cls, sets: Sequence[Samples], is_shared: bool, outputs: int, width: int) -> Self:
        """Return one set for all networks, or one for each, with their table."""
        pairs = [(samples.X, samples.targets) for samples in sets]
        if is_shared:
            samples = shared_samples(*pairs[0], outputs)
        else:
            samples = own_samples(pairs, outputs, width)
        addresses = address_table(samples)
        return cls(samples, addresses, address(addresses), int(samples.size[0]))


class Measured(NamedTuple):
    """Samples whose squared errors give losses: scales * errors + rests."""

    listed: Listed
    scales: Floats
    rests: Floats

    @classmethod
    def of(cls, sets: Sequence[Samples], listed: Listed | None, *how: Any) -> Self:
        """Return sets of samples whose losses are wanted.

        `listed` are the same sets to train on, if they are; how is what else `Listed.of` takes.
        """
        parts, scales, rests = zip(*map(_loss_over, sets), strict=True)
        if listed is None or not all(map(is_, parts, sets)):
            listed = Listed.of(parts, *how)
        return cls(listed, np.array(scales), np.array(rests))


def is_measurable(samples: Samples, outputs: int) -> bool:
    """Tell if squared errors, one for each sample and output, give the loss."""
    if not len(samples.X):
        return False
    one_column = samples.y.ndim == 1 and outputs == 1 and len(samples.y) == len(samples.X)
    return can_measure(samples) or (one_column and bool(np.isfinite(samples.y).all()))


def _loss_over(samples: Samples) -> tuple[Samples, float, float]:
    """Return samples whose squared errors give a loss: scale * errors + rest, and these two.

    For one-dimensional targets it is a sum over pairs of predictions p and targets y, with mean m:

        sum over i, j of (p_i - y_j)^2 = n sum over i of (p_i - m)^2 + n sum over j of (y_j - m)^2
    """
    X, y = samples
    if y.ndim == 2:
        return samples, 0.5, 0.0
    y = y.astype(np.result_type(y, np.float64))  # as `training.loss` does
    mean = y.mean()
    rest = 0.5 * len(X) * float(np.sum((y - mean) ** 2))
    return Samples(X, np.full((len(X), 1), mean)), 0.5 * len(y), rest
