"""From the columns of a table to a network's inputs: learned from some rows, written for others."""

import re
import shlex
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bp_numba.preprocessing.encoders import (
    BooleanEncoder,
    CategoryEncoder,
    Encoder,
    NumberEncoder,
    category_codes,
)
from bp_numba.preprocessing.evidence import why_no_dates, why_text
from bp_numba.preprocessing.labels import count_numbers
from bp_numba.preprocessing.scaling import Scaling, fit_factor, fit_scaling
from bp_numba.preprocessing.values import Column, read_column
from bp_numba.tables.errors import TableError
from bp_numba.tables.table import Table, listed

Matrix = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

MAX_CATEGORIES = 50
"""More different texts are names or remarks rather than categories."""

KEPT_BYTES = 2**26
"""So much of the columns is kept from learning to writing; the others are read twice."""

_ID_NAME = re.compile(
    r"(.*[_ -])?(id|ids|index|idx|key|no|nr|num|number|row|rownum)|.*[a-z]ID|.*Id"
)
_LEAST_ROWS = 10
"""Fewer numbers count up by chance, or are years."""


class Reader:
    """The columns of a table, of which it keeps some until they are asked for once more."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._kept: dict[str, Column] = {}
        self._space = KEPT_BYTES

    def first(self, name: str) -> Column:
        """Return a column that will be asked for again."""
        column = read_column(self.table, name)
        self._space -= 8 * self.table.rows + 64 * len(column.values.texts)
        if self._space >= 0:
            self._kept[name] = column
        return column

    def last(self, name: str) -> Column:
        """Return a column that will not."""
        return self._kept.pop(name, None) or read_column(self.table, name)


class Learned(NamedTuple):
    """How inputs come from columns, and what there is to tell about it, a line each."""

    encoders: list[Encoder]
    notes: list[str]


def learn_inputs(
    reader: Reader, names: Sequence[str], rows: Rows, scale: str, categorical: Collection[str]
) -> Learned:
    """Learn from the rows to train on how the columns become inputs.

    Parameters
    ----------
    reader : Reader
        Of the table.
    names : sequence of str
        The columns, in the order of the inputs.
    rows : array of int
        The rows to train on.
    scale : str
        One of `bp_numba.preprocessing.scaling.SCALES`, for numbers.
    categorical : collection of str
        The columns of numbers that are categories.

    Raises
    ------
    TableError
        If a column holds dates, infinite numbers, or too many texts, or if none is left.
    """
    encoders, notes = [], []
    for name in names:
        column = reader.first(name)
        encoder = _encoder(column, rows, scale, name in categorical)
        if encoder is None:
            notes.append(f"column {name!r} has no value in the rows to train on: left out")
        else:
            encoders.append(encoder)
            notes += _notes(column, encoder)
    if not encoders:
        raise TableError(f"{reader.table.name} must have a column with values to learn from")
    return Learned(encoders, notes)


def write_inputs(
    encoders: Sequence[Encoder], reader: Reader, parts: Sequence[Rows | None]
) -> tuple[list[Matrix], list[str]]:
    """Return the inputs of some rows, and of others, and notes on what was new in the columns.

    One column is read at a time, and the matrices of shape (rows, inputs) are written once; None
    stands for all rows. A column of which nothing was learned is not read.
    """
    width = sum(len(encoder.input_names) for encoder in encoders)
    counts = [reader.table.rows if rows is None else len(rows) for rows in parts]
    matrices: list[Matrix] = [np.zeros((count, width)) for count in counts]
    notes, stop = [], 0
    for encoder in encoders:
        start, stop = stop, stop + len(encoder.input_names)
        if encoder.constant and not encoder.indicator:
            continue
        column = reader.last(encoder.name)
        cells = encoder.read(column)
        for rows, matrix in zip(parts, matrices, strict=True):
            encoder.write(cells if rows is None else cells[rows], matrix[:, start:stop])
        notes += encoder.notes(column, cells)
    return matrices, notes


def require_columns(table: Table, encoders: Sequence[Encoder]) -> None:
    """Raise TableError if a table lacks columns."""
    lacking = [repr(encoder.name) for encoder in encoders if encoder.name not in table.columns]
    if lacking:
        known = listed([repr(name) for name in table.columns])
        raise TableError(f"{table.name} lacks the columns {listed(lacking)}; it has {known}")


def ignoring(name: str) -> str:
    """Return the option that leaves a column out, as it is typed."""
    return f"--ignore {shlex.quote(name)}"


def _encoder(column: Column, rows: Rows, scale: str, categorical: bool) -> Encoder | None:
    kind = column.values.kind
    if kind == "nothing" or column.values.gaps()[rows].all():
        return None
    if kind == "booleans":
        return _boolean_encoder(column, rows)
    if kind == "dates" and not categorical:
        raise column.error(
            f"holds dates, as {column.values.texts[0]!r}: leave it out with "
            f"{ignoring(column.name)}, or make numbers of it (year, month, days since a date)"
        )
    if kind == "numbers" and not categorical:
        return _number_encoder(column, rows, scale)
    return _category_encoder(column, rows)


def _number_encoder(column: Column, rows: Rows, scale: str) -> NumberEncoder:
    numbers = column.numbers()[rows]
    is_gap = np.isnan(numbers)
    present = numbers[~is_gap]
    is_constant = bool(present.min() == present.max())
    numerals = column.values.numerals
    return NumberEncoder(
        name=column.name,
        scaling=Scaling(offset=float(present[0])) if is_constant else fit_scaling(present, scale),
        fill=_median(present),
        indicator=bool(is_gap.any()),
        constant=is_constant,
        unit=numerals.unit if numerals else "",
    )


def _median(numbers: Matrix) -> float:
    factor = fit_factor(numbers)
    return float(np.median(numbers * factor)) / factor


def _boolean_encoder(column: Column, rows: Rows) -> BooleanEncoder:
    truths = column.truths()[rows]
    present = truths[~np.isnan(truths)]
    return BooleanEncoder(
        name=column.name,
        fill=bool(np.mean(present) > 0.5),
        indicator=len(present) < len(truths),
        constant=bool(present.min() == present.max()),
    )


def _category_encoder(column: Column, rows: Rows) -> CategoryEncoder:
    numeric = column.values.kind == "numbers"
    if numeric:
        column.numbers()  # raises if one is infinite
    codes, texts = category_codes(column, numeric)
    counts = np.bincount(codes[rows] + 1, minlength=len(texts) + 1)
    found = [(text, int(count)) for text, count in zip(texts, counts[1:], strict=True) if count]
    if len(found) > MAX_CATEGORIES:
        why = "" if numeric else why_text(column)
        raise column.error(
            f"must have at most {MAX_CATEGORIES} different values to be categories, got "
            f"{len(found)} in the rows to train on{f' (no numbers because of {why})' * bool(why)}: "
            f"leave it out with {ignoring(column.name)}"
        )
    found.sort(key=lambda pair: (float(pair[0]), pair[0]) if numeric else pair[0])
    return CategoryEncoder(
        name=column.name,
        categories=tuple(text for text, _ in found),
        fill=max(found, key=lambda pair: pair[1])[0],  # the first of those as frequent
        numeric=numeric,
        indicator=bool(counts[0]),
    )


def _notes(column: Column, encoder: Encoder) -> list[str]:
    numerals, name = column.values.numerals, column.name
    notes = [f"column {name!r}: {note}" for note in (numerals.notes if numerals else ())]
    if column.values.kind == "texts" and (why := why_text(column) or why_no_dates(column)):
        notes.append(f"column {name!r} is taken for categories because of {why}")
    if isinstance(encoder, NumberEncoder) and (why := _why_an_id(column)):
        notes.append(
            f"column {name!r} looks like row numbers or ids ({why}), of which nothing can be "
            f"learned for new rows: {ignoring(name)} leaves it out"
        )
    return notes


def _why_an_id(column: Column) -> str:
    """Return what tells that numbers are those of rows, nothing if they are not."""
    name, numbers = column.name, column.numbers()
    if len(numbers) < _LEAST_ROWS or np.isnan(numbers).any() or (numbers != np.rint(numbers)).any():
        return ""
    if np.abs(numbers).max() < 2**53 and (np.abs(np.diff(numbers)) == 1).all():
        steps = np.diff(numbers)
        if (steps == steps[0]).all():
            return f"it counts {'up' if steps[0] > 0 else 'down'} by one"
    if _ID_NAME.fullmatch(name) or _ID_NAME.fullmatch(name.lower()):
        return "all its values are different" if count_numbers(column) == len(numbers) else ""
    return ""
