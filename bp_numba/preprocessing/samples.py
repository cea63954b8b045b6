"""From a table to samples: those to train on, to validate with and to test with."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bp_numba.preprocessing.columns import choose_roles
from bp_numba.preprocessing.goals import Goal, read_goal
from bp_numba.preprocessing.guessing import Task
from bp_numba.preprocessing.inputs import Reader, learn_inputs, write_inputs
from bp_numba.preprocessing.preprocessing import Preprocessing
from bp_numba.preprocessing.splitting import Rows, balance, split
from bp_numba.tables.errors import TableError
from bp_numba.tables.table import Table

Matrix = npt.NDArray[np.float64]

_WITHOUT = "; --validation-size 0 keeps none to validate with"


class Wanted(NamedTuple):
    """What is asked of a table.

    Attributes
    ----------
    targets : sequence of str
        The columns to predict; several are numbers.
    task : str, optional
        "classify" or "regress"; without it, what the target suggests.
    ignore, categorical : sequence of str
        Columns that are no inputs, and columns of numbers that are categories.
    scale, target_scale : str
        "minmax", "standard" or "none"; "sigmoid" or "standard".
    test_size, validation_size : float
        Shares of the rows, the second of those that the first has left.
    seed : int
        Of the split.
    class_weight : str, optional
        "balanced" makes all classes count alike.
    repeats : bool
        Whether rows of rarer classes are repeated for that, or the network weighs them itself.
    """

    targets: Sequence[str]
    task: str | None = None
    ignore: Sequence[str] = ()
    categorical: Sequence[str] = ()
    scale: str = "minmax"
    target_scale: str = "sigmoid"
    test_size: float = 0.25
    validation_size: float = 0.0
    seed: int = 0
    class_weight: str | None = None
    repeats: bool = True


@dataclass(frozen=True)
class Samples:
    """What a network is trained, validated and tested with.

    Attributes
    ----------
    preprocessing : Preprocessing
        Made from the rows to train on only.
    task : Task
        What is predicted, and why.
    X, y : arrays of shape (samples, inputs) and (samples, outputs)
        To train on; a row may be there again and again if classes are balanced.
    validation : (X, y) or None
        The same, to validate with, balanced too.
    X_test, test_values : arrays
        Inputs to test with, and the numbers of their classes, or numbers of shape (rows, targets).
    rows : tuple of int
        Numbers of different rows to train on, to validate with and to test with.
    notes : list of str
        What there is to tell about the columns and rows, a line each.
    """

    preprocessing: Preprocessing
    task: Task
    X: Matrix
    y: Matrix
    validation: tuple[Matrix, Matrix] | None
    X_test: Matrix
    test_values: npt.NDArray[Any]
    rows: tuple[int, int, int]
    notes: list[str]

    def sizes(self) -> list[int]:
        """Return the numbers of rows to train on, to validate with and to test with."""
        return list(self.rows)

    def digest(self) -> str:
        """Return a text that differs where training would differ."""
        digest = hashlib.sha256()
        for array in (self.X, self.y, *(self.validation or ())):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()[:16]


def make_samples(table: Table, wanted: Wanted) -> Samples:
    """Return the samples of a table, split by the seed.

    Raises
    ------
    TableError
        If the columns asked for, the values of a column, or the number of rows do not allow it.
    """
    roles = choose_roles(table, wanted.targets, wanted.ignore, wanted.categorical)
    goal = read_goal(table, wanted.targets, wanted.task)
    if wanted.class_weight is not None:
        goal.check_classes()
    train, validate, test = _parts(table, goal, wanted)
    reader = Reader(table)
    encoders, notes = learn_inputs(reader, roles.inputs, train, wanted.scale, roles.categorical)
    preprocessing = Preprocessing(
        tuple(encoders), goal.learn(train, wanted.target_scale), wanted.scale
    )
    parts = [train, validate, test]
    if wanted.class_weight is not None and wanted.repeats:
        parts[:2] = [rows[balance(goal.values[rows], wanted.seed)] for rows in parts[:2]]
    (X, X_validate, X_test), _ = write_inputs(encoders, reader, parts)
    y, y_validate = (preprocessing.targets(goal.values[rows]) for rows in parts[:2])
    return Samples(
        preprocessing=preprocessing,
        task=goal.task,
        X=X,
        y=y,
        validation=(X_validate, y_validate) if len(validate) else None,
        X_test=X_test,
        test_values=goal.values[test],
        rows=(len(train), len(validate), len(test)),
        notes=[*goal.notes, *notes],
    )


def _parts(table: Table, goal: Goal, wanted: Wanted) -> tuple[Rows, Rows, Rows]:
    """Return the rows to train on, to validate with and to test with."""
    if wanted.test_size:
        goal.check_class_sizes()
    least = 2 + (wanted.test_size > 0) + (wanted.validation_size > 0)
    if len(goal.rows) < least:
        beside = f" with a target, got {len(goal.rows)} of {table.rows}"
        got = beside if len(goal.rows) < table.rows else f", got {table.rows}"
        way = _WITHOUT if wanted.validation_size else ""
        raise TableError(f"{table.name} must have at least {least} rows{got}{way}")
    mixed = goal.rows[np.random.default_rng(wanted.seed).permutation(len(goal.rows))]
    train, test = split(mixed, goal.groups, wanted.test_size)
    train, validate = split(train, goal.groups, wanted.validation_size)
    if wanted.validation_size and not len(validate):
        left = f" left by --test-size {wanted.test_size:g}" if wanted.test_size else ""
        of_class, own = (
            (" of a class", ", each of a class of its own") if goal.classes else ("", "")
        )
        got = f"{len(train)} of {len(goal.rows)}" if left else f"{len(train)}"
        raise TableError(
            f"{table.name} must have two or more rows{of_class}{left}, one to train on and one to "
            f"validate with, got {got}{own}{_WITHOUT}"
        )
    return train, validate, test
