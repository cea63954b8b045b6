"""The targets of a table to train on: the task, each row's class or numbers, and rows without."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bp_numba.preprocessing.guessing import FOR_NUMBERS, Task, guess_task
from bp_numba.preprocessing.inputs import ignoring
from bp_numba.preprocessing.labels import labels_of
from bp_numba.preprocessing.splitting import Rows
from bp_numba.preprocessing.targets import ClassTarget, NumberTargets, learn_numbers
from bp_numba.preprocessing.values import Column, read_column
from bp_numba.tables.errors import TableError
from bp_numba.tables.table import Table, Texts


@dataclass(frozen=True)
class Goal:
    """What is to be predicted.

    Attributes
    ----------
    columns : list of Column
        The targets.
    task : Task
        What is predicted, and why.
    classes : ClassTarget or None
        The classes, if the task is to classify.
    values : array
        The numbers of the classes, shape (rows,), or numbers, shape (rows, targets).
    rows : array of int
        The rows that have a target, in their order.
    notes : list of str
        What there is to tell.
    """

    columns: list[Column]
    task: Task
    classes: ClassTarget | None
    values: npt.NDArray[Any]
    rows: Rows
    notes: list[str]

    @property
    def groups(self) -> npt.NDArray[Any]:
        """The group of each row that is split like the others: its class."""
        return np.zeros(len(self.values)) if self.classes is None else self.values

    def check_classes(self) -> None:
        """Raise TableError if the targets are numbers, which have no classes to weigh."""
        if self.classes is None:
            raise TableError("--class-weight balanced needs classes, got targets that are numbers")

    def learn(self, train: Rows, scale: str) -> ClassTarget | NumberTargets:
        """Return what the outputs stand for, numbers scaled by the rows to train on."""
        return self.classes or learn_numbers(self.columns, self.values[train], scale)

    def check_class_sizes(self) -> None:
        """Raise TableError if a class has one row, where one is to train on and one to test."""
        if self.classes is None:
            return
        counts = Counter(self.values[self.rows].tolist())
        single = [number for number, rows in counts.items() if rows == 1]
        if not single:
            return
        label = self.classes.labels[single[0]]
        row = self.columns[0].table.row(int(np.argmax(self.values == single[0])))
        more = f", and {len(single) - 1} more such classes" if len(single) > 1 else ""
        if self.task.reason:
            ways = self.task.because()
        elif self.columns[0].values.kind == "numbers":
            ways = f" ({FOR_NUMBERS})"
        else:
            ways = ""
        raise TableError(
            f"{self.columns[0].table.name}: each class of {self.classes.name!r} must have two or "
            f"more rows, one to train on and one to test on, got one of class {label!r} in {row}"
            f"{more}{ways}; --test-size 0 trains on all rows, or leave such rows out"
        )


def read_goal(table: Table, names: Sequence[str], task: str | None) -> Goal:
    """Return what is to be predicted.

    Parameters
    ----------
    table : Table
        Rows of it without a target are left out.
    names : sequence of str
        The targets.
    task : str, optional
        "classify" or "regress"; without it, what the target suggests.

    Raises
    ------
    TableError
        If the values do not suit the task.
    """
    columns = [read_column(table, name) for name in names]
    for column in columns:
        if column.values.kind == "nothing":
            raise column.error("must have values to be the target, got none in any row")
    if len(columns) > 1 and task == "classify":
        raise TableError(f"--task classify needs one --target, got {len(columns)}")
    chosen = _task(columns, task)
    notes = _style_notes(columns)
    is_gap = np.any([column.values.gaps() for column in columns], axis=0)
    notes += _gap_notes(table, columns, is_gap)
    rows = np.flatnonzero(~is_gap)
    if chosen.name == "classify":
        classes = _learn_classes(columns[0])
        return Goal(columns, chosen, classes, classes.read(table), rows, notes)
    values = np.stack([_numbers(column, chosen) for column in columns], axis=1)
    return Goal(columns, chosen, None, values, rows, notes)


def _task(columns: list[Column], task: str | None) -> Task:
    if task is not None:
        return Task(task)
    if len(columns) > 1:
        return Task("regress", f"{len(columns)} targets")
    (column,) = columns
    if column.values.kind == "dates":
        raise column.error(
            f"must hold classes or numbers to be the target, got dates, as "
            f"{column.values.texts[0]!r}: make numbers of it, or --task classify"
        )
    return guess_task(column)


def _learn_classes(column: Column) -> ClassTarget:
    if column.values.kind == "numbers":
        column.numbers()  # raises if one is infinite
    labels = sorted(labels_of(column))
    if len(labels) < 2:
        got = f"only {labels[0]!r}" if labels else "none"
        raise column.error(f"must have two or more classes to be the target, got {got}")
    return ClassTarget(column.name, tuple(labels))


def _numbers(column: Column, task: Task) -> npt.NDArray[np.float64]:
    try:
        return column.numbers()
    except TableError as error:
        ways = "leave its rows out, or --task classify for classes"
        if task.reason.endswith("targets"):
            ways = f"leave its rows out, or {ignoring(column.name)} instead"
        raise TableError(f"{error}; {ways}") from None


def _style_notes(columns: list[Column]) -> list[str]:
    return [
        f"target {column.name!r}: {note}"
        for column in columns
        for note in (column.values.numerals.notes if column.values.numerals else ())
    ]


def _gap_notes(table: Table, columns: list[Column], is_gap: npt.NDArray[np.bool_]) -> list[str]:
    if not is_gap.any():
        return []
    row, rows = int(np.argmax(is_gap)), int(is_gap.sum())
    column = next(column for column in columns if column.values.gaps()[row])
    text = _text(table, column.name, row)
    said = f", only {text!r}" if text else ""
    if rows == 1:
        return [f"{table.row(row)} has no target {column.name!r}{said}: left out"]
    named = repr(column.name) if len(columns) == 1 else f"of the {len(columns)}"
    return [f"{rows} rows have no target {named}, the first is {table.row(row)}{said}: left out"]


def _text(table: Table, name: str, row: int) -> str:
    cells = table.cells(name)
    code = int(cells.codes[row]) if isinstance(cells, Texts) else -1
    return cells.values[code] if isinstance(cells, Texts) and code >= 0 else ""
