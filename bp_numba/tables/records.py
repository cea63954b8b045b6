"""The rows of a text file, by the csv module, each with the line where it begins.

Between rows, blank lines and lines that start with # are skipped. Spaces before a quote and behind
it do not count; a quote inside a field that does not begin with one is a character. Other text
behind a closing quote, and a quote that is never closed, are refused: rows would be merged.
"""

import csv
import re
from collections.abc import Iterator
from itertools import chain

from bp_numba.tables.dialect import SPACES, Dialect, spaced
from bp_numba.tables.errors import TableError

_BLANKS = " \r\n\v\f"
_OTHER_ESCAPES = re.compile(r'(?<!\\)(?:\\\\)*\\(?!["\\])')


class BackslashError(TableError):
    """Quotes that would be right if a backslash before them meant that they belong to the cell."""


class Lines:
    """The lines of a text file that belong to rows.

    Attributes
    ----------
    number : int
        That of the last line, counted from 1.
    row : list of str
        The lines read since it was last emptied: those of the present row.
    start : int
        The number of the first of them.
    comments : list of (int, str)
        The lines that are comments, each with its number.
    """

    def __init__(self, name: str, source: Iterator[str], separator: str) -> None:
        self.name = name
        self.number = self.start = 0
        self.row: list[str] = []
        self.comments: list[tuple[int, str]] = []
        self._lines = self._of_rows(source, separator)

    def __iter__(self) -> Iterator[str]:
        return self._lines

    def _of_rows(self, source: Iterator[str], separator: str) -> Iterator[str]:
        for line in source:
            self.number += 1
            if "\0" in line:
                raise TableError(
                    f"{self.name} is no text, or in another encoding: zero byte in line "
                    f"{self.number}; UTF-16 without a mark is read with --encoding utf-16-le"
                )
            if not self.row:
                if not (line.strip(_BLANKS) if separator == "\t" else line.strip()):
                    continue
                if line.startswith("#"):
                    self.comments.append((self.number, line))
                    continue
                self.start = self.number
                if separator == SPACES:
                    line = spaced(line)
            self.row.append(line)
            yield line


def place(row: int, line: int) -> str:
    """Return what a message calls a row, and the line where it begins if that is another number."""
    return f"row {row}" + (f" (line {line})" if line != row else "")


def records(lines: Lines, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Yield each row's first line and its fields.

    Raises
    ------
    BackslashError
        If quotes do not fit together, and there is one behind a backslash in the row.
    TableError
        If quotes do not fit together otherwise.
    """
    reader, row = csv.reader(iter(lines), strict=True, **dialect.options()), 0
    trailing = dialect.separator == SPACES
    while True:
        try:
            for fields in reader:
                row += 1
                if trailing and lines.row[-1].rstrip("\r\n").endswith(" "):
                    fields.pop()
                if dialect.escaped:
                    _check_escapes(lines, row)
                yield lines.start, fields
                lines.row.clear()
            return
        except csv.Error as error:
            row += 1
            fields = _with_spaces_behind_quotes(lines, dialect, row, error)
            if dialect.escaped:
                _check_escapes(lines, row)
            yield lines.start, fields
            lines.row.clear()


def parsed(line: str, dialect: Dialect) -> list[str]:
    """Return the fields of one line, however its quotes fit together; none if it is too long."""
    try:
        return next(csv.reader([line], **dialect.options()), [])
    except csv.Error:
        return []


def _with_spaces_behind_quotes(
    lines: Lines, dialect: Dialect, row: int, error: csv.Error
) -> list[str]:
    """Return the fields of the row at which the csv module failed, if only spaces were the reason.

    It is read leniently then, and the row must be as it should be but for these spaces.
    """
    try:
        fields = next(csv.reader(chain(list(lines.row), iter(lines)), **dialect.options()))
    except csv.Error as another:
        raise _misquoted(lines, row, another) from None
    if not _row_pattern(dialect).fullmatch("".join(lines.row)):
        raise _misquoted(lines, row, error)
    return fields


def _row_pattern(dialect: Dialect) -> re.Pattern[str]:
    separator = re.escape(dialect.separator)
    escape = r"\\" if dialect.escaped else ""
    quoted = rf'"(?:[^"{escape}]|""{"|" + escape + "." if escape else ""})*+" *+'
    plain = rf'[^"{separator}\r\n][^{separator}\r\n]*+'
    field = f" *+(?:{quoted}|{plain}|)"
    return re.compile(rf"(?:{field}{separator})*+{field}[\r\n]*", re.DOTALL)


def _misquoted(lines: Lines, row: int, error: csv.Error) -> TableError:
    if "limit" in str(error):
        what = f"has a field of more than {csv.field_size_limit():,} characters; is a quote closed?"
    elif "end of data" in str(error):
        what = "has a quote that is never closed"
    else:
        what = "has text behind a closing quote; quotes inside quotes must be doubled"
    escaped = any('\\"' in line for line in lines.row)
    return (BackslashError if escaped else TableError)(
        f"{lines.name}: {place(row, lines.start)} {what}"
    )


def _check_escapes(lines: Lines, row: int) -> None:
    for line in lines.row:
        if "\\" in line and _OTHER_ESCAPES.search(line):
            raise TableError(
                f"{lines.name}: {place(row, lines.start)} has a backslash before neither a quote "
                "nor a backslash, while others of the file stand before quotes"
            )
