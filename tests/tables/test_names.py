"""Names of columns: missing, double, and those of an index."""

import polars
import pytest

from tests.tables.files import cells_of, refusal, table_of


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (",a\n0,x\n1,y\n2,z\n", "column 1 has no name and numbers the rows: left out as an index"),
        (",a\n7,x\n3,y\n5,z\n", "column 1 has no name and numbers the rows: left out as an index"),
        (",a\n0,x\n1,y\n0,z\n", "column 1 has no name and numbers the rows: left out as an index"),
        ('"",a\nFiat,x\nMazda,y\nBMW,z\n', "column 1 has no name and names the rows: left out"),
        ("Unnamed: 0,a\n0,x\n1,y\n2,z\n", "column 'Unnamed: 0' numbers the rows: left out"),
        ("Unnamed: 0.1,a\n0,x\n1,y\n2,z\n", "column 'Unnamed: 0.1' numbers the rows: left out"),
        ("__index_level_0__,a\nu,x\nu,y\nv,z\n", "'__index_level_0__' is the index of pandas"),
        ("a,\nx,\ny,\nz,\n", "column 2 has no name and is empty: left out"),
        ("a,Unnamed: 5\nx,\ny,\nz, \n", "column 'Unnamed: 5' is empty: left out"),
        (" ,a\n,x\n,y\n,z\n", "column 1 has no name and is empty: left out"),
    ],
)
def test_left_out_with_a_note(text, note, tmp_path):
    table = table_of(tmp_path, text)
    assert cells_of(table) == {"a": ["x", "y", "z"]}
    assert len(table.notes) == 1 and note in table.notes[0]


@pytest.mark.parametrize("name", ["Unnamed: 0", "Unnamed: 5", "index", "Id"])
def test_columns_that_hold_something_are_kept(name, tmp_path):
    assert list(table_of(tmp_path, f"{name},a\n3,x\n3,y\n").columns) == [name, "a"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a,,b\nx,1,y\n", "column 2 must have a name: it is not empty"),
        (",a\n3,x\n3,y\n", "column 1 must have a name: it is not an index"),
        (",a\n2.91,x\n3.5,y\n", "column 1 must have a name: it is not an index"),
        (",a\nu,x\nu,y\n", "column 1 must have a name: it is not an index"),
        (",a\n0,x\n,y\n", "column 1 must have a name: it is not an index"),
        (",\n1,\n2,\n", "data.csv has no columns: column 1 has no name and numbers the rows"),
        ("a,b, a\n1,2,3\n", "columns 1 and 3 are both called 'a'"),
        ("b,a,b,a,b\n1,2,3,4,5\n", "columns 1, 3 and 5 are all called 'b', columns 2 and 4 are"),
    ],
)
def test_refused(text, what, tmp_path):
    assert what in refusal(tmp_path, text)


def test_names_are_stripped_and_else_as_they_are(tmp_path):
    table = table_of(tmp_path, ' a ,"b, c",A,x\u00e9\nu,v,w,x\n')
    assert list(table.columns) == ["a", "b, c", "A", "x\u00e9"]


def test_the_index_of_pandas_in_parquet(tmp_path):
    path = tmp_path / "d.parquet"
    polars.DataFrame({"a": [1, 2], "__index_level_0__": [5, 5]}).write_parquet(path)
    table = table_of(tmp_path, path.read_bytes(), "d.parquet")
    assert cells_of(table) == {"a": [1, 2]} and "index of pandas" in table.notes[0]
