"""Columns as inputs: learned from the rows trained on, written for any."""

import numpy as np
import pytest

from bp_numba.preprocessing.encoders import BooleanEncoder, CategoryEncoder, NumberEncoder
from bp_numba.preprocessing.inputs import MAX_CATEGORIES, Reader, learn_inputs, write_inputs
from bp_numba.preprocessing.scaling import Scaling
from bp_numba.tables.errors import TableError
from tests.preprocessing.by_hand import numbered, table

NAN = float("nan")


def learn(made, rows=None, scale="minmax", categorical=()):
    """Return encoders of all columns, learned from some rows, and notes."""
    rows = np.arange(made.rows) if rows is None else np.array(rows)
    return learn_inputs(Reader(made), list(made.columns), rows, scale, categorical)


def write(encoders, made):
    """Return the inputs of all rows, and notes."""
    (matrix,), notes = write_inputs(encoders, Reader(made), [None])
    return matrix, notes


def one(cells, rows=None, **options):
    """Return the encoder of one column."""
    ((encoder,), _) = learn(table({"a": cells}), rows, **options)
    return encoder


def test_numbers():
    encoder = one("1,3,8")
    assert encoder == NumberEncoder("a", Scaling(1, 1, 7), fill=3.0)
    assert write([encoder], table({"a": "1,8,15"}))[0].tolist() == [[0], [1], [2]]


def test_only_the_rows_trained_on_are_learned_from():
    assert one("1,3,8,100", [0, 2]).scaling == Scaling(1, 1, 7)
    assert one("a,b,c,b", [0, 2]).categories == ("a", "c")
    assert one("1,,8", [0, 2]).indicator is False
    assert one("yes,no,no", [1, 2]).constant


def test_gaps_of_numbers():
    encoder = one("1,?,8,NA,2")
    assert encoder.fill == 2 and encoder.input_names == ["a", "a is missing"]
    matrix, notes = write([encoder], table({"a": "8,,1"}))
    assert matrix.tolist() == [[1, 0], [1 / 7, 1], [0, 0]] and notes == []


def test_gaps_of_booleans():
    encoder = one("yes,,No,yes")
    assert encoder == BooleanEncoder("a", fill=True, indicator=True)
    assert encoder.input_names == ["a", "a is missing"]
    assert write([encoder], table({"a": "no,?,YES"}))[0].tolist() == [[0, 0], [1, 1], [1, 0]]
    assert one("yes,no,").fill is False


def test_gaps_of_categories():
    encoder = one("b,,c,b,a")
    assert encoder == CategoryEncoder("a", ("a", "b", "c"), fill="b", indicator=True)
    assert encoder.input_names == ["a = a", "a = b", "a = c", "a is missing"]
    assert write([encoder], table({"a": "c,?"}))[0].tolist() == [[0, 0, 1, 0], [0, 1, 0, 1]]
    assert one("c,a,b").fill == "a"


@pytest.mark.parametrize(
    ("cells", "new", "inputs", "fill"),
    [
        ("1,3,8", "1,,", [0, 2 / 7, 2 / 7], "3"),
        ("yes,no,no", "yes,,", [1, 0, 0], "False"),
        ("b,c,b", "b,,", [1, 1, 1], "'b'"),
    ],
)
def test_gaps_where_none_were_are_filled_and_told_once(cells, new, inputs, fill):
    matrix, notes = write([one(cells)], table({"a": new}))
    assert matrix[:, 0].tolist() == inputs
    assert notes == [
        "column 'a': 2 rows have no value, the first in row 3 (the header is row 1), where no row "
        f"trained on had a gap; taken as {fill}"
    ]


def test_unseen_categories_are_zeros_and_told_once():
    matrix, notes = write([one("b,c,b")], table({"a": "b,gold,x,gold"}))
    assert matrix.tolist() == [[1, 0], [0, 0], [0, 0], [0, 0]]
    assert notes == [
        "column 'a': 3 rows have a value that no row trained on had, as 'gold' in row 3 (the "
        "header is row 1); its inputs are 0 there"
    ]


@pytest.mark.parametrize("cells", ["3,3", "3,,3", "yes,yes", "yes,,yes", "red,red", "red,,red"])
@pytest.mark.parametrize("scale", ["minmax", "standard", "none"])
def test_what_was_constant_is_ignored(cells, scale):
    encoder = one(cells, scale=scale)
    for new in ("3,255", "-1,inf", "no,yes", "red,blue", "5%,2024-01-01"):
        matrix, notes = write([encoder], table({"a": new}))
        assert not matrix.any() and notes == []
    assert not write([encoder], table({"a": ",?"}))[0][:, 0].any()


