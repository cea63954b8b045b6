"""Runs that go on from a checkpoint as if nothing had interrupted them, and those that must not."""

import json
import math
import os
import shlex
import signal
import subprocess
import sys

import pytest

from bp_numba import History, NeuralNetwork
from bp_numba.cli.main import main
from tests.cli.conftest import (
    COMMAND,
    SHORT,
    bp_numba,
    noisy,
    run,
    score,
    stopping_command,
    two_groups,
)
from tests.conftest import HANG, assert_same_weights, needs_jit, read_until, running


def test_resumed_is_bit_equal_to_uninterrupted(tmp_path, capsys):
    data = two_groups(tmp_path / "data.csv")
    whole, kept = tmp_path / "whole.npz", tmp_path / "checkpoint.npz"
    command = ["train", data, "--target", "label", "--display-update", 10, "--checkpoint"]
    run(capsys, *command, whole, "--epochs", 95)
    first = run(capsys, *command, kept, "--epochs", 45, "--resume").out
    assert f"{kept} does not exist: training starts anew" in first
    second = run(capsys, *command, kept, "--epochs", 95, "--resume").out
    assert "after epoch 45" in second and "epoch=50," in second and "epoch=1," not in second
    expected, resumed = NeuralNetwork.load(whole), NeuralNetwork.load(kept)
    assert_same_weights(resumed, expected, atol=0)
    assert resumed.history.losses == expected.history.losses
    assert resumed.history.epochs == expected.history.epochs
    assert resumed.metadata == expected.metadata
    again = run(capsys, *command, kept, "--epochs", 95, "--resume").out
    assert score(again) == score(second)
    assert run(capsys, "predict", kept, data).out  # a checkpoint is a model
    assert main([*map(str, command), str(kept), "--epochs", "50", "--resume"]) == 1
    assert "--epochs must be at least 95, for which" in capsys.readouterr().err


@needs_jit
def test_interrupted_and_resumed_by_the_line_that_is_printed(tmp_path):
    data = two_groups(tmp_path / "my data.csv", rows=80)
    kept, whole = tmp_path / "kept.npz", tmp_path / "whole.npz"
    options = ["train", data, "--target", "label", "--epochs", 3000, "--display-update", 1]
    assert bp_numba(*options, "--save", whole).returncode == 0
    with running([*COMMAND, *options, "--checkpoint", kept]) as process:
        read_until(process, "epoch=500,")
        # It cannot end before the signal comes: the pipe does not hold the lines that are left.
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=HANG)
    assert process.returncode == 130
    first, second = errors.splitlines()
    assert first == "bp-numba: interrupted"
    line = second.removeprefix("bp-numba: to go on: ")
    program, *arguments = shlex.split(line)
    assert program == sys.executable and arguments[:2] == ["-m", "bp_numba"]
    assert 0 < NeuralNetwork.load(kept).epochs_trained < 3000
    assert sorted(os.listdir(tmp_path)) == ["kept.npz", "my data.csv", "whole.npz"]
    resumed = subprocess.run(line, shell=True, capture_output=True, timeout=HANG)
    assert resumed.returncode == 0, resumed.stderr
    assert_same_weights(NeuralNetwork.load(kept), NeuralNetwork.load(whole), atol=0)


