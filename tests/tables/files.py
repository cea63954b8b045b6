"""Files of tables, written and read again."""

from pathlib import Path

import numpy as np

from bp_numba.tables.errors import TableError
from bp_numba.tables.reading import read_table
from bp_numba.tables.table import Texts
from bp_numba.tables.text_files import Reading


def table_of(folder, content, name="data.csv", **how):
    """Return the table of a file with this content."""
    path = Path(folder) / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path, Reading(**how))


def refusal(folder, content, name="data.csv", **how):
    """Return why a file is refused, or one of its columns."""
    try:
        cells_of(table_of(folder, content, name, **how))
    except TableError as error:
        assert "\n" not in str(error)
        return str(error)
    raise AssertionError("was read")


def cells_of(table):
    """Return the columns as lists of cells, None for gaps of text; check what Texts promise."""
    columns = {name: _as_list(table.cells(name)) for name in table.columns}
    assert all(len(cells) == table.rows for cells in columns.values())
    return columns


def rows_of(table):
    """Return the rows as lists of texts, "" for gaps."""
    columns = cells_of(table).values()
    return [
        ["" if cell is None else str(cell) for cell in row] for row in zip(*columns, strict=True)
    ]


def _as_list(cells):
    if not isinstance(cells, Texts):
        return cells.tolist()
    codes, values = cells
    numbers, first = np.unique(codes[codes >= 0], return_index=True)
    assert codes.dtype == np.int32 and numbers.tolist() == [*range(len(values))]
    assert np.all(np.diff(first) > 0)  # in the order in which they appear
    assert len(set(values)) == len(values) and all(text and text == text.strip() for text in values)
    return [None if code < 0 else values[code] for code in codes.tolist()]
