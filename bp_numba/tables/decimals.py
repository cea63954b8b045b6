"""Whether a comma separates decimals, told from all cells of a text file.

A comma in a number

- separates decimals where there are other than three digits behind it, or more than three or a
  leading zero before it ("3,14", "1234,567", "0,125"), or thousands by points, spaces or
  apostrophes ("1.234,56", "1 234,567");
- separates thousands where a point follows ("1,234.5") or where there is more than one of it;
- may be either in "4,182".

If some say the one and none the other, nor is there a point that separates decimals, that is it. If
only doubtful ones are there, or both, the file is refused, and an option says which it is. Where
the comma separates columns, it separates decimals only if an option says so.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bp_numba.tables.errors import TableError
from bp_numba.tables.looks import APOSTROPHE, BLANKS, CURRENCIES, MINUS_SIGNS
from bp_numba.tables.texts import GLUE

_GLUE = GLUE.encode()


def _one_of(characters: str) -> str:
    return f"(?:{'|'.join(map(re.escape, characters))})"  # no set: some are several bytes


_SIGN, _MONEY = _one_of("+-" + MINUS_SIGNS), _one_of(CURRENCIES)
_BLANK, _APART = _one_of(" " + BLANKS), _one_of(" '" + BLANKS + APOSTROPHE)
_BEFORE = (  # begins with a byte to search for: three times as fast
    rf"\0 *\(?{_SIGN}?{_BLANK}?{_MONEY}?{_BLANK}?{_SIGN}?"
)
_AFTER = rf"(?:[eEdD][+-]?[0-9]+)?{_BLANK}*(?:%|{_MONEY})?\)? *(?=\0|\Z)"


def _cell(pattern: str) -> re.Pattern[bytes]:
    return re.compile(f"{_BEFORE}({pattern}){_AFTER}".encode())


_DECIMAL_COMMA = _cell(
    r"[0-9]*,[0-9]{1,2}|[0-9]*,[0-9]{4,}|[0-9]{4,},[0-9]{3}|0[0-9]*,[0-9]{3}|,[0-9]{3}"
    rf"|[1-9][0-9]{{0,2}}(?:(?:\.|{_APART})[0-9]{{3}})+,[0-9]+"
)
_DOUBTFUL = _cell(r"[1-9][0-9]{0,2},[0-9]{3}")
_DECIMAL_POINT = _cell(
    r"[0-9]*\.[0-9]{1,2}|[0-9]*\.[0-9]{4,}|[0-9]{4,}\.[0-9]{3}|0[0-9]*\.[0-9]{3}|\.[0-9]{3}"
    rf"|[1-9][0-9]{{0,2}}(?:(?:,|{_APART})[0-9]{{3}})+\.[0-9]+"
)
_THOUSANDS = _cell(r"[1-9][0-9]{0,2}(?:,[0-9]{3}){2,}")


class Found(NamedTuple):
    """A number that was found, for a message."""

    column: str
    row: int
    text: str

    def __str__(self) -> str:
        return f"{self.text} in row {self.row} of {self.column!r}"


def tell_decimal(
    source: str, columns: Mapping[str, Sequence[bytes]], header: int, separator: str
) -> tuple[str, tuple[str, ...]]:
    """Return what separates decimals, and what there is to tell.

    Raises
    ------
    TableError
        If it may be the one as well as the other.
    """
    with_commas, with_points = _having(b",", columns), _having(b".", columns)
    comma = _find(_DECIMAL_COMMA, with_commas, header)
    doubtful = None if comma else _find(_DOUBTFUL, with_commas, header)
    found = comma or doubtful
    if found is None:
        return ".", ()
    point = _find(_DECIMAL_POINT, with_points, header) or _find(_THOUSANDS, with_commas, header)
    if separator == ",":
        hint = f"{comma} is no number with a decimal point: --decimal , if it is one with a comma"
        return ".", (hint,) if comma and not point else ()
    if comma and not point:
        return ",", ()
    if point and not comma:
        return ".", ()
    both = f"{comma}, and {point}" if point else f"{found}, which may be thousands too"
    raise TableError(f"{source}: what separates decimals? {both}: say --decimal , or --decimal .")


def _having(mark: bytes, columns: Mapping[str, Sequence[bytes]]) -> dict[str, Sequence[bytes]]:
    return {name: c for name, c in columns.items() if any(mark in block for block in c)}


def _find(
    pattern: re.Pattern[bytes], columns: Mapping[str, Sequence[bytes]], header: int
) -> Found | None:
    """Return the first cell of the kind."""
    for name, blocks in columns.items():
        before = header + 1
        for block in blocks:
            if match := pattern.search(_GLUE + block):
                row = before + block.count(_GLUE, 0, match.start())
                return Found(name, row, match[1].decode())
            before += block.count(_GLUE) + 1
    return None
