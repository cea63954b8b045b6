"""`bp-numba train`, as a user runs it."""

import re

import numpy as np
import polars
import pytest

from bp_numba import NeuralNetwork
from bp_numba.cli.main import main
from tests.cli.conftest import (
    SHORT,
    bp_numba,
    noisy,
    numbered,
    predictions,
    run,
    score,
    stopping_command,
    two_groups,
    write,
)
from tests.conftest import assert_same_weights


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
    assert "early stopping after epoch" in result.stdout
    assert 1 < result.stdout.count("[INFO] epoch=") <= 12
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


@pytest.mark.parametrize("classes", [(0, 1), (2**53, 2**53 + 1), (2**64 - 2, 2**64 - 1)])
@pytest.mark.parametrize("gaps", [[], [None]])
def test_integers_are_the_same_classes_in_all_formats(classes, gaps, tmp_path, capsys):
    y = [classes[i % 2] for i in range(40)] + gaps
    columns = {"x": [i % 2 + i / 100 for i in range(len(y))], "y": y}
    polars.DataFrame(columns, strict=False).write_csv(tmp_path / "d.csv")
    polars.DataFrame(columns, strict=False).write_parquet(tmp_path / "d.parquet")
    if not gaps:
        np.savez(tmp_path / "d.npz", X=np.array([columns["x"]]).T, y=np.array(y))
    found = []
    for path in sorted(tmp_path.glob("d.*")):
        model = tmp_path / "model.npz"
        shown = run(capsys, "train", path, "--target", "y", "--save", model).out
        assert "2 classes (guessed from 2 different whole numbers" in shown
        assert NeuralNetwork.load(model).metadata["table"]["classes"] == [*classes]
        data = path if path.suffix == ".npz" else tmp_path / "d.csv"
        found.append(predictions(run(capsys, "predict", model, data, "--proba").out))
    assert all(each == found[0] for each in found)
    assert found[0][0] == ["y", *(f"proba_{label}" for label in classes)]
    assert [row[0] for row in found[0][1]][:40] == list(map(str, y[:40]))


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


def test_regression_says_how_targets_are_scaled(tmp_path, capsys):
    x = np.linspace(0, 1, 40)
    data = write(tmp_path / "data.csv", {"x": x, "y": 1000 * x - 200})
    model = tmp_path / "model.npz"
    output = run(capsys, "train", data, "--target", "y", "--save", model).out
    scaled = r"target: y, numbers from -\d+\.?\d* to \d+\.?\d*, 0.1 to 0.9 at the output\n"
    assert re.search(r"\[INFO\] " + scaled, output)
    guessed = "(guessed from 40 different numbers; --task classify for classes)"
    assert f"task: regress {guessed}" in output
    assert re.search("\n" + scaled, run(capsys, "info", model).out)
    _, rows = predictions(run(capsys, "predict", model, data).out)
    np.testing.assert_allclose(np.array(rows, dtype=float)[:, 0], 1000 * x - 200, atol=100)


def test_options(tmp_path, capsys):
    data, model, plot = two_groups(tmp_path / "d.csv"), tmp_path / "m.npz", tmp_path / "p.png"
    network = ["--layers", "5-4", "--alpha", 0.3, "--seed", 3, *SHORT]
    samples = ["--scale", "minmax", "--test-size", 0.5, "--validation-size", 0.25]
    shown = ["--display-update", 20, "--save", model, "--plot", plot]
    output = run(capsys, "train", data, "--target", "label", *network, *samples, *shown).out
    assert "NeuralNetwork: 3-5-4-2, alpha 0.3, 30 epochs, seed 3" in output
    assert "rows: 8 to train on, 4 to validate with, 12 to test with" in output
    assert re.findall(r"epoch=(\d+), loss=[\d.]+, val_loss=", output) == ["1", "20"]
    network = NeuralNetwork.load(model)
    assert network.alpha == 0.3 and network.metadata["table"]["scale"] == "minmax"
    assert plot.read_bytes().startswith(b"\x89PNG")
    lines = run(capsys, "info", model).out.splitlines()
    assert lines[0].startswith("layers 3-5-4-2, ")
    assert lines[4] == "inputs: 3, from 3 columns"
    assert re.match(r"  a: numbers from 0\.\d+ to 1\.\d+; gaps become ", lines[5])
    constant = "  constant: numbers, 3, the same in all rows trained on: ignored; gaps become 3"
    assert lines[7:9] == [constant, "target: label, 2 classes: no, yes"]


def test_no_hidden_layer_no_test_no_epochs(tmp_path, capsys):
    data = two_groups(tmp_path / "data.csv", rows=3)  # a class of one row
    options = ["--layers", "none", "--epochs", 0, "--test-size", 0]
    output = run(capsys, "train", data, "--target", "label", *options).out
    assert "NeuralNetwork: 3-2" in output and "no rows to test with" in output


