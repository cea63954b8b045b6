"""`bp-numba train` and `predict`, as a user runs them."""

import csv
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading

import numpy as np
import polars
import pytest

from bp_numba import History, NeuralNetwork
from bp_numba.cli import train
from bp_numba.cli.main import main
from tests.cli.test_main import bp_numba
from tests.conftest import assert_same_weights, needs_jit

SHORT = ("--epochs", "30")


def write(path, columns):
    """Write a CSV file of a dict of columns."""
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def two_groups(path, rows=24, names=("no", "yes")):
    """Write a table whose target follows from two of its three columns."""
    generator = np.random.default_rng(0)
    flags = np.arange(rows) % 2
    return write(
        path,
        {
            "a": generator.random(rows) + flags,
            "label": [names[flag] for flag in flags],
            "b": generator.random(rows) - flags,
            "constant": [3] * rows,
        },
    )


def run(capsys, *arguments):
    """Run a command that succeeds, and return what it prints."""
    code = main(list(map(str, arguments)))
    captured = capsys.readouterr()
    assert code == 0, captured.err
    return captured


def predictions(text):
    header, *rows = csv.reader(io.StringIO(text))
    return header, rows


def score(text):
    return float(re.search(r"(?:accuracy|R2) (-?[\d.]+)", text)[1])


def loaded(name):
    import sklearn.datasets

    data = getattr(sklearn.datasets, f"load_{name}")()
    target = data.target_names[data.target] if name == "iris" else data.target
    return list(data.feature_names), data.data, target


def table(names, X, target):
    return dict(zip(names, X.T.tolist(), strict=True)) | {"target": target.tolist()}


