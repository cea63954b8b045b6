"""`--stop-at-loss` and `--early-stopping`: where training ends, and resumed as if it never had."""

import re

import numpy as np
import pytest

from bp_numba import NeuralNetwork, load_many
from bp_numba.cli.main import main
from bp_numba.cli.perceptron_runs import PerceptronRun
from bp_numba.cli.perceptrons import Perceptron
from bp_numba.cli.stopping import ResumableStopping, StoppingAtLoss
from bp_numba.runs.archives import MANY, ONE, kind_of
from tests.cli.conftest import noisy, run, score, stopping_command, two_groups, write
from tests.conftest import assert_same_weights

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


@pytest.fixture
def overfitted(tmp_path):
    """A table whose validation loss falls for a while, and rises again."""
    generator = np.random.default_rng(1)
    columns = dict(zip("abcd", generator.random((4, 40)), strict=True))
    y = columns["a"] * columns["b"] + generator.normal(scale=0.2, size=40)
    return write(tmp_path / "overfitted.csv", columns | {"y": y})


def up_to(epochs, data, path, *more):
    """Return the arguments of a run of so many epochs, if it is not stopped before."""
    command = stopping_command(data, path, epochs)
    return [*command, "--display-update", 10, "--resume", *more]


@pytest.mark.parametrize("network", [[], ["--restarts", 3]], ids=["one", "many"])
def test_more_epochs_go_on_from_the_last_weights(network, overfitted, tmp_path, capsys):
    def trained(name, epochs):
        run(capsys, *up_to(epochs, overfitted, tmp_path / name, *network))
        return reached(tmp_path / name)

    expected = trained("whole.npz", 3000)
    ends = [each[1] for each in expected]
    assert 150 < min(ends) <= max(ends) < 3000
    lengths = [0, 1, min(ends) - 65, min(ends) - 65, min(ends) - 27, max(ends) - 30]
    for epochs in sorted(lengths):
        assert trained("kept.npz", epochs) == trained(f"{epochs}.npz", epochs), epochs
    for epochs in (max(ends), 3000, 4000):
        assert trained("kept.npz", epochs) == expected


@pytest.mark.parametrize("stopping", [["--early-stopping"], ["--stop-at-loss", 0.131]])
@pytest.mark.parametrize("network", [[], ["--restarts", 3]], ids=["one", "many"])
@pytest.mark.parametrize(
    "spacing", [[], ["--display-update", 7], ["--display-update", 0]], ids=["default", "own", "all"]
)
def test_more_epochs_keep_the_display_points(spacing, network, stopping, data, tmp_path, capsys):
    """Where the default for so many more epochs would be another, and so would what is seen."""

    def up_to(epochs, name, *more):
        command = ["train", data, "--target", "label", *network, *stopping, "--epochs", epochs]
        run(capsys, *command, "--checkpoint", tmp_path / name, "--resume", *more)

    up_to(100, "kept.npz", *spacing)
    up_to(200, "kept.npz")
    up_to(200, "whole.npz", "--display-update", spacing[1] if spacing else 1)
    assert max(each[1] for each in reached(tmp_path / "whole.npz")) > 100
    assert reached(tmp_path / "kept.npz") == reached(tmp_path / "whole.npz")


def test_a_run_that_has_come_to_its_epochs_predicts_with_its_best_weights(
    overfitted, tmp_path, capsys
):
    kept, model, best = (tmp_path / f"{name}.npz" for name in ("kept", "model", "best"))
    run(capsys, *up_to(3000, overfitted, kept))
    behind = NeuralNetwork.load(kept).epochs_trained - 10
    kept.unlink()
    shown = run(capsys, *up_to(behind, overfitted, kept, "--save", model)).out
    epoch = re.search(rf"the end after epoch {behind}; .* of epoch (\d+), whose", shown)[1]
    run(capsys, *up_to(epoch, overfitted, best))
    for path in (kept, model):
        assert_same_weights(NeuralNetwork.load(path), NeuralNetwork.load(best), atol=0)
    assert "early_stopping" not in NeuralNetwork.load(model).metadata, "a model needs no state"


def test_a_checkpoint_without_its_last_weights(overfitted, tmp_path, capsys):
    """As it was written before if a run had come to its epochs."""
    kept = tmp_path / "kept.npz"
    run(capsys, *up_to(95, overfitted, kept))
    network = NeuralNetwork.load(kept)
    network.metadata.pop("early_stopping", None)
    network.save(kept)
    before = kept.read_bytes()
    assert main([*map(str, up_to(96, overfitted, kept))]) == 1
    assert capsys.readouterr().err == (
        f"bp-numba: checkpoint {kept} lacks the weights of epoch 95, from which training would go "
        "on: it holds those of the lowest validation loss\n"
    )
    assert kept.read_bytes() == before
    run(capsys, *up_to(95, overfitted, kept))
    again = NeuralNetwork.load(kept)
    assert_same_weights(again, network, atol=0)
    assert again.metadata == network.metadata


@pytest.mark.parametrize("method", ["__call__", "end"])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("network", [[], ["--restarts", 3]], ids=["one", "many"])
def test_an_interrupt_near_the_last_epoch_loses_no_weights(
    network, after, method, overfitted, tmp_path, capsys, monkeypatch
):
    original, kept, calls = getattr(ResumableStopping, method), tmp_path / "kept.npz", []

    def interrupting(stopping, trained, *arguments):
        at_once = method == "end" or trained.epochs_trained == 90
        calls.append(at_once)
        if at_once and not after:
            raise KeyboardInterrupt
        answer = original(stopping, trained, *arguments)
        if at_once:
            raise KeyboardInterrupt
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(ResumableStopping, method, interrupting)
        assert main([*map(str, up_to(95, overfitted, kept, *network))]) == 130
    assert any(calls)
    for epochs in (95, 150):
        whole = tmp_path / f"{epochs}.npz"
        run(capsys, *up_to(epochs, overfitted, kept, *network))
        run(capsys, *up_to(epochs, overfitted, whole, *network))
        assert reached(kept) == reached(whole)


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
