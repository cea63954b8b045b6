"""The values of a column as labels of classes: booleans, integers, numbers, or texts."""

from collections.abc import Hashable
from typing import TypeAlias

import numpy as np

from bp_numba.preprocessing.numerals import read_as_numbers
from bp_numba.preprocessing.values import PAIRS, Column, Values

Label: TypeAlias = bool | int | float | str


def in_line(label: Label) -> str:
    """Return a label as text in one line, also if it holds line ends."""
    return " ".join(str(label).splitlines())


def labels_of(column: Column) -> set[Label]:
    """Return the labels of a column, all of one type; gaps are none."""
    values = column.values
    if values.codes is None:
        return {value for value in np.unique(column.array()).tolist() if value == value}
    if values.kind == "booleans":
        return _boolean_labels(values)
    if values.kind != "numbers" or values.numerals is None:
        return set(values.texts)
    numbers = values.numerals.numbers.tolist()
    if not values.numerals.integers:
        return set(numbers)
    return {_integer(text, number) for text, number in zip(values.texts, numbers, strict=True)}


def count_numbers(column: Column) -> int:
    """Return how many different numbers a column has, also of integers that no float can tell."""
    if column.values.codes is not None:
        return len(labels_of(column))
    numbers = column.array()
    return len(np.unique(numbers[~np.isnan(numbers)]))


def _boolean_labels(values: Values) -> set[Label]:
    """Return booleans, or the words yes and no as they are written most."""
    words = [text.lower() for text in values.texts]
    if set(words) <= set(PAIRS[0]):
        return {word == PAIRS[0][1] for word in words}
    rows = np.array([]) if values.codes is None else values.codes[values.codes >= 0]
    counts = np.bincount(rows, minlength=len(words)).tolist()
    spellings = sorted(zip(counts, words, values.texts, strict=True), key=lambda found: found[0])
    return set({word: text for _, word, text in spellings}.values())


def label_of(text: str, decimal: str) -> Hashable:
    """Return the number or the boolean of a text."""
    lower = text.lower()
    for pair in PAIRS:
        if lower in pair:
            return lower == pair[1]
    numerals = read_as_numbers([text], decimal)
    if numerals is None:
        return None
    number = float(numerals.numbers[0])
    return _integer(text, number) if numerals.integers else number


def _integer(text: str, number: float) -> int:
    """Return the integer that a text says, with thousands separators too; its float is rounded."""
    if abs(number) < 2**53:
        return int(number)
    digits = int("".join(filter(str.isdecimal, text)))
    return -digits if number < 0 else digits
