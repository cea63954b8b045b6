"""What separates the columns of a text file: told from its first rows.

Each candidate splits the first rows. It is judged by the share of rows that have the most common
number of fields, two or more, times the share of their fields that somebody may have written: none
has text behind its quotes, or a quote behind another candidate, or is split into numbers by one.
"2,91;1,36;hi" has three fields by either separator, but "91;1" is none of them, while "51 494" may
be one number. Equals are decided by how seldom a candidate stands within cells.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from bp_numba.tables.errors import TableError
from bp_numba.tables.looks import is_number

SPACES = " "

_CANDIDATES = "\t|;," + SPACES
_NAMES = {"tab": "\t", "\\t": "\t", "space": SPACES, "spaces": SPACES}
_IMPOSSIBLE = set("\"\\#\r\n\0.+-'_")
_LINES, _CHARACTERS, _ROWS, _CELLS, _LEAST = 2000, 1_000_000, 200, 20_000, 10
"""So much is looked at; of lines and rows at least the last, however long they are."""


class Dialect(NamedTuple):
    """How a text file is written.

    Attributes
    ----------
    separator : str
        What is between fields; a space means runs of spaces and tabs.
    escaped : bool
        Whether a backslash stands before quotes inside quotes, which else are doubled.
    """

    separator: str
    escaped: bool = False

    def options(self) -> dict[str, Any]:
        """Return the arguments of csv.reader."""
        return {
            "delimiter": self.separator,
            "escapechar": "\\" if self.escaped else None,
            "skipinitialspace": True,
        }


def separator_name(separator: str) -> str:
    """Return what a message calls the separator."""
    return {SPACES: "spaces", "\t": "tab"}.get(separator, repr(separator))


def check_separator(separator: str) -> str:
    """Return the character that an option means: itself, or "tab", or "spaces".

    Raises
    ------
    TableError
        If it is more than a character, or one that cannot separate.
    """
    known = _NAMES.get(separator.lower(), separator)
    if len(known) != 1 or known in _IMPOSSIBLE or known.isalnum():
        raise TableError(
            "--separator must be one character that is no letter, digit, quote, point or sign, "
            f"or tab, or spaces, got {separator!r}"
        )
    return known


def tell_separator(lines: Iterator[str]) -> str:
    """Return what separates the columns; a comma if nothing does."""
    sample = _first(lines)
    scores = {candidate: _score(sample, candidate) for candidate in _CANDIDATES}
    best = max(_CANDIDATES, key=scores.__getitem__)  # of equals the first
    if best == "," and scores[best] == scores[SPACES] and _joins_decimals(sample):
        return SPACES
    return best if scores[best] else ","


def spaced(line: str) -> str:
    """Return a line whose tabs outside quotes are spaces."""
    if "\t" not in line:
        return line
    parts = line.split('"')
    parts[::2] = [part.replace("\t", " ") for part in parts[::2]]
    return '"'.join(parts)


def _first(lines: Iterator[str]) -> list[str]:
    sample, characters = [], 0
    for line in islice(lines, _LINES):
        if not line.startswith("#") and line.strip():
            sample.append(line)
            characters += len(line)
        if characters > _CHARACTERS and len(sample) >= _LEAST:
            break
    return sample


def _score(sample: Sequence[str], separator: str) -> float:
    rows = _rows(sample, separator)
    if not rows:
        return 0.0
    (width, count), header = Counter(map(len, rows)).most_common(1)[0], len(rows[0])
    if separator == SPACES:  # between words of a text too
        count += header == width - 1  # R names the rows, but not the column of their names
        if header not in (width, width - 1) or header < 2 or count < 0.9 * len(rows):
            return 0.0
    agreeing = count / len(rows)
    if width < 2 or agreeing < 0.5:
        return 0.0
    merged = sum(_is_merged(cell, separator) for row in rows for cell in row)
    return agreeing * (1 - merged / sum(map(len, rows)))


def _joins_decimals(sample: Sequence[str]) -> bool:
    """Tell whether a comma makes "91 136" of "2,91 136,5", and spaces leave it in numbers only."""
    by_spaces = (cell.text for row in _rows(sample, SPACES) for cell in row if "," in cell.text)
    by_comma = (cell.text for row in _rows(sample, ",") for cell in row if " " in cell.text)
    are_decimals = all(is_number(cell) and not cell.endswith(",") for cell in by_spaces)
    return are_decimals and any(map(is_number, by_comma))


class _Field(NamedTuple):
    """A field as it is in the file: what is in quotes with them, and the text that follows."""

    quoted: str
    text: str


def _rows(sample: Sequence[str], separator: str) -> list[list[_Field]]:
    if separator == SPACES:
        sample = [spaced(line).strip() + "\n" for line in sample]
    rows: list[list[_Field]] = [[]]
    cells = 0
    for match in _pattern(separator).finditer("".join(sample).rstrip("\r\n") + "\n"):
        quoted, text, end = match.groups()
        rows[-1].append(_Field(quoted, text.strip()))
        cells += 1
        if end[:1] != separator:
            if len(rows) == _ROWS or (cells > _CELLS and len(rows) >= _LEAST):
                return rows
            rows.append([])
    return rows[:-1]


@cache
def _pattern(separator: str) -> re.Pattern[str]:
    """Return the pattern of one field and what ends it; a quote that is never closed is text."""
    end = rf"{separator}+" if separator == SPACES else re.escape(separator)
    return re.compile(
        rf'[ ]*((?:"(?:[^"]|"")*+")?)([^{re.escape(separator)}\r\n]*)({end}|\r\n?|\n)'
    )


def _is_merged(field: _Field, separator: str) -> bool:
    """Tell whether nobody would write such a field, but two with another separator."""
    quoted, text = field
    if quoted or is_number(text):
        return bool(quoted and text)
    for other in _CANDIDATES:
        if other != separator and other in text:
            parts = text.split() if other == SPACES else text.split(other)
            if f'{other}"' in text or (len(parts) > 1 and all(map(is_number, parts))):
                return True
    return False
