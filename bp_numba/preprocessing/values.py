"""What the cells of a column are: numbers, booleans, dates or texts; each text is asked once."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bp_numba.preprocessing.dates import are_dates
from bp_numba.preprocessing.numerals import (
    Numerals,
    read_as_numbers,
    read_number,
    read_numerals,
    read_plain,
)
from bp_numba.tables.errors import TableError
from bp_numba.tables.gaps import says_nothing
from bp_numba.tables.table import Cells, Table, Texts

PAIRS = (("false", "true"), ("no", "yes"))
"""Words for 0 and 1, in lower case."""

_WORDS = {word: bool(i) for pair in PAIRS for i, word in enumerate(pair)}

_SPELLINGS = 64
"""More than there are spellings of two words of a pair, in capitals and not."""

Codes = npt.NDArray[np.int32]
Numbers = npt.NDArray[np.float64]


class Values(NamedTuple):
    """The values of a column.

    Attributes
    ----------
    kind : str
        "numbers", "booleans", "dates", "texts", or "nothing" if all cells are gaps.
    codes : array of int32, shape (rows,), or None
        The number of each row's text, -1 for a gap; None for a column that was none of texts.
    texts : list of str
        The different texts, without those that mean a gap.
    numerals : Numerals or None
        What the texts are as numbers, booleans as 0 and 1; without codes, of each row, NaN for a
        gap.
    """

    kind: str
    codes: Codes | None
    texts: list[str]
    numerals: Numerals | None

    def numbers(self) -> Numbers:
        """Return the number of each row, NaN for a gap."""
        if self.numerals is None:
            raise TypeError(f"{self.kind} are no numbers")
        numbers = self.numerals.numbers
        return numbers if self.codes is None else np.append(numbers, np.nan)[self.codes]

    def gaps(self) -> npt.NDArray[np.bool_]:
        """Return which rows have no value."""
        is_gap: npt.NDArray[np.bool_] = (
            np.isnan(self.numbers()) if self.codes is None else self.codes < 0
        )
        return is_gap


class Column(NamedTuple):
    """The values of a column and where they come from, for error texts."""

    table: Table
    name: str
    values: Values

    def error(self, what: str, row: int | None = None) -> TableError:
        """Return what is wrong with the column, or with one of its rows."""
        place = "" if row is None else f" in {self.table.row(row)}"
        return TableError(f"{self.table.name}: column {self.name!r} {what}{place}")

    def row_of(self, code: int) -> int:
        """Return the first row with a text."""
        return int(np.argmax(self.values.codes == code))

    def missing(self, is_gap: npt.NDArray[np.bool_]) -> TableError:
        """Return that there is a gap where none may be."""
        return self.error("has a missing value (or NaN)", int(np.argmax(is_gap)))

    def numbers(self) -> Numbers:
        """Return the number of each row, NaN for a gap; of booleans 0 and 1.

        Raises
        ------
        TableError
            If a value is no number, or is infinite; it names the row.
        """
        numbers = self.values._replace(numerals=self.numerals()).numbers()
        if np.isinf(numbers).any():
            raise self.error("has an infinite value", int(np.argmax(np.isinf(numbers))))
        return numbers

    def array(self) -> npt.NDArray[Any]:
        """Return the cells of a column that was none of texts: integers as they are, unrounded."""
        return np.asarray(self.table.cells(self.name))

    def presence(self) -> Numbers:
        """Return 0 for each row that has a value, whatever it is, and NaN for a gap."""
        return np.where(self.values.gaps(), np.nan, 0.0)

    def truths(self) -> Numbers:
        """Return 0 or 1 for each row where it is a boolean, or the number; NaN for a gap.

        Raises
        ------
        TableError
            If a text is neither; it names the row.
        """
        if self.values.codes is None or self.values.numerals is not None:
            return self.numbers()
        said = [_WORDS.get(text.lower()) for text in self.values.texts]
        if None in said:
            code = said.index(None)
            text, row = self.values.texts[code], self.row_of(code)
            raise self.error(f"must hold booleans, as yes and no, got {text!r:.60}", row)
        return np.array([*said, np.nan], dtype=np.float64)[self.values.codes]

    def short_row(self, row: int) -> str:
        """Return what a message calls a row, without a word about the header."""
        return self.table.row(row).partition(" (")[0]

    def numerals(self) -> Numerals:
        """Return the values as numbers; raise TableError if a text is none."""
        values, decimal = self.values, self.table.decimal
        if values.numerals is not None:
            return values.numerals
        numerals = read_as_numbers(values.texts, decimal)  # for numbers 007 is one
        if numerals is None:
            plain = (read_plain([text], decimal) for text in values.texts)
            code = next(code for code, number in enumerate(plain) if number is None)
            text, row = values.texts[code], self.row_of(code)
            number = read_number(text, decimal)
            alike = "" if number is None else ", all written alike"
            raise self.error(f"must hold numbers{alike}, got {text!r:.60}", row)
        return numerals


def read_column(table: Table, name: str) -> Column:
    """Return a column with its values; raise TableError if there is none of this name."""
    return Column(table, name, read_values(table.cells(name), table.decimal))


def read_values(cells: Cells, decimal: str = ".") -> Values:
    """Return what the cells of a column are, all of them together."""
    if isinstance(cells, Texts):
        return _read_texts(cells, decimal)
    kind = {"b": "booleans", "i": "numbers", "u": "numbers", "f": "numbers"}[cells.dtype.kind]
    numbers = cells.astype(np.float64, copy=False)
    if cells.dtype.kind == "f" and np.isnan(numbers).all():
        kind = "nothing"
    return Values(kind, None, [], Numerals(numbers, cells.dtype.kind in "iu"))


def truth(texts: Iterable[str]) -> list[bool] | None:
    """Return what the texts say, if all are words of one pair of `PAIRS`, in any case."""
    words = [text.lower() for text in texts]
    for pair in PAIRS:
        if set(words) <= set(pair):
            return [word == pair[1] for word in words]
    return None


def _read_texts(cells: Texts, decimal: str) -> Values:
    numerals = read_numerals(cells.values, decimal) if cells.values else None
    if numerals is not None and not np.isnan(numerals.numbers).any():
        return Values("numbers", cells.codes, cells.values, numerals)
    codes, texts = _without_gaps(cells)
    if not texts:
        return Values("nothing", codes, texts, None)
    if len(texts) <= _SPELLINGS and (said := truth(texts)) is not None:
        return Values("booleans", codes, texts, Numerals(np.array(said, dtype=float), False))
    numerals = read_numerals(texts, decimal) if len(texts) < len(cells.values) else None
    if numerals is not None:
        return Values("numbers", codes, texts, numerals)
    return Values("dates" if are_dates(texts) else "texts", codes, texts, None)


def _without_gaps(cells: Texts) -> tuple[Codes, list[str]]:
    """Return codes and texts without the words for a gap, in the order in which they were."""
    present = [code for code, text in enumerate(cells.values) if not says_nothing(text)]
    if len(present) == len(cells.values):
        return cells.codes, cells.values
    new = np.full(len(cells.values) + 1, -1, dtype=np.int32)  # the last: code -1
    new[present] = np.arange(len(present), dtype=np.int32)
    return new[cells.codes], [cells.values[code] for code in present]


def canonical(number: Any) -> str:
    """Return one text for a number, however it is written: 1 for 1.0.

    Floats from 2**53 on stay floats: several integers become the same one.
    """
    if isinstance(number, int):
        return str(int(number))  # of a boolean 0 or 1
    value = float(number)
    return str(int(number)) if value.is_integer() and abs(value) < 2**53 else repr(value)
