"""From bytes to lines of text."""

import codecs
import io
import re
from collections.abc import Iterator

from bp_numba.tables.errors import TableError

_MARKS = [  # that of UTF-32 begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
]
_NO_ENCODINGS_OF_FILES = {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"}


def tell_encoding(content: bytes, encoding: str | None) -> str:
    """Return the encoding that is asked for, or that a byte order mark names, or else UTF-8.

    Raises
    ------
    TableError
        If Python knows no encoding of text of this name.
    """
    if encoding is None:
        return next((told for mark, told in _MARKS if content.startswith(mark)), "utf-8")
    try:
        known = codecs.lookup(encoding).name.replace("_", "-")
        b"a".decode(encoding, "ignore")  # LookupError if it is no encoding of text, such as base64
    except (LookupError, ValueError):
        known = "undefined"
    if known in _NO_ENCODINGS_OF_FILES:
        raise TableError(
            f"--encoding must be an encoding of text, such as utf-8, latin-1, cp1252 or utf-16, "
            f"got {encoding!r}"
        )
    return "utf-8" if known == "utf-8" else encoding


def decoded_lines(name: str, content: bytes, encoding: str) -> Iterator[str]:
    r"""Yield the lines with their ends: \n, \r\n or \r, also mixed.

    Raises
    ------
    TableError
        If the bytes are no text in the encoding.
    """
    stream = io.TextIOWrapper(io.BytesIO(content), encoding=encoding, newline="")
    try:
        yield stream.readline().removeprefix("\ufeff")
        yield from stream
    except UnicodeError:
        raise _undecodable(name, content, encoding) from None


def _undecodable(name: str, content: bytes, encoding: str) -> TableError:
    hint = "say which it is, as in --encoding latin-1"
    what = f"{name} is no text in {encoding.removesuffix('-sig').upper()}"
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        before = content[: error.start].decode(encoding, "ignore")
        line = len(re.findall(r"\r\n|\r|\n", before)) + 1
        return TableError(f"{what}: byte 0x{content[error.start]:02x} in line {line}; {hint}")
    except UnicodeError:
        pass
    return TableError(f"{what}; {hint}")
