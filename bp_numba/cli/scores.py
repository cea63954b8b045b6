"""How good predictions are: accuracy with precision and recall of each class, or R2 and RMSE."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]


def accuracy(predicted: Numbers, actual: Numbers) -> float:
    """Return the share of equal numbers."""
    return float(np.mean(predicted == actual))


def class_table(predicted: Numbers, actual: Numbers, classes: Sequence[Any]) -> list[str]:
    """Return lines of precision, recall and rows for each class; a dash where there is none."""
    width = max(5, *(len(str(label)) for label in classes))
    lines = [f"{'class':>{width}}  precision  recall  rows"]
    for number, label in enumerate(classes):
        hits = int(np.sum((predicted == number) & (actual == number)))
        found, rows = int(np.sum(predicted == number)), int(np.sum(actual == number))
        precision = f"{hits / found:.3f}" if found else "-"
        recall = f"{hits / rows:.3f}" if rows else "-"
        lines.append(f"{label!s:>{width}}  {precision:>9}  {recall:>6}  {rows:>4}")
    return lines


def r_squared(predicted: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """Return 1 - (sum of squared errors) / (sum of squares about the mean).

    NaN where all actual values are equal: then it is not defined.
    """
    predicted, actual = np.asarray(predicted), np.asarray(actual)
    total = np.sum((actual - actual.mean()) ** 2)
    return float(1 - np.sum((predicted - actual) ** 2) / total) if total > 0 else float("nan")


def root_mean_squared_error(predicted: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """Return the square root of the mean squared error."""
    return float(np.sqrt(np.mean((np.asarray(predicted) - np.asarray(actual)) ** 2)))
