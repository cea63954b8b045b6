"""Files that hold tables: CSV, Parquet, and .npz with X and y.

CSV and Parquet are read by Polars, which is imported here only, and only for them.
"""

import csv
import io
import zipfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bp_numba.cli.errors import CommandError
from bp_numba.cli.tables import Array, Table

_CANONICAL, _LEADING_ZERO = r"^-?(0|[1-9][0-9]*)$", r"^[+-]?0[0-9]"


def read_table(path: Path) -> Table:
    """Read a file; its suffix tells the format.

    Raises
    ------
    CommandError
        If the suffix is unknown, Polars is needed and not installed, or the file holds no table
        with at least one row.
    OSError
        If it cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix not in _READERS:
        raise CommandError(f"{path} must end in {', '.join(_READERS)}, which tells its format")
    content = path.read_bytes()
    if not content.strip():
        raise CommandError(f"{path} is empty")
    table = _READERS[suffix](path, content)
    if not table.rows:
        raise CommandError(f"{path} has no rows{' below its header' if table.header else ''}")
    return table


def _read_csv(path: Path, content: bytes) -> Table:
    polars = _polars(path)
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CommandError(
            f"{path} must be text in UTF-8, got byte 0x{content[error.start]:02x} in line {line}"
        ) from None
    try:  # all as text, and the header as a row: Polars would rename columns of one name
        frame = polars.read_csv(io.BytesIO(content), has_header=False, infer_schema_length=0)
    except polars.exceptions.PolarsError as error:
        _check_widths(path, content)
        raise _not_readable(path, "CSV file", error) from None
    stripped = [series.str.strip_chars() for series in frame]
    names = [series[0] or "" for series in stripped]
    if len(names) == 1 and (";" in names[0] or "\t" in names[0]):
        raise CommandError(f"{path} must have commas between its columns, got {names[0]!r:.80}")
    _check_names(path, names)
    texts = [series[1:].replace("", None) for series in stripped]
    filled = [series.is_not_null().arg_true() for series in texts]
    rows = max((int(indices[-1]) + 1 for indices in filled if len(indices)), default=0)
    columns = {
        name: partial(_text_values, polars, series[:rows])  # blank lines at the end are no rows
        for name, series in zip(names, texts, strict=True)
    }
    return Table(path, rows, columns, header=1)


def _check_widths(path: Path, content: bytes) -> None:
    rows = csv.reader(io.StringIO(content.decode("utf-8"), newline=""))
    header = len(next(rows))
    for number, row in enumerate(rows, 2):
        if len(row) > header:
            raise CommandError(
                f"{path}: row {number} must have no more fields than the header, {header}, "
                f"got {len(row)} (the header is row 1)"
            )


def _text_values(polars: Any, series: Any) -> Any:
    """Return a column of CSV text as what all of its values are."""
    present = series.drop_nulls()
    numbers = present.cast(polars.Float64, strict=False)
    if numbers.null_count() or present.str.contains(_LEADING_ZERO).any():
        words = present.str.to_lowercase()
        if len(present) == len(series) and words.is_in(["true", "false"]).all():
            return (words == "true").to_numpy()
        return np.array(series.to_list(), dtype=object)
    if len(present) == len(series) and present.str.contains(_CANONICAL).all():
        integers = present.cast(polars.Int64, strict=False)
        if not integers.null_count():
            return integers.to_numpy()
    return series.cast(polars.Float64, strict=False).to_numpy()


def _read_parquet(path: Path, content: bytes) -> Table:
    polars = _polars(path)
    try:
        frame = polars.read_parquet(io.BytesIO(content))
    except (polars.exceptions.PolarsError, polars.exceptions.PanicException, OSError) as error:
        raise _not_readable(path, "Parquet file", error) from None
    _check_names(path, frame.columns)
    columns = {series.name: partial(_typed_values, polars, path, series) for series in frame}
    return Table(path, frame.height, columns, header=0)


def _typed_values(polars: Any, path: Path, series: Any) -> Any:
    """Return a column of a Parquet file."""
    dtype = series.dtype
    if dtype == polars.Boolean and not series.null_count():
        return series.to_numpy()
    if dtype.is_integer() and not series.null_count():
        integers = series.cast(polars.Int64, strict=False)
        if not integers.null_count():
            return integers.to_numpy()
    if dtype.is_numeric() or dtype == polars.Boolean:
        return series.cast(polars.Float64).to_numpy()
    if dtype in (polars.String, polars.Categorical, polars.Enum):
        texts = [text or None for text in series.cast(polars.String).to_list()]
        return np.array(texts, dtype=object)
    raise CommandError(
        f"{path}: column {series.name!r} must hold numbers, booleans or text, got {dtype}"
    )


def _read_npz(path: Path, content: bytes) -> Table:
    try:
        if not zipfile.is_zipfile(io.BytesIO(content)):  # np.load would speak of pickles
            raise zipfile.BadZipFile("no archive")
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in ("X", "y") if name in archive}
    except Exception as error:  # whatever zipfile and NumPy say of hostile bytes
        raise _not_readable(path, ".npz file of plain arrays", error) from None
    X, y = arrays.get("X"), arrays.get("y")
    if X is None or X.ndim != 2 or X.dtype.kind not in "biuf":
        got = "none" if X is None else f"{X.dtype} of shape {X.shape}"
        raise CommandError(f"{path} must hold numbers X of shape (rows, columns), got {got}")
    columns = {f"x{j}": partial(_array_values, X[:, j]) for j in range(X.shape[1])}
    if y is not None:
        if y.shape not in ((len(X),), (len(X), 1)) or y.dtype.kind not in "biufU":
            raise CommandError(
                f"{path} must hold numbers or text y of shape ({len(X)},), as many as X has rows, "
                f"got {y.dtype} of shape {y.shape}"
            )
        columns["y"] = partial(_array_values, y.ravel())
    return Table(path, len(X), columns, header=0)


def _array_values(array: Array) -> Array:
    if array.dtype.kind == "U":
        return np.array([text or None for text in array.tolist()], dtype=object)
    if array.dtype.kind == "b" or np.can_cast(array.dtype, np.int64):
        return array if array.dtype.kind == "b" else array.astype(np.int64)
    return array.astype(np.float64)


def _check_names(path: Path, names: Sequence[str]) -> None:
    for number, name in enumerate(names, 1):
        if not name:
            raise CommandError(f"{path}: column {number} must have a name, got none in the header")
        if name in names[: number - 1]:
            raise CommandError(f"{path}: columns must have different names, got {name!r} twice")


def _polars(path: Path) -> Any:
    try:
        import polars
    except ModuleNotFoundError:
        raise CommandError(
            f"reading {path} needs polars, which is not installed: pip install 'bp_numba[cli]'"
        ) from None
    return polars


def _not_readable(path: Path, what: str, error: Exception) -> CommandError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return CommandError(f"{path} must be a {what}, got something else or a damaged one: {reason}")


_READERS: dict[str, Callable[[Path, bytes], Table]] = {
    ".csv": _read_csv,
    ".parquet": _read_parquet,
    ".npz": _read_npz,
}
