"""The bytes of a table: from a file or standard input, unpacked if gzip packed them."""

import gzip
import io
import sys
import zlib
from pathlib import Path

from bp_numba.tables.errors import TableError

STANDARD_INPUT = "-"

_PIECE = 1 << 20
_HARMLESS, _RATIO = 1 << 26, 500
"""What is larger than the one, in bytes, and than so many times its packed size, is no table."""


def read_bytes(source: Path) -> bytes:
    """Return the content of a file, or of standard input if it is called -, unpacked.

    Raises
    ------
    TableError
        If standard input is closed, or what gzip packed is damaged.
    OSError
        If it cannot be read.
    """
    name = source_name(source)
    content = _standard_input() if str(source) == STANDARD_INPUT else source.read_bytes()
    return _unpacked(name, content) if content.startswith(b"\x1f\x8b") else content


def source_name(source: Path) -> str:
    """Return what a message calls the source."""
    return "standard input" if str(source) == STANDARD_INPUT else str(source)


def _standard_input() -> bytes:
    if sys.stdin is None or sys.stdin.closed:
        raise TableError("standard input is closed: there is no table to read from -")
    return sys.stdin.buffer.read()


def _unpacked(name: str, packed: bytes) -> bytes:
    limit = max(_HARMLESS, _RATIO * len(packed))
    pieces, size = [], 0
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as stream:
            while piece := stream.read(_PIECE):
                pieces.append(piece)
                size += len(piece)
                if size > limit:
                    raise TableError(f"{name} unpacks to more than {_RATIO} times its size")
    except (EOFError, OSError, zlib.error) as error:
        raise TableError(f"{name} is a damaged gzip file: {error}") from None
    return b"".join(pieces)
