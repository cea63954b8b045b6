"""A table as it is in its file: named columns of cells, before anybody asks what they mean.

Rows are counted from 1; where a file has a header, that is row 1, as spreadsheets and most editors
count.
"""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from bp_numba.tables.errors import TableError


class Texts(NamedTuple):
    """Cells of text, each different text once.

    Attributes
    ----------
    codes : array of int32, shape (rows,)
        The number of each cell's text in `values`; -1 where the cell is empty.
    values : list of str
        The different texts, without spaces around them, in the order in which they first appear.
    """

    codes: npt.NDArray[np.int32]
    values: list[str]


class LeftOut(NamedTuple):
    """A column of a file that its table does not have.

    Attributes
    ----------
    number : int
        Its place in the file, counted from 1.
    name : str
        Its name, empty if it has none.
    why : str
        What there is to tell about it.
    """

    number: int
    name: str
    why: str


Cells: TypeAlias = Texts | npt.NDArray[Any]
"""The cells of a column: texts, or an array of bool, int64, or float64, where NaN is a gap."""


@dataclass(frozen=True)
class Table:
    """Columns of one length, made when they are asked for.

    Attributes
    ----------
    name : str
        The file, for error texts.
    rows : int
        Number of rows, without the header.
    columns : dict of str to callable
        `columns[name]()` returns the cells of a column.
    header : int
        Rows that come before the first, in the file's count: 1 for a header, else 0.
    decimal : str
        What separates the decimals of numbers that are texts: "." or ",".
    dialect : str
        How the text is written, as told from the content, where that is not plain CSV.
    notes : tuple of str
        What else there is to tell about how it was read, a line each.
    targets : tuple of str
        The columns that the file itself says are to be predicted: y of an .npz file.
    left_out : tuple of LeftOut
        Columns that the file has too.
    """

    name: str
    rows: int
    columns: Mapping[str, Callable[[], Cells]]
    header: int = 0
    decimal: str = "."
    dialect: str = ""
    notes: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    def cells(self, name: str) -> Cells:
        """Return the cells of a column; raise TableError if there is none of this name."""
        self.require(name)
        return self.columns[name]()

    def require(self, name: str) -> None:
        """Raise TableError if there is no such column."""
        if name not in self.columns:
            lower = {column.lower(): column for column in self.columns}
            close = difflib.get_close_matches(name.lower(), lower, n=1)
            hint = f" (did you mean {lower[close[0]]!r}?)" if close else ""
            known = listed([repr(column) for column in self.columns])
            raise TableError(f"{self.name} has no column {name!r}{hint}; it has {known}")

    def row(self, i: int) -> str:
        """Return what a message calls row i, counted from 0 without the header."""
        return f"row {i + 1 + self.header}{' (the header is row 1)' if self.header else ''}"


def listed(names: Sequence[str], shown: int = 8) -> str:
    """Return the names in one line, the first few of them and how many more there are."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more
