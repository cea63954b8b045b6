"""What the cells of a column are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bp_numba.preprocessing.values import canonical, read_column, read_values
from bp_numba.tables.errors import TableError
from tests.preprocessing.by_hand import GAPS, SPELT, table, texts

NAN = float("nan")


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ("1,2.5", "numbers"),
        ("1,,?", "numbers"),
        ("Yes,NO,yes", "booleans"),
        ("true,False", "booleans"),
        ("true,,?", "booleans"),
        ("yes,true", "texts"),
        ("yes,maybe", "texts"),
        ("y,n", "texts"),
        ("2024-01-01,1/31/24,", "dates"),
        ("2024-01-01,x", "texts"),
        ("01,10", "texts"),
        ("1_000,2", "texts"),
        ("red,1", "texts"),
        (",?,NA", "nothing"),
        (",", "nothing"),
    ],
)
def test_kinds_of_texts(cells, kind):
    assert read_values(texts(cells.split(","))).kind == kind


@pytest.mark.parametrize(
    ("array", "kind", "numbers"),
    [
        (np.array([True, False]), "booleans", [1, 0]),
        (np.array([1, -2]), "numbers", [1, -2]),
        (np.array([1.5, NAN]), "numbers", [1.5, NAN]),
        (np.array([NAN, NAN]), "nothing", [NAN, NAN]),
    ],
)
def test_kinds_of_arrays(array, kind, numbers):
    values = read_values(array)
    assert values.kind == kind
    np.testing.assert_array_equal(values.numbers(), numbers)
    np.testing.assert_array_equal(values.gaps(), np.isnan(numbers))


@pytest.mark.parametrize(
    "word",
    ["", "NA", "n/a", "N/A", "NaN", "nan", "-nan", "null", "NULL", "None", "?", "#N/A", "<NA>"],
)
@pytest.mark.parametrize("others", [["1.5", "2"], ["red", "blue"], ["yes", "No"]])
def test_words_for_a_gap(word, others):
    values = read_values(texts([others[0], word, others[1], word, others[0]]))
    assert values.gaps().tolist() == [False, True, False, True, False]
    assert values.texts == others and values.kind == read_values(texts(others)).kind
    assert values.codes.tolist() == [0, -1, 1, -1, 0]


@given(st.lists(st.one_of(SPELT, GAPS), min_size=1))
def test_numbers_and_gaps_row_by_row(cells):
    values = read_values(texts(cells))
    expected = [float(cell) if cell[-1:].isdigit() else NAN for cell in cells]
    if values.kind != "nothing":
        np.testing.assert_array_equal(values.numbers(), expected)
    np.testing.assert_array_equal(values.gaps(), np.isnan(expected))


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("1,x,3", "must hold numbers, got 'x' in row 3 (the header is row 1)"),
        ("1,2,-inf", "has an infinite value in row 4 (the header is row 1)"),
        ("1,1e999,1", "has an infinite value in row 3 (the header is row 1)"),
        ("1,,1_0", "must hold numbers, got '1_0' in row 4 (the header is row 1)"),
        ("5,$5,6", "must hold numbers, all written alike, got '$5' in row 3 (the header is row 1)"),
    ],
)
def test_what_is_no_number(cells, message):
    with pytest.raises(TableError) as error:
        read_column(table({"a": cells}), "a").numbers()
    assert str(error.value) == f"t.csv: column 'a' {message}"


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["(35)", "(1,240)"], [-35, -1240]),
        (["(35)", "", "?", "(4.5)"], [-35, NAN, NAN, -4.5]),
        (["($5)", "($1,000)"], [-5, -1000]),
    ],
)
def test_parentheses_around_all_where_numbers_are_needed(cells, numbers):
    column = read_column(table({"a": cells}), "a")
    assert column.values.kind == "texts"  # numbers of a list, for all that the cells tell
    np.testing.assert_array_equal(column.numbers(), numbers)


def test_leading_zeros_where_numbers_are_needed():
    assert read_column(table({"a": "007,08,?"}), "a").numbers()[:2].tolist() == [7, 8]


def test_what_is_no_boolean():
    with pytest.raises(TableError, match="'a' must hold booleans, as yes and no, got 'x' in row 4"):
        read_column(table({"a": "yes,,x"}), "a").truths()


def test_what_is_nothing_is_all_gaps():
    assert np.isnan(read_column(table({"a": ",?"}), "a").numbers()).all()


def test_texts_are_no_numbers():
    with pytest.raises(TypeError, match="texts are no numbers"):
        read_values(texts(["a", "b"])).numbers()


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1, "1"),
        (1.0, "1"),
        (-0.0, "0"),
        (0.5, "0.5"),
        (1e300, "1e+300"),
        (True, "1"),
        (2**53 + 1, str(2**53 + 1)),
        (-(2**70), str(-(2**70))),
    ],
)
def test_one_text_for_a_number(number, text):
    assert canonical(number) == text
