"""The loss of a perceptron on all samples, with its gradient: for an optimizer elsewhere."""

from itertools import pairwise

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

    Attributes
    ----------
    is_asked_for : bool
        Whether it has been, be it that the first time was interrupted.

    Raises
    ------
    NotCompiled
        If there is no kernel to be had.
    """

    is_asked_for = False

    def __init__(
        self,
        variant: Variant,
        units: list[int],
        data: Data,
        settings: Settings,
        width: int | None = None,
    ) -> None:
        n, dtype = data.X.shape[0], np.dtype(variant.dtype)
        parts = [np.zeros(shape, dtype) for shape in [*pairwise(units), *((u,) for u in units[1:])]]
        self._matrices = slice(sum(part.size for part in parts[: len(units) - 1]))
        self._penalty = settings.penalty
        self._total = n if data.weights is None else data.weights.sum()
        self._training = BatchTraining(variant, parts, data, n, settings, width)
        self._places = self._training.places_of(parts)

    def at(self, weights: Array) -> tuple[np.float64, Array]:
        """Return loss and gradient for some weights, the latter as a vector like them."""
        training, matrices = self._training, self._matrices
        training.weights[self._places] = weights
        self.is_asked_for = True
        training.run()
        loss = np.float64(sum(training.losses.tolist()))  # NumPy's sum would warn of an overflow
        gradient = training.gradient[self._places]
        training.gradient.fill(0.0)
        gradient[matrices] += self._penalty * weights[matrices]
        gradient /= self._total
        return loss, gradient

    def last_weights(self) -> Array:
        """Return a copy of the weights for which it was asked for last."""
        return self._training.weights[self._places]
