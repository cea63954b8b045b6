"""Checks of what users pass. Each error names the argument, what it must be, and what it is."""

import math
import operator
import os
from collections.abc import Iterable, Mapping, Sequence
from numbers import Rational
from typing import Any

import numpy as np

from bp_numba.reals import as_float, described, is_real, without_dimensions

Array = np.ndarray[Any, np.dtype[Any]]  # numpy.typing takes a millisecond to import

_NUMBERS = (int, float, np.integer, np.floating, np.bool_)


def check_layers(layers: Any, name: str = "layers") -> None:
    """Raise ValueError unless layers holds two or more positive integers that fit in memory."""
    is_list = isinstance(layers, Sequence | np.ndarray) and not isinstance(layers, str | bytes)
    has_sizes = is_list and getattr(layers, "ndim", 1) > 0
    sizes = [_as_integer(size) for size in layers] if has_sizes else []
    if len(sizes) < 2 or any(size is None or size < 1 for size in sizes):
        raise ValueError(f"{name} must be a list of two or more positive integers, got {layers!r}")
    needed = bytes_of_weights([size for size in sizes if size is not None])
    if needed > (available := physical_memory()):
        raise ValueError(
            f"{name} must give weights that fit in memory ({available / 2**30:.1f} GiB), "
            f"got {layers!r} with {needed / 2**30:.1f} GiB of weights"
        )


def bytes_of_weights(layers: Sequence[int]) -> int:
    """Return the bytes of the weights of a network, each matrix with those of its bias."""
    inputs = [size + 1 for size in layers[:-1]]
    return 8 * sum(a * b for a, b in zip(inputs, [*inputs[1:], layers[-1]], strict=True))


def physical_memory() -> int:
    """Return the bytes of memory of this machine, or of its address space where it won't say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 2**63 - 1


def check_alpha(alpha: Any) -> float:
    """Return alpha as a float; raise unless it is one finite number."""
    if type(alpha) is float and math.isfinite(alpha):
        return alpha
    number = as_float(alpha) if isinstance(without_dimensions(alpha), _NUMBERS) else None
    if number is None:
        raise TypeError(f"alpha must be a finite number, got {alpha!r}")
    if not math.isfinite(number):
        raise ValueError(f"alpha must be a finite number, got {alpha!r}")
    return number


def check_epochs(epochs: Any) -> int:
    """Return epochs as an int; raise unless it is a non-negative integer."""
    try:
        number = operator.index(epochs)
    except TypeError:
        raise TypeError(f"epochs must be a non-negative integer, got {epochs!r}") from None
    if number < 0:
        raise ValueError(f"epochs must be a non-negative integer, got {epochs!r}")
    return number


def check_initial_epoch(value: Any, epochs: int, name: str = "initial_epoch") -> int:
    """Return initial_epoch as an int; raise unless it is an integer from 0 to epochs."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer >= 0, got {value!r}") from None
    if not 0 <= number <= epochs:
        raise ValueError(f"{name} must be from 0 to epochs = {epochs}, got {value!r}")
    return number


def check_display_update(value: Any) -> int | None:
    """Return the number of epochs between two displays, or None if there is only the first.

    The reference displays where ``epoch % displayUpdate == 0``. An integer epoch is a multiple
    of the fraction p / q in lowest terms exactly if it is a multiple of p.
    """
    number = without_dimensions(value)
    if not is_real(number):
        raise TypeError(f"displayUpdate must be a number of epochs >= 0, got {value!r}")
    if not number >= 0:
        raise ValueError(f"displayUpdate must be a number of epochs >= 0, got {value!r}")
    if number == math.inf:
        return None
    if isinstance(number, Rational):
        return int(number.numerator) or 1
    return float(number).as_integer_ratio()[0] or 1


def check_seconds(value: Any, name: str) -> float:
    """Return a time as a float; raise unless it is a number >= 0."""
    if (number := as_float(value)) is None:
        raise TypeError(f"{name} must be a number of seconds >= 0, got {value!r}")
    if not number >= 0:
        raise ValueError(f"{name} must be a number of seconds >= 0, got {value!r}")
    return number


