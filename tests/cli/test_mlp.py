"""`--network mlp` as a user runs it: trained, interrupted, gone on with, replaced, drawn."""

import os
import re
import shlex
import signal
import subprocess

import pytest

from bp_numba import NeuralNetwork
from bp_numba.cli.main import main
from bp_numba.cli.networks import load_network
from bp_numba.cli.perceptrons import Perceptron
from tests.cli.conftest import COMMAND, SHORT, bp_numba, noisy, predictions, run, two_groups
from tests.conftest import HANG, read_until, running

# So small steps lower the validation loss in every epoch: nothing ends such a run early.
SLOW = ["--network", "mlp", "--alpha", 1e-6, "--early-stopping", "--display-update", 1]

needs_signals = pytest.mark.skipif(os.name == "nt", reason="sends signals that Windows lacks")


@pytest.fixture
def data(tmp_path):
    return two_groups(tmp_path / "my data.csv", rows=80)


def reached(path):
    """Return all that training has left in a file."""
    network = Perceptron.load(path)
    weights = [w.tobytes() for w in network.W]
    return weights, network.losses, network.validation_losses, network.metadata


def test_trained_and_predicted_with(data, tmp_path):
    model, out, plot = tmp_path / "model.npz", tmp_path / "out.csv", tmp_path / "losses.png"
    options = ["--network", "mlp", "--epochs", 80, "--restarts", 3, "--jobs", 2, "--plot", plot]
    result = bp_numba("train", data, "--target", "label", *options, "--save", model)
    assert (result.returncode, result.stderr) == (0, "")
    assert "training 3 times MLPClassifier: 3-100-1, relu, adam, alpha 0.001" in result.stdout
    seed = int(re.search(r"\[INFO\] best of 3 seeds: seed (\d), loss ", result.stdout)[1])
    assert Perceptron.load(model).metadata["training"]["seed"] == seed
    assert plot.read_bytes().startswith(b"\x89PNG")
    data = data.rename(tmp_path / "new.csv")
    result = bp_numba("predict", model, data, "--out", out, "--proba")
    assert (result.returncode, result.stdout) == (0, "")
    header, rows = predictions(out.read_text())
    assert header == ["label", "proba_no", "proba_yes"]
    assert [row[0] for row in rows] == ["no", "yes"] * 40
    assert "accuracy 1.0000 on 80 rows" in result.stderr


@needs_signals
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_was_reached_is_saved(number, data, tmp_path):
    path = tmp_path / "model.npz"
    command = ["train", data, "--target", "label", *SLOW, "--epochs", 10**9, "--save", path]
    with running([*COMMAND, *command]) as process:
        read_until(process, "epoch=5,")
        process.send_signal(number)
        _, errors = process.communicate(timeout=HANG)
    first, second = errors.splitlines()
    assert process.returncode == 128 + number and first.startswith("bp-numba: interrupted")
    network = Perceptron.load(path)
    assert network.epochs_trained >= 5
    assert second == f"bp-numba: saved after {network.epochs_trained} epochs: {path}"


@needs_signals
def test_interrupted_and_resumed_by_the_line_that_is_printed(data, tmp_path):
    kept, whole = tmp_path / "kept.npz", tmp_path / "whole.npz"
    command = ["train", data, "--target", "label", *SLOW, "--epochs", 1600]
    assert bp_numba(*command, "--save", whole).returncode == 0
    with running([*COMMAND, *command, "--checkpoint", kept]) as process:
        read_until(process, "epoch=99,")
        # It cannot end before the signal comes: the pipe does not hold the lines that are left.
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=HANG)
    first, second = errors.splitlines()
    assert process.returncode == 143 and first == "bp-numba: interrupted by SIGTERM"
    line = second.removeprefix("bp-numba: to go on: ")
    epochs = Perceptron.load(kept).epochs_trained
    assert 0 < epochs < 1600 and shlex.split(line)[-1] == "--resume"
    resumed = subprocess.run(line, shell=True, capture_output=True, timeout=HANG)
    assert (resumed.returncode, resumed.stderr) == (0, b"")
    assert f"going on from {kept} after epoch {epochs}\n".encode() in resumed.stdout
    weights, losses, validation_losses, metadata = reached(kept)
    del metadata["run"]  # what only a checkpoint needs
    assert (weights, losses, validation_losses, metadata) == reached(whole)


