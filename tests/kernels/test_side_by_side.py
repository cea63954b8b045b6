"""Networks in lanes against the same steps in NumPy, network by network."""

import os

import numpy as np
import pytest

from bp_numba.kernels import lane_groups
from bp_numba.kernels import lanes as lanes_module
from bp_numba.kernels.lanes import in_groups, lanes, own_samples, shared_samples
from bp_numba.kernels.side_by_side import go_through_own, go_through_shared
from tests.kernels.cases import WIDTHS, assert_guards, guarded, sigmoid, step_in_numpy
from tests.simd.calling import call

UNITS = [[2, 1], [3, 3, 1], [5, 9, 3], [4, 1, 5, 6, 2]]
NETWORKS = [1, 5, 8, 15, 31]
"""Of them one vector by itself, two side by side, and more, in vectors of four and of eight."""


@pytest.fixture(autouse=True)
def fewer_copies_with_bounds_checked(monkeypatch):
    """All that is compiled for four vectors side by side would take two minutes."""
    if os.environ.get("NUMBA_BOUNDSCHECK") == "1":
        monkeypatch.setattr(lanes_module, "TOGETHER", 2)
        monkeypatch.setattr(lane_groups, "TOGETHER", 2)
        monkeypatch.setattr(lane_groups, "TILE", 2)


def make(units, count, width):
    """Return networks between guard bands, and their matrices and rates."""
    random = np.random.default_rng(count)
    many = lanes(units, count, width)
    many = many._replace(
        **{
            name: guarded(getattr(many, name).size)
            for name in ("weights", "errors", "activations", "steps")
        }
    )
    W = [
        [random.normal(size=shape) for shape in zip(units, units[1:], strict=False)]
        for _ in range(count)
    ]
    rates = random.uniform(0.1, 1.0, count)
    many.weights[...] = many.errors[...] = 0.0
    many.rates[:count] = rates
    for own, matrices in zip(networks_of(many, width), W, strict=False):
        own[...] = np.concatenate([w.ravel() for w in matrices])
    return many, W, rates


def networks_of(many, width):
    """Return for each network a view of its weights, also for those that fill the last vector."""
    vectors = many.weights.size // (many.weight_offsets[-1] * width)
    return [own for group in in_groups(many.weights, vectors, width) for own in group.T]


def assert_weights(many, W, width):
    for own, matrices in zip(networks_of(many, width), W, strict=False):
        wanted = np.concatenate([w.ravel() for w in matrices])
        np.testing.assert_allclose(own, wanted, rtol=1e-12, atol=1e-13)
    assert_guards(many.weights, many.errors, many.activations, many.steps)


def errors_of(matrices, X, y):
    a = np.c_[X, np.ones(len(X))]
    for w in matrices:
        a = sigmoid(a @ w)
    return np.sum((a - y) ** 2)


def own_sets(units, lengths):
    random = np.random.default_rng(1)
    return [(random.normal(size=(n, units[0] - 1)), random.random((n, units[-1]))) for n in lengths]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("count", NETWORKS)
@pytest.mark.parametrize("units", UNITS)
def test_all_networks_train_on_the_same_samples(units, count, width):
    many, W, rates = make(units, count, width)
    ((X, y),) = own_sets(units, [5])
    call(go_through_shared, width, many, shared_samples(X, y, units[-1]), 3, 7, 1)
    for matrices, rate in zip(W, rates, strict=True):
        for number in (3, 4, 0, 1, 2, 3, 4):
            step_in_numpy(matrices, np.append(X[number], 1.0), y[number], rate)
    assert_weights(many, W, width)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("count", NETWORKS)
