"""One column of a table as inputs of a network: what was learned from the rows trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from bp_numba.preprocessing.numerals import read_number
from bp_numba.preprocessing.scaling import Scaling
from bp_numba.preprocessing.values import Column, canonical

Array = npt.NDArray[Any]
Matrix = npt.NDArray[np.float64]

UNSEEN, GAP = -1, -2
"""What stands for the number of a category where there is none."""


@dataclass(frozen=True)
class NumberEncoder:
    """A column of numbers: one input, scaled.

    Attributes
    ----------
    name : str
        The column.
    scaling : Scaling
        Of the numbers.
    fill : float or None
        What stands for a gap; None if gaps are refused.
    indicator : bool
        Whether another input says where there are gaps.
    constant : bool
        Whether the rows trained on had one value only: then the input is 0, whatever comes.
    unit : str
        What stood behind or before each number, as "%".
    """

    kind: ClassVar[str] = "number"
    name: str
    scaling: Scaling = Scaling()
    fill: float | None = None
    indicator: bool = False
    constant: bool = False
    unit: str = ""

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs."""
        return [self.name, *_indicator_names(self)]

    def read(self, column: Column) -> Array:
        """Return the number of each row, NaN for a gap; raise TableError at what is no number."""
        numbers = column.presence() if self.constant else column.numbers()
        if self.fill is None and (is_gap := np.isnan(numbers)).any():
            raise column.missing(is_gap)
        return numbers

    def write(self, numbers: Array, inputs: Matrix) -> None:
        """Write the inputs of some rows into zeros of shape (rows, inputs)."""
        is_gap = np.isnan(numbers)
        filled = np.where(is_gap, self.fill, numbers) if self.fill is not None else numbers
        inputs[:, 0] = 0.0 if self.constant else self.scaling.apply(filled)
        if self.indicator:
            inputs[:, 1] = is_gap

    def notes(self, column: Column, numbers: Array) -> list[str]:
        """Return what there is to tell about a column that was not trained on."""
        return [*_unit_notes(self, column), *_gap_notes(self, column, np.isnan(numbers))]


@dataclass(frozen=True)
class BooleanEncoder:
    """A column of booleans, or of yes and no: one input of 0 and 1.

    The attributes are those of `NumberEncoder`; a gap is filled by what is more frequent.
    """

    kind: ClassVar[str] = "boolean"
    name: str
    fill: bool = False
    indicator: bool = False
    constant: bool = False

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs."""
        return [self.name, *_indicator_names(self)]

    def read(self, column: Column) -> Array:
        """Return 0 or 1 for each row, NaN for a gap; raise TableError at anything else."""
        numbers = column.presence() if self.constant else column.truths()
        is_other = ~np.isin(numbers, (0.0, 1.0)) & ~np.isnan(numbers)
        if is_other.any():
            row = int(np.argmax(is_other))
            raise column.error(f"must hold booleans, got {canonical(numbers[row])}", row)
        return numbers

    def write(self, numbers: Array, inputs: Matrix) -> None:
        """Write the inputs of some rows into zeros of shape (rows, inputs)."""
        is_gap = np.isnan(numbers)
        inputs[:, 0] = 0.0 if self.constant else np.where(is_gap, float(self.fill), numbers)
        if self.indicator:
            inputs[:, 1] = is_gap

    def notes(self, column: Column, numbers: Array) -> list[str]:
        """Return what there is to tell about a column that was not trained on."""
        return _gap_notes(self, column, np.isnan(numbers))


@dataclass(frozen=True)
class CategoryEncoder:
    """A column of categories: an input for each, 1 where it is the row's.

    Attributes
    ----------
    name, indicator : str and bool
        Those of `NumberEncoder`.
    categories : tuple of str
        Those of the rows trained on, in the order of the inputs. If there is one only, its input
        is 0, as that of another would be.
    numeric : bool
        Whether the categories are numbers, so that 1 and 1.0 are the same.
    fill : str
        The most frequent category, which stands for a gap.
    """

    kind: ClassVar[str] = "category"
    name: str
    categories: tuple[str, ...]
    fill: str
    numeric: bool = False
    indicator: bool = False

    @property
    def constant(self) -> bool:
        """Whether the rows trained on had one value only."""
        return len(self.categories) == 1

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs."""
        return [f"{self.name} = {text}" for text in self.categories] + _indicator_names(self)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {text: number for number, text in enumerate(self.categories)}

    def read(self, column: Column) -> Array:
        """Return the number of each row's category, `UNSEEN` or `GAP` where there is none."""
        codes, texts = category_codes(column, self.numeric)
        numbers = [*(self._numbers.get(text, UNSEEN) for text in texts), GAP]
        return np.array(numbers, dtype=np.int64)[codes]

    def write(self, numbers: Array, inputs: Matrix) -> None:
        """Write the inputs of some rows into zeros of shape (rows, inputs)."""
        filled = np.where(numbers == GAP, self._numbers[self.fill], numbers)
        if not self.constant:
            (rows,) = np.nonzero(filled >= 0)
            inputs[rows, filled[rows]] = 1.0
        if self.indicator:
            inputs[:, -1] = numbers == GAP

    def notes(self, column: Column, numbers: Array) -> list[str]:
        """Return what there is to tell about a column that was not trained on."""
        notes = _gap_notes(self, column, numbers == GAP)
        if not self.constant and (is_unseen := numbers == UNSEEN).any():
            row, rows = int(np.argmax(is_unseen)), int(is_unseen.sum())
            codes, texts = category_codes(column, self.numeric)
            notes.append(
                f"column {self.name!r}: {_rows(rows)} a value that no row trained on had, as "
                f"{texts[codes[row]]!r:.60} in {column.table.row(row)}; its inputs are 0 there"
            )
        return notes


