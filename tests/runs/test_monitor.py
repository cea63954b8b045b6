"""What `fit` records, shows and calls besides training."""

import copy
import csv
import itertools
import json
import math
import pickle
import sys

import joblib
import numpy as np
import pytest

from bp_numba import EarlyStopping, History, NeuralNetwork, fit_many
from bp_numba.runs import monitor
from bp_numba.training import trainer
from tests.conftest import assert_same_weights, make, weights_copy

EPOCHS = [1, 100, 200]


def test_losses_are_those_that_are_printed(xor_data, capsys):
    nn = make(NeuralNetwork, [2, 2, 1])
    nn.fit(*xor_data, epochs=250)
    printed = [line.rpartition("=")[2] for line in capsys.readouterr().out.splitlines()]
    assert printed == [f"{loss:.7f}" for loss in nn.losses] and len(printed) == 3
    assert nn.history.epochs == EPOCHS and nn.history.losses == nn.losses
    assert nn.history.validation_losses == [None] * 3
    assert nn.epochs_trained == 250


@pytest.mark.parametrize(
    ("verbose", "shown", "interval"),
    [
        (3, [1, 30, 60, 90], 10),
        (np.int64(4), [1, 40, 80], 10),
        (50, [1, 50, 100], 0),
        (0, [], 10),
        (1, EPOCHS[:2], 100),
        (True, EPOCHS[:2], 100),
        ("yes", EPOCHS[:2], 100),
        (None, [], 100),
    ],
)
def test_verbose_prints_every_so_many_display_points(xor_data, capsys, verbose, shown, interval):
    nn = make(NeuralNetwork, [2, 2, 1])
    nn.fit(*xor_data, 100, interval, verbose=verbose)
    printed = [line.partition(",")[0] for line in capsys.readouterr().out.splitlines()]
    assert printed == [f"[INFO] epoch={epoch}" for epoch in shown]
    assert len(nn.losses) == (100 if interval == 0 else 100 // interval + 1)
    nn.fit(*xor_data, 100, interval, verbose=verbose, initial_epoch=45)
    later = [line.partition(",")[0] for line in capsys.readouterr().out.splitlines()]
    assert later == [line for line in printed if int(line.partition("=")[2]) > 45]


def test_history_goes_on_where_losses_begin_anew(xor_data, monkeypatch):
    ticks = itertools.count(7.0)
    for module in (monitor, trainer):
        monkeypatch.setattr(module, "perf_counter", lambda: next(ticks))
    nn = make(NeuralNetwork, [2, 2, 1])
    nn.fit(*xor_data, epochs=250, verbose=False)
    ticks = itertools.count(1e6)
    nn.fit(*xor_data, epochs=100, verbose=False)
    assert nn.history.epochs == [*EPOCHS, 251, 350] and len(nn.losses) == 2
    assert sorted(set(nn.history.seconds)) == nn.history.seconds
    assert 0 < nn.history.seconds[-1] < 1e5  # without what lies between the runs
    nn.fit(*xor_data, epochs=0)
    assert nn.losses == [] and len(nn.history) == 5 and nn.epochs_trained == 350


def test_quiet(xor_data, capsys):
    loud, quiet = make(NeuralNetwork, [2, 2, 1]), make(NeuralNetwork, [2, 2, 1])
    loud.fit(*xor_data, epochs=200)
    capsys.readouterr()
    quiet.fit(*xor_data, epochs=200, verbose=False)
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""
    assert quiet.losses == loud.losses
    assert_same_weights(quiet, loud, atol=0)


@pytest.mark.parametrize("name", ["fit_partial", "sigmoid", "calculate_loss"])
def test_overridden_methods_are_watched_too(name, xor_data):
    nn = make(NeuralNetwork, [2, 2, 1])
    setattr(nn, name, getattr(nn, name))
    nn.fit(*xor_data, epochs=200, verbose=False, validation=xor_data)
    assert nn.history.epochs == EPOCHS and nn.epochs_trained == 200
    assert nn.history.validation_losses == nn.history.losses


@pytest.mark.parametrize(
    "duplicated",
    [copy.copy, copy.deepcopy, lambda nn: pickle.loads(pickle.dumps(nn))],
)
def test_copies_have_the_history_and_one_of_their_own(duplicated, xor_data):
    nn = make(NeuralNetwork, [2, 2, 1])
    nn.fit(*xor_data, epochs=200, verbose=False)
    other = duplicated(nn)
    assert other.history == nn.history and other.losses == nn.losses
    assert other.epochs_trained == 200
    other.fit(*xor_data, epochs=1, verbose=False)
    assert len(nn.history) == 3 and len(other.history) == 4 and nn.epochs_trained == 200


def test_joblib(xor_data, tmp_path):
    nn = make(NeuralNetwork, [2, 2, 1])
    nn.fit(*xor_data, epochs=200, verbose=False)
    joblib.dump(nn, tmp_path / "network.joblib")
    assert joblib.load(tmp_path / "network.joblib").history == nn.history


def test_a_constructor_that_does_not_call_ours(xor_data):
    class Own(NeuralNetwork):
        def __init__(self):
            self.layers, self.alpha = [2, 1], 0.5
            self.W = [np.zeros((3, 1))]

    nn = Own()
    nn.fit(*xor_data, epochs=1, verbose=False)
    assert nn.epochs_trained == 1 and len(nn.history) == 1


def test_history_as_dict_and_csv(xor_data, tmp_path):
    nn = make(NeuralNetwork, [2, 2, 1])
    nn.fit(*xor_data, epochs=100, verbose=False)
    nn.fit(*xor_data, epochs=1, verbose=False, validation=xor_data)
    assert json.loads(json.dumps(nn.history.to_dict())) == vars(nn.history)
    nn.history.to_dict()["epochs"].append(7)
    assert len(nn.history) == 3
    nn.history.to_csv(tmp_path / "history.csv")
    with open(tmp_path / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == nn.history.epochs
    assert [float(row["loss"]) for row in rows] == nn.history.losses
    assert [row["validation_loss"] for row in rows] == ["", "", repr(nn.losses[0])]
    assert [row["samples"] for row in rows] == ["4", "4", "4"]
    assert [row["validation_samples"] for row in rows] == ["", "", "4"]


def test_a_display_point_is_written_whole_wherever_an_interrupt_strikes():
    """Strike at every line of `add`."""
    code, lines = History.add.__code__, []

    def run(strike):
        history = History()
        history.add(1, 0.5, None, 1.0, 4)

        def trace(frame, event, argument):
            if frame.f_code is not code:
                return None
            if event == "line":
                lines.append(frame.f_lineno)
                if len(lines) == strike:
                    raise KeyboardInterrupt
            return trace

        lines.clear()
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            history.add(2, 0.25, 0.5, 2.0, 4, 3)
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)
        return history

    assert len(run(0)) == 2
    for strike in range(1, len(lines) + 1):
        history = run(strike)
        assert {len(column) for column in history.to_dict().values()} == {1}
        history.add(2, 0.25, 0.5, 2.0, 4, 3)
        assert history == run(0), strike


# validation


def test_validation_loss_is_shown_and_recorded(xor_data, capsys):
    X, y = xor_data
    nn = make(NeuralNetwork, [2, 2, 1])
    nn.fit(X, y, epochs=1, validation=(X[:2].tolist(), y[:2].tolist()))
    expected = nn.calculate_loss(np.c_[X[:2], np.ones(2)], y[:2])
    (line,) = capsys.readouterr().out.splitlines()
    assert line == f"[INFO] epoch=1, loss={nn.losses[0]:.7f}, val_loss={expected:.7f}"
    assert nn.history.validation_losses == [pytest.approx(expected, rel=1e-14)]
    assert nn.history.samples == [4] and nn.history.validation_samples == [2]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"validation": 3}, TypeError, r"validation must be a pair \(X, y\), got int 3"),
        ({"validation": ([[1, 2, 3]], [[1]])}, ValueError, "validation X must have 2 columns"),
        (
            {"validation": ([[1, 2]], [[1], [2]])},
            ValueError,
            "validation y must have a row for each",
        ),
        ({"validation": ([["a", 2]], [[1]])}, TypeError, "validation X must hold real numbers"),
        ({"checkpoint_every": -1}, ValueError, "checkpoint_every must be a number of seconds"),
        ({"checkpoint_every": "1"}, TypeError, "checkpoint_every must be a number of seconds"),
        ({"callback": [print]}, TypeError, "callback must be callable, got .*print"),
        ({"callback": True}, TypeError, "callback must be callable, got True"),
    ],
)
def test_arguments_that_cannot_be_used(options, error, message, xor_data):
    nn = make(NeuralNetwork, [2, 2, 1])
    before = weights_copy(nn)
    with pytest.raises(error, match=message):
        nn.fit(*xor_data, epochs=1, **options)
    for w, copied in zip(nn.W, before, strict=True):
        np.testing.assert_array_equal(w, copied)
    assert nn.epochs_trained == 0


