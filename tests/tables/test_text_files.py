"""Text files: every dialect is read as the csv module reads it, and no row is merged or lost."""

import csv
import gzip
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bp_numba.tables.errors import TableError
from bp_numba.tables.table import Texts
from bp_numba.tables.texts import block, column_cells
from tests.runs.hostile import mutated
from tests.tables.files import cells_of, refusal, rows_of, table_of

ANY = st.text(st.sampled_from("ab0 ,;|\t\"'\\#.\n\r\u00e9\u4e2d\U0001f600"), max_size=8) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8
)
WORDS = st.text(st.sampled_from("abxyz"), min_size=1, max_size=5)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


@st.composite
def tables(draw, cells=ANY):
    """Draw rows, the first of names; the first cell of each tells it from blank lines."""
    width = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=8))
    names = ["key", *(f"v{j}" for j in range(width))]
    return [names, *([f"r{i}", *row] for i, row in enumerate(rows))]


def line(row, end, **options):
    file = io.StringIO(newline="")
    if any(mark in cell for mark in "\r\n" for cell in row):
        options["quoting"] = csv.QUOTE_ALL  # not every release of Python sees to this
    csv.writer(file, lineterminator=end, **options).writerow(row)
    return file.getvalue()


def read_by_csv(text, separator):
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    return [[cell.strip() for cell in row] for row in reader]


@given(
    rows=tables(),
    separator=st.sampled_from(",;|\t:"),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    ends=st.data(),
    encoding=ENCODINGS,
    packed=st.booleans(),
    header=st.booleans(),
)
def test_cells_are_those_of_the_csv_module(
    folder, rows, separator, quoting, ends, encoding, packed, header
):
    lines = [
        line(row, ends.draw(ENDS), delimiter=separator, quoting=quoting)
        for row in (rows if header else rows[1:])
    ]
    expected = read_by_csv("".join(lines), separator)[header:]
    assert len(expected) == len(rows) - 1  # the csv module is not led astray itself
    between = st.sampled_from(["", "", "\n", " \r\n", "\t\n" if separator != "\t" else "", "# a\r"])
    text = "".join(ends.draw(between) + line for line in lines)
    content = gzip.compress(text.encode(encoding)) if packed else text.encode(encoding)
    how = {"separator": separator, "decimal": ".", "header": header}
    table = table_of(folder, content, **how)
    if not header and not any(row[-1] for row in expected):
        assert len(table.columns) == len(rows[0]) - 1  # each line ends with a separator
        expected = [row[:-1] for row in expected]
    assert rows_of(table) == expected and table.header == header


@given(
    rows=tables(WORDS | st.sampled_from(["two words", "a, b", "a; b", "", 'an "inch"', "a|b"])),
    numbers=st.lists(st.integers(0, 10**6), min_size=8, max_size=8),
    separator=st.sampled_from([",", ";", "|", "\t", "  "]),
    decimal=st.sampled_from(".,"),
    end=ENDS,
    encoding=ENCODINGS,
)
def test_separator_and_decimals_are_told(folder, rows, numbers, separator, decimal, end, encoding):
    decimal = "." if separator == "," else decimal
    names, *rows = rows
    rows = [[*row, f"{x / 100:.2f}".replace(".", decimal)] for row, x in zip(rows, numbers)]  # noqa: B905
    narrow = separator.strip(" ") or " "
    lines = [
        line(row, end, delimiter=narrow, quoting=csv.QUOTE_ALL)
        .replace(f'"{narrow}"', f'"{separator}"')
        .replace("'", "")
        for row in ([*names, "x"], *rows)
    ]
    table = table_of(folder, "".join(lines).encode(encoding))
    assert table.decimal == decimal
    assert rows_of(table) == [[cell.strip() for cell in row] for row in rows]
    told = {",": "','", ";": "';'", "|": "'|'", "\t": "tab", "  ": "spaces"}[separator]
    plain = separator == "," and encoding not in ("utf-16", "utf-32")
    assert plain or table.dialect.startswith(f"separator {told}")
    assert ("decimal comma" in table.dialect) == (decimal == ",")


@given(rows=tables(), separator=st.sampled_from(",;|\t"))
def test_spaces_around_quotes_do_not_count(folder, rows, separator):
    quoted = [[cell.replace('"', '""') for cell in row] for row in rows]
    lines = [f" {separator} ".join(f'"{cell}"' for cell in row) + " \n" for row in quoted]
    table = table_of(folder, "".join(lines), separator=separator, decimal=".")
    assert rows_of(table) == [[cell.strip() for cell in row] for row in rows[1:]]


