"""What a target's values suggest: classes or numbers, why, and how to say otherwise."""

from typing import NamedTuple

import numpy as np

from bp_numba.preprocessing.evidence import why_text
from bp_numba.preprocessing.labels import count_numbers
from bp_numba.preprocessing.values import Column

TASKS = ("classify", "regress")

_MOST_CLASSES = 20


class Task(NamedTuple):
    """A task and why it was chosen.

    Attributes
    ----------
    name : str
        One of `TASKS`.
    reason : str
        What it was guessed from; nothing if it was asked for.
    override : str
        The option for the other task, with its purpose; nothing where that makes no sense.
    """

    name: str
    reason: str = ""
    override: str = ""

    def words(self) -> str:
        """Return how it was guessed and what says otherwise, for one line."""
        if not self.reason:
            return ""
        other = f"; {self.override}" if self.override else ""
        return f" (guessed from {self.reason}{other})"

    def because(self) -> str:
        """Return the same for the end of an error text."""
        if not self.reason:
            return ""
        taken = "classes" if self.name == "classify" else "numbers"
        other = f"; {self.override}" if self.override else ""
        return f" (taken for {taken} because of {self.reason}{other})"


FOR_NUMBERS, FOR_CLASSES = "--task regress for numbers", "--task classify for classes"


def guess_task(column: Column) -> Task:
    """Return the task that suits a target's values, and why."""
    values = column.values
    if values.kind == "booleans":
        return Task("classify", "booleans")
    if values.kind in ("texts", "dates"):
        evidence = why_text(column)
        return Task("classify", evidence or "text", FOR_NUMBERS if evidence else "")
    numbers = values.numbers()
    present = numbers[~np.isnan(numbers)]
    distinct = count_numbers(column)
    whole = bool((present == np.rint(present)).all())
    few = distinct <= min(_MOST_CLASSES, len(present) / 2)
    if whole and few and not (values.numerals and values.numerals.amounts):
        return Task("classify", f"{distinct} different whole numbers", FOR_NUMBERS)
    kind = "whole numbers" if whole else "numbers"
    return Task("regress", f"{distinct} different {kind}", FOR_CLASSES)
