"""Tables in text files: rows of fields, kept as columns of bytes."""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, islice
from typing import NamedTuple

from bp_numba.tables.decimals import tell_decimal
from bp_numba.tables.dialect import Dialect, check_separator, separator_name, tell_separator
from bp_numba.tables.encoding import decoded_lines, tell_encoding
from bp_numba.tables.errors import TableError
from bp_numba.tables.header import SAMPLE, looks_like_data
from bp_numba.tables.names import named
from bp_numba.tables.records import BackslashError, Lines, parsed, place, records
from bp_numba.tables.table import Table
from bp_numba.tables.texts import block, column_cells, is_blank, joined

_BLOCK, _LEAST = 100_000, 10
"""How many cells are read before they are joined to blocks, and rows at least."""

_Records = Iterator[tuple[int, list[str]]]


class Reading(NamedTuple):
    """How a table is to be read; all but the format is for text files.

    Attributes
    ----------
    separator : str or None
        What separates the columns of a text file: one character, or "tab", or "spaces" for runs of
        them; None for what the content tells, of comma, semicolon, tab, | and spaces.
    decimal : str or None
        What separates the decimals of its numbers, "." or ","; None for what the content tells.
    header : bool
        Whether its first row holds the names of the columns, which else are called c1, c2, ...
    encoding : str or None
        Its encoding, as Python calls it; None for what a byte order mark tells, or else UTF-8.
    format : str or None
        One of `bp_numba.tables.reading.FORMATS`; None for what the suffix tells, or the first bytes
        on standard input and where the suffix is .zip only.
    """

    separator: str | None = None
    decimal: str | None = None
    header: bool = True
    encoding: str | None = None
    format: str | None = None


class _Start(NamedTuple):
    """The names, the rows, and what there is to tell about where the names are from."""

    names: list[str]
    rows: _Records
    notes: list[str]
    comments: int  # how many of the first are above a header, and no rows


def read_text(name: str, content: bytes, how: Reading) -> Table:
    """Return the table that a text file holds.

    Parameters
    ----------
    name : str
        The file, for error texts.

    Raises
    ------
    TableError
        If it is not text in its encoding, has no rows, or something is wrong with its header, its
        quotes, or the number of fields in a row.
    """
    encoding = tell_encoding(content, how.encoding)
    if how.decimal not in (None, ".", ","):
        raise TableError(f"--decimal must be . or a comma, got {how.decimal!r}")
    if how.separator is None:
        separator = tell_separator(decoded_lines(name, content, encoding))
    else:
        separator = check_separator(how.separator)
    dialect = Dialect(separator)
    try:
        return _read(name, content, how._replace(encoding=encoding), dialect)
    except BackslashError as error:
        try:
            escaped = dialect._replace(escaped=True)
            return _read(name, content, how._replace(encoding=encoding), escaped)
        except TableError:
            raise error from None


def _read(name: str, content: bytes, how: Reading, dialect: Dialect) -> Table:
    lines = Lines(name, decoded_lines(name, content, str(how.encoding)), dialect.separator)
    start = _start(lines, how.header, dialect)
    names, header = start.names, int(how.header)
    columns, rows = _columns(lines, start, header)
    _check_comments(lines, start, dialect)
    if not rows:
        raise TableError(f"{name} has no rows{' below its header' if header else ''}")
    if not header and len(names) > 1 and is_blank(columns[-1]):
        names[-1] = ""  # each line ends with a separator
    kept, left_out = named(name, names, [partial(column_cells, blocks) for blocks in columns])
    blocks = {key: column for key, column in zip(names, columns, strict=True) if key in kept}
    decimal, doubts = how.decimal or ".", tuple[str, ...]()
    if how.decimal is None:
        decimal, doubts = tell_decimal(name, blocks, header, dialect.separator)
    cells = {key: partial(column_cells, column, decimal) for key, column in blocks.items()}
    told = _told(dialect, decimal, str(how.encoding))
    whys = [column.why for column in left_out]
    more = (*start.notes, *whys, *doubts, *_comments(lines, start))
    return Table(name, rows, cells, header, decimal, told, more, left_out=left_out)


