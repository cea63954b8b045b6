"""`--stop-at-loss` and `--early-stopping`: where training ends, and resumed as if it never had."""

import re

import pytest

from bp_numba import NeuralNetwork, load_many
from bp_numba.cli.main import main
from bp_numba.cli.perceptron_runs import PerceptronRun
from bp_numba.cli.perceptrons import Perceptron
from bp_numba.cli.stopping import ResumableStopping, StoppingAtLoss
from bp_numba.runs.archives import MANY, ONE, kind_of
from tests.cli.conftest import noisy, run, score, two_groups, write

SHOWN = ["--epochs", 300, "--display-update", 10]
EARLY = ["--early-stopping", "--validation-size", 0.25]


def networks_of(path):
    """Return the networks in a file of any kind."""
    kind = kind_of(path)
    if kind == MANY:
        return load_many(path)
    return [NeuralNetwork.load(path) if kind == ONE else Perceptron.load(path)]


def reached(path):
    """Return what a run has reached: weights, epochs, losses, and what is noted of it."""
    return [
        (
            [w.tobytes() for w in n.W],
            n.epochs_trained,
            n.losses if isinstance(n, Perceptron) else n.history.losses,
            n.metadata,
        )
        for n in networks_of(path)
    ]


def command(data, path, *more):
    return ["train", data, "--target", "label", *SHOWN, *more, "--checkpoint", path]


@pytest.fixture
def data(tmp_path):
    """A table that is learned slowly: its loss falls from point to point."""
    return two_groups(tmp_path / "data.csv", rows=40)


@pytest.mark.parametrize("early", [[], EARLY])
def test_it_stops_where_the_loss_shown_is_low_enough(early, data, tmp_path, capsys):
    run(capsys, *command(data, tmp_path / "whole.npz", *early))
    history = NeuralNetwork.load(tmp_path / "whole.npz").history
    epoch, loss = history.epochs[12], history.losses[12]
    assert loss < history.losses[11]
    path = tmp_path / "kept.npz"
    output = run(capsys, *command(data, path, *early, "--stop-at-loss", repr(loss))).out
    network = NeuralNetwork.load(path)
    assert network.epochs_trained == epoch == network.history.epochs[-1]
    assert re.search(rf"\[INFO\] .*--stop-at-loss after epoch {epoch}", output)
    assert network.metadata["early_stopping"] == {"stopped_epoch": epoch}
    other = ["--stop-at-loss", repr(loss * 0.999)]
    run(capsys, *command(data, tmp_path / "other.npz", *early, *other))
    assert NeuralNetwork.load(tmp_path / "other.npz").epochs_trained > epoch


def test_the_end_without_reaching_it(data, tmp_path, capsys):
    path = tmp_path / "kept.npz"
    assert "[INFO] the end after epoch 300\n" in (
        run(capsys, *command(data, path, "--stop-at-loss", 0)).out
    )
    assert "early_stopping" not in NeuralNetwork.load(path).metadata


def interrupting(monkeypatch, after):
    """Raise KeyboardInterrupt where an epoch after this one is looked at."""
    epoch_of = PerceptronRun.epoch

    def interrupted(kind):
        call = kind.__call__

        def call_or_interrupt(stopping, network, epoch, loss):
            if epoch > after:
                raise KeyboardInterrupt
            return call(stopping, network, epoch, loss)

        monkeypatch.setattr(kind, "__call__", call_or_interrupt)

    def train_or_interrupt(perceptron_run):
        if perceptron_run.perceptron.epochs_trained >= after:
            raise KeyboardInterrupt
        return epoch_of(perceptron_run)

    interrupted(StoppingAtLoss)
    interrupted(ResumableStopping)
    monkeypatch.setattr(PerceptronRun, "epoch", train_or_interrupt)


@pytest.mark.parametrize(
    ("network", "limit"),
    [([], 0.131), (["--restarts", 3], 0.131), (["--network", "mlp", "--alpha", 0.003], 0.01)],
    ids=["one", "many", "mlp"],
)
@pytest.mark.parametrize("early", [[], EARLY], ids=["", "early"])
def test_resumed_is_bit_equal_to_uninterrupted(
    network, limit, early, data, tmp_path, capsys, monkeypatch
):
    options = [*network, *early, "--stop-at-loss", limit]
    whole = tmp_path / "whole.npz"
    first = run(capsys, *command(data, whole, *options)).out
    expected = reached(whole)
    epochs = [each[1] for each in expected]
    assert 30 < min(epochs) <= max(epochs) < 300
    for after in {1, min(epochs) // 2, min(epochs) - 1, max(epochs) - 1}:
        kept = tmp_path / f"{after}.npz"
        with monkeypatch.context() as patched:
            interrupting(patched, after)
            assert main(list(map(str, command(data, kept, *options)))) == 130
        run(capsys, *command(data, kept, *options, "--resume"))
        assert reached(kept) == expected
    before = whole.read_bytes()
    again = run(capsys, *command(data, whole, *options, "--resume")).out
    assert "nothing is left to train" in again and score(again) == score(first)
    assert whole.read_bytes() == before


def test_the_loss_that_stops_is_one_of_the_run(data, tmp_path, capsys):
    path = tmp_path / "kept.npz"
    run(capsys, *command(data, path, "--stop-at-loss", 5))
    for more in ([], ["--stop-at-loss", "4"]):
        assert main([*map(str, command(data, path, *more)), "--resume"]) == 1
        here = more[1] + ".0" if more else "none"
        assert f"stop at loss 5.0 there, {here} here" in capsys.readouterr().err


def test_early_stopping_is_the_default_for_many_rows(tmp_path, capsys):
    data = noisy(tmp_path / "data.csv")  # 60 rows
    few = write(tmp_path / "few.csv", {"x": range(49), "y": [i % 7 / 7 for i in range(49)]})
    model = tmp_path / "model.npz"
    for network in ([], ["--network", "mlp"]):
        for table, options, is_early in (
            (data, [], True),
            (data, ["--validation-size", 0.2], True),
            (data, ["--no-early-stopping"], False),
            (data, ["--validation-size", 0], False),
            (data, ["--epochs", 40], False),
            (few, ["--layers", 2], False),
        ):
            quick = [] if "--epochs" in options or table == few else ["--alpha", 0.5]
            arguments = ["train", table, "--target", "y", *network, *options, *quick]
            output = run(capsys, *arguments, "--save", model).out
            assert ("early stopping" in output) == is_early, options
            said = networks_of(model)[0].metadata["training"]
            assert said["early_stopping"] == is_early
            share = options[1] if "--validation-size" in options else 0.1 if is_early else 0
            assert said["validation_size"] == share
