"""fit_many: each network as fit leaves it, with the same bits however they are trained."""

import re
import time
import warnings
from concurrent.futures import BrokenExecutor

import numpy as np
import pytest

from bp_numba import NeuralNetwork, ReferenceNetwork, fit_many
from bp_numba.many import alone
from bp_numba.many import fit as fit_module
from bp_numba.many import lanes as lanes_module
from bp_numba.many.lanes import InLanes, suits
from bp_numba.many.members import members_of
from bp_numba.many.tasks import Order
from bp_numba.simd.width import widest
from bp_numba.training import trainer
from bp_numba.training.run import Run
from tests.conftest import needs_jit
from tests.many.conftest import LARGE, SMALL, assert_same, fitted, make, samples


@pytest.mark.parametrize("layers", [SMALL, LARGE, [2, 2, 1], [1, 1], [4, 8, 3], [3, 5, 4, 1]])
@pytest.mark.parametrize("count", [1, 7, 70])
def test_each_network_ends_as_fit_leaves_it(layers, count):
    X, y = samples(layers, 21)
    networks = make(layers, count)
    assert fit_many(networks, X, y, epochs=30, displayUpdate=8) is None
    expected = fitted(make(layers, count), [(X, y)] * count, epochs=30, displayUpdate=8)
    assert_same(networks, expected, exactly=False)
    assert networks[0].history.epochs == [1, 8, 16, 24]


@needs_jit  # minutes of NumPy
def test_full_runs_of_xor_agree(xor_table):
    X, y = xor_table
    np.random.seed(0)
    networks = [NeuralNetwork([2, 2, 1], alpha=0.5) for _ in range(20)]
    np.random.seed(0)
    expected = [NeuralNetwork([2, 2, 1], alpha=0.5) for _ in range(20)]
    fit_many(networks, X, y, epochs=20_000)
    fitted(expected, [xor_table] * 20, epochs=20_000)
    assert_same(networks, expected, exactly=False)


@pytest.mark.parametrize("first", [1, 2, 10, 20, 21, 40])
def test_slices_that_grow_within_an_epoch_train_on_each_sample_once(first, monkeypatch):
    weights = sum(w.size for w in make(SMALL, 1)[0].W)
    monkeypatch.setattr(lanes_module, "FIRST_SLICE", first * weights)
    monkeypatch.setattr(lanes_module, "SLICE_SECONDS", 1e9)  # each is twice the one before
    X, y = samples(SMALL, 21)
    networks = make(SMALL, 4)
    fit_many(networks, X, y, epochs=6, displayUpdate=2)
    expected = fitted(make(SMALL, 4), [(X, y)] * 4, epochs=6, displayUpdate=2)
    assert_same(networks, expected, exactly=False)


@needs_jit
def test_networks_alike_go_together_in_the_order_of_their_numbers_of_samples(monkeypatch):
    tasks = []

    def begin(members, *how):
        tasks.append([(member.network.layers, len(member.samples.X)) for member in members])
        return InLanes(members, *how)

    monkeypatch.setattr(fit_module, "InLanes", begin)
    other, rows = [2, 2, 1], [5, 3, 4, 3]
    networks = [nn for pair in zip(make(SMALL, 4), make(other, 4), strict=True) for nn in pair]
    sets = [samples(nn.layers, n) for nn, n in zip(networks, np.repeat(rows, 2), strict=True)]
    fit_many(networks, *map(list, zip(*sets, strict=True)), epochs=1)
    assert tasks == [[(layers, n) for n in sorted(rows)] for layers in (SMALL, other)]


@needs_jit
def test_tasks_come_back_with_whole_epochs(monkeypatch):
    """Else one whose epochs take longer than the time between checkpoints would never end."""
    monkeypatch.setattr(lanes_module, "FIRST_SLICE", 1)
    networks = make(SMALL, 4)
    task = InLanes(members_of(networks, *samples(SMALL, 21), None), 0, widest())
    for epoch in 1, 2, 3:
        task.advance(Order(Run(0, 3, None), 3, seconds=0.0))
        task.deliver()
        assert [nn.epochs_trained for nn in networks] == [epoch] * 4