def _start(lines: Lines, header: bool, dialect: Dialect) -> _Start:
    """Return the names, from the first row, or from a comment before it, or c1, c2, ..."""
    rows = records(lines, dialect)
    first = next(rows, None)
    if first is None:
        what = "has nothing but comments" if lines.comments else "is empty"
        raise TableError(f"{lines.name} {what}")
    before = len(lines.comments)
    below = list(islice(rows, max(_LEAST, min(SAMPLE, _BLOCK // (len(first[1]) or 1)))))
    if not header:
        names = [f"c{number}" for number, _ in enumerate(first[1], 1)]
        return _Start(names, chain([first], below, rows), [], 0)
    fields = [row for _, row in below]
    if not looks_like_data(first[1], fields):
        return _Start([name.strip() for name in first[1]], chain(below, rows), [], before)
    if before:
        line, comment = lines.comments[before - 1]
        names = [name.strip() for name in parsed(comment[1:].strip(" \r\n"), dialect)]
        if len(names) == len(first[1]) and not looks_like_data(names, [first[1], *fields]):
            names[0] = names[0] or "#"
            told = [f"the names of the columns are from the comment in line {line}"]
            return _Start(names, chain([first], below, rows), told, before)
    raise TableError(
        f"{lines.name}: the first row looks like data, not like names, got "
        f"{', '.join(first[1])!r:.60}; --no-header if there are none (columns are c1, c2, ... then)"
        ", else rename those that are numbers"
    )


def _columns(lines: Lines, start: _Start, header: int) -> tuple[list[list[bytes]], int]:
    """Return the cells of each column, and the number of rows."""
    width = len(start.names)
    columns: list[list[bytes]] = [[] for _ in start.names]
    number = header
    checked = _checked(lines.name, start.rows, width, header)
    while rows := list(islice(checked, max(_LEAST, _BLOCK // width))):
        for column, cells in zip(columns, zip(*rows, strict=True), strict=True):
            column.append(block(cells))
        number += len(rows)
    for column in columns:
        column[:] = joined(column)
    return columns, number - header


def _checked(name: str, rows: _Records, width: int, header: int) -> Iterable[list[str]]:
    for number, (line, fields) in enumerate(rows, 1 + header):
        if len(fields) != width:
            hint = "; it must name all columns, and lines above it begin with #"
            raise TableError(
                f"{name}: {place(number, line)} has {len(fields)} field{'s'[len(fields) == 1 :]}, "
                f"the {'header' if header else 'first row'} {width}"
                f"{hint if number == 2 and header and len(fields) > width else ''}"
            )
        yield fields


def _check_comments(lines: Lines, start: _Start, dialect: Dialect) -> None:
    """Refuse comments that may be rows, whose first cell is a colour such as #ff0000, say."""
    for number, line in lines.comments[start.comments :]:
        if line[1:2].isspace() or len(start.names) == 1:
            continue
        if len(parsed(line.strip(" \r\n"), dialect)) == len(start.names):
            raise TableError(
                f"{lines.name}: line {number} starts with # as comments do, and has as many fields "
                "as a row: a space behind the # makes it a comment, quotes around the cell a row"
            )


def _comments(lines: Lines, start: _Start) -> list[str]:
    count = len(lines.comments) - len(start.notes)
    return [f"{count} comment line{'s'[count == 1 :]} skipped (#)"] if count else []


def _told(dialect: Dialect, decimal: str, encoding: str) -> str:
    """Return what was told from the content, unless it is what everybody expects."""
    told = [f"separator {separator_name(dialect.separator)}"]
    if decimal == ",":
        told.append("decimal comma")
    if dialect.escaped:
        told.append("quotes escaped by a backslash")
    if encoding not in ("utf-8", "utf-8-sig"):
        told.append(f"encoding {encoding}")
    return ", ".join(told) if len(told) > 1 or dialect.separator != "," else ""