@pytest.mark.parametrize(
    ("name", "bar"), [("iris", 0.93), ("breast_cancer", 0.93), ("diabetes", 0.35)]
)
def test_data_sets_in_full(name, bar, tmp_path):
    names, X, target = loaded(name)
    rows = np.random.default_rng(0).permutation(len(X))
    kept, held_out = rows[len(X) // 5 :], rows[: len(X) // 5]
    data = write(tmp_path / "data.csv", table(names, X[kept], target[kept]))
    new = write(tmp_path / "new.csv", table(names[::-1], X[held_out][:, ::-1], target[held_out]))
    model, out = tmp_path / "model.npz", tmp_path / "out.csv"
    result = bp_numba("train", data, "--target", "target", "--save", model)
    assert (result.returncode, result.stderr) == (0, ""), result.stderr
    assert score(result.stdout) >= bar
    assert result.stdout.count("[INFO] epoch=") in (10, 11, 12)
    data.unlink()  # the model needs nothing else

    result = bp_numba("predict", model, new, "--out", out)
    assert (result.returncode, result.stdout) == (0, ""), result.stderr
    header, found = predictions(out.read_text())
    assert header == ["target"] and len(found) == len(held_out)
    if name == "diabetes":
        errors = np.array(found, dtype=float)[:, 0] - target[held_out]
        reached = 1 - np.mean(errors**2) / np.var(target[held_out])
        assert f"RMSE {np.sqrt(np.mean(errors**2)):.6g} on 88 rows" in result.stderr
    else:
        reached = np.mean(
            [row[0] == str(t) for row, t in zip(found, target[held_out], strict=True)]
        )
    assert score(result.stderr) == pytest.approx(reached, abs=1e-4)
    assert reached >= bar


def test_formats_give_the_same_network(tmp_path, capsys):
    names, X, target = loaded("breast_cancer")
    columns = table(names, X, target)
    files = [write(tmp_path / "data.csv", columns), tmp_path / "data.parquet", tmp_path / "d.npz"]
    polars.DataFrame(columns).write_parquet(files[1])
    np.savez(files[2], X=X, y=target)
    found = []
    for number, path in enumerate(files):
        model = tmp_path / f"{number}.npz"
        option = [] if path.suffix == ".npz" else ["--target", "target"]
        run(capsys, "train", path, *option, *SHORT, "--save", model)
        found.append((NeuralNetwork.load(model), run(capsys, "predict", model, path).out))
    for network, text in found[1:]:
        assert_same_weights(network, found[0][0], atol=0)
        assert text.split("\n", 1)[1] == found[0][1].split("\n", 1)[1]
    assert found[2][1].startswith("y\n")


@pytest.mark.parametrize(
    ("names", "kind"),
    [(("no", "yes"), str), ((7, -1), int), ((True, False), bool), ((0.5, 2.5), float)],
)
def test_classes_come_back_as_they_were(names, kind, tmp_path, capsys):
    data = two_groups(tmp_path / "data.csv", names=names)
    model = tmp_path / "model.npz"
    run(capsys, "train", data, "--target", "label", "--task", "classify", "--save", model)
    classes = NeuralNetwork.load(model).metadata["table"]["classes"]
    assert classes == sorted(names) and {type(label) for label in classes} == {kind}
    captured = run(capsys, "predict", model, data)
    expected = [row[1] for row in predictions(data.read_text())[1]]
    assert [row[0] for row in predictions(captured.out)[1]] == expected
    assert "accuracy 1.0000 on 24 rows" in captured.err


def test_proba(tmp_path, capsys):
    data, model = two_groups(tmp_path / "data.csv"), tmp_path / "model.npz"
    run(capsys, "train", data, "--target", "label", "--save", model)
    header, rows = predictions(run(capsys, "predict", model, data, "--proba").out)
    assert header == ["label", "proba_no", "proba_yes"]
    shares = np.array([row[1:] for row in rows], dtype=float)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert [row[0] for row in rows] == [("no", "yes")[i] for i in shares.argmax(axis=1)]


def test_a_table_without_the_target_and_with_more_columns(tmp_path, capsys):
    data, model = two_groups(tmp_path / "data.csv"), tmp_path / "model.npz"
    run(capsys, "train", data, "--target", "label", "--save", model)
    new = write(tmp_path / "new.csv", {"text": ["x"], "constant": [9], "b": [-1], "a": [1.5]})
    captured = run(capsys, "predict", model, new)
    assert (captured.out, captured.err) == ("label\nyes\n", "")
    unscored = write(tmp_path / "new.csv", {"label": [""], "constant": [9], "b": [-1], "a": [1.5]})
    captured = run(capsys, "predict", model, unscored)
    assert captured.out == "label\nyes\n"
    assert captured.err.startswith("[INFO] no score: ") and "in row 2" in captured.err
    unknown = write(tmp_path / "new.csv", {"label": ["?"], "constant": [9], "b": [-1], "a": [1.5]})
    assert "1 of them are of classes unknown" in run(capsys, "predict", model, unknown).err


def test_regression_says_how_targets_are_scaled(tmp_path, capsys):
    x = np.linspace(0, 1, 40)
    data = write(tmp_path / "data.csv", {"x": x, "y": 1000 * x - 200})
    model = tmp_path / "model.npz"
    output = run(capsys, "train", data, "--target", "y", "--save", model).out
    assert re.search(r"\[INFO\] targets from -\d+.* to \d+ are scaled to 0.1 to 0.9", output)
    assert "task: regress (guessed from 40 different numbers; --task classify overrides)" in output
    assert "targets trained on: -" in run(capsys, "info", model).out
    _, rows = predictions(run(capsys, "predict", model, data).out)
    np.testing.assert_allclose(np.array(rows, dtype=float)[:, 0], 1000 * x - 200, atol=100)


def test_options(tmp_path, capsys):
    data, model, plot = two_groups(tmp_path / "d.csv"), tmp_path / "m.npz", tmp_path / "p.png"
    output = run(
        capsys, "train", data, "--target", "label", "--layers", "5-4", "--alpha", 0.3, *SHORT,
        "--seed", 3, "--scale", "standard", "--test-size", 0.5, "--validation-size", 0.25,
        "--display-update", 20, "--save", model, "--plot", plot,
    ).out  # fmt: skip
    assert "NeuralNetwork: 3-5-4-2, alpha 0.3, 30 epochs, seed 3" in output
    assert "rows: 8 to train on, 4 to validate with, 12 to test with" in output
    assert re.findall(r"epoch=(\d+), loss=[\d.]+, val_loss=", output) == ["1", "20"]
    network = NeuralNetwork.load(model)
    assert network.alpha == 0.3 and network.metadata["table"]["scale"] == "standard"
    assert plot.read_bytes().startswith(b"\x89PNG")
    lines = run(capsys, "info", model).out.splitlines()
    assert lines[0].startswith("layers 3-5-4-2, ")
    assert lines[4:7] == [
        "task: classify, target 'label'",
        "classes: 'no', 'yes'",
        "3 columns, scale standard: a, b, constant",
    ]


def test_no_hidden_layer_no_test_no_epochs(tmp_path, capsys):
    data = two_groups(tmp_path / "data.csv", rows=3)  # a class of one row
    output = run(
        capsys, "train", data, "--target", "label", "--layers", "none", "--epochs", 0,
        "--test-size", 0,
    ).out  # fmt: skip
    assert "NeuralNetwork: 3-2" in output and "no rows to test with" in output


def test_scaling_comes_from_the_rows_trained_on(tmp_path, capsys):
    data, model = two_groups(tmp_path / "data.csv"), tmp_path / "model.npz"
    run(capsys, "train", data, "--target", "label", "--save", model, *SHORT)
    network = NeuralNetwork.load(model)
    a = [float(row[0]) for row in predictions(data.read_text())[1]]
    order = np.random.default_rng(0).permutation(24)
    tested = [i for flag in (0, 1) for i in [i for i in order if i % 2 == flag][:3]]
    trained = [a[i] for i in range(24) if i not in tested]
    assert network.metadata["table"]["offsets"][0] == min(trained)
    assert network.metadata["table"]["divisors"][0] == max(trained) - min(trained)


def numbered(values, name="y"):
    return {"x": list(range(len(values))), name: values}


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        (numbered([0, 1] * 4), ["--target", "Y"], "no column 'Y' (did you mean 'y'?)"),
        (numbered(["a"] * 8), [], "must have two or more classes, got only 'a' in all 8 rows"),
        (numbered(["a"] * 8 + ["b"]), [], "must have two or more rows, one to train on and one"),
        (numbered(["a", "b", "c"]), [], "got one of class 'a' (and 2 more such classes)"),
        (numbered(["a", "b", "a"]), ["--task", "regress"], "'y' must hold numbers, got 'a' in ro"),
        (numbered(["a", "", "a"]), [], "column 'y' has a missing value in row 3"),
        (numbered([1.5, 2.5]), [], "must have at least 3 rows, got 2"),
        (numbered([1.5, 1.5, 1.5, 1.5]), ["--task", "regress"], "must have different values, got"),
        (numbered([-1.7e308, 1.7e308] * 6), ["--task", "regress"], "'y' are too large to be scal"),
        ({"y": [1, 2, 3]}, [], "must have columns beside 'y', got none"),
        ({"y": [0, 1] * 4, "x": [1, 2, 3, "?", 5, 6, 7, 8]}, [], "must hold numbers, got '?'"),
        ({"y": [0, 1] * 9, "x": [1e308, -1e308] * 9}, [], "'x' has numbers that are too large"),
        (numbered([0, 1] * 2), ["--validation-size", "0.5"], "a class with a row for validation"),
        (numbered([0, 1] * 4), ["--layers", "99999999-99999999"], "must give weights that fit"),
        (numbered([0, 1] * 4), ["--save", "DATA"], "--save and DATA must be different files"),
        (numbered([0, 1] * 4), ["--save", "new", "--plot", "new"], "--plot and --save must be"),
        (numbered([0, 1] * 4), ["--save", "missing/m"], "--save missing/m cannot be written: "),
        (numbered([0, 1] * 4), ["--save", "folder"], "folder must be a file, or new"),
        (numbered([0, 1] * 4), ["--save", os.devnull], "null must be a file, or new"),
        (numbered([0, 1] * 4), ["--save", "diary"], "--save must be a new file or that of a netw"),
        (numbered([0, 1] * 4), ["--checkpoint", "diary"], "or --resume be given to go on from it"),
        (numbered([0, 1] * 4), ["--checkpoint", "diary", "--resume"], "diary: not a network, or"),
        (numbered([0, 1] * 4), ["--checkpoint", "missing/c"], "--checkpoint missing/c cannot be"),
        (numbered([0, 1] * 4), ["--plot", "loss.strange"], "--plot must end in one of "),
        (numbered([0, 1] * 4), ["--plot", "missing/p.png"], "--plot missing/p.png cannot be writ"),
        (None, [], "No such file or directory: 'data.csv'"),
    ],
)
def test_bad_input_is_one_line(columns, options, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "diary").write_text("mine")
    if columns is not None:
        write("data.csv", columns)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    options = ["data.csv" if option == "DATA" else option for option in options]
    code = main(["train", "data.csv", "--target", "y", *SHORT, *options])
    captured = capsys.readouterr()
    assert code == 1 and "epoch=" not in captured.out
    assert captured.err.startswith("bp-numba: ") and captured.err.count("\n") == 1
    assert message in captured.err
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
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
        (["predict", "model"], "the following arguments are required: DATA"),
    ],
)
def test_wrong_usage(arguments, message, capsys):
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert message in capsys.readouterr().err


