"""Reading tables: what the columns are taken for, and what is said of bad files."""

import numpy as np
import polars
import pytest

from bp_numba.cli.errors import CommandError
from bp_numba.cli.readers import read_table
from tests.cli.conftest import csv_file
from tests.conftest import PYTHON, run_command


def npz(tmp_path, **arrays):
    path = tmp_path / "data.npz"
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize(
    ("texts", "labels"),
    [
        (["1", "-2", "0"], [1, -2, 0]),
        (["1", "2.0", "3e1"], [1.0, 2.0, 30.0]),
        (["true", "False", "TRUE"], [True, False, True]),
        (["b", " a ", "1"], ["b", "a", "1"]),
        (["01", "02", "10"], ["01", "02", "10"]),
        (["99999999999999999999", "1", "2"], [1e20, 1.0, 2.0]),
        (['"x, y"', "é", "nan"], ["x, y", "é", "nan"]),
    ],
)
def test_labels_of_csv(texts, labels, tmp_path):
    table = read_table(csv_file(tmp_path, "a,b\n" + "".join(f"0,{text}\n" for text in texts)))
    found = table.labels("b")
    assert found == labels and [type(value) for value in found] == [type(v) for v in labels]


def test_numbers_of_csv(tmp_path):
    text = "\ufeffa, b ,c,d\r\n1,true, 2.5,007\r\n-3,false,1e3,08\r\n\r\n\r\n"
    table = read_table(csv_file(tmp_path, text, "data.CSV"))
    assert list(table.columns) == ["a", "b", "c", "d"] and table.rows == 2
    matrix = table.matrix(["d", "c", "b", "a"])
    assert matrix.tolist() == [[7, 2.5, 1, 1], [8, 1000, 0, -3]]
    assert matrix.dtype == np.float64


def test_parquet(tmp_path):
    path = tmp_path / "data.parquet"
    polars.DataFrame(
        {
            "i": polars.Series([1, 2], dtype=polars.UInt8),
            "b": [True, False],
            "s": ["x", "y"],
            "f": polars.Series([1.5, 2.0], dtype=polars.Float32),
            "c": polars.Series(["u", "v"], dtype=polars.Categorical),
            "big": polars.Series([2**63, 1], dtype=polars.UInt64),
            "gap": [1, None],
            "none": [True, None],
            "empty": ["", "z"],
            "list": [[1], [2]],
        }
    ).write_parquet(path)
    table = read_table(path)
    labels = {"i": [1, 2], "b": [True, False], "s": ["x", "y"], "f": [1.5, 2.0], "c": ["u", "v"]}
    assert {name: table.labels(name) for name in labels} == labels
    assert table.labels("big") == [float(2**63), 1.0]
    assert table.matrix(["i", "b", "f"]).tolist() == [[1, 1, 1.5], [2, 0, 2]]
    for name in ("gap", "none"):
        with pytest.raises(CommandError, match=rf"column '{name}' has a missing .* in row 2$"):
            table.numbers(name)
    with pytest.raises(CommandError, match=r"column 'empty' has a missing value in row 1$"):
        table.labels("empty")
    with pytest.raises(CommandError, match=r"column 'list' must hold numbers, booleans or text"):
        table.numbers("list")