@pytest.mark.parametrize("layers", [SMALL, LARGE])
def test_each_may_have_samples_of_its_own(layers):
    sets = [samples(layers, 1 + k * 5 % 13, seed=k) for k in range(19)]
    watched = [samples(layers, 1 + k % 3, seed=100 + k) for k in range(19)]
    networks = make(layers, 19)
    X, y = zip(*sets, strict=True)
    fit_many(networks, X, y, 20, 5, validation=tuple(zip(*watched, strict=True)))
    expected = make(layers, 19)
    for network, own, other in zip(expected, sets, watched, strict=True):
        network.fit(*own, 20, 5, verbose=False, validation=other)
    assert_same(networks, expected, exactly=False)


class Table:
    """What Polars and Arrow have in common: a shape, and an array on demand, but no `ndim`."""

    def __init__(self, array):
        self._array, self.shape = array, array.shape

    def __array__(self, dtype=None, copy=None):
        return np.array(self._array, dtype=dtype)

    def __len__(self):
        return len(self._array)

    def __getitem__(self, row):
        return self._array[row]


def test_each_may_have_a_table_of_its_own():
    sets = [samples(SMALL, rows, seed=rows) for rows in (9, 9, 4)]
    networks, expected = make(SMALL, 3), make(SMALL, 3)
    fit_many(networks, *([Table(part) for part in parts] for parts in zip(*sets, strict=True)), 5)
    fit_many(expected, *map(list, zip(*sets, strict=True)), 5)
    assert_same(networks, expected)


def test_targets_may_be_their_own_on_the_same_samples():
    X, _ = samples(SMALL, 12)
    y = np.random.default_rng(1).random((5, 12, 2))
    networks = make(SMALL, 5)
    fit_many(networks, X, y, 20)
    assert_same(networks, fitted(make(SMALL, 5), [(X, own) for own in y], epochs=20), False)


def test_one_dimensional_targets_train_and_their_losses_are_sums_over_pairs():
    layers = [3, 4, 1]
    X, y = samples(layers, 12)
    networks = make(layers, 5)
    fit_many(networks, X, y.ravel(), 20, 5, validation=(X[:4], y[:4].ravel()))
    options = {"epochs": 20, "displayUpdate": 5, "validation": (X[:4], y[:4].ravel())}
    assert_same(networks, fitted(make(layers, 5), [(X, y.ravel())] * 5, **options), False)
    assert networks[0].losses[0] > 12 * 0.5 * np.sum((networks[0].predict(X) - y) ** 2)


def test_networks_of_different_layers_may_be_mixed():
    def mixed():
        both = zip(make(SMALL, 9), make([3, 30, 2], 9), make([3, 2], 9), strict=True)
        return [network for three in both for network in three]

    X, y = samples(SMALL, 15)
    networks = mixed()
    fit_many(networks, X, y, 10)
    assert_same(networks, fitted(mixed(), [(X, y)] * 27, epochs=10), exactly=False)


@pytest.mark.parametrize("own", [False, True])
def test_the_same_bits_in_whatever_company(own):
    sets = [samples(SMALL, 3 + k % 4 if own else 5, seed=k if own else 0) for k in range(40)]

    def trained(numbers, **options):
        everyone = make(SMALL, 40)
        networks = [everyone[k] for k in numbers]
        X, y = zip(*(sets[k] for k in numbers), strict=True) if own else sets[0]
        fit_many(networks, X, y, 30, 7, **options)
        return networks

    expected = trained(range(40))
    for numbers in [range(39, -1, -1), [3], range(4), range(5), range(0, 40, 3)]:
        assert_same(trained(numbers), [expected[k] for k in numbers])