# callback


def test_callback_sees_what_is_shown_and_may_stop(xor_data):
    calls = []

    def callback(network, epoch, loss):
        calls.append((network, epoch, loss, network.losses[-1], network.epochs_trained))
        return epoch == 200

    nn, expected = make(NeuralNetwork, [2, 2, 1]), make(NeuralNetwork, [2, 2, 1])
    nn.fit(*xor_data, epochs=10**12, callback=callback, verbose=False)
    expected.fit(*xor_data, epochs=200, verbose=False)
    assert_same_weights(nn, expected, atol=0)
    assert [call[1] for call in calls] == [call[4] for call in calls] == EPOCHS
    assert all(call[0] is nn and call[2] == call[3] for call in calls)


@pytest.mark.parametrize("answer", [None, False, np.False_, 1, "yes", 0.5])
def test_only_true_stops(answer, xor_data):
    nn = make(NeuralNetwork, [2, 2, 1])
    nn.fit(*xor_data, epochs=5, callback=lambda *_: answer, verbose=False)
    assert nn.epochs_trained == 5
    nn.fit(*xor_data, epochs=5, callback=lambda *_: np.True_, verbose=False)
    assert nn.epochs_trained == 6


def test_an_error_in_a_callback_leaves_the_network_usable(xor_data):
    def failing(*_):
        raise RuntimeError("mine")

    nn, expected = make(NeuralNetwork, [2, 2, 1]), make(NeuralNetwork, [2, 2, 1])
    with pytest.raises(RuntimeError, match="mine"):
        nn.fit(*xor_data, epochs=5, callback=failing, verbose=False)
    expected.fit(*xor_data, epochs=1, verbose=False)
    assert_same_weights(nn, expected, atol=0)
    assert nn.epochs_trained == 1


