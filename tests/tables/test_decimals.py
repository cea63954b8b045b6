"""Whether a comma separates decimals."""

import pytest

from tests.tables.files import refusal, table_of


def semicolons(*cells):
    return "a;b\n" + "".join(f"{cell};x\n" for cell in cells)


@pytest.mark.parametrize(
    ("cells", "decimal"),
    [
        (["3,14", "2"], ","),
        (["3,1"], ","),
        (["-0,125", "4,182"], ","),
        (["1234,567"], ","),
        (["1.234,56"], ","),
        (["1,5e3"], ","),
        (["$3,50"], ","),
        (["3,5 %"], ","),
        (["51 494,50", "2 182,75"], ","),
        (["1\u202f234,567"], ","),
        (["1'234,5"], ","),
        (["12,50 €", "3,00 €"], ","),
        (["1.234,50\u00a0€"], ","),
        (["€ -3,5"], ","),
        (["(12,5)"], ","),
        (["\u22123,5"], ","),
        (["1,5D3"], ","),
        (["£4,182", "£1 234.5"], "."),
        (["1\u2019234.5", "4,182"], "."),
        (["3.14", "4,182"], "."),
        (["4,182.50", "4,182"], "."),
        (["4,182,000"], "."),
        (["3.14", "2"], "."),
        (["3,14 m", "a 3,14", "1,2,3"], "."),
        (["2"], "."),
    ],
)
def test_told_from_all_numbers(cells, decimal, tmp_path):
    assert table_of(tmp_path, semicolons(*cells)).decimal == decimal


def test_told_from_the_last_row_too(tmp_path):
    assert table_of(tmp_path, semicolons(*["2"] * 150_000, "3,14")).decimal == ","


@pytest.mark.parametrize(
    ("cells", "what"),
    [
        (["2", "4,182"], "4,182 in row 3 of 'a', which may be thousands too"),
        (["2"] * 120_000 + ["4,182"], "4,182 in row 120002 of 'a', which may be thousands too"),
        (["3,14", "2.91"], "3,14 in row 2 of 'a', and 2.91 in row 3 of 'a'"),
        (["3,14", "4,182,000"], "3,14 in row 2 of 'a', and 4,182,000 in row 3 of 'a'"),
    ],
)
def test_doubtful_ones_are_refused_unless_an_option_says(cells, what, tmp_path):
    message = refusal(tmp_path, semicolons(*cells))
    assert what in message and message.endswith("say --decimal , or --decimal .")
    for decimal in ",.":
        assert table_of(tmp_path, semicolons(*cells), decimal=decimal).decimal == decimal


def test_commas_between_columns_are_no_decimals_unless_an_option_says(tmp_path):
    text = 'a,b\n"3,14",x\n"2,5",y\n'
    table = table_of(tmp_path, text)
    assert table.decimal == "." and "3,14 in row 2 of 'a'" in table.notes[0]
    assert "--decimal ," in table.notes[0]
    assert table_of(tmp_path, text, decimal=",").decimal == ","
    thousands = table_of(tmp_path, 'a,b\n"4,182",2.5\n')
    assert (thousands.decimal, thousands.notes) == (".", ())


def test_an_option_that_is_neither(tmp_path):
    assert "--decimal must be . or a comma, got 'x'" in refusal(tmp_path, "a\n1\n", decimal="x")
