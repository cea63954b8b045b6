"""Samples with their targets: coerced and checked once, and from then on one thing."""

from typing import Any, NamedTuple

import numpy as np

from bp_numba import validation as check
from bp_numba.simd.arrays import Array


class Samples(NamedTuple):
    """What a network is trained on, or what its loss is computed over.

    Attributes
    ----------
    X : (n, units[0] - 1) array of numbers
        Samples, without the column of ones.
    y : (n, units[L]), (n, 1) or (n,) array of numbers
        Targets, as the user gave them: the loss of one-dimensional ones is a sum over pairs.
    """

    X: Array
    y: Array

    @property
    def targets(self) -> Array:
        """A row of targets for each sample, of one or `units[L]` columns."""
        y = self.y[: len(self.X)]
        return y[:, np.newaxis] if y.ndim == 1 else y

    def with_bias(self) -> Array:
        """Return a new array of the samples with the column of ones."""
        return np.column_stack([self.X, np.ones(len(self.X))])


class SharedSamples(Samples):
    """Samples of many networks, which are listed for the kernels once.

    Attributes
    ----------
    listings : dict
        What `listed` has returned, by how; nobody changes the samples meanwhile.
    """

    def __init__(self, X: Array, y: Array) -> None:
        self.listings: dict[Any, Any] = {}


def as_samples(X: Any, y: Any, network: Any, kind: str = "") -> Samples:
    """Return array-likes as samples; one-dimensional X is a column if the network has one input.

    `kind` is what errors put before the names X and y, as "validation ".

    Raises
    ------
    ValueError, TypeError
        If X or y is no array of numbers.
    """
    X, y = check.as_numbers(X, f"{kind}X"), check.as_numbers(y, f"{kind}y")
    return Samples(X[:, np.newaxis] if X.ndim == 1 and _may_have_one_input(network) else X, y)


def _may_have_one_input(network: Any) -> bool:
    """Tell if a network has one input, or has no matrices: methods of its own use none."""
    try:
        return len(network.W[0]) == 2
    except (AttributeError, LookupError, TypeError):
        return True
