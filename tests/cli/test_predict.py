"""`bp-numba predict`, as a user runs it."""

import io
import subprocess
from pathlib import Path

import numpy as np
import pytest

from bp_numba import NeuralNetwork
from bp_numba.cli.main import main
from bp_numba.tables.reading import read_table
from tests.cli.conftest import COMMAND, SHORT, numbered, predictions, run, two_groups, write
from tests.conftest import HANG, next_line, running


def test_proba(tmp_path, capsys):
    data, model = two_groups(tmp_path / "data.csv"), tmp_path / "model.npz"
    run(capsys, "train", data, "--target", "label", "--save", model)
    header, rows = predictions(run(capsys, "predict", model, data, "--proba").out)
    assert header == ["label", "proba_no", "proba_yes"]
    shares = np.array([row[1:] for row in rows], dtype=float)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert [row[0] for row in rows] == [("no", "yes")[i] for i in shares.argmax(axis=1)]


@pytest.mark.parametrize("proba", [[], ["--proba"]])
@pytest.mark.parametrize(
    "names",
    [
        ("#00f", "#ff0000"),
        ("# a", "b"),
        ("a;b", "c"),
        ("a|b", "c|d"),
        ("a,b", "c\td"),
        ("a", '"b"'),
        ("New York", "St. Louis"),
        (";", "|"),
    ],
)
@pytest.mark.parametrize("target", ["#label", "my label"])
def test_names_that_look_like_comments_or_columns_are_read_back(
    names, target, proba, tmp_path, capsys
):
    data, model = two_groups(tmp_path / "data.csv", names=names), tmp_path / "model.npz"
    data.write_text(data.read_text().replace("label", f'"{target}"', 1))
    run(capsys, "train", data, "--target", target, "--save", model)
    out = tmp_path / "out.csv"
    run(capsys, "predict", model, data, "--out", out, *proba)
    read = read_table(out)
    cells = read.cells(target)
    expected = [row[0] for row in predictions(out.read_text())[1]]
    assert [cells.values[code] for code in cells.codes] == expected and set(expected) == set(names)
    assert list(read.columns) == [target, *(f"proba_{name}" for name in sorted(names) if proba)]


def test_a_dash_is_standard_output(model, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files, expected = sorted(tmp_path.iterdir()), run(capsys, "predict", model, "data.csv").out
    assert run(capsys, "predict", model, "data.csv", "--out", "-").out == expected
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(Path("data.csv").read_bytes())))
    assert run(capsys, "predict", model, "-", "--out", "-").out == expected
    assert sorted(tmp_path.iterdir()) == files


def test_proba_of_a_number(tmp_path, capsys):
    data, path = write(tmp_path / "d.csv", numbered(np.linspace(0, 1, 9))), tmp_path / "m.npz"
    run(capsys, "train", data, "--target", "y", *SHORT, "--save", path)
    assert main(["predict", str(path), str(data), "--proba"]) == 1
    assert "--proba needs a model of classes, got" in capsys.readouterr().err


def test_rows_all_of_whose_numbers_are_in_parentheses(tmp_path, capsys):
    numbers = [i - 12 for i in range(24)]
    prices = [f"({-number})" if number < 0 else str(number) for number in numbers]
    kinds = ["lo" if number < 0 else "hi" for number in numbers]
    data, model = write(tmp_path / "d.csv", {"price": prices, "k": kinds}), tmp_path / "m.npz"
    run(capsys, "train", data, "--target", "k", "--save", model)
    expected = predictions(run(capsys, "predict", model, data).out)[1]
    new = write(tmp_path / "new.csv", {"price": prices[:2]})
    assert predictions(run(capsys, "predict", model, new).out)[1] == expected[:2] == [["lo"]] * 2


def test_a_table_without_the_target_and_with_more_columns(tmp_path, capsys):
    data, model = two_groups(tmp_path / "data.csv"), tmp_path / "model.npz"
    run(capsys, "train", data, "--target", "label", "--save", model)
    new = write(tmp_path / "new.csv", {"text": ["x"], "constant": [9], "b": [-1], "a": [1.5]})
    captured = run(capsys, "predict", model, new)
    assert (captured.out, captured.err) == ("label\nyes\n", "")
    unscored = write(tmp_path / "new.csv", {"label": [""], "constant": [9], "b": [-1], "a": [1.5]})
    captured = run(capsys, "predict", model, unscored)
    assert captured.out == "label\nyes\n"
    assert captured.err == (
        "[INFO] row 2 (the header is row 1) has no target 'label': left out of the score\n"
        "[INFO] no row has a target to score with\n"
    )
    unknown = write(tmp_path / "new.csv", {"label": ["x"], "constant": [9], "b": [-1], "a": [1.5]})
    assert "has a class of 'label' that the model does not know: left out of the score\n" in (
        run(capsys, "predict", model, unknown).err
    )


def test_models_that_predict_cannot_use(model, tmp_path, capsys):
    network, data = NeuralNetwork.load(model), tmp_path / "data.csv"

    def error(path, *arguments):
        assert main(["predict", str(path), str(data), *map(str, arguments)]) == 1
        captured = capsys.readouterr()
        assert captured.out == "" and captured.err.count("\n") == 1
        return captured.err

    known = dict(network.metadata["table"])
    for changes, message in (
        ({"classes": []}, "damaged: classes must be "),
        ({"classes": ["a", "b", "c"]}, "it has 3 outputs for 3 inputs, the weights 2 for 3"),
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
    assert "lacks the columns 'a', 'constant'; it has 'b'\n" in error(model)


def test_output_into_a_file(model, tmp_path):
    with open(tmp_path / "out.txt", "w") as file:
        command = [*COMMAND, "predict", model, tmp_path / "data.csv"]
        subprocess.run(command, stdout=file, stderr=subprocess.PIPE, check=True, timeout=HANG)
    assert (tmp_path / "out.txt").read_text().count("\n") == 25


def test_predictions_that_nobody_reads(model, tmp_path):
    many = two_groups(tmp_path / "many.csv", rows=50_000)
    with running([*COMMAND, "predict", model, many]) as process:  # more than the pipe holds
        assert next_line(process) == "label\n"
        process.stdout.close()
        assert process.wait(timeout=HANG) == 1
        assert process.stderr.read() == ""
