"""Perceptrons trained in batches: their buffers, their samples, and the calls of a kernel."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from bp_numba.kernels import calls
from bp_numba.kernels.calls import Batches, Samples
from bp_numba.kernels.layout import units_of
from bp_numba.kernels.perceptron import Perceptron, block_size, perceptron
from bp_numba.kernels.variants import Variant
from bp_numba.native.compiling import NotCompiled
from bp_numba.simd.arrays import Array, address, address_table, aligned_zeros
from bp_numba.simd.width import widest
from bp_numba.training.choice import for_fit
from bp_numba.training.together import copy_each

SLICE = 20_000_000
"""Multiply-adds in a call of a kernel, roughly: 2 to 20 ms, after which Ctrl-C is heard."""


class Data(NamedTuple):
    """What a perceptron is trained on.

    Attributes
    ----------
    X : (n, units[0]) array, C-contiguous, or CSR matrix
        The samples, dense or sparse as the variant says, and of its dtype.
    y : (n, units[L]) array
        The targets.
    weights : (n,) array or None
        Of the samples; None for 1 each. A batch without weight is left out, and its loss is 0.
    """

    X: Any
    y: Array
    weights: Array | None


class Settings(NamedTuple):
    """What does not change during a run."""

    penalty: float
    loss_factor: float = 1.0
    mean_weight: float | None = None
    """What gradients of batches of one sample are divided by, None for its weight."""
    momentum: float = 0.0
    beta_1: float = 0.0
    beta_2: float = 0.0
    epsilon: float = 0.0


class BatchTraining:
    """A perceptron, packed, and the samples that it is trained on.

    Parameters
    ----------
    variant : Variant
        Which kernels train it.
    parts : sequence of 2 L arrays
        Matrices of shape (units[l], units[l + 1]), then intercepts of shape (units[l + 1],).
    data : Data
        The samples.
    size : int
        Samples in a batch; the last one of an epoch has what is left.
    settings : Settings
        Penalty, and what the optimizer takes.
    width : int, optional
        Doubles in a vector, by default as many as a register holds.

    Attributes
    ----------
    batches_done : int
        How many batches of the last epoch, which may have been interrupted, are complete.
    weights : (size,) array
        All weights, as the kernel has them.
    gradient : (size,) array
        After an epoch in one batch without an optimizer the sum of the samples' gradients and of
        what was there before.
    losses : (batches * lanes,) array
        The mean loss of each batch, which is the sum of as many numbers as a vector has lanes.

    Raises
    ------
    NotCompiled
        If there is no kernel to be had; at the first time there is a warning that says why.
    """

    def __init__(
        self,
        variant: Variant,
        parts: Sequence[Array],
        data: Data,
        size: int,
        settings: Settings,
        width: int | None = None,
    ) -> None:
        dtype, mean_weight = np.dtype(variant.dtype), settings.mean_weight
        single = size == 1 and (data.weights is None or mean_weight is not None)
        name = variant.kernel("train_singles" if single else "train_batches")
        kernel, reason = for_fit(name, width)
        if kernel is None:
            raise NotCompiled(str(reason))
        self._function = kernel
        self._n: int = data.X.shape[0]
        self._size, self._moments = size, variant.moments
        self.batches_done = 0
        matrices = parts[: len(parts) // 2]
        self._lanes = (width or widest()) * 8 // dtype.itemsize
        units = units_of(matrices)
        block = 1 if single else block_size(units, dtype.itemsize)
        self._block = block
        self._sizes = () if single else (size, block)
        self._step = -(-SLICE // sum(3 * w.size for w in matrices) // block) * block
        is_dense = variant.inputs == "dense"
        self._network = perceptron(units, block, self._lanes, dtype, variant.moments, is_dense)
        self.weights, self.gradient = self._network.weights, self._network.gradient
        self.pack(parts)
        how = size, single, _settings(settings, dtype)
        self._samples = _samples(data, self._network, *how)
        self.losses = self._samples.losses
        self._shares = _shares(self._n, size, self._lanes)
        # Addresses: what they belong to must live as long.
        self._addresses = address_table(Batches(network=self._network, samples=self._samples))
        self._table = address(self._addresses)

    def epoch(self, order: Array, rates: Array) -> np.float64:
        """Train on all samples in an order; return the mean loss.

        Parameters
        ----------
        order : (n,) array of int
            Numbers of the samples.
        rates : (ceil(n / size),) array
            The learning rate of each batch.

        Returns
        -------
        np.float64
            The mean over the samples of their batch's loss before its update.
        """
        self._samples.order[...] = order
        self._samples.rates[...] = rates
        self.run()
        with np.errstate(all="ignore"):  # weights may have overflowed
            return (self.losses * self._shares).sum()  # type: ignore[no-any-return]

    def run(self) -> None:
        """Train on all samples in the order of the last epoch, at first theirs, at its rates."""
        self.batches_done = end = 0
        while end < self._n:
            start, end = end, self._end_of_slice(end + self._step)
            self._function(self._table, start, end, *self._sizes)
            self.batches_done = end // self._size if end < self._n else len(self._samples.rates)

    def _end_of_slice(self, most: int) -> int:
        """Return where a block ends, at most at `most`: cut elsewhere, sums had other bits."""
        return self._n if most >= self._n else most - most % self._size % self._block

    def change(self, settings: Settings) -> None:
        """Train with other settings from now on."""
        self._samples.settings[...] = _settings(settings, self.weights.dtype)

    def pack(self, parts: Sequence[Array]) -> None:
        """Take the weights from arrays of their shapes."""
        self._pack(self.weights, parts)

    def unpack(self, parts: Sequence[Array]) -> None:
        """Copy the weights to arrays of their shapes."""
        self._unpack(self.weights, parts)

    def places_of(self, parts: Sequence[Array]) -> Array:
        """Return where in `weights` and `gradient` is each number of arrays of their shapes."""
        numbers = [np.empty(part.shape, np.int64) for part in parts]
        self._unpack(np.arange(self.weights.size), numbers)
        return np.concatenate([part.ravel() for part in numbers])

    def pack_moments(self, *moments: Sequence[Array]) -> None:
        """Take what the optimizer remembers from arrays of the weights' shapes."""
        for buffer, parts in zip(self._buffers(), moments, strict=True):
            self._pack(buffer, parts)

    def unpack_moments(self, *moments: Sequence[Array]) -> None:
        """Copy what the optimizer remembers to arrays of the weights' shapes."""
        for buffer, parts in zip(self._buffers(), moments, strict=True):
            self._unpack(buffer, parts)

    def _buffers(self) -> list[Array]:
        return [self._network.velocity, self._network.square][: self._moments]

    def _pack(self, buffer: Array, parts: Sequence[Array]) -> None:
        packed, unpacked = zip(*self._network.pairs(buffer, parts), strict=True)
        copy_each(packed, unpacked)

    def _unpack(self, buffer: Array, parts: Sequence[Array]) -> None:
        packed, unpacked = zip(*self._network.pairs(buffer, parts), strict=True)
        copy_each(unpacked, packed)