def run_scripted(losses, stopping):
    """Have validation losses that are given; return the last weights, numbers of the epochs."""
    nn = NeuralNetwork([1, 1])
    stopping.begin()
    for epoch, loss in enumerate(losses, 1):
        nn.W[0][:] = epoch
        nn.history.add(epoch, 0.0, loss, 0.0)
        if stopping(nn, epoch, 0.0):
            break
    stopping.end(nn)
    return nn.W[0][0, 0]


@pytest.mark.parametrize(
    ("losses", "options", "stopped", "best"),
    [
        ([3, 2, 1, 2, 2, 2, 0], {"patience": 3}, 6, 3),
        ([3, 2, 1, 2, 2, 0.5, 2], {"patience": 3}, None, 6),
        ([3, 2.9, 2.8, 2.7], {"patience": 2, "min_delta": 0.25}, 3, 1),
        ([math.nan, math.nan, math.nan], {"patience": 2}, 2, 0),
        ([math.nan, 5, 6], {"patience": 3}, None, 2),
    ],
)
def test_early_stopping(losses, options, stopped, best):
    stopping = EarlyStopping(**options)
    for _ in range(2):  # the second run knows nothing of the first
        weights = run_scripted(losses, stopping)
        assert (stopping.stopped_epoch, stopping.best_epoch) == (stopped, best)
        assert weights == (best or stopped)
    last = run_scripted(losses, EarlyStopping(**options, restore_best=False))
    assert last == (stopped or len(losses))


def test_early_stopping_in_a_loop_of_a_users_own():
    """Nothing is shown or recorded there: the loss that it is given counts."""
    nn, stopping = NeuralNetwork([1, 1]), EarlyStopping(2)
    answers = [stopping(nn, epoch, loss) for epoch, loss in enumerate([3, 2, 2.5, 2.5], 1)]
    assert answers == [False, False, False, True] and stopping.best_epoch == 2


def test_early_stopping_in_a_loop_after_a_fit_with_validation(xor_data):
    nn, stopping = make(NeuralNetwork, [2, 2, 1]), EarlyStopping(2)
    nn.fit(*xor_data, epochs=1, verbose=False, validation=xor_data)
    assert [stopping(nn, 1, loss) for loss in (0.5, 0.4, 0.3, 0.2)] == [False] * 4
    assert stopping.best_loss == 0.2


