"""What separates columns, told from the content and by options."""

import pytest

from tests.tables.files import cells_of, refusal, table_of


def separated(folder, text, **how):
    how = {"header": False, "decimal": "."} | how
    return list(map(list, zip(*cells_of(table_of(folder, text, **how)).values(), strict=True)))


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("2,91;1,36;hi\n5,86;0,65;lo\n", ["2,91", "1,36", "hi"]),
        ("2,91 1,36 hi\n5,86 0,65 lo\n", ["2,91", "1,36", "hi"]),
        ("2.91, 1.36, hi\n5.86, 0.65, lo\n", ["2.91", "1.36", "hi"]),
        ("2.91 ; 1.36 ; hi\n5.86 ; 0.65 ; lo\n", ["2.91", "1.36", "hi"]),
        ("  2.91   1 hi  \n 5.86  2  lo\n", ["2.91", "1", "hi"]),
        ('18.0   8 307.0\t"a b"\n15.0   8 350.0\t"c d e"\n', ["18.0", "8", "307.0", "a b"]),
        ("2024-01-01 10:00,5.0\n2024-01-02 11:00,6.0\n", ["2024-01-01 10:00", "5.0"]),
        ("12 34,5,6\n56 78,7,8\n", ["12 34", "5", "6"]),
        ('"a;b","x, y"\n"c;d","z, u"\n', ["a;b", "x, y"]),
        ("hello\nworld\n", ["hello"]),
        ("5 | a, b\n6 | c, d\n", ["5", "a, b"]),
        ("1:2\n3:4\n", ["1:2"]),
        ("a b c\n1 2 3\n", ["a", "b", "c"]),
        ("51 494,5,hi\n1 200,6,lo\n", ["51 494", "5", "hi"]),
        ("51 494;5,5;hi\n1 200;6,5;lo\n", ["51 494", "5,5", "hi"]),
        ("-1 234 567.5\t$5 000\n999\t$1 000\n", ["-1 234 567.5", "$5 000"]),
        ("2,91 136,5 hi\n5,86 250,25 lo\n", ["2,91", "136,5", "hi"]),
        ("Room 5,35\nRoom 6,41\n", ["Room 5", "35"]),
        ('"Smith, John" 3\n"Doe, Jane" 4\n', ["Smith, John", "3"]),
        ('6 "(6, 2)"\n1 "(2, 7)"\n', ["6", "(6, 2)"]),
        ('"b", "18. 04. 2024"\n"c", "18. 03. 2015"\n', ["b", "18. 04. 2024"]),
        ('4" bolt,hi a\n3" nut,lo b\n', ['4" bolt', "hi a"]),
        ('"a","b|"\n0.5,1.5\n2.5,3.5\n', ["a", "b|"]),
        ('"a","b|"\n"c",1.5\n', ["a", "b|"]),
        ('"a";"\t"\n"x";1\n', ["a", None]),
    ],
)
def test_told_from_the_content(text, row, tmp_path):
    assert separated(tmp_path, text)[0] == row


@pytest.mark.parametrize("separator", [*"\t,;|", ", "])
@pytest.mark.parametrize("rows", [60, 1])
@pytest.mark.parametrize(
    ("names", "ending"),
    [
        (["unit price", "qty", "kind"], ["7", "hi"]),
        (["price", "qty", "note", "kind"], ["7", "", "lo"]),
        (["unit price", "qty"], ["7"]),
        (["unit price", "list price"], ["1 250"]),
    ],
)
def test_spaces_between_thousands_separate_nothing(separator, rows, names, ending, tmp_path):
    cells = [[f"{1000 + 77 * i:,}".replace(",", " "), *ending] for i in range(rows)]
    text = "".join(separator.join(row) + "\n" for row in [names, *cells])
    read = cells_of(table_of(tmp_path, text, decimal="."))
    expected = zip(names, map(list, zip(*cells, strict=True)), strict=True)
    assert read == {name: [cell or None for cell in column] for name, column in expected}


def test_words_of_a_text_are_no_columns(tmp_path):
    text = "text\nhello there\nhow are you\nfine thank you\n"
    assert list(table_of(tmp_path, text).columns) == ["text"]


def test_a_title_above_the_header_is_refused_by_its_fields(tmp_path):
    message = refusal(tmp_path, "report\na;b;c\n1;2;3\n4;5;6\n")
    hint = "it must name all columns, and lines above it begin with #"
    assert f"row 2 has 3 fields, the header 1; {hint}" in message


def test_rows_that_r_names_are_refused_by_their_fields(tmp_path):
    message = refusal(tmp_path, '"mpg" "cyl"\n"Mazda" 21 6\n"Fiat" 22 4\n')
    assert "row 2 has 3 fields, the header 2; it must name all columns" in message
    assert refusal(tmp_path, "a,b\n1\n").endswith("row 2 has 1 field, the header 2")


def test_what_few_rows_agree_in_separates_nothing(tmp_path):
    text = "text\na; b\nc; d\ne; f; g\nh; i; j; k\nl; m; n; o; p\n"
    assert table_of(tmp_path, text).rows == 5


@pytest.mark.parametrize(
    ("separator", "text"),
    [
        ("tab", "a\tb;\n"),
        ("\\t", "a\tb;\n"),
        ("\t", "a\tb;\n"),
        (":", "a:b;\n"),
        ("spaces", "a  b;\n"),
        (" ", "a\t b;\n"),
        ("\u00a6", "a\u00a6b;\n"),
    ],
)
def test_said_by_an_option(separator, text, tmp_path):
    assert separated(tmp_path, text, separator=separator) == [["a", "b;"]]


@pytest.mark.parametrize("separator", ["", ",,", "a", "1", '"', "\n", "\\", "#", ".", "-"])
def test_what_cannot_separate(separator, tmp_path):
    message = refusal(tmp_path, "a,b\n", separator=separator)
    assert message.startswith("--separator must be one character") and repr(separator) in message
