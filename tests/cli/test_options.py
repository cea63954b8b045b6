"""What may be typed, and what is said of the rest."""

import os
import re

import pytest

from bp_numba import __version__
from bp_numba.cli.main import main
from tests.cli.conftest import run, two_groups


def test_version(capsys):
    with pytest.raises(SystemExit) as exit_:
        main(["--version"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"bp-numba {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["mnist"], "invalid choice: 'mnist'"),
        (
            ["xor", "--epochs", "-1"],
            "--epochs: must be a whole number >= 0, as 10000 or 1e4, got '-1'",
        ),
        (
            ["xor", "--epochs", "many"],
            "--epochs: must be a whole number >= 0, as 10000 or 1e4, got 'many'",
        ),
        (
            ["train", "d.npz", "--epochs", "1.5"],
            "must be a whole number >= 0, as 10000 or 1e4, got '1.5'",
        ),
        (["train", "d.npz", "--epochs", "1e4.5"], "as 10000 or 1e4, got '1e4.5'"),
        (["train", "d.npz", "--epochs", "inf"], "as 10000 or 1e4, got 'inf'"),
        (["train", "d.npz", "--epochs", "nan"], "as 10000 or 1e4, got 'nan'"),
        (["xor", "--alpha", "nan"], "--alpha: must be a finite number, got 'nan'"),
        (["xor", "--display-update", "-5"], "--display-update: must be a whole number >= 0"),
        (
            ["xor", "--layers", "2-x-1"],
            "--layers: must be sizes of layers, all >= 1, as 16-8 or 16,8, got '2-x-1'",
        ),
        (["xor", "--layers", "2-0-1"], "--layers: must be sizes of layers, all >= 1"),
        (["xor", "--layers", "3-2-1"], "--layers must begin with 2 and end with 1 for xor"),
        (["digits", "--layers", "64-32"], "--layers must begin with 64 and end with 10 for digits"),
        (["xor", "--seed", "-1"], "--seed: must be a whole number from 0 to 2**32 - 1, got '-1'"),
        (["train"], "the following arguments are required: DATA"),
        (["train", "d.csv", "--target", "y", "--task", "cluster"], "invalid choice: 'cluster'"),
        (["train", "d.npz", "--layers", "3-0"], "all >= 1, as 16-8 or 16,8, or none, got '3-0'"),
        (["train", "d.npz", "--layers", "many"], "as 16-8 or 16,8, or none, got 'many'"),
        (["train", "d.npz", "--alpha", "inf"], "--alpha: must be a finite number, got 'inf'"),
        (["train", "d.npz", "--epochs", "-1"], "--epochs: must be a whole number >= 0, as"),
        (["train", "d.npz", "--seed", "-1"], "--seed: must be a whole number from 0 to"),
        (
            ["train", "d.npz", "--test-size", "1"],
            "--test-size: must be from 0 to less than 1, got '1'",
        ),
        (["train", "d.npz", "--validation-size", "nan"], "--validation-size: must be from 0 to"),
        (["train", "d.npz", "--display-update", "-1"], "--display-update: must be a whole number"),
        (["train", "d.npz", "--resume"], "--resume needs --checkpoint"),
        (
            ["train", "d.npz", "--early-stopping", "--validation-size", "0"],
            "--validation-size must be",
        ),
        (["train", "d.npz", "--restarts", "0"], "--restarts: must be a whole number >= 1, got '0'"),
        (
            ["train", "d.npz", "--restarts", "1.5"],
            "--restarts: must be a whole number >= 1, got '1.5'",
        ),
        (["train", "d.npz", "--restarts", "9", "--seed", "4294967290"], "seed below 2**32, got 9"),
        (["train", "d.npz", "--jobs", "0"], "--jobs: must be a whole number other than 0, got '0'"),
        (
            ["train", "d.npz", "--jobs", "all"],
            "--jobs: must be a whole number other than 0, got 'all'",
        ),
        (
            ["train", "d.npz", "--stop-at-loss", "-1"],
            "--stop-at-loss: must be a loss >= 0, got '-1'",
        ),
        (
            ["train", "d.npz", "--stop-at-loss", "nan"],
            "--stop-at-loss: must be a loss >= 0, got 'nan'",
        ),
        (
            ["train", "d.npz", "--network", "mlp", "--alpha", "0"],
            "--alpha must be more than 0 for --network mlp, got 0",
        ),
        (["xor", "--layers", "2-99999999-99999999-1"], "--layers must give weights that fit in"),
        (["train", "d.npz", "--network", "cnn"], "invalid choice: 'cnn'"),
        (["train", "d.npz", "--class-weight", "2"], "invalid choice: '2'"),
        (["train", "d.npz", "--decimal", ";"], "invalid choice: ';'"),
        (["train", "d.npz", "--format", "xlsx"], "invalid choice: 'xlsx'"),
        (
            ["train", "d.npz", "--network", "mlp", "--restarts", "2", "--checkpoint", "kept"],
            "--checkpoint keeps one network of --network mlp, not --restarts of them",
        ),
        (["predict", "model"], "the following arguments are required: DATA"),
        (["cache"], "one of the arguments --path --clear is required"),
        (["cache", "--path", "--clear"], "not allowed with argument --path"),
        (["warmup", "x"], "unrecognized arguments: x"),
    ],
)
def test_wrong_usage(arguments, message, capsys):
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    errors = capsys.readouterr().err
    assert errors.startswith("usage: ") and message in errors


TRAIN, PREDICT = ["train", "data.csv", "--target", "label"], ["predict", "model.npz", "data.csv"]
OUTPUTS = "--save", "--plot", "--checkpoint"


@pytest.mark.parametrize(
    ("command", "path"),
    [
        *(([*TRAIN, name], path) for name in OUTPUTS for path in ("new/", "new/.", "-")),
        ([*PREDICT, "--out"], "new/"),
        (["xor", "--plot"], "new/"),
    ],
)
def test_what_is_no_file_to_write(command, path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    two_groups("data.csv")
    with pytest.raises(SystemExit) as caught:
        main([*command, path])
    assert caught.value.code == 2
    assert f"argument {command[-1]}: must name a file, got '{path}'" in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["data.csv"]


@pytest.mark.parametrize("network", ["sigmoid", "mlp"])
def test_every_loss_is_shown(network, tmp_path, capsys):
    data = two_groups(tmp_path / "data.csv")
    command = ["train", data, "--target", "label", "--network", network, "--epochs", 4]
    shown = run(capsys, *command, "--display-update", 0).out
    assert re.findall(r"epoch=(\d+),", shown) == ["1", "2", "3", "4"]