@pytest.fixture
def model(tmp_path, capsys):
    data, path = two_groups(tmp_path / "data.csv"), tmp_path / "model.npz"
    run(capsys, "train", data, "--target", "label", *SHORT, "--save", path)
    return path


def test_models_that_predict_cannot_use(model, tmp_path, capsys):
    network, data = NeuralNetwork.load(model), tmp_path / "data.csv"

    def error(path, *arguments):
        assert main(["predict", str(path), str(data), *map(str, arguments)]) == 1
        captured = capsys.readouterr()
        assert captured.out == "" and captured.err.count("\n") == 1
        return captured.err

    known = dict(network.metadata["table"])
    for changes, message in (
        ({"classes": []}, "damaged: classes must be two or more"),
        ({"classes": ["a", "b", "c"]}, "it has 3 outputs for 3 columns, the weights 2 for 3"),
    ):
        network.metadata["table"] = known | changes
        network.save(tmp_path / "other.npz")
        assert message in error(tmp_path / "other.npz")
    network.metadata = {}
    network.save(tmp_path / "other.npz")
    assert "must be written by bp-numba train" in error(tmp_path / "other.npz")
    network.metadata = {"table": known}
    network.W[0][...] = np.nan
    network.save(tmp_path / "other.npz")
    assert "outputs are not numbers" in error(tmp_path / "other.npz")
    assert "not a network" in error(data)
    assert "No such file" in error(tmp_path / "missing.npz")
    assert "--out and DATA must be different files" in error(model, "--out", data)
    assert "--out and MODEL must be different files" in error(model, "--out", model)
    assert "cannot be written" in error(model, "--out", tmp_path)
    data = write(tmp_path / "new.csv", {"b": [1]})
    assert "lacks the columns 'a', 'constant'\n" in error(model)