def test_numbers_as_categories():
    encoder = one("10,9,1.0,1", categorical={"a"})
    assert encoder.categories == ("1", "9", "10") and encoder.numeric and encoder.fill == "1"
    for new in ("1,1.0,9e0", np.array([1, 1, 9]), np.array([1.0, 1.0, 9.0])):
        assert write([encoder], table({"a": new}))[0].tolist() == [[1, 0, 0]] * 2 + [[0, 1, 0]]
    assert write([encoder], table({"a": "x,1"}))[0].tolist() == [[0, 0, 0], [1, 0, 0]]
    assert one(np.array([2.0, NAN, 2.0, 1.5]), categorical={"a"}).categories == ("1.5", "2")
    assert one(np.array([True, False])).kind == "boolean"


def test_codes_stay_as_they_are_spelt():
    encoder = one("01,1,1.0")
    assert encoder.categories == ("01", "1", "1.0") and not encoder.numeric
    assert write([encoder], table({"a": np.array([1, 1])}))[0].tolist() == [[0, 1, 0]] * 2


def test_large_integers_as_categories():
    exact = (str(2**53), str(2**53 + 1))
    for cells in (list(exact), np.array([2**53, 2**53 + 1])):
        encoder = one(cells, categorical={"a"})
        assert encoder.categories == exact
        for new in (list(exact), np.array([2**53, 2**53 + 1])):
            assert write([encoder], table({"a": new}))[0].tolist() == [[1, 0], [0, 1]]
        rounded = table({"a": np.array([2.0**53, 2.0**53])})  # either of the two
        assert "2 rows have a value that no row trained on had" in write([encoder], rounded)[1][0]


def test_large_ids_are_told_apart():
    made = table({"row id": np.arange(2**60, 2**60 + 9000, 100)})
    assert "looks like row numbers or ids (all its values are different)" in learn(made).notes[0]


def test_categories_of_booleans():
    encoder = one("True,maybe,False")
    assert encoder.categories == ("False", "True", "maybe")
    flags = table({"a": np.array([True, False])})
    assert write([encoder], flags)[0].tolist() == [[0, 1, 0], [1, 0, 0]]


def test_numbers_of_booleans():
    encoder = one("yes,no")
    for new in ("1,0", np.array([True, False]), np.array([1.0, 0.0]), "TRUE,false", "yes,false"):
        assert write([encoder], table({"a": new}))[0].tolist() == [[1], [0]]
    assert write([one("0,1")], table({"a": "true,false"}))[0].tolist() == [[1], [0]]


@pytest.mark.parametrize(
    ("cells", "new", "message"),
    [
        ("1,2", "1,x", "column 'a' must hold numbers, got 'x' in row 3"),
        ("1,2", "1,inf", "column 'a' has an infinite value in row 3"),
        (
            "yes,no",
            "no,maybe",
            "column 'a' must hold booleans, as yes and no, got 'maybe' in row 3",
        ),
        ("yes,no", "1,2", "column 'a' must hold booleans, got 2 in row 3"),
    ],
)
def test_cells_that_no_input_can_be_made_of(cells, new, message):
    encoder = one(cells)
    with pytest.raises(TableError, match=f"^t.csv: {message} "):
        write([encoder], table({"a": new}))


def test_units_that_differ_are_told():
    encoder = one("5%,6%")
    assert encoder.unit == "%" and write([encoder], table({"a": "5%,7%"}))[1] == []
    (note,) = write([encoder], table({"a": ",?"}))[1]
    assert "2 rows have no value" in note
    (note,) = write([encoder], table({"a": "0.05,0.07"}))[1]
    assert note.startswith("column 'a': these numbers have no unit, those trained on had '%'")
    (note,) = write([encoder], table({"a": "($5),($7)"}))[1]
    assert note.startswith("column 'a': these numbers have '$', those trained on had '%'")


def test_dates_are_refused():
    made = table({"a": "2024-01-01,2024-02-01"})
    with pytest.raises(TableError) as error:
        learn(made)
    assert str(error.value) == (
        "t.csv: column 'a' holds dates, as '2024-01-01': leave it out with --ignore a, or make "
        "numbers of it (year, month, days since a date)"
    )
    assert len(learn(made, categorical={"a"}).encoders[0].categories) == 2


def test_too_many_categories():
    words = [f"w{i}" for i in range(MAX_CATEGORIES + 1)]
    assert len(one(words, range(MAX_CATEGORIES)).categories) == MAX_CATEGORIES
    with pytest.raises(TableError) as error:
        learn(table({"the name": words}))
    assert str(error.value) == (
        "t.csv: column 'the name' must have at most 50 different values to be categories, got 51 "
        "in the rows to train on: leave it out with --ignore 'the name'"
    )
    with pytest.raises(TableError, match=r"\(no numbers because of 'unknown' in row 5\)"):
        one([*numbered(60)[:3], "unknown", *numbered(60)[3:]])
    with pytest.raises(TableError, match="because of '0,5' in row 2, a number with --decimal ','"):
        one([f"{i},5" for i in range(60)])


