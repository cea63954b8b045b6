"""The parts of `fit`: samples, what trains on them, and their loss, whatever users have overridden.

Where none of the methods concerned is overridden, the work is `training`'s: by kernels, or in
NumPy (`training.choice`). Else it is done by the user's own methods, sample by sample.
"""

import zlib
from collections.abc import Callable
from time import perf_counter
from typing import Any, Protocol, TypeAlias

import numpy as np

from bp_numba import validation as check
from bp_numba.runs.state import record_of
from bp_numba.training.choice import overridden, own_methods
from bp_numba.training.loss import loss
from bp_numba.training.run import Point, Run, Slice
from bp_numba.training.samples import Samples, as_samples
from bp_numba.training.trainer import Trainer

Losses: TypeAlias = Callable[[], tuple[Any, Any]]


def samples_to_train_on(network: Any, X: Any, y: Any) -> Samples:
    """Return samples, checked against the weights as far as the package's methods work on them.

    Raises
    ------
    ValueError, TypeError
        If X or y, or the weights, cannot be used.
    """
    own = overridden(network, "fit_partial")
    matrices = [] if own else check.check_weights(network.W)
    samples = as_samples(X, y, network)
    if not own:
        check.check_samples(samples.X, len(matrices[0]))
        check.check_targets(*samples, matrices[-1].shape[1])
        _check_targets_of_loss(network, samples, "y")
    return samples


def samples_to_validate(network: Any, pair: Any) -> Samples:
    """Return the samples of a pair (X, y), checked likewise.

    Raises
    ------
    ValueError, TypeError
        If it is no such pair, or X or y cannot be used.
    """
    samples = as_samples(*check.as_pair(pair, "validation"), network, "validation ")
    if not overridden(network, "predict", "calculate_loss"):
        matrices = check.check_weights(network.W, read_only=True)
        check.check_samples(samples.X, len(matrices[0]), name="validation X")
    check.check_rows(*samples, "validation ")
    _check_targets_of_loss(network, samples, "validation y")
    return samples


def _check_targets_of_loss(network: Any, samples: Samples, name: str) -> None:
    if not overridden(network, "predict", "calculate_loss"):
        shape = len(samples.X), network.W[-1].shape[1]
        check.check_broadcast(samples.y, shape, name)


class Training(Protocol):
    """What trains for some epochs of a run, from an epoch on; see `Trainer.advance`."""

    def advance(self, run: Run, epoch: int, one_point: bool) -> Slice:
        """Return the epoch reached, and the display points on the way."""


class SampleBySample:
    """Training by the network's own `fit_partial`, an epoch at a time."""

    def __init__(self, network: Any, X: Any, y: Any, losses: Losses) -> None:
        self._network, self._losses = network, losses
        self._X, self._y = X, y

    def advance(self, run: Run, epoch: int, one_point: bool) -> Slice:
        """Train one epoch."""
        for x, target in zip(self._X, self._y, strict=False):
            self._network.fit_partial(x, target)
        if run.next_stop(epoch) != (epoch + 1, True):
            return Slice(epoch + 1, [])
        return Slice(epoch + 1, [Point(epoch + 1, perf_counter(), *self._losses())])


class UntilChanged:
    """Training by kernels, until the network's own loss changes the samples that it is given.

    Kernels have copies of them. The reference trains on what the loss has left, and so does
    `SampleBySample`.
    """

    def __init__(self, by_kernels: Training, by_sample: Training, *arrays: Any) -> None:
        self._training, self._by_sample = by_kernels, by_sample
        self._arrays, self._checksums = arrays, [*map(_checksum, arrays)]

    def advance(self, run: Run, epoch: int, one_point: bool) -> Slice:
        """Train up to the next display point, at most: there the loss is called."""
        part = self._training.advance(run, epoch, one_point)
        if part.points and self._training is not self._by_sample:
            if [*map(_checksum, self._arrays)] != self._checksums:
                self._training = self._by_sample
        return part


def _checksum(array: Any) -> int:
    return zlib.crc32(np.ascontiguousarray(array).data)


def training_of(network: Any, samples: Samples, watched: Samples | None) -> Training:
    """Return what trains the network, and computes its losses at the display points."""
    own = own_methods(network)
    by_sample = not own.isdisjoint(("fit_partial", "sigmoid", "sigmoid_deriv"))
    measures = not by_sample and own.isdisjoint(("predict", "calculate_loss"))
    # Those of the loss too, as in the reference: methods of the network's own may change them.
    X = None if measures else samples.with_bias()
    loss = _loss_of(network, samples, own, X)
    validation_loss = (lambda: None) if watched is None else _loss_of(network, watched, own)

    def losses() -> tuple[Any, Any]:
        return loss(), validation_loss()

    if measures:
        return Trainer(network, samples, watched, losses)
    sample_by_sample = SampleBySample(network, X, samples.y, losses)
    if by_sample:
        return sample_by_sample
    trainer = Trainer(network, samples, watched, losses, measures=False)
    return UntilChanged(trainer, sample_by_sample, X, samples.y)


def _loss_of(
    network: Any, samples: Samples, own: set[str], with_bias: Any = None
) -> Callable[[], Any]:
    """Return what computes the loss of the samples with the network's present weights.

    If training may change X, it does so `with_bias`, in the array that the loss is computed of too.
    """
    is_own = not own.isdisjoint(("sigmoid", "predict", "calculate_loss"))
    if with_bias is None and not is_own:
        return lambda: loss(network.W, samples, record_of(network))
    X = samples.with_bias() if with_bias is None else with_bias

    def calculated() -> Any:
        if not is_own:  # then W may have been replaced, but not by just anything
            check.check_samples(samples.X, len(check.check_matrices(network.W)[0]))
        return network.calculate_loss(X, samples.y)

    return calculated