@pytest.mark.parametrize("layers", [SMALL, LARGE])
def test_the_same_bits_in_whatever_slices(layers, monkeypatch):
    X, y = samples(layers, 21)
    expected = make(layers, 6)
    fit_many(expected, X, y, 12, 4, validation=(X[:9], y[:9]))
    for module in lanes_module, trainer:
        monkeypatch.setattr(module, "FIRST_SLICE", 1)
        monkeypatch.setattr(module, "SLICE_SECONDS", 1e-9)
    monkeypatch.setattr(fit_module, "MOST_TOGETHER", 4)
    networks = make(layers, 6)
    fit_many(networks, X, y, 12, 4, validation=(X[:9], y[:9]))
    assert_same(networks, expected)


def test_the_same_bits_with_callbacks_and_in_several_calls():
    X, y = samples(SMALL, 11)
    expected, called, parts = make(SMALL, 6), make(SMALL, 6), make(SMALL, 6)
    fit_many(expected, X, y, 30, 10)
    fit_many(called, X, y, 30, 10, callback=lambda *_: None)
    assert_same(called, expected)
    fit_many(parts[:3], X, y, 10, 10)
    fit_many(parts[3:], X, y, 20, 10)
    history = [list(nn.history.losses) for nn in parts]
    fit_many(parts, X, y, 30, 10, initial_epoch=[nn.epochs_trained for nn in parts])
    for nn, other, before in zip(parts, expected, history, strict=True):
        assert nn.epochs_trained == 30 and nn.history.epochs == [1, 10, 20, 30]
        assert nn.history.losses == other.history.losses
        assert before + nn.losses == other.losses
        assert all(map(np.array_equal, nn.W, other.W))


@needs_jit
def test_small_networks_go_in_lanes_and_others_do_not():
    def in_lanes(network, X, y):
        (member,) = members_of([network], X, y, None)
        return suits(member)

    X, y = samples(SMALL, 5)
    (network,) = make(SMALL, 1)
    assert in_lanes(network, X, y)
    assert in_lanes(network, X, y[:, :1])
    assert not in_lanes(network, X[:0], y[:0])
    network.W[1] = network.W[1].astype(np.float32)
    assert not in_lanes(network, X, y)
    assert not in_lanes(make(LARGE, 1)[0], *samples(LARGE, 5))


def diverging(layers, count):
    networks = make(layers, count)
    networks[3].alpha = 1e304  # times the error of the first sample it is infinite
    networks[5].W[0][0, 0] = np.nan
    networks[6].W[-1][0, 0] = -np.inf
    return networks


@needs_jit  # NumPy would warn of an overflow
@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("layers", [SMALL, LARGE])
def test_a_network_that_diverges_does_not_touch_its_neighbours(layers, own):
    sets = [samples(layers, 9 - k % 3 if own else 9, seed=k if own else 0) for k in range(8)]
    sets = [(X, 1e6 * y) for X, y in sets]
    X, y = zip(*sets, strict=True) if own else sets[0]
    networks, sound = diverging(layers, 8), make(layers, 8)
    with warnings.catch_warnings(action="error"):
        fit_many(networks, X, y, 6, 2)
    fit_many(sound, X, y, 6, 2)
    expected = fitted(diverging(layers, 8), sets, epochs=6, displayUpdate=2)
    for k in range(8):
        if k in (3, 5, 6):
            assert not all(np.isfinite(w).all() for w in networks[k].W)
            for w, other in zip(networks[k].W, expected[k].W, strict=True):
                np.testing.assert_allclose(w, other, rtol=1e-11)
            np.testing.assert_allclose(networks[k].losses, expected[k].losses, rtol=1e-11)
        else:
            assert_same([networks[k]], [sound[k]])


class Own(NeuralNetwork):
    def fit_partial(self, x, y):
        self.steps = getattr(self, "steps", 0) + 1
        super().fit_partial(x, y)


class Scheduled(NeuralNetwork):
    @property
    def alpha(self):
        return 0.1 / (1 + self.epochs_trained)

    @alpha.setter
    def alpha(self, value):
        pass


def shared_memory():
    whole = np.random.default_rng(0).normal(size=(4, 5))
    network = NeuralNetwork([3, 4, 2])
    network.W = [whole, whole.reshape(-1)[:10].reshape(5, 2)]
    return network


