"""Tables in .npz files: numbers X, shape (rows, columns), and y, numbers or text."""

import io
import warnings
import zipfile
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from bp_numba.tables.errors import TableError
from bp_numba.tables.table import Cells, Table, listed
from bp_numba.tables.texts import encoded

_Array = npt.NDArray[Any]
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_HOLDS = "numbers X of shape (rows, columns), and numbers or text y of as many rows"


def read_arrays(name: str, content: bytes) -> Table:
    """Return the table that an .npz file holds: columns x0, x1, ..., and y, or y0, y1, ...

    Parameters
    ----------
    name : str
        The file, for error texts.

    Raises
    ------
    TableError
        If it is none, is damaged, or has no X and y of the shapes and types above.
    """
    X, y = _loaded(name, content)
    if X.ndim != 2 or X.dtype.kind not in "biuf" or not X.shape[1]:
        raise TableError(f"{name} must hold {_HOLDS}, got X of {_described(X.shape, X.dtype)}")
    inputs: dict[str, Callable[[], Cells]] = {
        f"x{j}": partial(_cells, X[:, j]) for j in range(X.shape[1])
    }
    targets: dict[str, Callable[[], Cells]] = {}
    if y is not None:
        if not 1 <= y.ndim <= 2 or len(y) != len(X) or y.dtype.kind not in "biufU" or not y.size:
            raise TableError(
                f"{name} must hold {_HOLDS}, got {len(X)} rows of X, and y of "
                f"{_described(y.shape, y.dtype)}"
            )
        columns = y.reshape(len(y), -1).T
        for k, column in enumerate(columns):
            targets[f"y{k}" if len(columns) > 1 else "y"] = partial(_cells, column)
    if not len(X):
        raise TableError(f"{name} has no rows")
    return Table(name, len(X), inputs | targets, targets=tuple(targets))


def _loaded(name: str, content: bytes) -> tuple[_Array, _Array | None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of files of Python 2, which are read
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                if "X.npy" not in archive.namelist():
                    raise TableError(f"{name} must hold {_HOLDS}, got {_contents(archive)}")
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                return arrays["X"], arrays["y"] if "y" in arrays else None
    except TableError:
        raise
    except Exception as error:  # whatever zipfile and NumPy say of hostile bytes
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise TableError(
            f"{name} must be an .npz file of plain arrays, got something else or a damaged one: "
            f"{reason:.200}"
        ) from None


def _contents(archive: zipfile.ZipFile) -> str:
    """Return what is in an archive instead, the arrays with their shapes and types."""
    found = []
    for entry in archive.namelist():
        with archive.open(entry) as file:
            try:
                shape, _, dtype = _HEADERS[np.lib.format.read_magic(file)](file)
                found.append(f"{entry.removesuffix('.npy')} of {_described(shape, dtype)}")
            except (KeyError, ValueError):
                found.append(f"{entry!r}, no array")
    return listed(found) or "nothing"


def _described(shape: tuple[int, ...], dtype: np.dtype[Any]) -> str:
    return f"shape {shape} and type {dtype}"


def _cells(array: _Array) -> Cells:
    if array.dtype.kind == "U":
        return encoded(array.tolist())
    if array.dtype.kind == "b":
        return array
    if array.dtype.kind in "iu":
        if np.can_cast(array.dtype, np.int64) or int(array.max()) <= np.iinfo(np.int64).max:
            return array.astype(np.int64)
        return encoded(list(map(str, array.tolist())))
    with np.errstate(over="ignore"):  # of longer doubles
        return array.astype(np.float64)
