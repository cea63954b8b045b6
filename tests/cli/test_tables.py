"""Columns of numbers or labels, and what is said of a value that is neither."""

import pytest

from bp_numba.cli.errors import CommandError
from bp_numba.cli.readers import read_table
from bp_numba.cli.tables import listed
from tests.cli.conftest import csv_file


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("1,,3", "has a missing value (or NaN) in row 3 (the header is row 1)"),
        ("1,nan,3", "has a missing value (or NaN) in row 3 (the header is row 1)"),
        ("1,2,-inf", "has an infinite value in row 4 (the header is row 1)"),
        ("1,x,", "must hold numbers, got 'x' in row 3 (the header is row 1)"),
        ("x,,1", "must hold numbers, got 'x' in row 2 (the header is row 1)"),
        ("true,,false", "must hold numbers, got 'true' in row 2 (the header is row 1)"),
        ("007,,8", "has a missing value in row 3 (the header is row 1)"),
        ("1_0,2,3", "must hold numbers, got '1_0' in row 2 (the header is row 1)"),
    ],
)
def test_bad_numbers(cells, message, tmp_path):
    text = "a,b\n" + "".join(f"{cell},0\n" for cell in cells.split(","))
    table = read_table(csv_file(tmp_path, text))
    with pytest.raises(CommandError) as error:
        table.matrix(["b", "a"])
    assert str(error.value) == f"{table.path}: column 'a' {message}"


@pytest.mark.parametrize("cells", ["1,,3", "x,,z", "true,,true", "1.5,nan,2"])
def test_missing_labels(cells, tmp_path):
    text = "a,b\n" + "".join(f"{cell},0\n" for cell in cells.split(","))
    with pytest.raises(CommandError, match="column 'a' has a missing value.* in row 3 "):
        read_table(csv_file(tmp_path, text)).labels("a")


def test_unknown_columns(tmp_path):
    names = [f"column{i}" for i in range(12)]
    table = read_table(csv_file(tmp_path, ",".join(names) + "\n" + ",".join("0" * 12) + "\n"))
    with pytest.raises(CommandError, match=r"no column 'Colunm3' \(did you mean 'column3'\?\); it"):
        table.labels("Colunm3")
    with pytest.raises(CommandError, match=r"no column '\?'; it has 'column0', .* and 4 more$"):
        table.numbers("?")
    with pytest.raises(CommandError, match="lacks the columns 'a', 'z'$"):
        table.matrix(["a", "column0", "z"])


def test_listed():
    assert listed(["a", "b"]) == "a, b"
    assert listed(["a", "b", "c", "d"], shown=2) == "a, b and 2 more"