def test_proba_of_a_number(tmp_path, capsys):
    data, path = write(tmp_path / "d.csv", numbered(np.linspace(0, 1, 9))), tmp_path / "m.npz"
    run(capsys, "train", data, "--target", "y", *SHORT, "--save", path)
    assert main(["predict", str(path), str(data), "--proba"]) == 1
    assert "--proba needs a model of classes, got" in capsys.readouterr().err


def test_a_failed_run_leaves_the_old_model(model, tmp_path, capsys, monkeypatch):
    def failing(network, *_, **__):
        network.W[0][...] = np.nan

    before = model.read_bytes()
    monkeypatch.setattr(NeuralNetwork, "fit", failing)
    arguments = ["train", str(tmp_path / "data.csv"), "--target", "label", "--save", str(model)]
    assert main(arguments) == 1
    assert "outputs are not numbers" in capsys.readouterr().err
    assert model.read_bytes() == before


def test_a_disk_that_is_full_is_known_before_training(tmp_path, capsys, monkeypatch):
    """A file of the final size is tried, not only an empty one."""
    data, path = two_groups(tmp_path / "data.csv"), tmp_path / "model.npz"
    sizes, fsync = [], os.fsync

    def limited(descriptor):
        sizes.append(os.fstat(descriptor).st_size)
        if sizes[-1] > 5000:
            raise OSError(28, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", limited)
    assert main(["train", str(data), "--target", "label", "--save", str(path)]) == 1
    captured = capsys.readouterr()
    assert "epoch=" not in captured.out and "No space left on device" in captured.err
    assert os.listdir(tmp_path) == ["data.csv"]
    monkeypatch.undo()
    run(capsys, "train", data, "--target", "label", "--save", path)
    assert path.stat().st_size <= sizes[-1]


@pytest.mark.parametrize("before", [True, False])
def test_debug_shows_the_traceback(before, tmp_path):
    command = ["predict", tmp_path / "missing.npz", tmp_path / "data.csv"]
    arguments = ["--debug", *command] if before else [*command, "--debug"]
    result = bp_numba(*arguments)
    assert result.returncode == 1
    assert "Traceback" in result.stderr and "FileNotFoundError" in result.stderr


def test_bugs_show_their_traceback(tmp_path, monkeypatch):
    monkeypatch.setattr(train, "train", lambda options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["train", "d.npz"])


def test_errors_of_the_real_command(tmp_path):
    (tmp_path / "empty.csv").touch()
    result = bp_numba("train", tmp_path / "empty.csv", "--target", "y")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"bp-numba: {tmp_path / 'empty.csv'} is empty\n"


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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--layers", "4"], "layers [3, 16, 2] there, [3, 4, 2] here"),
        (["--alpha", "0.2"], "alpha 0.1 there, 0.2 here"),
        (["--seed", "1"], "seed 0 there, 1 here"),
        (["--scale", "none"], 'scale "minmax" there, "none" here'),
        (["--test-size", "0.5"], "test size 0.25 there, 0.5 here"),
        (["--validation-size", "0.5"], "validation size 0.0 there, 0.5 here"),
        (["--target", "a"], 'target "label" there, "a" here'),
        (["--task", "regress"], 'task "classify" there, "regress" here'),
        (["--target", "constant"], "must have two or more classes"),
        (["--early-stopping", "--validation-size", "0.5"], "validation size 0.0 there, 0.5 here"),
        (["DATA"], 'digest of rows "'),
    ],
)
def test_a_checkpoint_of_another_run(change, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = ["train", "data.csv", "--target", "label", *SHORT, "--checkpoint", "kept.npz"]
    two_groups("data.csv", names=(0, 1))
    run(capsys, *command)
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
    assert "seed unknown there, 0 here" in capsys.readouterr().err


@needs_jit
def test_interrupted_and_resumed_by_the_line_that_is_printed(tmp_path):
    data = two_groups(tmp_path / "my data.csv", rows=80)
    kept, whole = tmp_path / "kept.npz", tmp_path / "whole.npz"
    options = ["train", data, "--target", "label", "--epochs", 20_000]
    assert bp_numba(*options, "--save", whole).returncode == 0
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "bp_numba", *map(str, options), "--checkpoint", str(kept)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = threading.Timer(60, process.kill)
    deadline.start()
    while "epoch=4000," not in (line := process.stdout.readline()):
        assert line, "a loss was not shown while it trained"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    deadline.cancel()
    assert process.returncode == 130
    first, second = errors.splitlines()
    assert first == "bp-numba: interrupted"
    line = second.removeprefix("bp-numba: to go on: ")
    program, *arguments = shlex.split(line)
    assert program == sys.executable and arguments[:2] == ["-m", "bp_numba"]
    assert 0 < NeuralNetwork.load(kept).epochs_trained < 20_000
    assert sorted(os.listdir(tmp_path)) == ["kept.npz", "my data.csv", "whole.npz"]
    assert subprocess.run(line, shell=True, capture_output=True).returncode == 0
    assert_same_weights(NeuralNetwork.load(kept), NeuralNetwork.load(whole), atol=0)


def test_the_line_that_resumes(monkeypatch, tmp_path, capsys):
    def interrupted(options):
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "train", interrupted)
    kept = tmp_path / "kept.npz"
    command = ["train", "my data.npz", "--checkpoint", str(kept)]
    assert main(command) == 130
    assert capsys.readouterr().err == "bp-numba: interrupted\n"  # there is no checkpoint
    kept.touch()
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "bp-numba")])
    assert main([*command, "--resume"]) == 130
    line = capsys.readouterr().err.splitlines()[1]
    assert line == (
        f"bp-numba: to go on: {tmp_path}/bp-numba train 'my data.npz' --checkpoint {kept} --resume"
    )