@pytest.mark.parametrize(
    ("units", "length"),
    [
        *((units, lambda k, width: 2 + k % 4) for units in UNITS),
        (UNITS[1], lambda k, width: 2 + k // width),  # other vectors of a group have more
    ],
)
def test_each_network_trains_on_its_own_samples(units, length, count, width):
    many, W, rates = make(units, count, width)
    sets = own_sets(units, [length(k, width) for k in range(count)])
    samples = own_samples(sets, units[-1], width)
    n = int(samples.size[0])
    call(go_through_own, width, many, samples, 1, 2 * n, 1)
    for matrices, rate, (X, y) in zip(W, rates, sets, strict=True):
        for number in [*range(1, n), *range(n), 0]:
            if number < len(X):
                step_in_numpy(matrices, np.append(X[number], 1.0), y[number], rate)
    assert_weights(many, W, width)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("count", NETWORKS)
def test_squared_errors_are_added_and_weights_left_as_they_are(count, width):
    units = [3, 4, 2]
    many, W, _ = make(units, count, width)
    sets = own_sets(units, [1 + k % 3 for k in range(count)])
    samples = own_samples(sets, 2, width)
    call(go_through_own, width, many, samples, 0, int(samples.size[0]), 0)
    own = [errors_of(matrices, X, y) for matrices, (X, y) in zip(W, sets, strict=True)]
    np.testing.assert_allclose(many.errors[:count], own, rtol=1e-12)
    X, y = sets[-1]
    call(go_through_shared, width, many, shared_samples(X, y, 2), 0, len(X), 0)
    own = [before + errors_of(matrices, X, y) for before, matrices in zip(own, W, strict=True)]
    np.testing.assert_allclose(many.errors[:count], own, rtol=1e-12)
    assert_weights(many, W, width)


@pytest.mark.parametrize("width", WIDTHS)
def test_infinity_and_nan_stay_in_their_lanes(width):
    units, count = [3, 4, 2], 2 * width
    sets = own_sets(units, [3 + k % 2 for k in range(count)])
    samples = own_samples(sets, 2, width)
    results = []
    for spoilt in (False, True):
        many, _, _ = make(units, count, width)
        own = networks_of(many, width)
        if spoilt:
            own[1][0], own[width + 2][13] = np.nan, np.inf
        call(go_through_own, width, many, samples, 0, 8, 1)
        results.append(np.array(own))
    is_spoilt = np.isin(np.arange(count), (1, width + 2))
    assert np.isnan(results[1][is_spoilt]).any(axis=1).all()
    np.testing.assert_array_equal(results[0][~is_spoilt], results[1][~is_spoilt])


@pytest.mark.parametrize("width", WIDTHS)
def test_what_has_not_the_sample_keeps_its_bits(width):
    units, count = [2, 3, 1], width + 1
    many, _, _ = make(units, count, width)
    samples = own_samples(own_sets(units, [1] * (count - 1) + [4]), 1, width)
    own = networks_of(many, width)
    own[0][2], own[1][2] = np.inf, -0.0
    before = np.array(own)
    call(go_through_own, width, many, samples, 1, 3, 1)
    after = np.array(own)
    assert after[:width].tobytes() == before[:width].tobytes()
    assert after[width].tobytes() != before[width].tobytes()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("units", UNITS)
def test_samples_in_several_calls_give_the_same_bits(units, width):
    ((X, y),) = own_sets(units, [5])
    samples, results = shared_samples(X, y, units[-1]), []
    for counts in ([7], [1, 0, 4, 2]):
        many, _, _ = make(units, 3 * width, width)
        first = 3
        for count in counts:
            call(go_through_shared, width, many, samples, first % 5, count, 1)
            first += count
        results.append(many.weights.tobytes())
    assert results[0] == results[1]


@pytest.mark.parametrize("width", WIDTHS)
def test_what_is_only_measured_keeps_its_bits(width):
    many, _, _ = make([3, 4, 2], width, width)
    many.weights[::3] = -0.0
    before = many.weights.tobytes()
    ((X, y),) = own_sets([3, 4, 2], [5])
    call(go_through_shared, width, many, shared_samples(-abs(X), y, 2), 0, 5, 0)
    assert many.weights.tobytes() == before