def test_more_epochs_than_at_first(tmp_path, capsys):
    data, kept, whole = noisy(tmp_path / "d.csv"), tmp_path / "kept.npz", tmp_path / "whole.npz"
    command = ["train", data, "--target", "y", "--network", "mlp", "--checkpoint"]
    run(capsys, *command, whole, "--epochs", 60)
    for epochs in (25, 60):
        run(capsys, *command, kept, "--epochs", epochs, "--resume")
    assert reached(kept) == reached(whole)
    early = [*command, tmp_path / "early.npz", "--early-stopping", "--resume", "--epochs"]
    for epochs in (5, 3000):  # of which follows how often losses are shown, nothing else
        run(capsys, *early, epochs)
    assert main([*map(str, command), str(kept), "--epochs", "30", "--resume"]) == 1
    assert "--epochs must be at least 60, for which" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--network", "sigmoid"], 'network "mlp" there, "sigmoid" here'),
        (["--class-weight", "balanced"], 'class weight none there, "balanced" here'),
        (["--layers", "4"], "layers [3, 5, 1] there, [3, 4, 1] here"),
        (["--alpha", "0.1"], "alpha 0.001 there, 0.1 here"),
        (["--ignore", "a"], 'columns ["a", "b", "constant"] there, ["b", "constant"] here'),
        (["--seed", "1"], "seed 0 there, 1 here"),
    ],
)
def test_a_checkpoint_of_another_run(change, message, data, tmp_path, capsys):
    kept = tmp_path / "kept.npz"
    command = ["train", data, "--target", "label", "--network", "mlp", "--layers", 5, *SHORT]
    command += ["--checkpoint", kept]
    run(capsys, *command)
    before = kept.read_bytes()
    assert main([*map(str, command), "--resume", *change]) == 1
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert kept.read_bytes() == before
    balanced = tmp_path / "balanced.npz"
    run(capsys, *command[:-1], balanced, "--class-weight", "balanced")
    assert main([*map(str, command[:-1]), str(balanced), "--resume"]) == 1
    assert 'class weight "balanced" there, none here' in capsys.readouterr().err


def test_what_save_may_replace(data, tmp_path, capsys):
    path, diary = tmp_path / "model.npz", tmp_path / "diary"
    diary.write_text("mine")
    command = ["train", data, "--target", "label", *SHORT, "--network"]
    for network, kind in (("mlp", Perceptron), ("mlp", Perceptron), ("sigmoid", NeuralNetwork)):
        run(capsys, *command, network, "--save", path)
        assert isinstance(load_network(path), kind)
    run(capsys, *command, "mlp", "--save", path)
    assert isinstance(load_network(path), Perceptron)
    assert main([*map(str, command), "mlp", "--save", str(diary)]) == 1
    assert "--save must be a new file or that of a network" in capsys.readouterr().err
    assert diary.read_text() == "mine"


@pytest.mark.parametrize(
    "option", ["--epochs 0", "--epochs 0 --restarts 2", "--alpha 0", "--alpha -1"]
)
def test_what_perceptrons_cannot_be_trained_with(option, tmp_path, capsys):
    name, value, *_ = option.removeprefix("--").split()
    command = ["train", tmp_path / "no such file", "--target", "y", "--network", "mlp"]
    with pytest.raises(SystemExit) as ended:
        main([*map(str, command), *option.split()])
    assert ended.value.code == 2
    number = float(value) if name == "alpha" else int(value)
    assert f"{name} must be more than 0 for --network mlp, got {number}" in capsys.readouterr().err
