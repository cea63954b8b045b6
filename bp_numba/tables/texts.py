"""Cells of text, kept as the bytes that they were until somebody asks for a column.

The cells of a column are joined by zero bytes, in blocks of rows: they take no more memory than in
the file. Read apart, as Python's strings, they would take ten times as much.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import count

import numpy as np
import numpy.typing as npt

from bp_numba.tables.gaps import GAPS
from bp_numba.tables.table import Cells, Texts

_Codes = npt.NDArray[np.int32]

GLUE = "\0"

_JOINED = 64
_SAMPLE = 1_000
_WORDS = "|".join(re.escape(word) for word in sorted(GAPS) if word)
_NUMBERS = {
    decimal: re.compile(
        rf"(?:(?:-?(?:0|[1-9][0-9]{{0,14}})(?:\{decimal}[0-9]*)?(?:e[-+]?[0-9]+)?|{_WORDS}|)"
        r"(?:\0|\Z))*+".encode(),
        re.IGNORECASE,
    )
    for decimal in (".", ",")
}
"""Numbers and gaps. Longer ones may be identifiers; those with leading zeros are codes."""

_LETTER = re.compile(rb"[^-+0-9.,eE\0]")
_GAP = re.compile(rf"(?<![^\0])(?:{_WORDS}|)(?=\0|\Z)".encode(), re.IGNORECASE)


def block(cells: Sequence[str]) -> bytes:
    """Return cells, none of which holds a zero byte, as one block."""
    return GLUE.join(cells).encode("utf-8", "surrogatepass")


def joined(blocks: Sequence[bytes]) -> list[bytes]:
    """Return the same cells in fewer blocks.

    Many small ones, freed one by one, leave the system a heap full of holes: 110 MB of a table of
    600,000 x 20 cells stayed taken while it was trained on.
    """
    parts = range(0, len(blocks), _JOINED)
    return [GLUE.encode().join(blocks[start : start + _JOINED]) for start in parts]


def opened(column: bytes) -> list[str]:
    """Return the cells of a block."""
    return column.decode("utf-8", "surrogatepass").split(GLUE)


def texts(blocks: Sequence[bytes]) -> Texts:
    """Return the cells of a column, without spaces around them."""
    return _stripped(*_numbered(map(opened, blocks)))


def column_cells(blocks: Sequence[bytes], decimal: str = ".") -> Cells:
    """Return the cells of a column, as numbers where they are plain ones and nearly all differ.

    Each different text is kept and asked for its meaning once; where there are so many, that would
    take five times as long as to read the numbers.
    """
    if _are_many_numbers(blocks, decimal):
        numbers = np.concatenate([_numbers(column, decimal) for column in blocks])
        is_whole = not any(mark in column for column in blocks for mark in f"{decimal}eE".encode())
        return numbers.astype(np.int64) if is_whole and _fit(numbers) else numbers
    return texts(blocks)


def _are_many_numbers(blocks: Sequence[bytes], decimal: str) -> bool:
    first = blocks[0][: 100 * _SAMPLE].split(b"\0")[:_SAMPLE]
    many = len(first) == _SAMPLE and 2 * len(set(first)) > _SAMPLE
    return many and all(_NUMBERS[decimal].fullmatch(column) for column in blocks)


def _numbers(column: bytes, decimal: str) -> npt.NDArray[np.float64]:
    at_an_end = column[:1] in (b"\0", b"") or column[-1:] == b"\0"  # one empty cell is b""
    with_gaps = at_an_end or b"\0\0" in column
    if with_gaps or _LETTER.search(column):
        column = _GAP.sub(b"nan", column)
    text = column.decode("ascii").replace(decimal, ".").replace(GLUE, " ")
    return np.fromstring(text, sep=" ")


def _fit(numbers: npt.NDArray[np.float64]) -> bool:
    """Tell if whole numbers are the same as int64; there are no gaps then."""
    return bool((np.abs(numbers) < 2**53).all())


def encoded(cells: Sequence[str]) -> Texts:
    """Return the same of cells in memory."""
    return _stripped(*_numbered([cells]))


def is_blank(blocks: Sequence[bytes]) -> bool:
    """Tell whether all cells of a column are empty, or spaces of whatever kind."""
    return not texts(blocks).values


def _numbered(blocks: Iterable[Sequence[str]]) -> tuple[_Codes, list[str]]:
    """Return the code of each cell, and the different ones in order of appearance."""
    numbers: dict[str, int] = defaultdict(count().__next__)
    codes = [np.array([numbers[cell] for cell in cells], dtype=np.int32) for cells in blocks]
    return np.concatenate([np.zeros(0, np.int32), *codes]), list(numbers)


def _stripped(codes: _Codes, found: list[str]) -> Texts:
    """Return texts without spaces around them; what is then the same has one code, nothing -1."""
    if all(text and text == text.strip() for text in found):
        return Texts(codes, found)
    numbers: dict[str, int] = {}
    new = np.empty(len(found), dtype=np.int32)
    for old, text in enumerate(map(str.strip, found)):
        new[old] = numbers.setdefault(text, len(numbers)) if text else -1
    return Texts(new[codes], list(numbers))
