"""The loss of a perceptron on all samples, with its gradient: for an optimizer elsewhere."""

from itertools import pairwise
from typing import Any

import numpy as np

from bp_numba.kernels.variants import Variant
from bp_numba.simd.arrays import Array
from bp_numba.training.batches import BatchTraining, Data, Settings


class Gradient:
    """Loss and gradient as functions of all weights in one vector.

    That is each matrix row by row, then the intercepts of each layer.

    Parameters
    ----------
    variant : Variant
        With the optimizer "none".
    units : list of L + 1 ints
        Length of each layer.
    data : Data
        The samples.
    settings : Settings
        Penalty and factor of the loss.
    width : int, optional
        Doubles in a vector, by default as many as a register holds.

    Raises
    ------
    NotCompiled
        If there is no kernel to be had.
    """

    def __init__(
        self,
        variant: Variant,
        units: list[int],
        data: Data,
        settings: Settings,
        width: int | None = None,
    ) -> None:
        shapes: list[tuple[int, ...]] = [*pairwise(units), *((n,) for n in units[1:])]
        n, dtype = data.X.shape[0], np.dtype(variant.dtype)
        size = sum(int(np.prod(shape)) for shape in shapes)
        self._weights, self._found = np.zeros(size, dtype), np.zeros(size, dtype)
        self._parts, self._gradients = _views(self._weights, shapes), _views(self._found, shapes)
        self._matrices = sum(part.size for part in self._parts[: len(units) - 1])
        self._penalty, self._order, self._rates = settings.penalty, np.arange(n), np.zeros(1)
        self._total = n if data.weights is None else data.weights.sum()
        self._training = BatchTraining(variant, self._parts, data, n, settings, width)

    def at(self, weights: Array) -> tuple[float, Array]:
        """Return loss and gradient for some weights, the latter as a vector like them."""
        self._weights[...] = weights
        self._training.pack(self._parts)
        loss = self._training.epoch(self._order, self._rates)
        self._training.take_gradient(self._gradients)
        gradient, matrices = self._found.copy(), slice(self._matrices)
        gradient[matrices] += self._penalty * self._weights[matrices]
        gradient /= self._total
        return loss, gradient


def _views(whole: Array, shapes: list[tuple[int, ...]]) -> list[Any]:
    """Return consecutive parts of a vector in these shapes."""
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    parts = np.split(whole, ends[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