@given(rows=tables(ANY.filter(lambda text: "\\" not in text)))
def test_quotes_behind_a_backslash(folder, rows):
    rows = [*rows, ["an", *['2" pipe'] * (len(rows[0]) - 1)]]
    lines = [",".join('"' + cell.replace('"', '\\"') + '"' for cell in row) + "\n" for row in rows]
    try:
        table = table_of(folder, "".join(lines), separator=",", decimal=".")
    except TableError as error:
        assert "row" in str(error)  # such as "\","" : two fields of other quotes
        return
    assert table.rows == len(rows) - 1
    assert rows_of(table) == [[cell.strip() for cell in row] for row in rows[1:]]


def test_spaces_behind_quotes_are_told_from_those_in_cells(tmp_path):
    text = 'a,b,c\n"x" ,"y"" ,z" ,"u\n"" "\n"x" , 3" bolt ,\n'
    cells = cells_of(table_of(tmp_path, text, separator=","))
    assert cells == {"a": ["x", "x"], "b": ['y" ,z', '3" bolt'], "c": ['u\n"', None]}
    for wrong in ('"x" ,"y" z,u\n', '"x" ,"y\n', '"x" y" ,"z","u"\n'):
        assert "row 2 has " in refusal(tmp_path, "a,b,c\n" + wrong, separator=",")


def test_quotes_within_fields_are_characters(tmp_path):
    text = 'part,a\n3" bolt,1\nthe "big" one,2\n"a ""b""",3\n'
    table = table_of(tmp_path, text)
    assert cells_of(table)["part"] == ['3" bolt', 'the "big" one', 'a "b"']


def test_a_backslash_is_itself_unless_quotes_need_it(tmp_path):
    text = 'path,a\nC:\\new,1\n"C:\\",2\n'
    assert cells_of(table_of(tmp_path, text))["path"] == ["C:\\new", "C:\\"]
    mixed = 'path,a\nC:\\new,1\n"2\\" pipe",2\n'
    assert "row 3 has text behind a closing quote" in refusal(tmp_path, mixed)
    spaced = 'path,a\n"2\\" pipe",1\n"C:\\new" ,2\n'
    assert "row 2 has text behind a closing quote" in refusal(tmp_path, spaced)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a,b\n1,2\n1\n", "row 3 has 1 field, the header 2"),
        ("a,b\n1,2\n\n# c\n1,2,3\n", "row 3 (line 5) has 3 fields, the header 2"),
        ('a,b\n"x\ny",2\n1,2,3\n', "row 3 (line 4) has 3 fields, the header 2"),
        ('a,b\n1,2\n"1,2\n3,4\n', "row 3 has a quote that is never closed"),
        ('a,b\n1,2\n"1,2\n3,"4"\n', "row 3 has text behind a closing quote"),
        ('a,b\n1,"2" x\n', "row 2 has text behind a closing quote; quotes inside quotes must be"),
        ('a,b\n1,"' + "x" * 200_000, "row 2 has a field of more than 131,072 characters"),
        ("a,b\n1,x\0\n", "zero byte in line 2; UTF-16 without a mark is read with --encoding utf"),
        ("a,b\n", "data.csv has no rows below its header"),
        ("# a\n#b\n", "data.csv has nothing but comments"),
        ("colour,b\n#ff0000,1\n", "line 2 starts with # as comments do"),
        ("colour,b\n#ff0000,1\n#00ff00,2\nred,3\n", "line 2 starts with # as comments do"),
    ],
)
def test_refused_with_the_row(text, what, tmp_path):
    assert what in refusal(tmp_path, text)


def test_the_first_row_may_look_like_a_comment(tmp_path):
    message = refusal(tmp_path, "#ff0000,1\nred,2\n", header=False)
    assert "line 1 starts with # as comments do" in message
    table = table_of(tmp_path, "# ff0000,1\nred,2\n", header=False)
    assert table.rows == 1 and table.notes == ("1 comment line skipped (#)",)


def test_rows_without_a_header_are_counted_from_1(tmp_path):
    assert "row 2 has 3 fields, the first row 2" in refusal(tmp_path, "1,2\n1,2,3\n", header=False)


def test_a_row_of_gaps_is_a_row_and_a_blank_line_is_none(tmp_path):
    assert table_of(tmp_path, "a,b\nx,y\n,\n\n \n").rows == 2
    assert table_of(tmp_path, "a\tb\nx\ty\n\t\n\n \n").rows == 2
    assert cells_of(table_of(tmp_path, 'a\nx\n""\n\ny\n')) == {"a": ["x", None, "y"]}


