"""What may be typed, and what is said of the rest."""

import pytest

from bp_numba import __version__
from bp_numba.cli.main import main


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
        (["xor", "--epochs", "-1"], "epochs must be a non-negative integer, got -1"),
        (["xor", "--epochs", "many"], "invalid int value: 'many'"),
        (["xor", "--alpha", "nan"], "alpha must be a finite number, got nan"),
        (["xor", "--display-update", "-5"], "displayUpdate must be a number of epochs >= 0"),
        (["xor", "--layers", "2-x-1"], "invalid layer_sizes value: '2-x-1'"),
        (["xor", "--layers", "2-0-1"], "layers must be two or more positive integers"),
        (["xor", "--layers", "3-2-1"], "layers must begin with 2 and end with 1 for xor"),
        (["digits", "--layers", "64-32"], "layers must begin with 64 and end with 10 for digits"),
        (["xor", "--seed", "-1"], "seed must be between 0 and"),
        (["train"], "the following arguments are required: DATA"),
        (["train", "d.csv"], "--target is required: the column to predict"),
        (["train", "d.csv", "--target", "y", "--task", "cluster"], "invalid choice: 'cluster'"),
        (["train", "d.npz", "--layers", "3-0"], "invalid hidden_sizes value: '3-0'"),
        (["train", "d.npz", "--layers", "many"], "invalid hidden_sizes value: 'many'"),
        (["train", "d.npz", "--alpha", "inf"], "alpha must be a finite number, got inf"),
        (["train", "d.npz", "--epochs", "-1"], "epochs must be a non-negative integer, got -1"),
        (["train", "d.npz", "--seed", "-1"], "seed must be between 0 and"),
        (["train", "d.npz", "--test-size", "1"], "test_size must be from 0 to less than 1"),
        (["train", "d.npz", "--validation-size", "nan"], "validation_size must be from 0 to"),
        (["train", "d.npz", "--display-update", "-1"], "displayUpdate must be a number of epochs"),
        (["train", "d.npz", "--resume"], "--resume needs --checkpoint"),
        (["train", "d.npz", "--early-stopping", "--validation-size", "0"], "must be more than 0"),
        (["train", "d.npz", "--restarts", "0"], "--restarts must be an integer >= 1, got 0"),
        (["train", "d.npz", "--restarts", "1.5"], "--restarts: invalid int value: '1.5'"),
        (["train", "d.npz", "--restarts", "9", "--seed", "4294967290"], "seed below 2**32, got 9"),
        (["train", "d.npz", "--jobs", "0"], "--jobs must be an integer other than 0, got 0"),
        (["train", "d.npz", "--jobs", "all"], "--jobs: invalid int value: 'all'"),
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