def test_npz(tmp_path):
    X = np.array([[1, 2], [3, 4]], dtype=np.uint8)
    table = read_table(npz(tmp_path, X=X, y=np.array([["u"], ["v"]]), more=np.zeros(9)))
    assert list(table.columns) == ["x0", "x1", "y"] and table.rows == 2
    assert table.labels("y") == ["u", "v"] and table.labels("x0") == [1, 3]
    assert table.matrix(["x1", "x0"]).tolist() == [[2, 1], [4, 3]]
    flags = read_table(npz(tmp_path, X=X / 2, y=np.array([True, False])))
    assert flags.labels("y") == [True, False] and flags.labels("x0") == [0.5, 1.5]
    assert list(read_table(npz(tmp_path, X=X)).columns) == ["x0", "x1"]
    with pytest.raises(CommandError, match="column 'y' has a missing value in row 2"):
        read_table(npz(tmp_path, X=X, y=np.array(["u", ""]))).labels("y")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        (" \n\n", "is empty"),
        ("a,b\n", "has no rows below its header"),
        ("a,b\n,\n\n", "has no rows below its header"),
        ("a,b,a\n1,2,3\n", "columns must have different names, got 'a' twice"),
        ("a,,b\n1,2,3\n", "column 2 must have a name, got none in the header"),
        ("a,b\n1,2\n1,2,3\n", ": row 3 must have no more fields than the header, 2, got 3"),
        ("\na,b\n1,2\n", ": row 2 must have no more fields than the header, 0, got 2"),
        ('a,b\n1,2\n1,"2\n', "must be a CSV file, got something else or a damaged one: "),
        ("a;b\n1;2\n", "must have commas between its columns, got 'a;b'"),
        ("a\tb\n1\t2\n", "must have commas between its columns, got 'a\\tb'"),
        ("a,b\n1,2\né,2\n".encode("latin-1"), "in UTF-8, got byte 0xe9 in line 3"),
    ],
)
def test_bad_csv(text, message, tmp_path):
    with pytest.raises(CommandError, match="data.csv") as error:
        read_table(csv_file(tmp_path, text))
    assert message in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": np.zeros(3)}, "must hold numbers X of shape (rows, columns), got float64 of shape"),
        ({"X": np.array([["a"]])}, "must hold numbers X of shape (rows, columns), got <U1"),
        ({"x": np.zeros((3, 2))}, "must hold numbers X of shape (rows, columns), got none"),
        ({"X": np.zeros((3, 2)), "y": np.zeros(2)}, "y of shape (3,), as many as X has rows"),
        ({"X": np.zeros((1, 2)), "y": np.zeros(1, complex)}, "got complex128 of shape (1,)"),
        ({"X": np.zeros((0, 2)), "y": np.zeros(0)}, "has no rows"),
        ({"X": np.zeros((1, 1)), "y": np.array([{}])}, "must be a .npz file of plain arrays"),
    ],
)
def test_bad_npz(arrays, message, tmp_path):
    with pytest.raises(CommandError) as error:
        read_table(npz(tmp_path, **arrays))
    assert message in str(error.value)


@pytest.mark.parametrize("suffix", ["npz", "parquet"])
@pytest.mark.parametrize("content", [b"no table", b"PK\x03\x04", b"PAR1PAR1PAR1", b"\x93NUMPY"])
def test_files_of_another_kind(suffix, content, tmp_path):
    path = csv_file(tmp_path, content, f"data.{suffix}")
    with pytest.raises(CommandError, match="must be a .*, got something else or a damaged one"):
        read_table(path)


def test_bytes_that_polars_panics_at(tmp_path, monkeypatch):
    def panicking(_):
        raise polars.exceptions.PanicException("called `unwrap()`")  # no Exception, as few know

    monkeypatch.setattr(polars, "read_parquet", panicking)
    with pytest.raises(CommandError, match=r"a damaged one: called `unwrap\(\)`"):
        read_table(csv_file(tmp_path, "PAR1", "data.parquet"))


def test_damaged_npz(tmp_path):
    path = npz(tmp_path, X=np.zeros((20, 2)))
    content = bytearray(path.read_bytes())
    for position in range(0, len(content), 7):
        path.write_bytes(content[:position] + b"\xff" + content[position + 1 :])
        try:
            read_table(path)
        except CommandError:
            pass


def test_a_single_array_is_no_table(tmp_path):
    path = tmp_path / "array.npy"
    np.save(path, np.zeros((3, 3)))
    with pytest.raises(CommandError, match=r"must end in \.csv, \.parquet, \.npz, which tells"):
        read_table(path)
    path.rename(tmp_path / "array.npz")
    with pytest.raises(CommandError, match="must be a .npz file of plain arrays"):
        read_table(tmp_path / "array.npz")


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_table(tmp_path / "missing.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(IsADirectoryError):
        read_table(tmp_path / "folder.csv")


def test_without_polars(tmp_path):
    code = """
import sys
sys.modules["polars"] = None
from bp_numba.cli.main import main
sys.exit(main(["train", sys.argv[1], "--target", "b"]))
"""
    path = csv_file(tmp_path, "a,b\n1,2\n")
    result = run_command([*PYTHON, "-c", code, path])
    assert result.returncode == 1
    assert result.stderr == (
        f"bp-numba: reading {path} needs polars, which is not installed: "
        "pip install 'bp_numba[cli]'\n"
    )
