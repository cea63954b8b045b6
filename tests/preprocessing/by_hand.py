"""Tables made by hand, and tables that hypothesis makes."""

import numpy as np
from hypothesis import strategies as st

from bp_numba.tables.table import Table, Texts


def texts(cells):
    """Return cells as a reader gives them: each different text once, -1 for an empty one."""
    numbers = {}
    codes = [numbers.setdefault(cell, len(numbers)) if cell else -1 for cell in cells]
    return Texts(np.array(codes, dtype=np.int32), list(numbers))


def table(columns, decimal=".", name="t.csv"):
    """Return a table of a dict of columns: arrays, lists of texts, or texts between commas."""
    made = {}
    for column, cells in columns.items():
        cells = cells.split(",") if isinstance(cells, str) else cells
        made[column] = cells if isinstance(cells, np.ndarray) else texts(list(map(str, cells)))
    rows = {
        len(cells) if isinstance(cells, np.ndarray) else len(cells.codes) for cells in made.values()
    }
    assert len(rows) == 1
    columns = {column: lambda cells=cells: cells for column, cells in made.items()}
    return Table(name, rows.pop(), columns, header=1, decimal=decimal)


def numbered(rows):
    """Return the cells of a column of numbers of which nothing stands out."""
    return [f"{value:.6g}" for value in np.random.default_rng(0).normal(size=rows)]


GAPS = st.sampled_from(["", "?", "NA", "n/a", "NaN", "null", "None"])
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SPELT = st.one_of(FLOATS.map(repr), st.integers(-(10**20), 10**20).map(str))
WORDS = st.sampled_from(["red", "green", "dark blue", "01", "10", "$", "1_000", "-", "x" * 50])


@st.composite
def tables(draw):
    """Draw a table of one to five columns of any kind, and a target `y` of classes or numbers."""
    count = draw(st.integers(6, 25))

    def column(cells):
        return draw(st.lists(cells, min_size=count, max_size=count))

    kinds = [
        lambda: column(SPELT),
        lambda: column(st.one_of(SPELT, GAPS)),
        lambda: column(st.one_of(WORDS, GAPS)),
        lambda: column(st.sampled_from(["Yes", "no", "YES", ""])),
        lambda: np.array(column(FLOATS)),
        lambda: np.array(column(st.booleans())),
        lambda: np.array(column(st.one_of(FLOATS, st.just(np.nan)))),
        lambda: column(st.just("3")),
    ]
    columns = {"x0": column(SPELT)}
    for number in range(1, draw(st.integers(1, 5))):
        columns[f"x{number}"] = draw(st.sampled_from(kinds))()
    if draw(st.booleans()):
        columns["y"] = [("u", "v")[row % 2] for row in range(count)]
    else:
        columns["y"] = [repr(draw(FLOATS)) for _ in range(count)]
    return table(columns)
