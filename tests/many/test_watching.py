"""Who is told of many networks: callbacks, lines, a progress bar."""

import itertools

import numpy as np
import pytest

from bp_numba import EarlyStopping, NeuralNetwork, fit_many
from bp_numba.many import alone, tasks
from bp_numba.training import trainer
from tests.many.conftest import LARGE, SMALL, assert_same, fitted, make, samples

LAYERS = pytest.mark.parametrize("layers", [SMALL, LARGE])


@LAYERS
def test_a_callback_sees_each_network_as_it_is_at_each_display_point(layers):
    X_y, networks, seen = samples(layers, 9), make(layers, 5), []

    def callback(network, epoch, loss):
        seen.append((networks.index(network), epoch, loss, [w.copy() for w in network.W]))
        assert type(loss) is np.float64 and network.losses[-1] == loss
        assert network.epochs_trained == epoch

    fit_many(networks, *X_y, 20, 8, callback=callback)
    assert [pair[:2] for pair in seen] == [(k, epoch) for epoch in (1, 8, 16) for k in range(5)]
    expected = make(layers, 5)
    fit_many(expected, *X_y, 8, 8)
    for k in range(5):
        assert all(map(np.array_equal, seen[5 + k][3], expected[k].W))


@LAYERS
def test_a_callback_may_stop_one_of_them_and_change_others(layers):
    X_y, networks = samples(layers, 9), make(layers, 5)

    def slower(network, *_):
        network.alpha *= 0.5

    def callback(network, epoch, loss):
        if network is networks[1]:
            slower(network)
        return network is networks[2] and epoch == 8

    fit_many(networks, *X_y, 24, 8, callback=callback)
    expected = make(layers, 5)
    for number, network in enumerate(expected):
        if number == 1:
            network.fit(
                *X_y,
                24,
                8,
                verbose=False,
                callback=slower,
            )
        else:
            network.fit(*X_y, 8 if number == 2 else 24, 8, verbose=False)
    assert_same(networks, expected, exactly=False)


@LAYERS
def test_a_callback_that_raises_leaves_all_at_the_display_point(layers):
    X_y, networks = samples(layers, 9), make(layers, 5)

    def callback(network, epoch, loss):
        if network is networks[3] and epoch == 8:
            raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        fit_many(networks, *X_y, 24, 8, callback=callback)
    expected = make(layers, 5)
    fit_many(expected, *X_y, 8, 8)
    assert_same(networks, expected)


def test_each_network_may_have_its_own_stopping():
    X, y = samples(SMALL, 30)
    options = {"epochs": 400, "displayUpdate": 5, "validation": (X[20:], y[20:])}
    networks, stopping = make(SMALL, 6), [EarlyStopping(3) for _ in range(6)]
    fit_many(networks, X[:20], y[:20], callback=stopping, **options)
    for k, network in enumerate(make(SMALL, 6)):
        own = EarlyStopping(3)
        network.fit(X[:20], y[:20], verbose=False, callback=own, **options)
        assert_same([networks[k]], [network], exactly=False)
        assert stopping[k].stopped_epoch == own.stopped_epoch
        assert stopping[k].best_epoch == own.best_epoch
    assert len({one.stopped_epoch for one in stopping}) > 1


def test_verbose_tells_of_the_spread(capsys):
    networks = make(SMALL, 4)
    networks[0].W[0][:] = np.nan
    fit_many(networks, *samples(SMALL, 9), 10, 10, verbose=True)
    lines = capsys.readouterr().out.splitlines()
    losses = sorted(nn.losses[-1] for nn in networks[1:])
    assert lines[1] == (
        f"[INFO] epoch=10, networks=4, loss={losses[0]:.7f} to nan, median {losses[2]:.7f}"
    )
    assert lines[0].startswith("[INFO] epoch=1, networks=4, loss=")


def test_verbose_prints_every_so_many_display_points(capsys):
    networks = make(SMALL, 4)
    fit_many(networks, *samples(SMALL, 9), 20, 2, verbose=4)
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(",")[0] for line in lines] == [f"[INFO] epoch={n}" for n in (1, 8, 16)]
    assert len(networks[0].losses) == 11


def test_quiet_by_default(capsys):
    fit_many(make(SMALL, 4), *samples(SMALL, 9), 10, 1)
    assert capsys.readouterr() == ("", "")


@LAYERS
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_progress_bar_counts_networks_times_epochs(layers, n_jobs, capsys):
    pytest.importorskip("tqdm")
    if n_jobs:
        pytest.importorskip("joblib")
    fit_many(make(layers, 8), *samples(layers, 9), 50, 10, progress=True, n_jobs=n_jobs)
    shown = capsys.readouterr().err
    assert "400/400" in shown and "networks x epochs/s" in shown


def test_names_of_users_win():
    class Noted(NeuralNetwork):
        losses = "mine"

        def __init__(self, layers):
            super().__init__(layers)
            self.history = []

    networks = [Noted(SMALL) for _ in range(3)]
    fit_many(networks, *samples(SMALL, 5), 4)
    assert all(
        nn.losses == "mine" and nn.history == [] and nn.epochs_trained == 4 for nn in networks
    )


def test_seconds_go_on_where_the_calls_before_ended():
    networks = make(SMALL, 3)
    for _ in range(3):
        fit_many(networks, *samples(SMALL, 9), 20, 10)
    seconds = networks[1].history.seconds
    assert len(seconds) == 9 and seconds == sorted(seconds) and seconds[0] > 0
    assert fitted(networks[:1], [samples(SMALL, 9)], epochs=1)[0].history.epochs[-1] == 61


@LAYERS
def test_what_a_callback_leaves_is_checked(layers):
    networks = make(layers, 4)

    def callback(network, epoch, loss):
        if network is networks[2]:
            network.W[0] = network.W[0][:-1]

    with pytest.raises(ValueError, match=r"networks\[2\]: X must have"):
        fit_many(networks, *samples(layers, 9), 10, 5, callback=callback)
    assert [nn.epochs_trained for nn in networks] == [1] * 4
    assert_same(networks[:2], fitted(make(layers, 2), [samples(layers, 9)] * 2, epochs=1), False)


@LAYERS
def test_a_network_that_was_stopped_is_not_looked_at_again(layers):
    networks, X_y = make(layers, 3), samples(layers, 9)

    def callback(network, epoch, loss):
        if network is networks[0] and epoch == 4:
            for w in network.W:
                w.flags.writeable = False
            return True

    fit_many(networks, *X_y, 12, 4, callback=callback)
    assert [nn.epochs_trained for nn in networks] == [4, 12, 12]
    expected = make(layers, 3)
    fit_many(expected[:1], *X_y, 4, 4)
    fit_many(expected[1:], *X_y, 12, 4)
    assert all(map(np.array_equal, networks[0].W, expected[0].W))
    assert_same(networks[1:], expected[1:])


def test_checkpoints_in_between_do_not_count_seconds_twice(tmp_path, monkeypatch):
    ticks = itertools.count()
    for module in tasks, alone, trainer:
        monkeypatch.setattr(module, "perf_counter", lambda: float(next(ticks)))
    monkeypatch.setattr(trainer, "FIRST_SLICE", 1)  # each epoch is a slice, and takes many ticks
    networks = make(LARGE, 2)
    options = {"checkpoint": tmp_path / "many.npz", "checkpoint_every": 0.0}
    fit_many(networks, *samples(LARGE, 30), 100, 1, **options)
    steps = np.diff(networks[0].history.seconds)
    assert len(steps) == 99 and (steps > 0).all() and steps[-1] < 2 * steps[2]
