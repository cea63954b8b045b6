"""Whether the first row of a text file holds names or data.

It looks like data

- if one of its cells is a number, and so are most cells below it, unless its numbers are those that
  names are made of, and those of the second row are not: years from 1900 to 2100, or three or more
  whole numbers that rise by one step, such as 0, 1, 2 or 400, 410, 420; or
- if each of its cells occurs again below it, in rows that are not the same as a whole.
"""

from collections.abc import Sequence
from itertools import pairwise

from bp_numba.tables.gaps import says_nothing
from bp_numba.tables.looks import is_number

SAMPLE = 100
"""How many rows below the first are looked at."""


def looks_like_data(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first row is data, by the rows below it that have as many fields."""
    rows = [row for row in below if len(row) == len(first)]
    if not rows:
        return False
    columns = list(zip(*rows, strict=True))
    if any(is_number(first[j]) and _numbers(column) for j, column in enumerate(columns)):
        return not _are_names(first) or _are_names(rows[0])
    others = list(zip(*(row for row in rows if row != list(first)), strict=True))
    filled = [j for j, cell in enumerate(first) if cell.strip()]
    return bool(others and filled) and all(first[j] in others[j] for j in filled)


def _numbers(column: Sequence[str]) -> bool:
    """Tell whether most cells are numbers."""
    cells = [cell for cell in column if not says_nothing(cell.strip())]
    return 2 * sum(map(is_number, cells)) > len(cells)


def _are_names(row: Sequence[str]) -> bool:
    """Tell whether the numbers of a row are of the kind that names are made of."""
    cells = [cell.strip() for cell in row if is_number(cell)]
    if not all(cell.isascii() and cell.isdigit() and len(cell) < 10 for cell in cells):
        return False
    numbers = [int(cell) for cell in cells]
    if all(1900 <= number <= 2100 for number in numbers):
        return len(set(numbers)) == len(numbers) > 0
    steps = {later - earlier for earlier, later in pairwise(numbers)}
    return len(numbers) > 2 and len(steps) == 1 and steps.pop() > 0