def test_early_stopping_resumes_as_if_never_interrupted(tmp_path, capsys, monkeypatch):
    data, whole, kept = noisy(tmp_path / "d.csv"), tmp_path / "whole.npz", tmp_path / "kept.npz"
    run(capsys, *stopping_command(data, whole))
    expected = NeuralNetwork.load(whole)
    stop = expected.epochs_trained - 120  # when it waits, so that the best weights lie behind
    add = History.add

    def interrupting(history, epoch, *values):
        if epoch > stop:
            raise KeyboardInterrupt
        add(history, epoch, *values)

    with monkeypatch.context() as patched:
        patched.setattr(History, "add", interrupting)
        assert main(list(map(str, stopping_command(data, kept)))) == 130
    capsys.readouterr()
    state = NeuralNetwork.load(kept).metadata["early_stopping"]
    assert state["waited"] > 0 and len(state["weights"]) == 2
    run(capsys, *stopping_command(data, kept), "--resume")
    resumed = NeuralNetwork.load(kept)
    assert_same_weights(resumed, expected, atol=0)
    assert resumed.history.losses == expected.history.losses
    assert resumed.metadata == expected.metadata


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--layers", "4"], "layers [3, 32, 2] there, [3, 4, 2] here"),
        (["--alpha", "0.2"], "alpha 0.05 there, 0.2 here"),
        (["--seed", "1"], "seed 0 there, 1 here"),
        (["--scale", "none"], 'scale "standard" there, "none" here'),
        (["--test-size", "0.5"], "test size 0.25 there, 0.5 here"),
        (["--validation-size", "0.5"], "validation size 0.0 there, 0.5 here"),
        (["--target", "a"], 'target "label" there, "a" here'),
        (["--task", "regress"], 'task "classify" there, "regress" here'),
        (["--target", "constant"], "must have two or more classes"),
        (["--target", "a", "--target", "b"], 'target "label" there, "a, b" here'),
        (["--ignore", "b"], 'columns ["a", "b", "constant"] there, ["a", "constant"] here'),
        (["--class-weight", "balanced"], 'class weight none there, "balanced" here'),
        (["--stop-at-loss", "0.1"], "stop at loss none there, 0.1 here"),
        (["--early-stopping", "--validation-size", "0.5"], "validation size 0.0 there, 0.5 here"),
        (["DATA"], 'digest of rows "'),
    ],
)
def test_a_checkpoint_of_another_run(change, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = ["train", "data.csv", *SHORT, "--checkpoint", "kept.npz"]
    two_groups("data.csv", names=(0, 1))
    run(capsys, *command, "--target", "label")
    if "--target" not in change:
        command += ["--target", "label"]
    if change == ["DATA"]:
        header, *rows = (tmp_path / "data.csv").read_text().splitlines()
        rows[0], rows[2] = rows[2], rows[0]  # of one class, and neither holds an extreme value
        (tmp_path / "data.csv").write_text("\n".join([header, *rows]))
        change = []
    before = (tmp_path / "kept.npz").read_bytes()
    assert main([*command, "--resume", *change]) == 1
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert (tmp_path / "kept.npz").read_bytes() == before


def test_checkpoints_that_are_damaged_or_foreign(tmp_path, capsys):
    data, path = two_groups(tmp_path / "data.csv"), tmp_path / "kept.npz"
    command = ["train", data, "--target", "label", *SHORT, "--checkpoint", path, "--resume"]
    run(capsys, *command)
    network = NeuralNetwork.load(path)
    network.W = [network.W[0][:, :-1], network.W[1][:-1]]
    network.save(path)
    assert main(list(map(str, command))) == 1
    assert "is damaged: its weights do not fit its layers" in capsys.readouterr().err
    network.metadata = {"table": 3}
    network.save(path)
    assert main(list(map(str, command))) == 1
    assert "seed none there, 0 here" in capsys.readouterr().err


@pytest.mark.parametrize(
    "state",
    [
        7,
        {},
        {"best_loss": 1, "best_epoch": 1, "waited": 1, "weights": []},
        {"best_loss": 0.5, "best_epoch": 1, "waited": 1, "weights": []},
        {"best_loss": 0.5, "best_epoch": 1, "waited": 1, "weights": ["?", "AAAA"]},
        {"best_loss": 0.5, "best_epoch": 1, "waited": 1, "weights": [1, 2]},
        {"best_loss": 0.5, "best_epoch": "1", "waited": 1, "weights": ["", ""]},
        {"best_loss": math.inf, "best_epoch": 0, "waited": 1, "weights": [], "last": ["AAAA"]},
        {"best_loss": math.inf, "best_epoch": 0, "waited": 1, "weights": [], "last": ["", ""]},
        {"best_loss": math.inf, "best_epoch": 0, "waited": 1, "weights": [], "last": 7},
    ],
)
def test_a_damaged_state_of_early_stopping(state, tmp_path, capsys):
    data, path = noisy(tmp_path / "data.csv"), tmp_path / "kept.npz"
    command = [*map(str, stopping_command(data, path, epochs=30)), "--resume"]
    run(capsys, *command)
    network = NeuralNetwork.load(path)
    network.metadata["early_stopping"] = json.loads(json.dumps(state))
    network.save(path)
    before = path.read_bytes()
    assert main(command) == 1
    assert "state of early stopping is damaged" in capsys.readouterr().err
    assert path.read_bytes() == before
