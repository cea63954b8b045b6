"""Networks in files: one .npz archive with a JSON header and the weight matrices.

    header.npy       bytes of the JSON text: format, version, layers, alpha, epochs trained, losses,
                     history, metadata, shapes of the matrices
    W0.npy, W1.npy   the matrices, of any dtype of floats

The archive is not compressed, so that no entry can be larger than the file; nothing is unpickled.
`numpy.load(path, allow_pickle=False)` reads it too.
"""

import copy
import errno
import io
import json
import math
import os
import zipfile
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from bp_numba.runs.files import replacing
from bp_numba.runs.history import History
from bp_numba.validation import check_alpha, check_weights

FORMAT, VERSION = "bp_numba network", 1

_Path = str | os.PathLike[str]


class ModelFormatError(ValueError):
    """A file that holds no network, or one that is damaged or of a later format."""


@dataclass
class Model:
    """What a file holds."""

    layers: list[int]
    alpha: float
    epochs_trained: int
    losses: list[float]
    history: History
    metadata: dict[str, Any]
    W: list[npt.NDArray[Any]]


def snapshot(network: Any) -> Model:
    """Return a network's present state, with copies of its weights and metadata."""
    return Model(
        layers=[int(size) for size in network.layers],
        alpha=check_alpha(network.alpha),
        epochs_trained=network.epochs_trained,
        losses=network.losses,
        history=network.history,
        metadata=copy.deepcopy(network.metadata),
        W=[w.copy() for w in check_weights(network.W)],
    )


def save_model(path: _Path, model: Model) -> None:
    """Write a file: whoever reads it, and whatever happens, it is the old one or the new one.

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
        "layers": model.layers,
        "alpha": model.alpha,
        "epochs_trained": model.epochs_trained,
        "losses": model.losses,
        "history": model.history.to_dict(),
        "metadata": model.metadata,
        "shapes": [w.shape for w in model.W],
    }
    text = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    matrices = {f"W{l}": w for l, w in enumerate(model.W)}
    with replacing(path) as file:
        np.savez(file, header=text, **matrices)  # type: ignore[arg-type]


def load_model(path: _Path) -> Model:
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
                return _model(archive, os.fstat(file.fileno()).st_size)
        except ModelFormatError as error:
            raise ModelFormatError(f"{os.fspath(path)}: {error}") from None
        except Exception as error:  # whatever zipfile, NumPy and json say of hostile bytes
            if isinstance(error, OSError) and error.errno != errno.EINVAL:
                raise  # but this is the disk; EINVAL is an entry before the file's beginning
            reason = str(error) or type(error).__name__
            raise ModelFormatError(
                f"{os.fspath(path)}: not a network, or a damaged one ({reason:.200})"
            ) from None


def _model(archive: zipfile.ZipFile, size: int) -> Model:
    entries = {entry.filename: entry for entry in archive.infolist()}
    _require("header.npy" in entries, "no network: there is no header")
    for name, entry in entries.items():
        # Whatever compress_size says is allocated before it turns out that there is less to read.
        stored = entry.compress_type == zipfile.ZIP_STORED
        fits = entry.file_size == entry.compress_size <= size
        _require(stored and fits, f"{name} must not be compressed, nor larger than the file")
    text = _array(archive, entries["header.npy"])
    _require(text.dtype == np.uint8 and text.ndim == 1, "the header must be text")
    header = json.loads(text.tobytes())
    _check_header(header)
    shapes = header["shapes"]
    names = ["header.npy", *(f"W{l}.npy" for l in range(len(shapes)))]
    _require(
        sorted(names) == sorted(entry.filename for entry in archive.infolist()),
        f"must hold a header, {len(shapes)} weight matrices, and nothing else",
    )
    matrices = [_array(archive, entries[name]) for name in names[1:]]
    for name, w, shape in zip(names[1:], matrices, shapes, strict=True):
        _require(
            w.dtype.kind == "f" and list(w.shape) == shape,
            f"{name} must hold floats of shape {tuple(shape)}, got {w.dtype} of shape {w.shape}",
        )
    return Model(
        layers=header["layers"],
        alpha=float(header["alpha"]),
        epochs_trained=header["epochs_trained"],
        losses=header["losses"],
        history=History(**header["history"]),
        metadata=header["metadata"],
        W=matrices,
    )


def _array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> npt.NDArray[Any]:
    content = archive.read(entry)  # to the end, so the checksum is looked at
    file = io.BytesIO(content)
    formats = np.lib.format
    major, _ = formats.read_magic(file)
    read = formats.read_array_header_1_0 if major == 1 else formats.read_array_header_2_0
    shape, _, dtype = read(file)
    _require(
        not dtype.hasobject and file.tell() + math.prod(shape) * dtype.itemsize == len(content),
        f"{entry.filename} must be as long as an array of {dtype} of shape {shape}",
    )
    file.seek(0)
    array: npt.NDArray[Any] = formats.read_array(file, allow_pickle=False)
    return array


def _check_header(header: Any) -> None:
    _require(isinstance(header, dict) and header.get("format") == FORMAT, "the header is foreign")
    version = header.get("version")
    _require(_is_count(version), f"the version must be a number, got {version!r:.60}")
    _require(
        version <= VERSION,
        f"written in format {version} by a later release; this one reads up to {VERSION}",
    )
    layers, shapes, history = (header.get(name) for name in ("layers", "shapes", "history"))
    _require(
        isinstance(layers, list) and len(layers) >= 2 and all(n and _is_count(n) for n in layers),
        f"layers must be two or more positive integers, got {layers!r:.60}",
    )
    pairs = isinstance(shapes, list) and all(
        isinstance(shape, list) and len(shape) == 2 and all(map(_is_count, shape))
        for shape in shapes
    )
    _require(
        pairs and shapes and all(a[1] == b[0] for a, b in pairwise(shapes)),
        f"shapes must be those of matrices that chain, got {shapes!r:.60}",
    )
    _require(
        _is_number(header.get("alpha")), f"alpha must be a number, got {header.get('alpha')!r:.60}"
    )
    _require(_is_count(header.get("epochs_trained")), "epochs_trained must be a number of epochs")
    _require(isinstance(header.get("metadata"), dict), "metadata must be a dict")
    _require(_are_numbers(header.get("losses")), "losses must be a list of numbers")
    columns = [field.name for field in fields(History)]
    _require(
        isinstance(history, dict)
        and sorted(history) == sorted(columns)
        and all(isinstance(history[name], list) for name in columns)
        and len({len(history[name]) for name in columns}) == 1
        and all(map(_is_count, history["epochs"]))
        and _are_numbers(history["losses"])
        and _are_numbers(history["seconds"])
        and _are_numbers([v for v in history["validation_losses"] if v is not None]),
        f"history must hold lists of numbers of one length, {', '.join(columns)}",
    )


def _require(condition: Any, message: str) -> None:
    if not condition:
        raise ModelFormatError(message)


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _are_numbers(values: Any) -> bool:
    return isinstance(values, list) and all(map(_is_number, values))