def special():
    """Return networks that lanes are not built for, after one that they are built for."""
    np.random.seed(3)
    networks = [NeuralNetwork(SMALL), Own(SMALL), Scheduled(SMALL), shared_memory()]
    networks += [NeuralNetwork(SMALL) for _ in range(3)]
    networks[4].W = [w.astype(np.float32) for w in networks[4].W]
    networks[5].calculate_loss = lambda X, y: 42.0
    networks[6].W = [np.asfortranarray(w) for w in networks[6].W]
    return networks


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_networks_that_lanes_are_not_built_for_train_as_ever(n_jobs):
    if n_jobs:
        pytest.importorskip("joblib")
    X, y = samples(SMALL, 9)
    networks = special()
    fit_many(networks, X, y, 5, 2, n_jobs=n_jobs)
    assert_same(networks, fitted(special(), [(X, y)] * 7, epochs=5, displayUpdate=2), False)
    assert networks[1].steps == 45 and networks[5].losses == [42.0] * 3
    assert networks[4].W[0].dtype == np.float32


class Perceptron(NeuralNetwork):
    """Keeps its weights, without a hidden layer, as numbers of Python."""

    def fit_partial(self, x, y):
        (output,) = self.predict([x], addBias=False)[0]
        for k, value in enumerate(x):
            self.weights[k] += self.alpha * (y[0] - output) * value

    def predict(self, X, addBias=True):
        X = np.c_[X, np.ones(len(X))] if addBias else np.asarray(X)
        return X @ np.reshape(self.weights, (-1, 1))


@pytest.mark.parametrize("form", ["none", "missing", "numbers", "mixed"])
def test_with_a_fit_partial_of_ones_own_w_may_be_anything(form):
    X, y = samples([2, 1], 9)

    def made():
        nn = Perceptron([2, 1])
        nn.weights = [0.0] * 3
        nn.W = {"none": None, "numbers": nn.weights, "mixed": [np.ones(3), (1, 2)]}.get(form)
        if form == "missing":
            del nn.W
        return nn

    networks, expected = [*make([2, 1], 2), made()], made()
    fit_many(networks, X, y, 20, 5)
    expected.fit(X, y, 20, 5, verbose=False)
    assert networks[2].weights == expected.weights != [0.0] * 3
    assert networks[2].losses == expected.losses and networks[2].epochs_trained == 20


def test_one_matrix_may_be_there_twice_in_a_network():
    layers = [3, 3, 4]  # both matrices are 4 x 4
    sets = [samples(layers, 9)] * 2
    networks, others = make(layers, 2), make(layers, 2)
    for _, tied in networks, others:
        tied.W[1] = tied.W[0]
    fit_many(networks, *sets[0], 5, 2)
    assert networks[1].W[1] is networks[1].W[0]
    assert_same(networks, fitted(others, sets, epochs=5, displayUpdate=2), False)


def test_nothing_to_train():
    X, y = samples(SMALL, 4)
    fit_many([], X, y)
    fit_many(iter(()), "no samples", None)
    (network,) = make(SMALL, 1)
    before = [w.copy() for w in network.W]
    fit_many([network], X, y, epochs=0)
    assert network.losses == [] and network.epochs_trained == 0
    fit_many([network], X[:0], y[:0], epochs=3)
    assert network.losses == [0.0] and network.epochs_trained == 3
    assert all(map(np.array_equal, network.W, before))


@needs_jit
def test_lanes_are_let_go_of_one_task_after_the_other(monkeypatch):
    alive, most = [0], [0]

    class Counted(lanes_module.InLanes):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            alive[0] += 1
            most[0] = max(most[0], alive[0])

        def __del__(self):
            alive[0] -= 1

    monkeypatch.setattr(fit_module, "InLanes", Counted)
    monkeypatch.setattr(fit_module, "MOST_TOGETHER", 8)
    fit_many(make(SMALL, 80), *samples(SMALL, 4), epochs=2)
    assert 0 < most[0] <= 2


