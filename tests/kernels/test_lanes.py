"""How networks and samples lie in lanes."""

import numpy as np
import pytest

from bp_numba.kernels.lanes import in_groups, lanes, most_vectors, own_samples, shared_samples


@pytest.mark.parametrize("networks", [1, 4, 5, 8, 9])
def test_lanes_have_room_for_all_networks(networks):
    many = lanes([3, 4, 2], networks, 4)
    vectors = -(-networks // 4)
    assert many.weights.size == vectors * (3 * 4 + 4 * 2) * 4
    assert many.rates.size == many.errors.size == vectors * 4
    assert many.activations.size == many.steps.size == 4 * (3 + 4 + 2) * 4
    assert many.units.tolist() == [3, 4, 2]
    assert many.unit_offsets.tolist() == [0, 3, 7, 9]
    assert many.weight_offsets.tolist() == [0, 12, 20]
    assert not many.weights.any()


@pytest.mark.parametrize("vectors", [1, 2, 3, 4, 7, 9, 14])
def test_networks_lie_together_by_four_vectors_then_by_two_and_one(vectors):
    elements = np.arange(vectors * 5 * 8.0)
    groups = in_groups(elements, vectors, 8)
    assert [group.shape[1] for group in groups] == [
        *[32] * (vectors // 4),
        *[16] * (vectors % 4 // 2),
        *[8] * (vectors % 2),
    ]
    assert all(len(group) == 5 and np.shares_memory(group, elements) for group in groups)
    assert np.concatenate([group.ravel() for group in groups]).tolist() == elements.tolist()


def test_the_smallest_networks_go_side_by_side_in_more_vectors_where_units_are_known():
    assert most_vectors((3, 3, 1)) == 8
    assert most_vectors((5, 9, 3)) == most_vectors(None) == 4


def test_a_sample_of_zeros_comes_after_the_shared_ones():
    samples = shared_samples(np.array([[1, 2], [3, 4]]), np.array([[5], [6]]), 2)
    assert samples.X.tolist() == [1, 2, 3, 4, 0, 0]
    assert samples.targets.tolist() == [5, 5, 6, 6, 0, 0]
    assert samples.size == 2 and samples.present.size == samples.longest.size == 0


def test_own_samples_are_in_the_lanes_of_their_networks():
    lengths = (2, 3, 1, 3, 2)
    sets = [(np.full((n, 1), 10.0 * n), np.full((n, 2), [n, -n], dtype=float)) for n in lengths]
    samples = own_samples(sets, 2, 4)
    X, targets = samples.X.reshape(4, 1, 8), samples.targets.reshape(4, 2, 8)
    present = samples.present.reshape(4, 8)
    assert samples.size == 3 and samples.longest.tolist() == [3, 2]
    for k, (own, wanted) in enumerate(sets):
        n = len(own)
        assert present[:, k].tolist() == [1.0] * n + [0.0] * (4 - n)
        assert X[:n, :, k].tolist() == own.tolist()
        assert targets[:n, :, k].tolist() == wanted.tolist()
        assert not X[n:, :, k].any() and not targets[n:, :, k].any()
    assert not present[:, len(sets) :].any()  # no network is there
