"""From the target columns of a table to a network's outputs, and from its outputs back."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from bp_numba.preprocessing.labels import Label, label_of
from bp_numba.preprocessing.numerals import (
    Numerals,
    read_as_numbers,
    read_number,
    read_plain,
)
from bp_numba.preprocessing.scaling import Scaling, fit_scaling
from bp_numba.preprocessing.values import PAIRS, Column, canonical, read_column
from bp_numba.tables.gaps import says_nothing
from bp_numba.tables.table import Table, Texts

Matrix: TypeAlias = npt.NDArray[np.float64]
Classes: TypeAlias = npt.NDArray[np.int64]

LOW, HIGH = 0.1, 0.9
"""Outputs for the lowest and the highest target: a sigmoid never reaches 0 and 1."""

TARGET_SCALES = ("sigmoid", "standard")

UNKNOWN, MISSING = -1, -2
"""Numbers of a class that no row trained on had, and of none."""


@dataclass(frozen=True)
class ClassTarget:
    """A column of classes, with an output for each.

    Attributes
    ----------
    name : str
        The column.
    labels : tuple of bool, int, float or str
        The classes, of one type, in the order of the outputs.
    """

    task: ClassVar[str] = "classify"
    name: str
    labels: tuple[Label, ...]

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return len(self.labels)

    @property
    def names(self) -> list[str]:
        """The columns."""
        return [self.name]

    def read(self, table: Table) -> Classes:
        """Return the number of each row's class, `UNKNOWN` or `MISSING` where there is none.

        The type of the classes tells how the cells are read, whatever else is in the column.
        """
        cells = table.cells(self.name)
        if isinstance(cells, Texts):
            numbers = [self._number_of_text(text, table.decimal) for text in cells.values]
            return np.array([*numbers, MISSING], dtype=np.int64)[cells.codes]
        values, inverse = np.unique(cells, return_inverse=True)
        numbers = [self._number_of_value(value) for value in values.tolist()]
        return np.array(numbers, dtype=np.int64)[inverse.reshape(-1)]

    def targets(self, classes: Classes) -> Matrix:
        """Return the outputs to train for, shape (rows, outputs): 1 for the class, else 0."""
        return np.eye(len(self.labels))[classes]

    def decode(self, outputs: Matrix) -> list[Label]:
        """Return the label of the largest output of each row."""
        return [self.labels[number] for number in outputs.argmax(axis=1)]

    @cached_property
    def _numbers(self) -> dict[Hashable, int]:
        return {label: number for number, label in enumerate(self.labels)}

    @cached_property
    def _words(self) -> dict[str, int]:
        """The numbers of classes that are yes and no, which may be written in any case."""
        lower = {label.lower(): i for i, label in enumerate(self.labels) if isinstance(label, str)}
        is_pair = len(lower) == 2 == len(self.labels) and any(set(lower) == {*p} for p in PAIRS)
        return lower if is_pair else {}

    def _number_of_text(self, text: str, decimal: str) -> int:
        if isinstance(self.labels[0], str):
            found = self._numbers.get(text, self._words.get(text.lower()))
        else:
            found = self._numbers.get(label_of(text, decimal))
        if found is None:
            return MISSING if says_nothing(text) else UNKNOWN
        return found

    def _number_of_value(self, value: Label) -> int:
        if value != value:  # NaN
            return MISSING
        if not isinstance(self.labels[0], str):
            return self._numbers.get(value, UNKNOWN)
        if isinstance(value, bool):
            found = [self._words.get(pair[value]) for pair in PAIRS]
        else:
            found = [self._numbers.get(str(value)), self._numbers.get(canonical(value))]
        return next((number for number in found if number is not None), UNKNOWN)


@dataclass(frozen=True)
class NumberTargets:
    """Columns of numbers, an output for each.

    Attributes
    ----------
    columns : tuple of str
        Their names.
    scalings : tuple of Scaling
        Of each.
    scale : str
        One of `TARGET_SCALES`: "sigmoid" takes the scaled numbers, 0 to 1, into `LOW` to `HIGH`.
    """

    task: ClassVar[str] = "regress"
    labels: ClassVar[tuple[Label, ...]] = ()
    columns: tuple[str, ...]
    scalings: tuple[Scaling, ...]
    scale: str = "sigmoid"

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return len(self.columns)

    @property
    def names(self) -> list[str]:
        """The columns."""
        return list(self.columns)

    def read(self, table: Table) -> Matrix:
        """Return the numbers, shape (rows, targets); NaN where there is none."""
        columns = [_numbers_or_nan(read_column(table, name)) for name in self.columns]
        return np.stack(columns, axis=1)

    def targets(self, numbers: Matrix) -> Matrix:
        """Return the outputs to train for, shape (rows, targets)."""
        columns = []
        for scaling, values in zip(self.scalings, numbers.T, strict=True):
            if self.scale == "standard":
                columns.append(scaling.apply(values))
            else:  # multiplied before it is divided, as in the releases that read no gaps
                columns.append(LOW + (HIGH - LOW) * scaling.move(values) / scaling.divisor)
        return np.stack(columns, axis=1)

    def decode(self, outputs: Matrix) -> Matrix:
        """Return the numbers that outputs stand for, shape (rows, targets), all finite."""
        shares = outputs if self.scale == "standard" else (outputs - LOW) / (HIGH - LOW)
        columns = [s.undo(values) for s, values in zip(self.scalings, shares.T, strict=True)]
        return np.stack(columns, axis=1)


def learn_numbers(columns: list[Column], numbers: Matrix, scale: str) -> NumberTargets:
    """Return how the numbers of the rows to train on, shape (rows, targets), are scaled.

    Raises
    ------
    TableError
        If all numbers of a target are equal.
    """
    for column, values in zip(columns, numbers.T, strict=True):
        if values.min() == values.max():
            raise column.error(
                f"must have different values to be the target, got only {values[0]:g} in the "
                f"{len(values)} rows to train on"
            )
    how = "minmax" if scale == "sigmoid" else "standard"
    scalings = tuple(fit_scaling(values, how) for values in numbers.T)
    return NumberTargets(tuple(column.name for column in columns), scalings, scale)


def _numbers_or_nan(column: Column) -> Matrix:
    """Return the number of each row, NaN where there is none."""
    values, decimal = column.values, column.table.decimal
    numerals = values.numerals or read_as_numbers(values.texts, decimal)
    if numerals is None:
        numerals = Numerals(_each_number(values.texts, decimal), False)
    numbers = values._replace(numerals=numerals).numbers()
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _each_number(texts: list[str], decimal: str) -> Matrix:
    """Return the number of each text, NaN of what is none; if not all are alike, of plain ones."""
    once = [read_number(text, decimal) for text in texts]
    numbers = [text for text, number in zip(texts, once, strict=True) if number is not None]
    if read_as_numbers(numbers, decimal) is None:
        plain = (read_plain([text], decimal) for text in texts)
        once = [None if found is None else float(found.numbers[0]) for found in plain]
    return np.array(once, dtype=np.float64)  # None becomes NaN
