"""How weights are trained on samples, and the plans that are remembered."""

import numpy as np
import pytest

from bp_numba import NeuralNetwork
from bp_numba.training import plan
from bp_numba.training.plan import REMEMBERED_BYTES, plan_for
from bp_numba.training.samples import Samples
from tests.conftest import assert_same_weights, make, twins


@pytest.fixture(autouse=True)
def nothing_remembered():
    plan._remembered.cache_clear()


def weights(layers, dtype=np.float64):
    return [w.astype(dtype) for w in make(NeuralNetwork, layers).W]


CHANGES = {
    "a sample": lambda X, y: X.__setitem__((0, 0), 0.5),
    "a sign of zero": lambda X, y: X.__setitem__((0, 1), -0.0),
    "a target": lambda X, y: y.__setitem__(0, 0.5),
    "an exchange of rows": lambda X, y: X.__setitem__(slice(None), X[::-1].copy()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_equal_samples_are_listed_once_and_others_anew(change):
    X, y, W = np.array([[1.0, 0.0], [2.0, 3.0]]), np.array([[0.0], [1.0]]), weights([2, 1])
    first = plan_for(W, Samples(X, y))
    assert plan_for(weights([2, 1]), Samples(X.copy(), y.copy())) is first
    assert plan_for(W, Samples(np.asfortranarray(X), y)) is first
    assert plan_for(W, Samples(X.astype(np.float32), y)) is not first
    assert plan_for(W, Samples(X, y), Samples(X, y)) is not first
    CHANGES[change](X, y)
    assert plan_for(W, Samples(X, y)) is not first


@pytest.mark.parametrize(
    ("layers", "dtype"), [([2, 3], np.float64), ([2, 2, 1], np.float64), ([2, 1], np.float32)]
)
def test_other_weights_have_another_plan(layers, dtype):
    samples = Samples(np.ones((16, 2)), np.ones((16, 1)))
    first, other = (plan_for(W, samples) for W in (weights([2, 1]), weights(layers, dtype)))
    assert first is not other
    assert first.in_blocks and other.in_blocks == (dtype == np.float64)


def test_many_samples_are_not_remembered():
    for shape in ((REMEMBERED_BYTES // 8 + 1, 1), (1, REMEMBERED_BYTES // 8 + 1)):
        samples, W = Samples(np.ones(shape), np.ones((shape[0], 1))), weights([shape[1], 1])
        assert plan_for(W, samples) is not plan_for(W, samples)


def test_samples_shuffled_in_place_between_two_fits(xor_data):
    """What people do who shuffle: `fit` for one epoch, again and again, on the same arrays."""
    X, y = (array.copy() for array in xor_data)
    nn, reference = twins([2, 2, 1])
    rng = np.random.default_rng(0)
    for _ in range(50):
        order = rng.permutation(len(X))
        X[...], y[...] = X[order], y[order]
        for network in (nn, reference):
            network.fit(X, y, epochs=1)
    assert_same_weights(nn, reference, 1e-13)


def test_two_networks_in_turns_use_buffers_of_their_own_shapes(xor_data):
    pairs = [twins([2, 2, 1]), twins([2, 9, 1]), twins([2, 2, 1], seed=3), twins([2, 3, 2, 1])]
    pairs[2][0].W = [w.astype(np.float32).astype(np.float64) for w in pairs[2][0].W]
    pairs[2][1].W = [w.copy() for w in pairs[2][0].W]
    for _ in range(5):
        for pair in pairs:
            for network in pair:
                network.fit(*xor_data, epochs=1)
    for nn, reference in pairs:
        assert_same_weights(nn, reference, 1e-14)


def test_fit_within_fit(xor_data):
    """A callback trains another network of the same shapes: neither sees the other's weights."""
    networks = [twins([2, 2, 1], seed=seed) for seed in (0, 1)]
    (outer, outer_reference), (inner, inner_reference) = networks

    def callback(*_):
        inner.fit(*xor_data, epochs=1, verbose=False)

    outer.fit(*xor_data, epochs=7, displayUpdate=1, callback=callback)
    for _ in range(7):
        inner_reference.fit(*xor_data, epochs=1)
    outer_reference.fit(*xor_data, epochs=7)
    assert_same_weights(outer, outer_reference, 1e-14)
    assert_same_weights(inner, inner_reference, 1e-14)
