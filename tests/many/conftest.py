"""Networks and samples that tests of many networks share."""

import numpy as np
import pytest

from bp_numba import NeuralNetwork

SMALL, LARGE = [3, 4, 2], [20, 24, 3]
"""Layers that go in lanes, and that do not."""


def make(layers, count, seed=0):
    """Return networks of some layers, of which each has its own learning rate."""
    np.random.seed(seed)
    return [NeuralNetwork(layers, alpha=0.1 + 0.01 * k) for k in range(count)]


def samples(layers, rows, seed=0):
    random = np.random.default_rng(seed)
    return random.normal(size=(rows, layers[0])), random.random((rows, layers[-1]))


def fitted(networks, sets, **options):
    """Train networks one after the other, each on its set."""
    for network, (X, y) in zip(networks, sets, strict=True):
        network.fit(X, y, verbose=False, **options)
    return networks


def assert_same(networks, others, exactly=True):
    """Assert that networks hold the same weights and records: the same bits, or to rounding."""
    for one, other in zip(networks, others, strict=True):
        tolerance = 0.0 if exactly else 1e-11
        for w, expected in zip(one.W, other.W, strict=True):
            np.testing.assert_allclose(w, expected, rtol=0, atol=tolerance)
        assert one.epochs_trained == other.epochs_trained
        assert one.history.epochs == other.history.epochs
        assert one.history.samples == other.history.samples
        assert one.history.validation_samples == other.history.validation_samples
        for losses, expected in [
            (one.losses, other.losses),
            (one.history.losses, other.history.losses),
            (one.history.validation_losses, other.history.validation_losses),
        ]:
            assert len(losses) == len(expected)
            if None in expected:
                assert losses == expected
            else:
                np.testing.assert_allclose(losses, expected, rtol=100 * tolerance)


@pytest.fixture
def xor_table():
    return np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0], [1], [1], [0]])