def test_early_stopping_in_a_run(xor_data):
    nn, stopping = make(NeuralNetwork, [2, 1]), EarlyStopping(3, 1e-6)
    nn.fit(*xor_data, 100_000, 10, verbose=False, callback=stopping)
    assert stopping.stopped_epoch == nn.epochs_trained < 100_000
    samples = np.c_[xor_data[0], np.ones(4)]
    assert nn.calculate_loss(samples, xor_data[1]) == pytest.approx(stopping.best_loss, rel=1e-12)


@pytest.mark.parametrize(
    "options",
    [
        {"patience": 0},
        {"patience": 1.5},
        {"patience": np.array(1.5)},
        {"patience": np.array([3])},
        {"min_delta": -1},
        {"min_delta": 10**400},  # beyond what float64 can hold
        {"min_delta": "0.1"},
    ],
)
def test_early_stopping_checks_its_arguments(options):
    (name,) = options
    with pytest.raises(ValueError, match=f"{name} must be"):
        EarlyStopping(**options)


def test_the_patience_of_early_stopping_may_be_numpy_s():
    assert [EarlyStopping(patience).patience for patience in np.arange(1, 4)] == [1, 2, 3]
    assert EarlyStopping(np.array(3)).patience == 3


# runs that are continued


@pytest.mark.parametrize("done", [0, 1, 99, 100, 150, 250])
def test_a_continued_run_counts_and_shows_like_a_whole_one(done, xor_data, capsys):
    whole, parts = make(NeuralNetwork, [2, 2, 1]), make(NeuralNetwork, [2, 2, 1])
    whole.fit(*xor_data, epochs=250)
    expected = capsys.readouterr().out
    parts.fit(*xor_data, epochs=done)
    parts.fit(*xor_data, epochs=250, initial_epoch=done)
    assert capsys.readouterr().out == expected
    assert parts.history.epochs == whole.history.epochs and parts.epochs_trained == 250
    assert parts.history.losses == whole.history.losses
    assert_same_weights(parts, whole, atol=0)


@pytest.mark.parametrize(
    ("initial_epoch", "error", "message"),
    [
        (-1, ValueError, "initial_epoch must be from 0 to epochs = 10, got -1"),
        (11, ValueError, "initial_epoch must be from 0 to epochs = 10, got 11"),
        (1.5, TypeError, "initial_epoch must be an integer >= 0, got 1.5"),
    ],
)
def test_initial_epochs_that_cannot_be(initial_epoch, error, message, xor_data):
    nn = make(NeuralNetwork, [2, 2, 1])
    with pytest.raises(error, match=message):
        nn.fit(*xor_data, epochs=10, initial_epoch=initial_epoch)
    assert nn.epochs_trained == 0


# progress


def test_progress_bar(xor_data, capsys):
    nn, expected = make(NeuralNetwork, [2, 2, 1]), make(NeuralNetwork, [2, 2, 1])
    expected.fit(*xor_data, epochs=1000)
    lines = capsys.readouterr().out
    nn.fit(*xor_data, epochs=1000, progress=True)
    captured = capsys.readouterr()
    assert captured.out == lines
    assert "1000/1000" in captured.err and "samples/s" in captured.err
    assert f"loss={nn.losses[-1]:.7f}" in captured.err
    assert_same_weights(nn, expected, atol=0)


@pytest.mark.parametrize("closed", [["stderr"], ["stdout"], ["stdout", "stderr"]])
def test_progress_where_streams_are_closed(closed, xor_data, monkeypatch):
    """As with pythonw on Windows, and in some services."""
    one, many = make(NeuralNetwork, [2, 2, 1]), [make(NeuralNetwork, [2, 2, 1]) for _ in range(2)]
    for stream in closed:
        monkeypatch.setattr(sys, stream, None)
    one.fit(*xor_data, epochs=200, progress=True)
    fit_many(many, *xor_data, epochs=200, progress=True)
    assert [nn.epochs_trained for nn in (one, *many)] == [200] * 3


def test_progress_without_tqdm(xor_data, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    nn = make(NeuralNetwork, [2, 2, 1])
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'bp_numba\[cli\]'"):
        nn.fit(*xor_data, epochs=1, progress=True)
    assert nn.epochs_trained == 0
