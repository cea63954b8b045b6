"""How a table is written: told to both commands, from files, packed files and standard input."""

import gzip
import io
import subprocess

import numpy as np
import polars
import pytest

from bp_numba.cli.main import main
from tests.cli.conftest import COMMAND, SHORT, csv_file, predictions, run, two_groups
from tests.conftest import HANG

ROWS = 40
A = [round(0.25 + i % 7 + (i % 2) * 0.5, 3) for i in range(ROWS)]
LABELS = ["größer" if i % 2 else "kleiner" for i in range(ROWS)]


def table(separator=",", decimal=".", header=True):
    """Return the text of a table of two numbers and a label."""
    lines = [["a", "b", "label"]] if header else []
    for i, (a, label) in enumerate(zip(A, LABELS, strict=True)):
        numbers = [str(number).replace(".", decimal) for number in (a, i % 5 + 0.125)]
        lines.append([*numbers, label])
    return "".join(separator.join(line) + "\n" for line in lines)


@pytest.fixture
def expected(tmp_path, capsys):
    """Return the predictions of a network that was trained on the plain table."""
    return both(capsys, tmp_path, csv_file(tmp_path, table(), "plain.csv"), [])


def both(capsys, tmp_path, data, options, target="label"):
    """Train on a table, and return the predictions for the same table, all read as told."""
    model = tmp_path / "model.npz"
    run(capsys, "train", data, "--target", target, *options, *SHORT, "--save", model)
    captured = run(capsys, "predict", model, data, *options, "--proba")
    assert f"on {ROWS} rows" in captured.err
    return predictions(captured.out)[1]


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (table(header=False), ["--no-header"]),
        (table(separator="^"), ["--separator", "^"]),
        (table(separator=":"), ["--separator", ":"]),
        (table(separator="\t"), ["--separator", "tab"]),
        (table(separator="   "), ["--separator", "spaces"]),
        (table(separator=";", decimal=","), ["--separator", ";", "--decimal", ","]),
        (table().encode("latin-1"), ["--encoding", "latin-1"]),
        (table().encode("utf-16-le"), ["--encoding", "utf-16-le"]),
        (gzip.compress(table().encode()), []),
        (table(), ["--format", "csv"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_said_of_a_file_is_heard_by_both(content, options, expected, tmp_path, capsys):
    data = csv_file(tmp_path, content, "t.dat" if "--format" in options else "t.csv")
    target = "c3" if "--no-header" in options else "label"
    assert both(capsys, tmp_path, data, options, target) == expected
    if options and options[0] not in ("--separator", "--format"):  # else it is told anyway
        assert main(["predict", str(tmp_path / "model.npz"), str(data)]) == 1
        assert capsys.readouterr().err.count("\n") == 1


def test_what_is_told_is_shown(tmp_path, capsys):
    data = csv_file(tmp_path, table(separator=";", decimal=","))
    first = run(capsys, "train", data, "--target", "label", *SHORT).out.splitlines()[0]
    assert first.endswith("inputs: 2 (separator ';', decimal comma)")


@pytest.mark.parametrize("kind", ["csv", "gz", "parquet", "npz"])
def test_standard_input(kind, tmp_path, capsys):
    """In processes of their own, for both commands; nothing there says what comes."""
    path = two_groups(tmp_path / "data.csv", rows=ROWS)
    content, target = path.read_bytes(), ["--target", "label"]
    frame = polars.read_csv(path)
    if kind == "gz":
        content = gzip.compress(content)
    elif kind == "parquet":
        frame.write_parquet(stream := io.BytesIO())
        content = stream.getvalue()
    elif kind == "npz":
        X = frame.select("a", "b", "constant").to_numpy()
        np.savez(stream := io.BytesIO(), X=X, y=frame["label"].to_numpy().astype(str))
        content, target = stream.getvalue(), ["--target", "y"]

    def piped(*arguments):
        command = list(map(str, [*COMMAND, *arguments]))
        result = subprocess.run(command, input=content, capture_output=True, timeout=HANG)
        assert result.returncode == 0, result.stderr
        return result.stdout.decode(), result.stderr.decode()

    model = tmp_path / "model.npz"
    output, errors = piped("train", "-", *target, "--epochs", 100, "--save", model)
    assert errors == "" and f": {ROWS} rows, " in output.splitlines()[0]
    predicted, said = piped("predict", model, "-")
    assert [row[0] for row in predictions(predicted)[1]] == ["no", "yes"] * (ROWS // 2)
    assert f"accuracy 1.0000 on {ROWS} rows" in said


@pytest.mark.parametrize("name", ["data.npz", "data.NPZ", "data.npz.gz", "data.Npz.GZ", "-"])
def test_arrays_need_no_target_whatever_they_are_called(name, tmp_path, capsys, monkeypatch):
    np.savez(stream := io.BytesIO(), X=np.array([A]).T, y=[i % 2 for i in range(ROWS)])
    content = stream.getvalue()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    packed = gzip.compress(content) if name.lower().endswith(".gz") else content
    path = "-" if name == "-" else csv_file(tmp_path, packed, name)
    shown = run(capsys, "train", path, *SHORT).out
    assert f": {ROWS} rows, target 'y', inputs: 1" in shown


def test_arrays_need_no_target_where_an_option_says_what_they_are(tmp_path, capsys):
    path = tmp_path / "arrays"
    with open(path, "wb") as file:
        np.savez(file, X=np.array([A]).T, y=[i % 2 for i in range(ROWS)])
    shown = run(capsys, "train", path, "--format", "npz", *SHORT).out
    assert f"{path}: {ROWS} rows, target 'y', inputs: 1" in shown


def test_without_arrays_the_target_must_be_said(tmp_path, capsys, monkeypatch):
    np.savez(stream := io.BytesIO(), X=np.array([A]).T)
    for name, content, columns in (
        ("t.csv", table().encode(), "'a', 'b', 'label'"),
        ("-", table().encode(), "'a', 'b', 'label'"),
        ("t.npz", stream.getvalue(), "'x0'"),
    ):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        path = "-" if name == "-" else csv_file(tmp_path, content, name)
        assert main(["train", str(path)]) == 2
        expected = f"--target is required: the column to predict, one or more of {columns}\n"
        assert capsys.readouterr().err == f"bp-numba: {expected}"
