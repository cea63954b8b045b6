"""Archives of arrays with a header: .npz files that may come from anybody.

    header.npy       bytes of the JSON text, which says by `format` and `version` what else there is
    *.npy            arrays

An archive is not compressed, so that no member can be larger than the file; nothing is unpickled.
`numpy.load(path, allow_pickle=False)` reads it too.
"""

import contextlib
import errno
import io
import json
import math
import os
import stat
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from bp_numba.runs.files import path_text, replacing
from bp_numba.runs.json_values import is_count

ONE, MANY, PERCEPTRON = "bp_numba network", "bp_numba networks", "bp_numba perceptron"
VERSION = 1

_HOLDS = {
    ONE: "holds a single network: use NeuralNetwork.load",
    MANY: "holds a list of networks: use load_many",
    PERCEPTRON: "holds an MLPClassifier or MLPRegressor: use load_perceptron",
}
"""What there is to say of each kind to who takes it for another."""

Path = str | os.PathLike[str]


class ModelFormatError(ValueError):
    """A file that holds no network, or one that is damaged or of a later format."""


def require(condition: Any, message: str) -> None:
    """Raise ModelFormatError unless the condition holds."""
    if not condition:
        raise ModelFormatError(message)


def write_archive(
    path: Path, kind: str, values: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]
) -> None:
    """Write an archive in one step: until it is complete, readers find what was there before.

    Raises
    ------
    OSError
        If it cannot be written; what was there before is untouched.
    TypeError
        If the values are nothing that JSON can hold.
    """
    header = {"format": kind, "version": VERSION, **values}
    text = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    with replacing(path) as file:
        try:
            np.savez(file, header=text, **arrays)  # type: ignore[arg-type]
        except ValueError as error:
            # zipfile closes an archive that an interrupt left half written, which is an error.
            if isinstance(error.__context__, Exception | None):
                raise
            raise error.__context__ from None


class Archive:
    """An archive that is read.

    Attributes
    ----------
    names : list of str
        Of the arrays beside the header.
    """

    def __init__(self, archive: zipfile.ZipFile, size: int) -> None:
        self._archive, self._members = archive, _members(archive, size)
        self.names = [member.filename for member in archive.infolist()]
        self.names.remove("header.npy")

    def header(self, kind: str | None = None) -> Any:
        """Return the header of an archive of this kind, or of any."""
        text = self.array("header.npy")
        require(text.dtype == np.uint8 and text.ndim == 1, "the header must be text")
        header = json.loads(text.tobytes())
        found = str(header.get("format")) if isinstance(header, dict) else ""
        require(found in _HOLDS, "the header is foreign")
        require(kind in (None, found), _HOLDS[found])
        version = header.get("version")
        require(is_count(version), f"the version must be a number, got {version!r:.60}")
        require(
            version <= VERSION,
            f"written in format {version} by a later release; this one reads up to {VERSION}",
        )
        return header

    def array(self, name: str) -> npt.NDArray[Any]:
        """Return an array."""
        content = self._archive.read(self._members[name])  # to the end: the checksum is looked at
        file = io.BytesIO(content)
        formats = np.lib.format
        major, _ = formats.read_magic(file)
        read = formats.read_array_header_1_0 if major == 1 else formats.read_array_header_2_0
        shape, _, dtype = read(file)
        require(
            not dtype.hasobject and file.tell() + math.prod(shape) * dtype.itemsize == len(content),
            f"{name} must be as long as an array of {dtype} of shape {shape}",
        )
        file.seek(0)
        array: npt.NDArray[Any] = formats.read_array(file, allow_pickle=False)
        return array


@contextlib.contextmanager
def reading(path: Path) -> Iterator[Archive]:
    """Open an archive.

    Nothing in it is run, and no more memory is taken than a few times its size.

    Raises
    ------
    ModelFormatError
        For any error that its content causes, also in the block.
    OSError
        If it cannot be read.
    TypeError
        If `path` is no path.
    """
    path = path_text(path)
    kind = stat.S_IFMT(os.stat(path).st_mode)
    # A pipe may never be written to, and a device never end.
    require(kind in (stat.S_IFREG, stat.S_IFDIR), f"{path}: not a network, but a device or a pipe")
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                yield Archive(archive, os.fstat(file.fileno()).st_size)
        except ModelFormatError as error:
            raise ModelFormatError(f"{path}: {error}") from None
        except Exception as error:  # whatever zipfile, NumPy and json say of hostile bytes
            if isinstance(error, OSError) and error.errno != errno.EINVAL:
                raise  # but this is the disk; EINVAL is a member before the file's beginning
            reason = str(error) or type(error).__name__
            raise ModelFormatError(
                f"{path}: not a network, or a damaged one ({reason:.200})"
            ) from None


def kind_of(path: Path) -> str:
    """Return the kind of an archive, `ONE`, `MANY` or `PERCEPTRON`; raise as `reading`."""
    with reading(path) as archive:
        return str(archive.header()["format"])


def _members(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    members = {member.filename: member for member in archive.infolist()}
    require("header.npy" in members, "no network: there is no header")
    for name, member in members.items():
        # Whatever compress_size says is allocated before it turns out that there is less to read.
        stored = member.compress_type == zipfile.ZIP_STORED
        fits = member.file_size == member.compress_size <= size
        require(stored and fits, f"{name} must not be compressed, nor larger than the file")
    return members