Encoder: TypeAlias = NumberEncoder | BooleanEncoder | CategoryEncoder


def category_codes(column: Column, numeric: bool) -> tuple[npt.NDArray[np.int64], Sequence[str]]:
    """Return the number of each row's text, -1 for a gap, and the texts, each once.

    Numbers are written in one way if `numeric`, or if they were no texts.
    """
    values = column.values
    if values.codes is None:
        found, codes = np.unique(column.array(), return_inverse=True)
        codes = codes.reshape(-1)
        written = str if values.kind == "booleans" else canonical
        texts = [written(value) for value in found[~np.isnan(found)].tolist()]
        return np.where(codes < len(texts), codes, -1), texts  # NaN is one, the last
    texts = values.texts
    if not numeric:
        return values.codes.astype(np.int64), texts
    once: dict[str, int] = {}
    codes_once = [
        once.setdefault(_canonical_text(text, column.table.decimal), len(once)) for text in texts
    ]
    return np.array([*codes_once, -1], dtype=np.int64)[values.codes], list(once)


def _canonical_text(text: str, decimal: str) -> str:
    number = read_number(text, decimal)
    if number is None or not np.isfinite(number):
        return text
    digits = text.lstrip("-")
    return text if digits.isdigit() and digits.lstrip("0") == digits else canonical(number)


def _indicator_names(encoder: Encoder) -> list[str]:
    return [f"{encoder.name} is missing"] if encoder.indicator else []


def _rows(count: int) -> str:
    return f"{count} rows have" if count > 1 else "1 row has"


def _gap_notes(encoder: Encoder, column: Column, is_gap: npt.NDArray[np.bool_]) -> list[str]:
    if encoder.indicator or not is_gap.any():
        return []
    return [
        f"column {encoder.name!r}: {_rows(int(is_gap.sum()))} no value, the first in "
        f"{column.table.row(int(np.argmax(is_gap)))}, where no row trained on had a gap; taken as "
        f"{shown(encoder.fill)}"
    ]


def _unit_notes(encoder: NumberEncoder, column: Column) -> list[str]:
    if encoder.constant or column.values.kind in ("booleans", "nothing"):
        return []
    unit = column.numerals().unit
    if unit == encoder.unit:
        return []
    here, there = (repr(sign) if sign else "no unit" for sign in (unit, encoder.unit))
    return [
        f"column {encoder.name!r}: these numbers have {here}, those trained on had {there}; they "
        "are taken as they are"
    ]


def shown(value: Any) -> str:
    """Return a value as a person reads it."""
    return f"{value:.6g}" if isinstance(value, float) else repr(value)
