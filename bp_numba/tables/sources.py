"""The bytes of a table: from a file or standard input, unpacked if they are packed."""

import contextlib
import io
import sys
import zipfile
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from bp_numba.tables.errors import TableError

STANDARD_INPUT = "-"

PACKED = (".gz", ".bz2", ".xz", ".zip")
"""Suffixes of what is unpacked: none tells a format."""

_PACKERS = {
    b"\x1f\x8b": ("gzip", "GzipFile"),
    b"BZh": ("bz2", "BZ2File"),
    b"\xfd7zXZ\0": ("lzma", "LZMAFile"),
}
_PIECE = 1 << 20
_HARMLESS, _RATIO = 1 << 26, 500
"""What is larger than the one, in bytes, and than so many times its packed size, is no table."""


def read_bytes(source: Path) -> bytes:
    """Return the content of a file, or of standard input if it is called -, unpacked.

    A zip archive is unpacked if it holds one file, which is no array of NumPy: .npz is such a one.

    Raises
    ------
    TableError
        If standard input is closed, or what is packed is damaged.
    OSError
        If it cannot be read.
    """
    name = source_name(source)
    content = _standard_input() if str(source) == STANDARD_INPUT else source.read_bytes()
    for mark, (module, kind) in _PACKERS.items():
        if content.startswith(mark):
            return _unpacked(name, content, module, kind)
    members = zip_members(content)
    if len(members) == 1 and not members[0].endswith(".npy"):
        return _unpacked(name, content, "zip", members[0])
    return content


def source_name(source: Path) -> str:
    """Return what a message calls the source."""
    return "standard input" if str(source) == STANDARD_INPUT else str(source)


def zip_members(content: bytes) -> list[str]:
    """Return the names of the files in a zip archive, none if it is damaged or no such archive.

    Folders and what macOS notes of files are left out.
    """
    if content.startswith(b"PK\x03\x04"):
        with contextlib.suppress(Exception):  # whatever zipfile says of hostile bytes
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                names = archive.namelist()
            return [name for name in names if not name.startswith("__MACOSX/") and name[-1:] != "/"]
    return []


def _standard_input() -> bytes:
    if sys.stdin is None or sys.stdin.closed:
        raise TableError("standard input is closed: there is no table to read from -")
    return sys.stdin.buffer.read()


def _unpacked(name: str, packed: bytes, module: str, kind: str) -> bytes:
    limit = max(_HARMLESS, _RATIO * len(packed))
    pieces, size = [], 0
    try:
        with _opened(packed, module, kind) as stream:
            while piece := stream.read(_PIECE):
                pieces.append(piece)
                size += len(piece)
                if size > limit:
                    raise TableError(f"{name} unpacks to more than {_RATIO} times its size")
    except TableError:
        raise
    except ModuleNotFoundError as error:
        raise TableError(f"{name} needs {error.name}, which this Python lacks: unpack it") from None
    except Exception as error:  # whatever these modules say of hostile bytes
        reason = " ".join(str(error).split()) or type(error).__name__
        raise TableError(f"{name} is a damaged {_FILES[module]}: {reason:.200}") from None
    return b"".join(pieces)


_FILES = {
    "gzip": "gzip file",
    "bz2": "bzip2 file",
    "lzma": "xz file",
    "zip": "zip archive, or an encrypted one",
}


def _opened(packed: bytes, module: str, kind: str) -> IO[bytes]:
    """Return what reads the unpacked bytes; of a zip archive `kind` is the name of the file."""
    file = io.BytesIO(packed)
    if module == "zip":
        return zipfile.ZipFile(file).open(kind)
    how: dict[str, Any] = {"fileobj": file} if module == "gzip" else {"filename": file}
    opened: IO[bytes] = getattr(import_module(module), kind)(**how)
    return opened