def _shares(n: int, size: int, lanes: int) -> Array:
    """Return for each batch, and each lane of its loss, the batch's share of the samples."""
    batches = -(-n // size)
    shares = np.full((batches, lanes), size / n)
    shares[-1] = (n - (batches - 1) * size) / n
    return shares.ravel()


def _settings(settings: Settings, dtype: Any) -> Array:
    """Return the settings as the kernels see them."""
    numbers = {
        calls.PENALTY: settings.penalty,
        calls.LOSS_FACTOR: settings.loss_factor,
        calls.MEAN_WEIGHT: 1.0 if settings.mean_weight is None else settings.mean_weight,
        calls.MOMENTUM: settings.momentum,
        calls.BETA_1: settings.beta_1,
        calls.NEW_1: 1 - settings.beta_1,
        calls.BETA_2: settings.beta_2,
        calls.NEW_2: 1 - settings.beta_2,
        calls.EPSILON: settings.epsilon,
    }
    return np.array([numbers[n] for n in range(len(numbers))], dtype)


def _samples(data: Data, network: Perceptron, size: int, single: bool, settings: Array) -> Samples:
    """Return the samples as the kernels see them."""
    X, y, weights = data
    n, dtype, lanes = X.shape[0], settings.dtype, network.sums.size // 2
    row, batches = int((network.padded if single else network.units)[-1]), -(-n // size)
    targets = aligned_zeros(n * row, dtype)
    targets.reshape(n, row)[:, : y.shape[1]] = y
    none = np.empty(0, dtype=np.int64)
    is_dense = isinstance(X, np.ndarray)
    return Samples(
        X=X if is_dense else X.data,
        offsets=none if is_dense else X.indices.astype(np.int64) * lanes,
        starts=none if is_dense else X.indptr.astype(np.int64),
        targets=targets,
        weights=np.ones(n, dtype) if weights is None else weights.astype(dtype),
        order=np.arange(n, dtype=np.int64),
        rates=np.zeros(batches, dtype),
        losses=aligned_zeros(batches * lanes, dtype),
        settings=settings,
    )
