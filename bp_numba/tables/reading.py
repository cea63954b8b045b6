"""Reading tables: text, Parquet and .npz, from files and standard input."""

from pathlib import Path

from bp_numba.tables.arrays import read_arrays
from bp_numba.tables.errors import TableError
from bp_numba.tables.parquet import read_parquet
from bp_numba.tables.sources import PACKED, STANDARD_INPUT, read_bytes, source_name, zip_members
from bp_numba.tables.table import Table
from bp_numba.tables.text_files import Reading, read_text

FORMATS = ("csv", "parquet", "npz")

_SUFFIXES = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".txt": "csv",
    ".data": "csv",
    ".parquet": "parquet",
    ".npz": "npz",
}
_OTHER_FILES = [
    (b"PK\x03\x04", "a zip archive that is damaged or holds several files, as .xlsx and .npz"),
    (b"\xd0\xcf\x11\xe0", "an Excel file of old"),
    (b"PAR1", "a Parquet file: --format parquet"),
    (b"%PDF", "a PDF file"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd"),
    (b"\x93NUMPY", "a single NumPy array"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
]


def read_table(source: Path, how: Reading = Reading()) -> Table:  # noqa: B008 - a tuple
    """Read a table from a file, or from standard input if the source is called -.

    What is packed is unpacked, whatever it is called; `PACKED` are no suffixes of a format.

    Raises
    ------
    TableError
        If nothing tells the format, Polars is needed and not installed, or there is no table with
        at least one row that can be read without doubt.
    OSError
        If the file cannot be read.
    """
    format = _known_format(source, how)
    content = read_bytes(source)
    name = source_name(source)
    if not content.strip():
        raise TableError(f"{name} is empty")
    match format or _told_format(content):
        case "parquet":
            return read_parquet(name, content)
        case "npz":
            return read_arrays(name, content)
    _check_text(name, content)
    return read_text(name, content, how)


def _known_format(source: Path, how: Reading) -> str | None:
    """Return the format if it is known before anything is read."""
    if how.format is not None:
        if how.format not in FORMATS:
            raise TableError(f"--format must be {', '.join(FORMATS)}, got {how.format!r}")
        return how.format
    if str(source) == STANDARD_INPUT:
        return None
    all_suffixes = [suffix.lower() for suffix in source.suffixes]
    suffixes = [suffix for suffix in all_suffixes if suffix not in PACKED]
    if suffixes and suffixes[-1] in _SUFFIXES:
        return _SUFFIXES[suffixes[-1]]
    if all_suffixes[-1:] == [".zip"]:
        return None
    raise TableError(
        f"{source} must end in {', '.join(_SUFFIXES)} (or one of them and {', '.join(PACKED)}), "
        f"which tells its format; else say --format {', '.join(FORMATS)}"
    )


def _told_format(content: bytes) -> str:
    if content.startswith(b"PAR1"):
        return "parquet"
    return "npz" if any(name.endswith(".npy") for name in zip_members(content)) else "csv"


def _check_text(name: str, content: bytes) -> None:
    start = content[:100].lstrip().lower()
    for mark, what in _OTHER_FILES:
        if content.startswith(mark) or start.startswith(mark):
            raise TableError(f"{name} must be a text file, such as CSV, got {what}")
