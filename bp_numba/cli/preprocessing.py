"""From columns of a table to a network's inputs and targets, and from its outputs back.

Everything that this takes is kept in a model file as JSON.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Label = bool | int | float | str
Matrix = npt.NDArray[np.float64]

TASKS, SCALES = ("classify", "regress"), ("minmax", "standard", "none")

LOW, HIGH = 0.1, 0.9
"""Outputs for the lowest and the highest target: a sigmoid never reaches 0 and 1."""


@dataclass(frozen=True)
class Preprocessing:
    """How a network's inputs and targets come from a table.

    Attributes
    ----------
    target, task : str
        The column that is predicted; one of `TASKS`.
    columns : list of str
        The inputs, in the network's order.
    scale : str
        One of `SCALES`.
    offsets, divisors : list of float
        An input is (value - offset) / divisor, column by column.
    classes : list of bool, int, float or str
        What the outputs stand for; empty for regression.
    target_range : list of float
        For regression the targets that become `LOW` and `HIGH`, else empty.
    """

    target: str
    task: str
    columns: list[str]
    scale: str
    offsets: list[float]
    divisors: list[float]
    classes: list[Label]
    target_range: list[float]

    @property
    def outputs(self) -> int:
        """Number of output units: one for each class, or one for a number."""
        return len(self.classes) or 1

    def inputs(self, X: Matrix) -> Matrix:
        """Return the scaled inputs, shape (rows, columns)."""
        with np.errstate(over="ignore"):  # infinity saturates the sigmoids
            scaled: Matrix = (X - np.array(self.offsets)) / np.array(self.divisors)
        return scaled

    def targets(self, values: Sequence[Label] | Matrix) -> Matrix:
        """Return the outputs to train for, shape (rows, outputs): one-hot, or scaled numbers."""
        if self.classes:
            return np.eye(len(self.classes))[self.class_numbers(values)]
        low, high = self.target_range
        scaled: Matrix = LOW + (HIGH - LOW) * (np.asarray(values, dtype=np.float64) - low) / (
            high - low
        )
        return scaled[:, np.newaxis]

    def class_numbers(self, values: Sequence[Label] | Matrix) -> npt.NDArray[np.int64]:
        """Return the number of each label's class, -1 where it is none of them."""
        numbers = {label: number for number, label in enumerate(self.classes)}
        return np.array([numbers.get(value, -1) for value in values], dtype=np.int64)

    def decode(self, outputs: Matrix) -> list[Label]:
        """Return the class of the largest output of each row, or the number."""
        if self.classes:
            return [self.classes[number] for number in outputs.argmax(axis=1)]
        low, high = self.target_range
        numbers = low + (outputs[:, 0] - LOW) / (HIGH - LOW) * (high - low)
        decoded: list[Label] = numbers.tolist()
        return decoded

    def to_dict(self) -> dict[str, Any]:
        """Return a new dict that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """Return what `to_dict` was called on.

        Raises
        ------
        ValueError
            If the values are not such as `to_dict` returns; they may come from any file.
        """
        _check(values, [field.name for field in fields(cls)])
        return cls(**values)


def probabilities(outputs: Matrix) -> Matrix:
    """Return each row divided by its sum; equal shares where all outputs are 0."""
    sums = outputs.sum(axis=1, keepdims=True)
    shares: Matrix = np.full(outputs.shape, 1 / outputs.shape[1])
    np.divide(outputs, sums, out=shares, where=sums > 0)
    return shares


def scaling(X: Matrix, scale: str, columns: Sequence[str]) -> tuple[list[float], list[float]]:
    """Return offsets and divisors of the columns of X, such that no divisor is 0.

    The names of the columns are for error texts.

    Raises
    ------
    OverflowError
        If the numbers are too large to scale.
    """
    offsets, divisors = np.zeros(len(columns)), np.ones(len(columns))
    with np.errstate(over="ignore", invalid="ignore"):
        lowest, spread = X.min(axis=0), np.ptp(X, axis=0)
        if scale == "minmax":
            offsets, divisors = lowest, spread
        elif scale == "standard":
            offsets, divisors = X.mean(axis=0), X.std(axis=0)
    # The deviation of a constant column is often a little above 0, by rounding.
    divisors = np.where((spread == 0) | (divisors == 0), 1.0, divisors)
    for name, finite in zip(columns, np.isfinite(offsets) & np.isfinite(divisors), strict=True):
        if not finite:
            raise OverflowError(f"column {name!r} has numbers that are too large to be scaled")
    return offsets.tolist(), divisors.tolist()


def guess_task(values: Sequence[Label]) -> tuple[str, str]:
    """Return the task that suits a target's values, and why."""
    if isinstance(values[0], bool):
        return "classify", "booleans"
    if isinstance(values[0], str):
        return "classify", "text"
    distinct = len(set(values))
    whole = all(float(value).is_integer() for value in values)
    if whole and distinct <= min(20, len(values) / 2):
        return "classify", f"{distinct} different whole numbers"
    return "regress", f"{distinct} different {'whole ' if whole else ''}numbers"


def _check(values: Any, names: list[str]) -> None:
    if not isinstance(values, dict) or sorted(values) != sorted(names):
        raise ValueError(f"must hold {', '.join(names)}")
    columns, classes, target_range = (
        values[name] for name in ("columns", "classes", "target_range")
    )
    if not _are(str, columns) or not columns or len(set(columns)) < len(columns):
        raise ValueError("columns must be a list of different names")
    if not isinstance(values["target"], str):
        raise ValueError("target must be the name of a column")
    if values["task"] not in TASKS or values["scale"] not in SCALES:
        raise ValueError(f"task must be one of {TASKS}, and scale one of {SCALES}")
    for name in ("offsets", "divisors"):
        if not _are_finite(values[name]) or len(values[name]) != len(columns):
            raise ValueError(f"{name} must be a finite number for each of the columns")
    if not all(values["divisors"]):
        raise ValueError("divisors must not be 0")
    if values["task"] == "classify":
        same = any(_are(kind, classes) for kind in (bool, int, float, str))
        if not same or len(set(classes)) < max(2, len(classes)) or target_range != []:
            raise ValueError("classes must be two or more different values of one type")
    elif (
        classes != []
        or not _are_finite(target_range)
        or len(target_range) != 2
        or not target_range[0] < target_range[1]
    ):
        raise ValueError("target_range must be two finite numbers, the lower one first")


def _are(kind: type, values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is kind for value in values)


def _are_finite(values: Any) -> bool:
    return _are(float, values) and all(map(math.isfinite, values))
