"""Named columns of numbers or labels, and what is wrong with them.

Rows are counted from 1; in CSV files the header is row 1, as spreadsheets and most editors count.
"""

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bp_numba.cli.errors import CommandError

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Table:
    """Columns of one length, converted when they are asked for.

    Attributes
    ----------
    path : Path
        Where it was read from, for error texts.
    rows : int
        Number of rows, without the header.
    columns : dict of str to callable
        `columns[name]()` returns an array: of bool, int64, or float64, where a missing value is
        NaN; or of objects, strings and None.
    header : int
        Rows that come before the first, in the file's count.
    """

    path: Path
    rows: int
    columns: Mapping[str, Callable[[], Array]]
    header: int

    def require(self, name: str) -> None:
        """Raise CommandError if there is no such column."""
        if name not in self.columns:
            lower = {column.lower(): column for column in self.columns}
            close = difflib.get_close_matches(name.lower(), lower, n=1)
            hint = f" (did you mean {lower[close[0]]!r}?)" if close else ""
            known = listed([repr(column) for column in self.columns])
            raise CommandError(f"{self.path} has no column {name!r}{hint}; it has {known}")

    def labels(self, name: str) -> list[Any]:
        """Return a column's values, of one type: bool, int, float or str.

        Raises
        ------
        CommandError
            If there is no such column, or a value is missing or not finite.
        """
        self.require(name)
        values = self.columns[name]()
        if values.dtype == object:
            missing = [i for i, value in enumerate(values) if value is None]
            if missing:
                raise self._bad(name, missing[0], "has a missing value")
        elif values.dtype.kind == "f":
            self._check_finite(name, values)
        labels: list[Any] = values.tolist()
        return labels

    def numbers(self, name: str) -> npt.NDArray[np.float64]:
        """Return a column as float64, booleans as 0 and 1.

        Raises
        ------
        CommandError
            If there is no such column, or a value is missing, not finite, or not a number.
        """
        self.require(name)
        values = self.columns[name]()
        if values.dtype == object:
            values = np.array([self._number(name, i, value) for i, value in enumerate(values)])
        values = values.astype(np.float64)
        self._check_finite(name, values)
        return values

    def matrix(self, names: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return columns of numbers side by side, shape (rows, len(names))."""
        lacking = [repr(name) for name in names if name not in self.columns]
        if lacking:
            raise CommandError(f"{self.path} lacks the columns {listed(lacking)}")
        matrix = np.empty((self.rows, len(names)))
        for j, name in enumerate(names):
            matrix[:, j] = self.numbers(name)
        return matrix

    def _number(self, name: str, i: int, value: str | None) -> float:
        if value is None:
            raise self._bad(name, i, "has a missing value")
        try:
            if "_" not in value:
                return float(value)
        except ValueError:
            pass
        raise self._bad(name, i, f"must hold numbers, got {value!r:.60}")

    def _check_finite(self, name: str, values: Array) -> None:
        if (bad := np.flatnonzero(~np.isfinite(values))).size:
            missing = math.isnan(values[bad[0]])
            what = "has a missing value (or NaN)" if missing else "has an infinite value"
            raise self._bad(name, int(bad[0]), what)

    def _bad(self, name: str, i: int, what: str) -> CommandError:
        note = " (the header is row 1)" if self.header else ""
        return CommandError(
            f"{self.path}: column {name!r} {what} in row {i + 1 + self.header}{note}"
        )


def listed(names: Sequence[str], shown: int = 8) -> str:
    """Return the names in one line, the first few of them and how many more there are."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more