def test_comments_are_counted(tmp_path):
    table = table_of(tmp_path, '# by hand\na,b\n# May\nx,"1\n#2"\n#June\ny,3\n')
    assert cells_of(table) == {"a": ["x", "y"], "b": ["1\n#2", "3"]}
    assert table.notes == ("3 comment lines skipped (#)",)


def test_long_comments(tmp_path):
    comment = "#" + "x" * 200_000 + "\n"
    table = table_of(tmp_path, f"{comment}a,b\n{comment}1,x\n")
    assert cells_of(table) == {"a": ["1"], "b": ["x"]}
    assert "the first row looks like data" in refusal(tmp_path, f"{comment}1,2\n3,4\n")


@pytest.mark.parametrize("comment", ["# a,b\n", "# by hand\n#a,b\n"])
def test_names_in_a_comment(comment, tmp_path):
    table = table_of(tmp_path, comment + "1.5,x\n2.5,y\n")
    assert cells_of(table) == {"a": ["1.5", "2.5"], "b": ["x", "y"]} and table.header == 1
    assert table.notes[0].startswith("the names of the columns are from the comment in line ")


def test_a_name_that_is_a_number_sign(tmp_path):
    table = table_of(tmp_path, "#,name\n1,a\n2,b\n")
    assert cells_of(table) == {"#": ["1", "2"], "name": ["a", "b"]}


@pytest.mark.parametrize("blank", ["", " ", '"\f"', "\u3000"])
def test_without_a_header_columns_are_numbered(blank, tmp_path):
    table = table_of(tmp_path, f"1,x,{blank}\n2,y,\n", header=False)
    assert cells_of(table) == {"c1": ["1", "2"], "c2": ["x", "y"]} and table.header == 0
    assert table.notes == ("column 3 has no name and is empty: left out",)


def test_many_blocks_of_rows_keep_their_order(tmp_path):
    rows = [[str(i), f"x{i % 7}", "y" * (i % 3)] for i in range(70_000)]
    text = "i,x,y\n" + "".join(",".join(row) + "\n" for row in rows)
    assert rows_of(table_of(tmp_path, text)) == rows


GOOD = (
    'part,a,b,kind\n"2"" pipe",2.91,1.36,hi\n# May\n3" nut,5.86,,lo\n'
    '"a\nb",1e3,"4,182",gr\u00f6\u00dfer\n'
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_mutated_files_are_read_or_refused_in_a_line(encoding, tmp_path):
    content, found = (GOOD * 3).encode(encoding), set()
    for seed in range(400):
        try:
            table = table_of(tmp_path, bytes(mutated(content, seed)))
            found.add(all(len(cells) == table.rows for cells in cells_of(table).values()))
        except TableError as error:
            assert "data.csv" in str(error) and "\n" not in str(error)
            found.add("refused")
    assert found == {True, "refused"}


@pytest.mark.parametrize("gaps", [1, 2, 3])
def test_blocks_of_nothing_but_empty_cells_are_rows(gaps):
    numbers = [i + 0.5 for i in range(1000)]
    full, empty = block(list(map(str, numbers))), block([""] * gaps)
    cells = column_cells([full, empty, full])
    np.testing.assert_array_equal(cells, [*numbers, *[np.nan] * gaps, *numbers])


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("gap", ["", "NA", "n/a", "?", "<NA>"])
def test_columns_of_many_different_numbers_are_arrays(tmp_path, gap, decimal):
    generator = np.random.default_rng(0)
    x = [repr(value) for value in generator.normal(size=3000).tolist()]
    x[0] = x[7] = x[8] = x[2999] = gap
    x[1], x[2] = "1e-5", "-3E+2"
    expected = np.array([np.nan if cell == gap else float(cell) for cell in x])
    n, codes, decimals = [*map(str, range(3000))], [f"0{i}" for i in range(3000)], ["1.50"] * 3000
    rows = zip(x, n, codes, decimals, strict=True)
    text = "x;n;code;d\n" + "".join(";".join(row) + "\n" for row in rows)
    table = table_of(tmp_path, text.replace(".", decimal), decimal=decimal)
    assert table.cells("x").dtype == np.float64 and table.cells("n").dtype == np.int64
    assert np.array_equal(table.cells("x"), expected, equal_nan=True)
    assert table.cells("n").tolist() == [*range(3000)]
    assert table.cells("code").values == codes  # whose zeros count
    assert table.cells("d").values == [f"1{decimal}50"]  # which may be a class
    other = table_of(tmp_path, text, decimal="." if decimal == "," else ",")
    assert decimal == "," or isinstance(other.cells("x"), Texts)
