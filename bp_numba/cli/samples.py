"""From a table to samples: those to train on, to validate with and to test with."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bp_numba.cli.errors import CommandError
from bp_numba.cli.preprocessing import Label, Matrix, Preprocessing, guess_task, scaling
from bp_numba.cli.splitting import Rows, split
from bp_numba.cli.tables import Table


@dataclass(frozen=True)
class Samples:
    """What a network is trained, validated and tested with.

    Attributes
    ----------
    preprocessing : Preprocessing
        Made from the rows to train on only.
    X, y : arrays of shape (rows, columns) and (rows, outputs)
        To train on.
    validation : (X, y) or None
        The same, to validate with.
    X_test, test_values : array and list
        Inputs to test with, and the target's values as they are in the table.
    """

    preprocessing: Preprocessing
    X: Matrix
    y: Matrix
    validation: tuple[Matrix, Matrix] | None
    X_test: Matrix
    test_values: list[Label]

    def sizes(self) -> list[int]:
        """Return the numbers of rows to train on, to validate with and to test with."""
        return [len(self.X), len(self.validation[0]) if self.validation else 0, len(self.X_test)]

    def digest(self) -> str:
        """Return a text that differs where training would differ."""
        arrays = [self.X, self.y, *(self.validation or ())]
        content = b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)
        return hashlib.sha256(content).hexdigest()[:16]


def choose_task(table: Table, target: str, task: str | None) -> tuple[str, str]:
    """Return the task that is asked for, or else a guess, and why."""
    table.require(target)
    return (task, "") if task else guess_task(table.labels(target))


def make_samples(
    table: Table,
    target: str,
    task: str,
    *,
    scale: str,
    test_size: float,
    validation_size: float,
    seed: int,
) -> Samples:
    """Return the samples of a table, split by the seed.

    Raises
    ------
    CommandError
        If the table's values, or the number of its rows, do not suit the task.
    """
    columns = _inputs(table, target)
    classes, groups, values = _target(table, target, task)
    if classes and test_size:
        _check_class_sizes(table, target, values)
    _check_rows(table, 2 + (test_size > 0) + (validation_size > 0))
    X = table.matrix(columns)
    train, validate, test = _parts(table, groups, test_size, validation_size, seed)
    offsets, divisors = _scaling(table, X[train], scale, columns)
    preprocessing = Preprocessing(
        columns=columns,
        target=target,
        task=task,
        scale=scale,
        offsets=offsets,
        divisors=divisors,
        classes=classes,
        target_range=[] if classes else _range(table, target, [values[i] for i in train]),
    )
    inputs, targets = preprocessing.inputs(X), preprocessing.targets(values)
    return Samples(
        preprocessing=preprocessing,
        X=inputs[train],
        y=targets[train],
        validation=(inputs[validate], targets[validate]) if len(validate) else None,
        X_test=inputs[test],
        test_values=[values[i] for i in test],
    )


def _inputs(table: Table, target: str) -> list[str]:
    columns = [name for name in table.columns if name != target]
    if not columns:
        raise CommandError(f"{table.path} must have columns beside {target!r}, got none")
    return columns


def _target(
    table: Table, target: str, task: str
) -> tuple[list[Label], npt.NDArray[Any], list[Any]]:
    """Return the classes, the class of each row, and the values."""
    if task == "regress":
        return [], np.zeros(table.rows), table.numbers(target).tolist()
    values = table.labels(target)
    classes = sorted(set(values))
    if len(classes) < 2:
        raise CommandError(
            f"{table.path}: target {target!r} must have two or more classes, "
            f"got only {classes[0]!r} in all {table.rows} rows"
        )
    numbers = {label: number for number, label in enumerate(classes)}
    return classes, np.array([numbers[value] for value in values]), values


def _check_class_sizes(table: Table, target: str, values: list[Any]) -> None:
    single = [label for label, rows in Counter(values).items() if rows == 1]
    if single:
        more = f" (and {len(single) - 1} more such classes)" if len(single) > 1 else ""
        raise CommandError(
            f"{table.path}: each class of {target!r} must have two or more rows, one to train on "
            f"and one to test on, got one of class {single[0]!r}{more}"
        )


def _check_rows(table: Table, least: int) -> None:
    if table.rows < least:
        raise CommandError(f"{table.path} must have at least {least} rows, got {table.rows}")


def _parts(
    table: Table, groups: npt.NDArray[Any], test_size: float, validation_size: float, seed: int
) -> tuple[Rows, Rows, Rows]:
    """Return the rows to train on, to validate with and to test with."""
    mixed = np.random.default_rng(seed).permutation(table.rows)
    train, test = split(mixed, groups, test_size)
    train, validate = split(train, groups, validation_size)
    if validation_size and not len(validate):
        raise CommandError(
            f"{table.path} must have a class with a row for validation too, got {table.rows} rows "
            f"of {len(np.unique(groups))} classes"
        )
    return train, validate, test


def _scaling(
    table: Table, X: Matrix, scale: str, columns: list[str]
) -> tuple[list[float], list[float]]:
    try:
        return scaling(X, scale, columns)
    except OverflowError as error:
        raise CommandError(f"{table.path}: {error}") from None


def _range(table: Table, target: str, values: list[float]) -> list[float]:
    low, high = min(values), max(values)
    if low == high:
        raise CommandError(
            f"{table.path}: target {target!r} must have different values, "
            f"got only {low} in the {len(values)} rows to train on"
        )
    if not np.isfinite(high - low):
        raise CommandError(f"{table.path}: the numbers of {target!r} are too large to be scaled")
    return [low, high]