def test_few_texts_among_numbers_are_told():
    made = table({"a": "1,2,unknown,1,3", "b": "x,y,1,x,y"})
    assert learn(made).notes == ["column 'a' is taken for categories because of 'unknown' in row 4"]


@pytest.mark.parametrize("cells", ["0.0 kg,1.5 kg,2 kg", "0,5 kg;1,5 kg"])
def test_units_that_are_not_read_are_told(cells):
    cells = cells.split(";" if ";" in cells else ",")
    why = f"because of {cells[0]!r} in row 2, a number and 'kg'"
    assert learn(table({"a": cells})).notes == [f"column 'a' is taken for categories {why}"]
    assert learn(table({"a": ["1 kg", "2 m"], "b": ["A1", "B2"], "c": ["kg", "kg"]})).notes == []


def test_texts_among_dates_are_told():
    cells = ["2024-01-01", "2024-01-02", "unknown"]
    why = "because of 'unknown' in row 4, where most are dates"
    assert learn(table({"a": cells})).notes == [f"column 'a' is taken for categories {why}"]
    assert learn(table({"a": [*cells, "late"], "b": list("abcd")})).notes == []


def test_styles_are_told():
    assert learn(table({"a": ["1,000", "5"]})).notes == ["column 'a': thousands separators removed"]


def test_empty_columns_are_left_out():
    made = table({"a": "1,2,3", "b": ",?,NA", "c": ",,x", "d": np.array([NAN, NAN, 1.0])})
    encoders, notes = learn(made, [0, 1])
    assert [encoder.name for encoder in encoders] == ["a"]
    assert notes[0] == "column 'b' has no value in the rows to train on: left out"
    assert len(notes) == 3
    with pytest.raises(TableError, match=r"t.csv must have a column with values to learn from"):
        learn(table({"b": ",?"}))


COUNTING = [str(i) for i in range(3, 23)]


@pytest.mark.parametrize(
    ("name", "cells", "why"),
    [
        ("a", COUNTING, "it counts up by one"),
        ("a", COUNTING[::-1], "it counts down by one"),
        ("a", np.arange(20.0), "it counts up by one"),
        ("Id", [*COUNTING[7:], *COUNTING[:7]], "all its values are different"),
        ("customerID", [*COUNTING[7:], *COUNTING[:7]], "all its values are different"),
        ("user_id", [*COUNTING[7:], *COUNTING[:7]], "all its values are different"),
    ],
)
def test_row_numbers_are_told(name, cells, why):
    assert learn(table({name: cells})).notes == [
        f"column '{name}' looks like row numbers or ids ({why}), of which nothing can be learned "
        f"for new rows: --ignore {name} leaves it out"
    ]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("a", [*COUNTING[7:], *COUNTING[:7]]),
        ("humid", [*COUNTING[7:], *COUNTING[:7]]),
        ("a", COUNTING[:5]),
        ("a", [*COUNTING, ""]),
        ("Id", [*COUNTING, "3"]),
        ("Id", numbered(20)),
        ("a", [str(i % 2) for i in range(20)]),
    ],
)
def test_other_numbers_are_no_row_numbers(name, cells):
    assert learn(table({name: cells})).notes == []


@pytest.mark.parametrize("scale", ["minmax", "standard", "none"])
def test_huge_numbers(scale):
    cells = ["1e300", "-1.7e308", "1.7e308", ""]
    matrix, _ = write([one(cells, scale=scale)], table({"a": cells}))
    assert np.isfinite(matrix).all()
    if scale == "minmax":
        assert matrix[1:3, 0].tolist() == [0, 1] and 0.5 <= matrix[0, 0] < 0.51


def test_columns_are_read_twice_where_they_are_too_large_to_keep(monkeypatch):
    columns = {"a": numbered(30), "b": numbered(30), "y": "x" + ",y" * 29}
    expected = write(learn(table(columns)).encoders, table(columns))[0]
    monkeypatch.setattr("bp_numba.preprocessing.inputs.KEPT_BYTES", 3000)
    reader = Reader(table(columns))
    encoders = learn_inputs(reader, list(columns), np.arange(30), "minmax", ()).encoders
    assert list(reader._kept) == ["a"]
    np.testing.assert_array_equal(write_inputs(encoders, reader, [None])[0][0], expected)
