"""The arrays X and y of .npz files."""

import io
import zipfile

import numpy as np
import pytest

from bp_numba.tables.errors import TableError
from tests.runs.hostile import Harmful, mutated
from tests.tables.files import cells_of, refusal, table_of

X = np.array([[1, 2], [3, 4], [5, 6]], dtype=np.uint8)


def npz(save=np.savez, **arrays):
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(
    ("y", "columns"),
    [
        (None, {}),
        (np.array([1.5, np.nan, 2]), {"y": [1.5, np.nan, 2.0]}),
        (np.array([[7], [8], [9]]), {"y": [7, 8, 9]}),
        (np.array([[7, 8], [9, 8], [7, 9]]), {"y0": [7, 9, 7], "y1": [8, 8, 9]}),
        (np.array([True, False, True]), {"y": [True, False, True]}),
        (np.array(["u", " v ", ""]), {"y": ["u", "v", None]}),
        (np.array([["u", "a"], ["v", "b"], ["", "a"]]), {"y0": ["u", "v", None], "y1": [*"aba"]}),
    ],
)
def test_columns(save, y, columns, tmp_path):
    content = npz(save, X=X, **({} if y is None else {"y": y}), more=np.zeros(9))
    table = table_of(tmp_path, content, "data.npz")
    np.testing.assert_equal(cells_of(table), {"x0": [1, 3, 5], "x1": [2, 4, 6]} | columns)
    assert (table.rows, table.header) == (3, 0)


@pytest.mark.parametrize(
    ("dtype", "becomes"),
    [("?", "bool"), ("i2", "int64"), ("u8", "int64"), ("f2", "float64"), (">f8", "float64")],
)
def test_types(dtype, becomes, tmp_path):
    table = table_of(tmp_path, npz(X=X.astype(dtype)), "data.npz")
    assert table.cells("x0").dtype == becomes and table.cells("x0").tolist() == (
        [True] * 3 if dtype == "?" else [1, 3, 5]
    )


def test_whole_numbers_beyond_int64(tmp_path):
    table = table_of(tmp_path, npz(X=np.array([[2**63, 1]], dtype=np.uint64)), "data.npz")
    assert cells_of(table)["x0"] == [str(2**63)] and table.cells("x1").tolist() == [1]


@pytest.mark.parametrize(
    ("arrays", "what"),
    [
        ({"X": X[:, 0]}, "got X of shape (3,) and type uint8"),
        ({"X": np.array([["a"]])}, "got X of shape (1, 1) and type <U1"),
        ({"X": X[:, :0]}, "got X of shape (3, 0) and type uint8"),
        ({"X": X * 1j}, "got X of shape (3, 2) and type complex128"),
        ({"X": X, "y": np.zeros(2)}, "got 3 rows of X, and y of shape (2,) and type float64"),
        ({"X": X, "y": np.zeros(3, complex)}, "got 3 rows of X, and y of shape (3,) and type comp"),
        ({"X": X, "y": np.zeros((3, 1, 1))}, "y of shape (3, 1, 1) and type float64"),
        ({"X": X, "y": np.float64(1)}, "y of shape () and type float64"),
        ({"X": X, "y": np.zeros((3, 0))}, "y of shape (3, 0) and type float64"),
        ({"X": X[:0], "y": np.zeros(0)}, "y of shape (0,)"),
        ({"X": X[:0]}, "has no rows"),
        (
            {"data": X, "target": np.zeros(3)},
            "must hold numbers X of shape (rows, columns), and numbers or text y of as many rows, "
            "got data of shape (3, 2) and type uint8, target of shape (3,) and type float64",
        ),
        ({"x": np.array([{}])}, "got x of shape (1,) and type object"),
        ({}, "got nothing"),
    ],
)
def test_refused(arrays, what, tmp_path):
    assert what in refusal(tmp_path, npz(**arrays), "data.npz")


def test_pickles_are_not_loaded(tmp_path):
    for arrays in ({"X": np.array([[Harmful()]])}, {"X": X, "y": np.array([Harmful()] * 3)}):
        message = refusal(tmp_path, npz(**arrays), "data.npz")
        assert "must be an .npz file of plain arrays" in message and Harmful.trace == []


def test_an_archive_of_other_files(tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "no array")
        archive.writestr("more.txt", "no array")
    assert "got 'readme.txt', no array" in refusal(tmp_path, file.getvalue(), "data.npz")


@pytest.mark.parametrize("content", [b"no table", b"PK\x03\x04", b"PAR1PAR1PAR1", b"\x93NUMPY"])
def test_files_of_another_kind(content, tmp_path):
    message = refusal(tmp_path, content, "data.npz")
    assert "must be an .npz file of plain arrays, got something else or a damaged one" in message


@pytest.mark.parametrize("names", [("X", "y"), ("data", "target")])
def test_mutated_files_are_refused_in_a_line_or_read(names, tmp_path):
    arrays = dict(zip(names, (np.arange(40.0).reshape(20, 2), np.array(["u", "v"] * 10))))  # noqa: B905
    contents = [npz(save, **arrays) for save in (np.savez, np.savez_compressed)]
    refused = 0
    for seed in range(400):
        try:
            changed = bytes(mutated(contents[seed // 4 % 2], seed))
            table = table_of(tmp_path, changed, "data.npz")
            assert {len(cells) for cells in cells_of(table).values()} == {table.rows}
        except TableError as error:
            refused += 1
            assert "data.npz" in str(error) and "\n" not in str(error)
    assert refused > 200


def test_an_array_that_claims_to_be_huge(tmp_path):
    file = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": (10**12, 10**3)}
    with zipfile.ZipFile(file, "w") as archive, archive.open("X.npy", "w") as entry:
        np.lib.format.write_array_header_1_0(entry, header)
    assert "must be an .npz file of plain" in refusal(tmp_path, file.getvalue(), "data.npz")
