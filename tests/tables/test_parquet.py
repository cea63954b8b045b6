"""Parquet files: what each type becomes, and damaged files."""

import datetime
import decimal
import io

import numpy as np
import polars
import pytest

from bp_numba.tables.errors import TableError
from tests.runs.hostile import mutated
from tests.tables.files import cells_of, refusal, table_of

DAY = datetime.date(2024, 5, 17)
TIME = datetime.datetime(2024, 5, 17, 10, 30)
SERIES = {
    "bool": (polars.Series([True, False]), np.bool_, [True, False]),
    "bool gap": (polars.Series([True, None]), None, ["true", None]),
    "int": (polars.Series([1, 2], dtype=polars.UInt8), np.int64, [1, 2]),
    "int gap": (polars.Series([1, None]), None, ["1", None]),
    "big": (polars.Series([2**63, 1], dtype=polars.UInt64), None, [str(2**63), "1"]),
    "whole": (polars.Series([7, None], dtype=polars.Decimal(38, 0)), None, ["7", None]),
    "no gap": (polars.Series([7, 8], dtype=polars.Decimal(38, 0)), np.int64, [7, 8]),
    "float": (polars.Series([1.5, None], dtype=polars.Float32), np.float64, [1.5, np.nan]),
    "nan": (polars.Series([np.nan, np.inf]), np.float64, [np.nan, np.inf]),
    "decimal": (polars.Series([decimal.Decimal("1.25"), None]), np.float64, [1.25, np.nan]),
    "text": (polars.Series([" x ", "y"]), None, ["x", "y"]),
    "text gap": (polars.Series(["x", None]), None, ["x", None]),
    "empty": (polars.Series(["", " "]), None, [None, None]),
    "null": (polars.Series([None, None]), None, [None, None]),
    "category": (polars.Series(["u", "v"], dtype=polars.Categorical), None, ["u", "v"]),
    "enum": (polars.Series(["u", None], dtype=polars.Enum(["v", "u"])), None, ["u", None]),
    "date": (polars.Series([DAY, None]), None, ["2024-05-17", None]),
    "datetime": (polars.Series([TIME, None]), None, ["2024-05-17 10:30:00.000000", None]),
    "time": (polars.Series([TIME.time(), None]), None, ["10:30:00", None]),
}


def parquet(**columns):
    file = io.BytesIO()
    polars.DataFrame(columns).write_parquet(file)
    return file.getvalue()


@pytest.mark.parametrize("kind", SERIES)
def test_every_type(kind, tmp_path):
    series, dtype, expected = SERIES[kind]
    table = table_of(tmp_path, parquet(a=series), "data.parquet")
    np.testing.assert_equal(cells_of(table)["a"], expected)
    if dtype:
        assert table.cells("a").dtype == dtype
    assert (table.rows, table.header, table.decimal, table.notes) == (2, 0, ".", ())


def test_integers_with_gaps_are_numbers_where_nearly_all_differ(tmp_path):
    small, large = list(range(2000)), [2**53 + i for i in range(2000)]
    columns = {"few": small[:2] * 1000, "small": small, "large": large, "minus": [-(2**63), *small]}
    gaps = {name: polars.Series([*cells[:1999], None]) for name, cells in columns.items()}
    table = table_of(tmp_path, parquet(**gaps), "data.parquet")
    assert table.cells("small").dtype == np.float64
    np.testing.assert_array_equal(table.cells("small"), [*small[:1999], np.nan])
    for name in ("few", "large", "minus"):
        assert cells_of(table)[name] == [*map(str, columns[name][:1999]), None]


@pytest.mark.parametrize("values", [[[1], [2]], [{"x": 1}, {"x": 2}], [b"a", b"b"], [TIME - TIME]])
def test_other_types_are_refused_when_they_are_asked_for(values, tmp_path):
    table = table_of(tmp_path, parquet(a=[1] * len(values), b=values), "data.parquet")
    assert table.cells("a").tolist() == [1] * len(values)
    with pytest.raises(TableError, match="data.parquet: column 'b' must hold .*--ignore leaves"):
        table.cells("b")


def test_no_rows_and_no_columns(tmp_path):
    assert refusal(tmp_path, parquet(a=[]), "data.parquet").endswith("data.parquet has no rows")
    assert "data.parquet" in refusal(tmp_path, parquet(), "data.parquet")


@pytest.mark.parametrize("content", [b"no table", b"PK\x03\x04", b"PAR1PAR1PAR1", b"\x93NUMPY"])
def test_files_of_another_kind(content, tmp_path):
    message = refusal(tmp_path, content, "data.parquet")
    assert "must be a Parquet file, got something else or a damaged one: " in message


def test_bytes_that_polars_panics_at(tmp_path, monkeypatch):
    def panicking(_):
        raise polars.exceptions.PanicException("called `unwrap()`")  # no Exception, as few know

    monkeypatch.setattr(polars, "read_parquet", panicking)
    assert "damaged one: called `unwrap()`" in refusal(tmp_path, b"PAR1", "data.parquet")


def test_mutated_files_are_refused_in_a_line_or_read(tmp_path, capfd):
    content = parquet(a=[1.5, 2.5, None] * 40, b=["x", "y", None] * 40, c=[True, False, True] * 40)
    refused = 0
    for seed in range(300):
        try:
            table = table_of(tmp_path, bytes(mutated(content, seed)), "data.parquet")
            assert {len(cells) for cells in cells_of(table).values()} <= {table.rows}
        except TableError as error:
            refused += 1
            assert "data.parquet" in str(error) and "\n" not in str(error)
    assert refused > 100 and capfd.readouterr() == ("", "")
