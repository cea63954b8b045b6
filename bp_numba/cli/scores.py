"""How good predicted classes are: accuracy, precision and recall of each, and what is confused."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bp_numba.preprocessing.labels import in_line

Numbers = npt.NDArray[np.int64]


def accuracy(predicted: Numbers, actual: Numbers) -> float:
    """Return the share of equal numbers."""
    return float(np.mean(predicted == actual))


def class_table(predicted: Numbers, actual: Numbers, classes: Sequence[Any]) -> list[str]:
    """Return lines of precision, recall and rows for each class; a dash where there is none."""
    names = [in_line(label) for label in classes]
    width = max(5, *map(len, names))
    lines = [f"{'class':>{width}}  precision  recall  rows"]
    for number, name in enumerate(names):
        hits = int(np.sum((predicted == number) & (actual == number)))
        found, rows = int(np.sum(predicted == number)), int(np.sum(actual == number))
        precision = f"{hits / found:.3f}" if found else "-"
        recall = f"{hits / rows:.3f}" if rows else "-"
        lines.append(f"{name:>{width}}  {precision:>9}  {recall:>6}  {rows:>4}")
    return lines


def balanced_accuracy(predicted: Numbers, actual: Numbers) -> float:
    """Return the mean recall of the classes that there are."""
    hits = predicted == actual
    return float(np.mean([np.mean(hits[actual == number]) for number in np.unique(actual)]))


def confusion_matrix(predicted: Numbers, actual: Numbers, classes: Sequence[Any]) -> list[str]:
    """Return lines of how many rows of each class, a line, were predicted as each, a column."""
    counts = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(counts, (actual, predicted), 1)
    names = [in_line(label) for label in classes]
    first, width = max(map(len, names)), max(len(str(counts.max())), *map(len, names))
    lines = [" " * first + "".join(f"  {name:>{width}}" for name in names)]
    for name, row in zip(names, counts, strict=True):
        lines.append(f"{name:>{first}}" + "".join(f"  {count:>{width}}" for count in row))
    return lines
