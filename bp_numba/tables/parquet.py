"""Tables in Parquet files, read by Polars, which is imported here only."""

import contextlib
import io
import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from bp_numba.tables.errors import TableError
from bp_numba.tables.names import named
from bp_numba.tables.table import Cells, Table, Texts
from bp_numba.tables.texts import encoded

_FEW = 1_000
"""Of at most so many rows, integers with gaps are texts even if all differ."""


def read_parquet(name: str, content: bytes) -> Table:
    """Return the table that a Parquet file holds.

    Parameters
    ----------
    name : str
        The file, for error texts.

    Raises
    ------
    TableError
        If Polars is not installed, or cannot read the file. What it reads, but is neither numbers,
        booleans, text nor times is refused when the column is asked for.
    """
    polars = _polars(name)
    try:
        with _panics_unprinted():
            frame = polars.read_parquet(io.BytesIO(content))
    except (Exception, polars.exceptions.PanicException) as error:  # no Exception, as few know
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise TableError(
            f"{name} must be a Parquet file, got something else or a damaged one: {reason:.200}"
        ) from None
    makers: list[Callable[[], Cells]] = [
        partial(_cells, polars, name, series) for series in frame.get_columns()
    ]
    columns, left_out = named(name, frame.columns, makers)
    if not frame.height:
        raise TableError(f"{name} has no rows")
    notes = tuple(column.why for column in left_out)
    return Table(name, frame.height, columns, notes=notes, left_out=left_out)


def _cells(polars: Any, name: str, series: Any) -> Cells:
    try:
        return _converted(polars, name, series)
    except polars.exceptions.PolarsError as error:
        raise TableError(f"{name}: column {series.name!r}: {str(error).splitlines()[0]}") from None


def _converted(polars: Any, name: str, series: Any) -> Cells:
    dtype = series.dtype
    if dtype == polars.Boolean:
        if not series.null_count():
            return np.asarray(series.to_numpy())
        return encoded([("" if value is None else str(value).lower()) for value in series])
    if dtype.is_integer() or (dtype == polars.Decimal and dtype.scale == 0):
        return _integers(polars, series)
    if dtype.is_numeric():
        return np.asarray(series.cast(polars.Float64).fill_null(np.nan).to_numpy())
    if dtype in (polars.String, polars.Categorical, polars.Enum, polars.Null):
        return _texts(polars, series)
    if dtype in (polars.Date, polars.Datetime, polars.Time):
        return _texts(polars, series)
    raise TableError(
        f"{name}: column {series.name!r} must hold numbers, booleans or text, got {dtype}; "
        "--ignore leaves it out"
    )


def _integers(polars: Any, series: Any) -> Cells:
    """Return integers as such; with gaps as texts, or as numbers if nearly all differ.

    As `column_cells` does with those of text files: texts of a million take two seconds.
    """
    integers = series.cast(polars.Int64, strict=False)
    if not integers.null_count():
        return np.asarray(integers.to_numpy())
    numbers = np.asarray(series.cast(polars.Float64).fill_null(np.nan).to_numpy())
    many = len(series) > _FEW and 2 * series.n_unique() > len(series)
    if many and (np.isnan(numbers) | (np.abs(numbers) < 2**53)).all():
        return numbers
    return _texts(polars, series)


def _texts(polars: Any, series: Any) -> Texts:
    """Return texts, or times as ISO 8601 writes them, with a space before the hours."""
    return encoded(series.cast(polars.String).fill_null("").to_list())


@contextlib.contextmanager
def _panics_unprinted() -> Iterator[None]:
    """Keep off the terminal what Rust prints of a panic, to the descriptor, not to sys.stderr."""
    try:
        kept = os.dup(2)
    except OSError:  # closed: nothing is printed
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _polars(name: str) -> Any:
    try:
        import polars
    except ModuleNotFoundError:
        raise TableError(
            f"reading {name} needs polars, which is not installed: pip install 'bp_numba[cli]'"
        ) from None
    return polars
