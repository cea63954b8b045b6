"""Cells of text, kept as the bytes that they were until somebody asks for a column.

The cells of a column are joined by zero bytes, in blocks of rows: they take no more memory than in
the file. Read apart, as Python's strings, they would take ten times as much.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import count

import numpy as np

from bp_numba.tables.table import Texts

GLUE = "\0"


def block(cells: Sequence[str]) -> bytes:
    """Return cells, none of which holds a zero byte, as one block."""
    return GLUE.join(cells).encode("utf-8", "surrogatepass")


def opened(column: bytes) -> list[str]:
    """Return the cells of a block."""
    return column.decode("utf-8", "surrogatepass").split(GLUE)


def texts(blocks: Sequence[bytes]) -> Texts:
    """Return the cells of a column, without spaces around them."""
    numbers: dict[str, int] = defaultdict(count().__next__)  # each text's, in order of appearance
    codes = [
        np.array([numbers[cell] for cell in opened(column)], dtype=np.int32) for column in blocks
    ]
    return _stripped(np.concatenate([np.zeros(0, np.int32), *codes]), list(numbers))


def encoded(cells: Sequence[str]) -> Texts:
    """Return the same of cells in memory."""
    numbers: dict[str, int] = defaultdict(count().__next__)
    codes = np.array([numbers[cell] for cell in cells], dtype=np.int32)
    return _stripped(codes, list(numbers))


def is_blank(blocks: Sequence[bytes]) -> bool:
    """Tell whether all cells of a column are empty."""
    return not any(column.strip(b"\0 \t\r\n") for column in blocks)


def _stripped(codes: np.ndarray, found: list[str]) -> Texts:
    """Return texts without spaces around them; what is then the same has one code, nothing -1."""
    numbers: dict[str, int] = {}
    new = np.empty(len(found) + 1, dtype=np.int32)
    new[-1] = -1
    for old, text in enumerate(map(str.strip, found)):
        new[old] = numbers.setdefault(text, len(numbers)) if text else -1
    same = len(numbers) == len(found)
    return Texts(codes if same else new[codes], list(numbers))