def test_early_stopping(tmp_path, capsys):
    data, path = noisy(tmp_path / "data.csv"), tmp_path / "model.npz"
    output = run(capsys, *stopping_command(data, path)).out
    best = int(re.search(r"early stopping after epoch \d+; the .* of epoch (\d+)", output)[1])
    network = NeuralNetwork.load(path)
    history = network.history
    lowest = int(np.argmin(history.validation_losses))
    assert history.epochs[lowest] == best < network.epochs_trained < 3000
    assert history.epochs[-1] == network.epochs_trained == history.epochs[lowest + 10]
    assert network.metadata["early_stopping"] == {"stopped_epoch": network.epochs_trained}
    before = path.read_bytes()
    assert main([*map(str, stopping_command(data, path)), "--resume", "--epochs", "4000"]) == 1
    assert "display update 30 there, 40 here" in capsys.readouterr().err
    output = run(capsys, *stopping_command(data, path), "--resume").out
    assert f"early stopping ended this run after epoch {network.epochs_trained}" in output
    assert path.read_bytes() == before


def noisy(path):
    generator = np.random.default_rng(1)
    X = generator.random((60, 4))
    return write(path, dict(zip("abcd", X.T, strict=True)) | {"y": generator.random(60)})


def stopping_command(data, path):
    return ["train", data, "--target", "y", "--epochs", 3000, "--alpha", 0.5, "--early-stopping",
            "--checkpoint", path]  # fmt: skip


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
    "state",
    [7, {}, {"best_loss": 1, "best_epoch": 1, "waited": 1, "weights": []},
     {"best_loss": 0.5, "best_epoch": 1, "waited": 1, "weights": []},
     {"best_loss": 0.5, "best_epoch": 1, "waited": 1, "weights": ["?", "AAAA"]},
     {"best_loss": 0.5, "best_epoch": 1, "waited": 1, "weights": [1, 2]},
     {"best_loss": 0.5, "best_epoch": "1", "waited": 1, "weights": ["", ""]}],
)  # fmt: skip
def test_a_damaged_state_of_early_stopping(state, tmp_path, capsys):
    data, path = noisy(tmp_path / "data.csv"), tmp_path / "kept.npz"
    command = [*map(str, stopping_command(data, path)), "--resume"]
    command[command.index("3000")] = "30"
    run(capsys, *command)
    network = NeuralNetwork.load(path)
    network.metadata["early_stopping"] = json.loads(json.dumps(state))
    network.save(path)
    before = path.read_bytes()
    assert main(command) == 1
    assert "state of early stopping is damaged" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_early_stopping_that_does_not_stop(tmp_path, capsys):
    data, path = two_groups(tmp_path / "data.csv"), tmp_path / "model.npz"
    output = run(
        capsys, "train", data, "--target", "label", *SHORT, "--early-stopping", "--save", path
    ).out
    assert "[INFO] the end after epoch 30; the weights are those of epoch " in output
    assert "early_stopping" not in NeuralNetwork.load(path).metadata


def test_output_into_a_file(model, tmp_path):
    with open(tmp_path / "out.txt", "w") as file:
        subprocess.run(
            [sys.executable, "-P", "-m", "bp_numba", "predict", model, tmp_path / "data.csv"],
            stdout=file, stderr=subprocess.PIPE, check=True,
        )  # fmt: skip
    assert (tmp_path / "out.txt").read_text().count("\n") == 25


def test_predictions_that_nobody_reads(model, tmp_path):
    many = two_groups(tmp_path / "many.csv", rows=50_000)
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "bp_numba", "predict", str(model), str(many)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=60) == 1
        assert process.stderr.read() == ""
