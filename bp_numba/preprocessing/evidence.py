"""What keeps a column of texts from being one of numbers or dates, if it nearly is."""

import re

from bp_numba.preprocessing.dates import are_dates
from bp_numba.preprocessing.numerals import read_number, read_numerals, read_plain
from bp_numba.preprocessing.values import Column

_ENOUGH = 100
"""If most of so many texts are no numbers, the others need not be asked."""

_BEHIND = re.compile(r"(.*?) ?([^0-9.,%]{1,10})")


def why_text(column: Column) -> str:
    """Return which cell keeps a column from being one of numbers; nothing if most of them do."""
    texts, decimal = column.values.texts, column.table.decimal
    if column.values.codes is None or not texts:
        return ""
    other = "," if decimal == "." else "."
    if read_numerals(texts, other) is not None:
        return f"{_cell(column, 0)}, a number with --decimal {other!r}"
    if _most_are_texts(texts[:_ENOUGH], decimal):
        unit = _common_unit(texts[:_ENOUGH])
        return f"{_cell(column, 0)}, a number and {unit!r}" if unit else ""
    are_texts = [read_number(text, decimal) is None for text in texts]
    if any(are_texts):
        return "" if sum(are_texts) > len(texts) / 2 else _cell(column, are_texts.index(True))
    for read in (read_numerals, read_plain):  # a leading zero, or they are not written alike
        for code, text in enumerate(texts):
            if read([text], decimal) is None:
                return _cell(column, code)
    return ""


def why_no_dates(column: Column) -> str:
    """Return which cell keeps a column from being one of dates; nothing if most of them do."""
    texts = column.values.texts[:_ENOUGH]
    are_texts = [not are_dates([text]) for text in texts]
    few = 0 < sum(are_texts) < len(texts) / 2
    return f"{_cell(column, are_texts.index(True))}, where most are dates" if few else ""


def _common_unit(texts: list[str]) -> str:
    """Return what is behind each of the texts, if the rest of each is a number."""
    parts = [match.groups() for match in map(_BEHIND.fullmatch, texts) if match]
    units = {unit for _, unit in parts}
    if len(parts) < len(texts) or len(units) > 1:
        return ""
    are_numbers = all(
        any(read_number(rest, decimal) is not None for decimal in ".,") for rest, _ in parts
    )
    return units.pop() if are_numbers else ""


def _most_are_texts(texts: list[str], decimal: str) -> bool:
    return sum(read_number(text, decimal) is None for text in texts) > len(texts) / 2


def _cell(column: Column, code: int) -> str:
    return f"{column.values.texts[code]!r:.60} in {column.short_row(column.row_of(code))}"
