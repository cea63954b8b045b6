"""How networks and samples lie in lanes."""

import numpy as np
import pytest

from bp_numba.kernels.lanes import SIDE_BY_SIDE, lanes, own_samples, shared_samples


@pytest.mark.parametrize("networks", [1, 4, 5, 8, 9])
def test_lanes_have_room_for_all_networks(networks):
    many = lanes([3, 4, 2], networks, 4)
    vectors = -(-networks // 4)
    assert many.weights.size == vectors * (3 * 4 + 4 * 2) * 4
    assert many.rates.size == many.errors.size == vectors * 4
    assert many.activations.size == many.steps.size == SIDE_BY_SIDE * (3 + 4 + 2) * 4
    assert many.units.tolist() == [3, 4, 2]
    assert many.unit_offsets.tolist() == [0, 3, 7, 9]
    assert many.weight_offsets.tolist() == [0, 12, 20]
    assert not many.weights.any()


def test_shared_samples_end_in_the_one_of_the_bias():
    samples = shared_samples(np.array([[1, 2], [3, 4]]), np.array([[5], [6]]), 2)
    assert samples.X.tolist() == [1, 2, 1, 3, 4, 1]
    assert samples.targets.tolist() == [5, 5, 6, 6]
    assert samples.size == 2 and samples.present.size == samples.longest.size == 0


def test_own_samples_are_in_the_lanes_of_their_networks():
    sets = [
        (np.full((n, 1), 10.0 * n), np.full((n, 2), [n, -n], dtype=float)) for n in (2, 3, 1, 3, 2)
    ]
    samples = own_samples(sets, 2, 4)
    X, targets = samples.X.reshape(2, 3, 2, 4), samples.targets.reshape(2, 3, 2, 4)
    present = samples.present.reshape(2, 3, 4)
    assert samples.size == 3 and samples.longest.tolist() == [3, 2]
    for k, (own, wanted) in enumerate(sets):
        n, lane = len(own), (k // 4, slice(None), ..., k % 4)
        assert present[lane].tolist() == [1.0] * n + [0.0] * (3 - n)
        assert X[lane][:n].tolist() == np.c_[own, np.ones(n)].tolist()
        assert targets[lane][:n].tolist() == wanted.tolist()
        assert not X[lane][n:].any() and not targets[lane][n:].any()
    assert not present[1, :, 1:].any()  # no network is there
