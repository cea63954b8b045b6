"""Texts that are numbers, and how."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bp_numba.preprocessing.numerals import CURRENCIES, read_number, read_numerals, read_plain


@pytest.mark.parametrize(
    ("texts", "decimal", "numbers"),
    [
        (["1", "-2.5", "+3", "1e3", ".5", "5."], ".", [1, -2.5, 3, 1000, 0.5, 5]),
        (["0", "0.5", "-0.3"], ".", [0, 0.5, -0.3]),
        (["0,5", "3", "-1,25e2"], ",", [0.5, 3, -125]),
        (["1,234,567.8", "12", "-1,000"], ".", [1234567.8, 12, -1000]),
        (["1.234,5", "7"], ",", [1234.5, 7]),
        (["1.234", "5.678.901"], ",", [1234, 5678901]),
        (["1 234", "5"], ".", [1234, 5]),
        (["1\u202f234,5", "2\u00a0345"], ",", [1234.5, 2345]),
        (["1\u2009234", "5"], ".", [1234, 5]),
        (["1'234.5", "5"], ".", [1234.5, 5]),
        (["1\u2019234", "5"], ".", [1234, 5]),
        (["18.6%", "-2 %"], ".", [18.6, -2]),
        (["$5", "-$1,000", "$-3.50", "$ 4"], ".", [5, -1000, -3.5, 4]),
        (["5 €", "1.000,5€"], ",", [5, 1000.5]),
        (["£1", "2 £"], ".", [1, 2]),
        (["\u22125", "3", "-2"], ".", [-5, 3, -2]),
        (["\u20135.5", "3"], ".", [-5.5, 3]),
        (["1.5D+03", "-2.0d-1", "0.0"], ".", [1500, -0.2, 0]),
        (["(1,234.50)", "6"], ".", [-1234.5, 6]),
        (["($5)", "$6"], ".", [-5, 6]),
    ],
)
def test_columns_of_numbers(texts, decimal, numbers):
    assert read_numerals(texts, decimal).numbers.tolist() == numbers


@pytest.mark.parametrize(
    ("texts", "decimal"),
    [
        (["1", "x"], "."),
        (["1_000"], "."),
        (["0x10"], "."),
        (["01", "2"], "."),
        (["2", "-007"], "."),
        (["00.5"], "."),
        (["$05"], "."),
        (["٣"], "."),
        (["1", "1 2"], "."),
        (["1234", "5,678"], "."),  # the comma may be that of decimals
        (["0,123"], "."),
        (["1,23"], "."),
        (["1,234 567"], "."),
        (["1,234", "1 234"], "."),
        (["1.5", "0,5"], ","),
        (["0.5"], ","),
        (["12,34,5"], ","),
        (["$5", "7"], "."),
        (["$5", "€7"], "."),
        (["$5%"], "."),
        (["5%", "7"], "."),
        (["%"], "."),
        (["--5"], "."),
        (["-(5)", "1"], "."),
        (["(5)", "(6)"], "."),  # numbers of a list
        (["(5", "6"], "."),
        (["1D5", "2D3"], "."),  # seats
        (["5-7"], "."),
        (["."], "."),
        (["e5"], "."),
        (["1\n2"], "."),
        (["1\n2"], ","),
    ],
)
def test_columns_of_texts(texts, decimal):
    assert read_numerals(texts, decimal) is None


@pytest.mark.parametrize(
    ("texts", "notes", "unit", "amounts"),
    [
        (["1", "2.5"], (), "", False),
        (["1,234", "5"], ("thousands separators removed",), "", True),
        (["5%"], ("'%' removed",), "%", True),
        (["$1,000", "$5"], ("thousands separators removed", "'$' removed"), "$", True),
        (["\u22125"], ("typeset minus signs read as '-'",), "", False),
        (["(5)", "6"], ("parentheses read as minus signs",), "", False),
        (["1.0D2", "3"], ("exponents with D read as those with E",), "", False),
    ],
)
def test_what_is_told(texts, notes, unit, amounts):
    numerals = read_numerals(texts)
    assert (numerals.notes, numerals.unit, numerals.amounts) == (notes, unit, amounts)


@pytest.mark.parametrize(
    ("texts", "integers"),
    [
        (["1", "-20", "0"], True),
        (["1,000", "-5"], True),
        (["1", "1.0"], False),
        (["1e3"], False),
        (["+1"], False),
        (["1%"], False),
        (["9" * 400], False),  # infinite as a float
    ],
)
def test_integers(texts, integers):
    assert read_numerals(texts).integers is integers


def test_words_that_are_not_finite_are_left_to_others():
    assert read_numerals(["inf", "-Infinity", "1e999"]).numbers.tolist() == [
        math.inf,
        -math.inf,
        math.inf,
    ]


def test_leading_zeros_are_numbers_for_who_needs_numbers():
    assert read_plain(["007", "08.5"]).numbers.tolist() == [7, 8.5]
    assert read_number("007") == 7 and read_number("$1,000") == 1000 and read_number("x") is None


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_every_float_is_read_as_python_reads_it(numbers):
    texts = list(map(repr, numbers))
    np.testing.assert_array_equal(read_numerals(texts).numbers, numbers)
    commas = [text.replace(".", ",") for text in texts]
    np.testing.assert_array_equal(read_numerals(commas, ",").numbers, numbers)


@given(
    st.lists(st.decimals(-(10**12), 10**12, places=2), min_size=1),
    st.sampled_from([",", " ", "'", "\u2019", "\u202f"]),
    st.sampled_from(["", "%", *CURRENCIES]),
    st.sampled_from(["-", "\u2212"]),
)
def test_numbers_as_people_write_them(numbers, separator, unit, minus):
    def written(number):
        digits = f"{abs(number):,}".replace(",", separator)
        sign = minus if number < 0 else ""
        return f"{sign}{digits}{unit}" if unit == "%" else f"{sign}{unit}{digits}"

    numerals = read_numerals(list(map(written, numbers)))
    np.testing.assert_array_equal(numerals.numbers, list(map(float, numbers)))
    assert numerals.unit == unit
