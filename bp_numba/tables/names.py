"""The names of columns: what has none, or the same twice, and the index columns of pandas."""

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bp_numba.tables.errors import TableError
from bp_numba.tables.table import Cells, LeftOut, Texts, listed

_PARQUET_INDEX = re.compile(r"__index_level_\d+__")
_UNNAMED = re.compile(r"Unnamed: \d+(\.\d+)*")
_FIRST_UNNAMED = re.compile(r"Unnamed: 0(\.\d+)*")


def named(
    source: str, names: Sequence[str], cells: Sequence[Callable[[], Cells]]
) -> tuple[Mapping[str, Callable[[], Cells]], tuple[LeftOut, ...]]:
    """Return the columns by name, and those that were left out.

    A column without a name is left out if it is empty throughout, or is the first and numbers or
    names the rows, as pandas and R write it: whole numbers that count up (and may begin anew) or
    none of which comes twice, or texts of which none comes twice. So is one of pandas' names for
    such columns.

    Raises
    ------
    TableError
        If another column has no name, two columns have the same, or no column is left.
    """
    columns, left_out = {}, []
    for number, (name, column) in enumerate(zip(names, cells, strict=True), 1):
        if why := _left_out(source, number, name, column):
            left_out.append(LeftOut(number, name, why))
        else:
            columns[name] = column
    _check_different(source, [(i, name) for i, name in enumerate(names, 1) if name in columns])
    if not columns:
        whys = "; ".join(column.why for column in left_out)
        raise TableError(f"{source} has no columns{': ' if whys else ''}{whys}")
    return columns, tuple(left_out)


def _left_out(source: str, number: int, name: str, column: Callable[[], Cells]) -> str:
    """Return a note if a column is to be left out, else nothing."""
    if _PARQUET_INDEX.fullmatch(name):
        return f"column {name!r} is the index of pandas: left out"
    if name and not _UNNAMED.fullmatch(name):
        return ""
    called = f"column {name!r}" if name else f"column {number} has no name and"
    values = column()
    if isinstance(values, Texts) and not values.values:
        return f"{called} is empty: left out"
    if (number == 1 and not name) or _FIRST_UNNAMED.fullmatch(name):
        if _is_index(values):
            return f"{called} numbers the rows: left out as an index"
        if not name and _all_different_texts(values):
            return f"{called} names the rows: left out as an index"
    if name:
        return ""
    what = "is not an index, as its cells are no whole numbers that count up, nor all different"
    hint = what if number == 1 else "is not empty"
    raise TableError(f"{source}: column {number} must have a name: it {hint}")


def _is_index(cells: Cells) -> bool:
    numbers = _whole_numbers(cells)
    if numbers is None or not len(numbers):
        return False
    if len(np.unique(numbers)) == len(numbers):
        return True
    counting = np.diff(numbers) == 1
    return bool(counting.any() and np.all(counting | (numbers[1:] == numbers[0])))


def _whole_numbers(cells: Cells) -> np.ndarray | None:
    """Return the cells as integers if all of them are such."""
    if not isinstance(cells, Texts):
        return cells if cells.dtype.kind == "i" else None
    plain = all(text.isascii() and text.isdigit() and len(text) < 19 for text in cells.values)
    if not plain or (cells.codes < 0).any():
        return None
    return np.array([int(text) for text in cells.values], dtype=np.int64)[cells.codes]


def _all_different_texts(cells: Cells) -> bool:
    if not isinstance(cells, Texts) or len(cells.values) < len(cells.codes):
        return False
    return not any(re.fullmatch(r"[-+.,0-9eE]+", text) for text in cells.values)


def _check_different(source: str, names: Sequence[tuple[int, str]]) -> None:
    places: dict[str, list[int]] = {}
    for number, name in names:
        places.setdefault(name, []).append(number)
    twice = [
        f"columns {', '.join(map(str, found[:-1]))} and {found[-1]} are all called {name!r}"
        if len(found) > 2
        else f"columns {found[0]} and {found[1]} are both called {name!r}"
        for name, found in places.items()
        if len(found) > 1
    ]
    if twice:
        raise TableError(f"{source} must have different names of columns: {listed(twice, 4)}")