def test_what_is_lost_with_a_worker_is_done_again_and_so_is_all_after_it(monkeypatch):
    pytest.importorskip("joblib")
    lost = iter([False, True, False, False, True])

    class Mortal(alone.Alone):
        def advance(self, order):
            if next(lost, False):
                raise BrokenExecutor("a worker has died")
            time.sleep(0.02)  # others have not been begun when it dies
            super().advance(order)

    networks, expected = make(LARGE, 40), make(LARGE, 40)
    fit_many(expected, *samples(LARGE, 9), epochs=4)
    monkeypatch.setattr(fit_module, "Alone", Mortal)
    fit_many(networks, *samples(LARGE, 9), epochs=4, n_jobs=2)
    assert next(lost, None) is None
    assert_same(networks, expected)


def test_a_callback_may_tie_matrices_of_a_network():
    layers = [3, 3, 4]  # both matrices are 4 x 4
    (X, y), networks, others = samples(layers, 9), make(layers, 2), make(layers, 2)

    def callback(network, epoch, loss):
        if epoch == 1:
            network.W[1] = network.W[0]

    fit_many(networks, X, y, 6, 3, callback=callback)
    for other in others:
        other.fit(X, y, 6, 3, verbose=False, callback=callback)
    assert_same(networks, others, False)


@pytest.mark.filterwarnings("ignore:(overflow|invalid value) encountered:RuntimeWarning")  # NumPy's
@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e200, 1e308])
@pytest.mark.parametrize("rows", [5, 40, 1000])
def test_validation_samples_whose_products_overflow(rows, bad):
    (X, y), (V, t) = samples(LARGE, 40), samples(LARGE, rows, seed=1)
    V[3, 1] = bad
    networks = make(LARGE, 2)
    fit_many(networks[:1], X, y, 2, 1, validation=(V, t))
    networks[1].fit(X, y, 2, 1, verbose=False, validation=(V, t))
    for network in networks:
        expected = network.calculate_loss(np.c_[V, np.ones(rows)], t)
        found = network.history.validation_losses[-1]
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        assert np.isnan(found) == np.isnan(bad)


@pytest.mark.parametrize("dtype", ["f2", "f4"])
def test_one_dimensional_targets_of_few_digits(dtype):
    X = np.random.default_rng(0).random((300, 4))
    y = (300 * X[:, 0]).astype(dtype)
    networks, others = make([4, 3, 1], 2), make([4, 3, 1], 1)
    reference = ReferenceNetwork([4, 3, 1], alpha=others[0].alpha)
    reference.W = [w.copy() for w in others[0].W]
    fit_many(networks[:1], X, y, 1)
    networks[1].W, networks[1].alpha = others[0].W, others[0].alpha
    networks[1].fit(X, y, 1, verbose=False)
    reference.fit(X, y, 1)
    expected = reference.calculate_loss(np.c_[X, np.ones(300)], y)
    for network in networks:
        assert network.losses[-1] == pytest.approx(expected, rel=1e-12)
        assert network.calculate_loss(np.c_[X, np.ones(300)], y) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda a, b: setattr(b, "W", make([9, 4, 2], 1)[0].W), "networks[1]: X must have 9"),
        (lambda a, b: setattr(b, "W", make([50, 4, 2], 1)[0].W), "networks[1]: X must have 50"),
        (lambda a, b: setattr(b, "W", a.W), "networks[1] must not share weights with networks[0]"),
    ],
)
@pytest.mark.parametrize("begun", [0, 50])
def test_what_a_callback_has_changed_is_checked_in_all_that_go_on(begun, change, text):
    networks, (X, y) = make(SMALL, 2), samples(SMALL, 9)

    def callback(network, epoch, loss):
        if epoch == 1:
            change(*networks)

    with pytest.raises(ValueError, match=re.escape(text)):
        fit_many(networks, X, y, 60, 100, callback=callback, initial_epoch=[0, begun])
