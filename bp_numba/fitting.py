"""The parts of `fit`: samples, what trains on them, and their loss, whatever users have overridden.

Where none of the methods concerned is overridden, the work is `training`'s: by kernels, or in
NumPy (`training.choice`). Else it is done by the user's own methods, sample by sample.
"""

from collections.abc import Callable
from typing import Any

from bp_numba import validation as check
from bp_numba.training.choice import overridden
from bp_numba.training.loss import loss
from bp_numba.training.samples import Samples, as_samples
from bp_numba.training.trainer import Trainer


def samples_to_train_on(network: Any, X: Any, y: Any) -> Samples:
    """Return samples, checked against the weights as far as the package's methods work on them.

    Raises
    ------
    ValueError, TypeError
        If X or y, or the weights, cannot be used.
    """
    samples = as_samples(X, y, network)
    if not overridden(network, "fit_partial"):
        matrices = check.check_weights(network.W)
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
    check.check_samples(samples.X, len(network.W[0]), name="validation X")
    check.check_rows(*samples, "validation ")
    _check_targets_of_loss(network, samples, "validation y")
    return samples


def _check_targets_of_loss(network: Any, samples: Samples, name: str) -> None:
    if not overridden(network, "predict", "calculate_loss"):
        shape = len(samples.X), network.W[-1].shape[1]
        check.check_broadcast(samples.y, shape, name)


def advance_of(network: Any, samples: Samples) -> Callable[[int], int]:
    """Return what trains for some whole epochs, up to a limit, and returns how many."""
    if not overridden(network, "fit_partial", "sigmoid", "sigmoid_deriv"):
        return Trainer(network, samples).advance
    X = samples.with_bias()

    def one_epoch(limit: int) -> int:
        for x, target in zip(X, samples.y, strict=False):
            network.fit_partial(x, target)
        return 1

    return one_epoch


def loss_of(network: Any, samples: Samples) -> Callable[[], Any]:
    """Return what computes the loss of the samples with the network's present weights."""
    if not overridden(network, "sigmoid", "predict", "calculate_loss"):
        return lambda: loss(network.W, samples)
    X = samples.with_bias()
    return lambda: network.calculate_loss(X, samples.y)