def as_pair(value: Any, name: str) -> tuple[Any, Any]:
    """Return the samples and the targets of a pair; raise if it is none."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise TypeError(f"{name} must be a pair (X, y), got {type(value).__name__} {value!r:.60}")
    return value[0], value[1]


def as_numbers(value: Any, name: str) -> Array:
    """Return an array-like of real numbers as an array of a real dtype, copied only if need be."""
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} must be a rectangular array of numbers: {error}") from None
    if array.dtype.kind in "biuf":
        return array
    if array.dtype.kind == "O" and all(map(is_real, array.flat)):
        try:
            return array.astype(np.float64)
        except OverflowError as error:
            raise ValueError(f"{name} must hold numbers that float64 can hold: {error}") from None
    if callable(getattr(value, "toarray", None)):
        raise TypeError(
            f"{name} must be a dense array, got sparse {type(value).__name__} of shape "
            f"{value.shape}: pass what its .toarray() returns"
        )
    raise TypeError(f"{name} must hold real numbers, got {described(value, array)}")


def check_samples(X: Array, units: int, has_bias: bool = False, name: str = "X") -> None:
    """Raise ValueError unless X is 2-D and its columns, with the bias, are `units`."""
    if X.ndim != 2 or X.shape[1] + (not has_bias) != units:
        columns, then = (units, ", then the column of ones") if has_bias else (units - 1, "")
        raise ValueError(
            f"{name} must have {columns} columns (layers[0] = {units - 1}{then}), "
            f"got shape {X.shape}"
        )


def check_targets(X: Array, y: Array, outputs: int) -> None:
    """Raise ValueError unless y has a row for each row of X, of 1 or of `outputs` targets."""
    if y.ndim not in (1, 2) or len(y) < len(X):
        raise ValueError(
            f"y must have a row of targets for each row of X, got X with shape {X.shape} "
            f"and y with shape {y.shape}"
        )
    if y.ndim == 2 and y.shape[1] not in (1, outputs):
        raise ValueError(
            f"y must have {outputs} columns (layers[-1] = {outputs}) or 1, got shape {y.shape}"
        )


def check_rows(X: Array, y: Array, kind: str) -> None:
    """Raise ValueError unless y has as many rows as X; the error calls both by their kind."""
    if 0 in (X.ndim, y.ndim) or len(y) != len(X):
        raise ValueError(
            f"{kind}y must have a row for each row of {kind}X, got X with shape {X.shape} and y "
            f"with shape {y.shape}"
        )


def check_broadcast(y: Array, shape: tuple[int, int], name: str, exact: bool = False) -> None:
    """Raise ValueError unless y broadcasts against predictions of the shape (rows, outputs).

    With `exact` the result must have the predictions' shape.
    """
    if y.shape in (shape, shape[1:], ()):
        return
    try:
        result = np.broadcast_shapes(shape, y.shape)
    except ValueError:
        result = None
    if result is None or (exact and result != shape):
        raise ValueError(
            f"{name} must match predictions of shape {shape} (layers[-1] = {shape[1]}), "
            f"got shape {y.shape}"
        )


def check_weights(W: Any, read_only: bool = False) -> list[Array]:
    """Return the weight matrices; raise unless they can be trained in place, or are `read_only`.

    They must be 2-D NumPy arrays of floats that can be written, each with as many rows as the
    one before it has columns.
    """
    matrices = _listed(W)
    for l, w in enumerate(matrices):
        if not isinstance(w, np.ndarray) or w.ndim != 2 or w.dtype.kind != "f":
            raise TypeError(f"W[{l}] must be a 2-D array of floats, got {described(w, w)}")
        if not (read_only or w.flags.writeable):
            raise ValueError(f"W[{l}] must be writeable, got a read-only array")
        if l and len(w) != matrices[l - 1].shape[1]:
            _raise_unchained(matrices, l)
    return matrices


def check_matrices(W: Any) -> list[Array]:
    """Return the weight matrices as arrays; raise unless they are 2-D, of numbers, and chain."""
    matrices = _listed(W)
    for l, w in enumerate(matrices):
        if type(w) is not np.ndarray or w.dtype.kind not in "fiub":
            matrices[l] = w = as_numbers(w, f"W[{l}]")
        if w.ndim != 2:
            raise ValueError(f"W[{l}] must be a 2-D array, got shape {w.shape}")
        if l and len(w) != matrices[l - 1].shape[1]:
            _raise_unchained(matrices, l)
    return matrices


def _listed(W: Any) -> list[Any]:
    if type(W) is not list and (
        not isinstance(W, Iterable) or isinstance(W, Mapping | str | bytes)
    ):
        raise TypeError(f"W must be a list of weight matrices, got {type(W).__name__} {W!r:.60}")
    if not (matrices := [*W]):
        raise ValueError("W must hold at least one weight matrix, got none")
    return matrices


def _raise_unchained(matrices: list[Array], l: int) -> None:
    raise ValueError(
        f"W[{l}] must have {matrices[l - 1].shape[1]} rows, as many as W[{l - 1}] has columns, "
        f"got shape {matrices[l].shape}"
    )


def check_outputs(matrices: Sequence[Array], outputs: int) -> None:
    """Raise ValueError unless the last weight matrix has `outputs` columns."""
    if matrices[-1].shape[1] != outputs:
        raise ValueError(
            f"W[{len(matrices) - 1}] must keep {outputs} columns while it is trained, "
            f"got shape {matrices[-1].shape}"
        )


def _as_integer(value: Any) -> int | None:
    if isinstance(value, bool | np.bool_ | np.ndarray):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None