def test_scaling_comes_from_the_rows_trained_on(tmp_path, capsys):
    data, model = two_groups(tmp_path / "data.csv"), tmp_path / "model.npz"
    run(capsys, "train", data, "--target", "label", "--save", model, *SHORT)
    network = NeuralNetwork.load(model)
    a = [float(row[0]) for row in predictions(data.read_text())[1]]
    order = np.random.default_rng(0).permutation(24)
    tested = [i for flag in (0, 1) for i in [i for i in order if i % 2 == flag][:3]]
    trained = [a[i] for i in range(24) if i not in tested]
    column = network.metadata["table"]["columns"][0]
    assert column["name"] == "a"
    assert column["offset"] == pytest.approx(np.mean(trained), rel=1e-12)
    assert column["divisor"] == pytest.approx(np.std(trained), rel=1e-12)
    assert column["fill"] == np.median(trained)


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        (numbered([0, 1] * 4), ["--target", "Y"], "no column 'Y' (did you mean 'y'?)"),
        (
            numbered(["a"] * 8),
            [],
            "'y' must have two or more classes to be the target, got ",
        ),
        (numbered(["a"] * 8 + ["b"]), [], "must have two or more rows, one to train on and one"),
        (
            numbered(["a", "b", "c"]),
            [],
            "got one of class 'a' in row 2 (the header",
        ),
        (numbered(["a", "b", "a"]), ["--task", "regress"], "'y' must hold numbers, got 'a' in ro"),
        (numbered(["", "?", "NaN"]), [], "'y' must have values to be the target, got none in any"),
        (numbered(["1.5", "", "2.5"]), [], "must have at least 3 rows with a target, got 2 of 3"),
        (numbered([1.5, 2.5]), [], "must have at least 3 rows, got 2"),
        (
            numbered([1.5, 1.5, 1.5, 1.5]),
            ["--task", "regress"],
            "must have different values to be ",
        ),
        ({"y": [1, 2, 3]}, [], "must have columns beside 'y', got none"),
        ({"y": [0, 1] * 4, "x": [1, 2, 3, "inf", 5, 6, 7, 8]}, [], "'x' has an infinite value in"),
        (numbered([0.5, 1.5, 2.5, 3.5]), ["--class-weight", "balanced"], "needs classes, got targ"),
        (
            numbered([0.5, 1.5, 2.5, 3.5]),
            ["--class-weight", "balanced", "--network", "mlp"],
            "--class-weight balanced needs classes, got targets that are numbers",
        ),
        (numbered([0, 1] * 4), ["--ignore", "x"], "must have columns beside 'y' and those of --ig"),
        (numbered([0, 1] * 4), ["--categorical", "X"], "has no column 'X' (did you mean 'x'?)"),
        (numbered([0, 1] * 2), ["--validation-size", "0.5"], "two or more rows of a class left"),
        (numbered([0, 1] * 4), ["--layers", "99999999-99999999"], "must give weights that fit"),
        (None, [], "No such file or directory: 'data.csv'"),
    ],
)
def test_tables_that_cannot_be_trained_on(columns, options, message, refused):
    assert message in refused(columns, options)


def test_a_failed_run_leaves_the_old_model(model, tmp_path, capsys, monkeypatch):
    def failing(network, *_, **__):
        network.W[0][...] = np.nan

    before = model.read_bytes()
    monkeypatch.setattr(NeuralNetwork, "fit", failing)
    arguments = ["train", str(tmp_path / "data.csv"), "--target", "label", "--save", str(model)]
    assert main(arguments) == 1
    assert "outputs are not numbers" in capsys.readouterr().err
    assert model.read_bytes() == before


def test_tables_without_rows_to_validate_with_by_default(tmp_path, capsys):
    columns = {"x": range(60), "y": [f"class {i // 2}" for i in range(60)]}
    command = ["train", write(tmp_path / "d.csv", columns), "--target", "y"]
    assert main([*map(str, command)]) == 1
    assert "a class of its own; --validation-size 0 keeps none" in capsys.readouterr().err
    assert "30 to train on, 30 to test with" in run(capsys, *command, "--validation-size", 0).out


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
    other = [*map(str, stopping_command(data, path)), "--resume", "--display-update", "40"]
    assert main(other) == 1
    assert "display update 30 there, 40 here" in capsys.readouterr().err
    output = run(capsys, *stopping_command(data, path), "--resume").out
    assert f"early stopping ended this run after epoch {network.epochs_trained}" in output
    assert path.read_bytes() == before


def test_early_stopping_that_does_not_stop(tmp_path, capsys):
    data, path = two_groups(tmp_path / "data.csv"), tmp_path / "model.npz"
    output = run(
        capsys, "train", data, "--target", "label", *SHORT, "--early-stopping", "--save", path
    ).out
    assert "[INFO] the end after epoch 30; the weights are those of epoch " in output
    assert "early_stopping" not in NeuralNetwork.load(path).metadata
