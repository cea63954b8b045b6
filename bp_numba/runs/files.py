"""Files that are replaced in one step: whoever reads one sees the old or the new, never a part."""

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO


def path_text(path: Any, name: str = "path") -> str:
    """Return a path as text; raise TypeError if it is none: `open` takes numbers."""
    try:
        return os.fsdecode(path)
    except TypeError:
        raise TypeError(f"{name} must be a str or path-like, got {path!r:.60}") from None


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a new file for writing that takes the place of `path` when it is complete.

    Until then it has another name, in the same folder. After an error it is gone, and what was
    there before is untouched.

    Raises
    ------
    OSError
        If it cannot be written, or if `path` is a device, a pipe or a folder; it names the path.
    TypeError
        If it is no path.
    """
    path = path_text(path)
    target = Path(os.path.realpath(path))
    is_file = target.is_file() if target.exists() else os.path.basename(path) != ""
    if not is_file:
        raise OSError(f"{path} must be a file, or new")  # as root, /dev/null would go
    beginning = target.name[:40]  # names may have 255 bytes, of which a character takes up to four
    temporary = target.with_name(f".{beginning}.{uuid.uuid4().hex}.tmp")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError) and error.filename in (None, str(temporary)) and error.errno:
            raise OSError(error.errno, error.strerror, path) from None
        raise


def check_writable(path: str | os.PathLike[str], size: int = 0) -> None:
    """Raise OSError unless a file of `size` bytes can be written there; nothing is replaced."""
    with contextlib.suppress(_Enough), replacing(path) as file:
        file.write(bytes(size))
        file.flush()
        os.fsync(file.fileno())
        raise _Enough


class _Enough(Exception):
    """Leaves `replacing` before the file takes the other's place."""
