"""Tables, and commands run on them."""

import csv
import io
import re

import numpy as np
import pytest

from bp_numba.cli.main import main
from bp_numba.preprocessing.preprocessing import Preprocessing
from tests.conftest import PYTHON, run_command

COMMAND = [*PYTHON, "-m", "bp_numba"]
SHORT = ("--epochs", "30")

CLASSES_TABLE = {
    "columns": ["a", "b"],
    "target": "t",
    "task": "classify",
    "scale": "minmax",
    "offsets": [1.0, -2.0],
    "divisors": [2.0, 0.5],
    "classes": ["u", "v", "w"],
    "target_range": [],
}
CLASSES = Preprocessing.from_dict(CLASSES_TABLE)
NUMBERS = Preprocessing.from_dict(
    {
        "columns": ["a"],
        "target": "t",
        "task": "regress",
        "scale": "none",
        "offsets": [0.0],
        "divisors": [1.0],
        "classes": [],
        "target_range": [-10.0, 30.0],
    }
)


@pytest.fixture(autouse=True)
def outputs_of_one_kind(in_numpy):
    """From when on a kernel computes outputs is a matter of time, and so are their last bits."""


@pytest.fixture
def model(tmp_path, capsys):
    """Return the file of a network trained on `two_groups`, which are in data.csv beside it."""
    data, path = two_groups(tmp_path / "data.csv"), tmp_path / "model.npz"
    run(capsys, "train", data, "--target", "label", *SHORT, "--save", path)
    return path


@pytest.fixture
def refused(tmp_path, capsys, monkeypatch):
    """Return a function that runs `train` on columns and returns the one line of its error."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "diary").write_text("mine")

    def times():
        return {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}

    def refusal(columns, options):
        if columns is not None:
            write("data.csv", columns)
        before = times()
        code = main(["train", "data.csv", "--target", "y", *SHORT, *options])
        captured = capsys.readouterr()
        assert code == 1 and "epoch=" not in captured.out
        assert captured.err.startswith("bp-numba: ") and captured.err.count("\n") == 1
        assert times() == before
        return captured.err

    return refusal


def bp_numba(*arguments, **environment):
    """Run the command in a process of its own."""
    return run_command([*COMMAND, *arguments], **environment)


def run(capsys, *arguments):
    """Run a command that succeeds, and return what it prints."""
    code = main(list(map(str, arguments)))
    captured = capsys.readouterr()
    assert code == 0, captured.err
    return captured


def write(path, columns):
    """Write a CSV file of a dict of columns."""
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def csv_file(tmp_path, text, name="data.csv"):
    """Write a file of this text or these bytes."""
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
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


def noisy(path):
    """Write a table whose target follows from nothing, so that early stopping stops."""
    generator = np.random.default_rng(1)
    X = generator.random((60, 4))
    return write(path, dict(zip("abcd", X.T, strict=True)) | {"y": generator.random(60)})


def numbered(values, name="y"):
    """Return columns: x counts from 0 beside the values."""
    return {"x": list(range(len(values))), name: values}


def stopping_command(data, path, epochs=3000):
    """Return the arguments of a run on `noisy` data that is stopped early."""
    network = ["--layers", 16, "--alpha", 0.5, "--scale", "minmax"]
    options = ["--epochs", epochs, "--early-stopping", "--validation-size", 0.2]
    return ["train", data, "--target", "y", *network, *options, "--checkpoint", path]


def predictions(text):
    """Return header and rows of a CSV text."""
    header, *rows = csv.reader(io.StringIO(text))
    return header, rows


def score(text):
    """Return the accuracy or R2 that a command prints."""
    return float(re.search(r"(?:accuracy|R2) (-?[\d.]+)", text)[1])
