"""Networks in files: one .npz archive with a JSON header and the weight matrices.

    header.npy       bytes of the JSON text: format, version, the fields of `runs.state.State` in
                     their order, and the shapes of the matrices
    W0.npy, W1.npy   the matrices, of any dtype of floats

The archive is not compressed, so that no member can be larger than the file; nothing is unpickled.
`numpy.load(path, allow_pickle=False)` reads it too.
"""

import contextlib
import errno
import io
import json
import math
import os
import warnings
import zipfile
from typing import Any

import numpy as np
import numpy.typing as npt

from bp_numba.runs.files import replacing
from bp_numba.runs.json_values import are_chained_shapes, is_count, json_copy
from bp_numba.runs.state import ENTRIES, GROWING, RECORDED, State, record_of
from bp_numba.validation import check_weights

FORMAT, VERSION = "bp_numba network", 1

_Path = str | os.PathLike[str]


class ModelFormatError(ValueError):
    """A file that holds no network, or one that is damaged or of a later format."""


def snapshot(network: Any) -> State:
    """Return a network's present state; the fields in `GROWING` are shared, all others copied."""
    record, kept = record_of(network), {}
    for name, entry in ENTRIES.items():
        value = getattr(record if name in RECORDED else network, name)
        if name == "metadata":
            value = _metadata(network, value)
        kept[name] = value if name in GROWING else entry.keep(value)
    return State(**kept, W=[w.copy() for w in check_weights(network.W)])


def _metadata(network: Any, recorded: Any) -> Any:
    """Return what a user assigned to `metadata` if it is a dict that JSON can hold."""
    assigned = network.__dict__.get("metadata")
    with contextlib.suppress(*_NOT_FOR_JSON):
        return json_copy(assigned) if isinstance(assigned, dict) else recorded
    return recorded


def warn_of_metadata(network: Any) -> None:
    """Warn if a user has assigned metadata that are not saved, since JSON cannot hold them."""
    assigned = network.__dict__.get("metadata")
    try:
        json_copy(assigned if isinstance(assigned, dict) else None)
    except _NOT_FOR_JSON as error:
        text = f"metadata are not saved, since JSON cannot hold them: {error}"
        warnings.warn(text, RuntimeWarning, stacklevel=3)


_NOT_FOR_JSON = TypeError, RecursionError
"""What `json_copy` raises."""


def save_model(path: _Path, state: State) -> None:
    """Write a file in one step: until it is complete, readers find the one that was there before.

    Raises
    ------
    OSError
        If it cannot be written; what was there before is untouched.
    TypeError
        If the metadata are nothing that JSON can hold.
    """
    header = {
        "format": FORMAT,
        "version": VERSION,
        **{name: entry.write(getattr(state, name)) for name, entry in ENTRIES.items()},
        "shapes": [w.shape for w in state.W],
    }
    text = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    matrices = {f"W{l}": w for l, w in enumerate(state.W)}
    with replacing(path) as file:
        try:
            np.savez(file, header=text, **matrices)  # type: ignore[arg-type]
        except ValueError as error:
            # zipfile closes an archive that an interrupt left half written, which is an error.
            if isinstance(error.__context__, Exception | None):
                raise
            raise error.__context__ from None


def load_model(path: _Path) -> State:
    """Read a file.

    Nothing in it is run, and no more memory is taken than a few times its size.

    Raises
    ------
    ModelFormatError
        If the file holds no network, or one that is damaged or of a later format.
    OSError
        If it cannot be read.
    """
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                return _state(archive, os.fstat(file.fileno()).st_size)
        except ModelFormatError as error:
            raise ModelFormatError(f"{os.fspath(path)}: {error}") from None
        except Exception as error:  # whatever zipfile, NumPy and json say of hostile bytes
            if isinstance(error, OSError) and error.errno != errno.EINVAL:
                raise  # but this is the disk; EINVAL is a member before the file's beginning
            reason = str(error) or type(error).__name__
            raise ModelFormatError(
                f"{os.fspath(path)}: not a network, or a damaged one ({reason:.200})"
            ) from None


def _state(archive: zipfile.ZipFile, size: int) -> State:
    members = _members(archive, size)
    text = _array(archive, members["header.npy"])
    _require(text.dtype == np.uint8 and text.ndim == 1, "the header must be text")
    header = json.loads(text.tobytes())
    _check_header(header)
    matrices = _matrices(archive, members, header["shapes"])
    values = {name: entry.read(header[name]) for name, entry in ENTRIES.items() if name in header}
    return State(**values, W=matrices)


def _members(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    members = {member.filename: member for member in archive.infolist()}
    _require("header.npy" in members, "no network: there is no header")
    for name, member in members.items():
        # Whatever compress_size says is allocated before it turns out that there is less to read.
        stored = member.compress_type == zipfile.ZIP_STORED
        fits = member.file_size == member.compress_size <= size
        _require(stored and fits, f"{name} must not be compressed, nor larger than the file")
    return members


def _check_header(header: Any) -> None:
    _require(isinstance(header, dict) and header.get("format") == FORMAT, "the header is foreign")
    version, shapes = header.get("version"), header.get("shapes")
    _require(is_count(version), f"the version must be a number, got {version!r:.60}")
    _require(
        version <= VERSION,
        f"written in format {version} by a later release; this one reads up to {VERSION}",
    )
    for name, entry in ENTRIES.items():
        if entry.required or name in header:
            value = header.get(name)
            _require(entry.is_valid(value), f"{name} must {entry.must}".format(value))
    _require(
        are_chained_shapes(shapes),
        f"shapes must be those of matrices that chain, got {shapes!r:.60}",
    )


def _matrices(
    archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], shapes: list[list[int]]
) -> list[npt.NDArray[Any]]:
    names = [f"W{l}.npy" for l in range(len(shapes))]
    _require(
        sorted(["header.npy", *names]) == sorted(member.filename for member in archive.infolist()),
        f"must hold a header, {len(shapes)} weight matrices, and nothing else",
    )
    matrices = [_array(archive, members[name]) for name in names]
    for name, w, shape in zip(names, matrices, shapes, strict=True):
        _require(
            w.dtype.kind == "f" and list(w.shape) == shape,
            f"{name} must hold floats of shape {tuple(shape)}, got {w.dtype} of shape {w.shape}",
        )
    return matrices


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> npt.NDArray[Any]:
    content = archive.read(member)  # to the end, so the checksum is looked at
    file = io.BytesIO(content)
    formats = np.lib.format
    major, _ = formats.read_magic(file)
    read = formats.read_array_header_1_0 if major == 1 else formats.read_array_header_2_0
    shape, _, dtype = read(file)
    _require(
        not dtype.hasobject and file.tell() + math.prod(shape) * dtype.itemsize == len(content),
        f"{member.filename} must be as long as an array of {dtype} of shape {shape}",
    )
    file.seek(0)
    array: npt.NDArray[Any] = formats.read_array(file, allow_pickle=False)
    return array


def _require(condition: Any, message: str) -> None:
    if not condition:
        raise ModelFormatError(message)
