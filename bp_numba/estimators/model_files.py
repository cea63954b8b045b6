"""A fitted MLPClassifier or MLPRegressor in a file: an archive with a header and the weights.

    header.npy             format, version, what `model_headers` says, metadata; of a classifier
                           multilabel and object_classes
    coefs0.npy, ...        weights of shape (units[l], units[l + 1]), float64 or float32
    intercepts0.npy, ...   intercepts of shape (units[l + 1],), of the same type
    classes.npy            of a classifier, in ascending order
    more_*.npy             what else a caller keeps beside it

The state of the optimizer is none of it, unless a caller keeps it.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.validation import check_is_fitted

from bp_numba.estimators.classifier import MLPClassifier
from bp_numba.estimators.model_headers import CLASSES, estimator_of, header_of
from bp_numba.runs.archives import PERCEPTRON, Archive, Path, reading, require, write_archive
from bp_numba.runs.json_values import json_copy

Arrays = Mapping[str, npt.NDArray[Any]]

_MORE = "more_"


class Saved(NamedTuple):
    """What a file holds.

    Attributes
    ----------
    estimator : MLPClassifier or MLPRegressor
    metadata : dict
    arrays : dict of str to array
        What else was saved with it.
    """

    estimator: Any
    metadata: dict[str, Any]
    arrays: dict[str, npt.NDArray[Any]]


def save_perceptron(
    path: Path, estimator: Any, metadata: dict[str, Any] | None = None, arrays: Arrays | None = None
) -> None:
    """Write a fitted estimator to an .npz file, in one step: it is complete or not there.

    Parameters
    ----------
    path : path-like
        Written as it is, no suffix is appended. A file that is there is replaced.
    estimator : MLPClassifier or MLPRegressor
        One of this package. Parameters that JSON cannot hold as they are, like a `random_state`
        that is a RandomState, are left out: they have their defaults once it is loaded.
    metadata : dict, optional
        What JSON can hold, for the caller's own use.
    arrays : mapping of str to array, optional
        What else is to be in the file.

    Raises
    ------
    OSError
        If the file cannot be written; what was there is untouched.
    TypeError, ValueError
        If it is no such estimator, not fitted, or its classes or the metadata cannot be saved.

    Examples
    --------
    >>> import os, tempfile
    >>> from bp_numba import MLPRegressor
    >>> from bp_numba.estimators.model_files import load_perceptron, save_perceptron
    >>> model = MLPRegressor(hidden_layer_sizes=2, tol=0.1).fit([[0], [1], [2]], [0, 1, 2])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_perceptron(os.path.join(folder, "model.npz"), model, {"unit": "cm"})
    ...     loaded, metadata = load_perceptron(os.path.join(folder, "model.npz"))
    >>> bool((loaded.predict([[1.5]]) == model.predict([[1.5]])).all()), metadata
    (True, {'unit': 'cm'})
    """
    name = type(estimator).__name__
    if type(estimator) is not CLASSES.get(name):
        raise TypeError(
            f"estimator must be an MLPClassifier or MLPRegressor of bp_numba, got {estimator!r:.60}"
        )
    check_is_fitted(estimator, "coefs_")
    header = header_of(estimator) | _flags(estimator) | {"metadata": json_copy(metadata or {})}
    more = {_MORE + key: array for key, array in (arrays or {}).items()}
    write_archive(path, PERCEPTRON, header, _arrays(estimator) | more)


def load_perceptron(path: Path) -> tuple[Any, dict[str, Any]]:
    """Return the estimator and the metadata of a file.

    It predicts what the one that was saved does, bit for bit. Nothing in the file is run, and no
    more memory is taken than a few times its size.

    Raises
    ------
    ModelFormatError
        If the file holds no such estimator, or one that is damaged or of a later format.
    OSError
        If it cannot be read.
    """
    saved = read_perceptron(path)
    return saved.estimator, saved.metadata


def read_perceptron(path: Path) -> Saved:
    """Return all that a file holds; raises as `load_perceptron`."""
    with reading(path) as archive:
        header = archive.header(PERCEPTRON)
        metadata = header.get("metadata")
        require(isinstance(metadata, dict), f"metadata must be a dict, got {metadata!r:.60}")
        estimator = estimator_of(header)
        _read_weights(estimator, archive, header["units"])
        if isinstance(estimator, MLPClassifier):
            _read_classes(estimator, archive, header)
        names = {f"{name}.npy" for name in _arrays(estimator)}
        more = [name for name in archive.names if name.startswith(_MORE)]
        others = sorted(set(archive.names) - names - set(more))
        require(not others, f"must hold weights and classes only, got {others!r:.60}")
        arrays = {name[len(_MORE) : -len(".npy")]: archive.array(name) for name in more}
        return Saved(estimator, metadata, arrays)


def _arrays(estimator: Any) -> dict[str, npt.NDArray[Any]]:
    """Return what a file holds of an estimator beside its header."""
    parts = {"coefs": estimator.coefs_, "intercepts": estimator.intercepts_}
    arrays = {f"{name}{l}": part for name, each in parts.items() for l, part in enumerate(each)}
    if isinstance(estimator, MLPClassifier):
        arrays["classes"] = _plain_classes(estimator.classes_)
    return arrays


def _plain_classes(classes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return classes as an array without Python objects."""
    plain = classes.astype(str) if classes.dtype == object else classes
    if plain.dtype.kind not in _KINDS or plain.tolist() != classes.tolist():
        raise TypeError(f"classes must be numbers, booleans or texts, got {classes!r:.60}")
    return plain


_KINDS = "biufU"
"""Kinds of arrays that classes may be."""


def _flags(estimator: Any) -> dict[str, bool]:
    """Return of a classifier if samples have several labels, and if classes are Python objects."""
    if not isinstance(estimator, MLPClassifier):
        return {}
    is_multilabel = estimator._label_binarizer.y_type_.startswith("multilabel")
    return {"multilabel": is_multilabel, "object_classes": estimator.classes_.dtype == object}


def _read_weights(estimator: Any, archive: Archive, units: list[int]) -> None:
    """Set the weights, whose shapes follow from the sizes of the layers."""
    shapes: dict[str, list[tuple[int, ...]]] = {
        "coefs": [*pairwise(units)],
        "intercepts": [(n,) for n in units[1:]],
    }
    parts = {
        name: [_floats(archive, f"{name}{l}.npy", shape) for l, shape in enumerate(each)]
        for name, each in shapes.items()
    }
    types = {part.dtype.name for each in parts.values() for part in each}
    require(len(types) == 1, f"weights must be of one type, got {sorted(types)}")
    estimator.coefs_, estimator.intercepts_ = parts["coefs"], parts["intercepts"]
    if getattr(estimator, "best_validation_score_", None) is not None:
        # Which a warm start goes on from; `fit` too leaves them as the weights themselves.
        estimator._best_coefs, estimator._best_intercepts = parts["coefs"], parts["intercepts"]


def _floats(archive: Archive, name: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    array = _array(archive, name)
    require(
        array.dtype.kind == "f" and array.dtype.itemsize in (4, 8) and array.shape == shape,
        f"{name} must hold float64 or float32 of shape {shape}, got {array.dtype} of shape "
        f"{array.shape}",
    )
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _array(archive: Archive, name: str) -> npt.NDArray[Any]:
    require(name in archive.names, f"{name} is missing")
    return archive.array(name)


def _read_classes(estimator: Any, archive: Archive, header: Any) -> None:
    """Set the classes, and what turns outputs into them."""
    classes = _array(archive, "classes.npy")
    kind, shape, count = classes.dtype.kind, classes.shape, len(classes) if classes.ndim else 0
    require(
        kind in _KINDS and classes.ndim == 1 and count and len(set(classes.tolist())) == count,
        f"classes must be different numbers, booleans or texts, got {classes.dtype} of {shape}",
    )
    flags = {name: header.get(name) for name in ("multilabel", "object_classes")}
    require(set(map(type, flags.values())) == {bool}, f"must be booleans: {flags!r:.60}")
    if flags["object_classes"]:
        require(kind == "U", f"object_classes must be texts, got {classes.dtype}")
        classes = classes.astype(object)
    binarizer = LabelBinarizer()
    if flags["multilabel"]:
        binarizer.fit(np.ones((1, count), dtype=int))
    else:
        binarizer.fit(np.repeat(classes, 2))  # of many that come once 1.7 warns
    is_multiclass = binarizer.y_type_ == "multiclass"
    outputs = count if is_multiclass or flags["multilabel"] else 1
    activation = "softmax" if is_multiclass else "logistic"
    require(
        np.array_equal(binarizer.classes_, classes)
        and (estimator.n_outputs_, estimator.out_activation_) == (outputs, activation),
        f"{outputs} outputs must be {activation} for {count} classes in ascending order, got "
        f"{estimator.n_outputs_}, {estimator.out_activation_}",
    )
    estimator.classes_, estimator._label_binarizer = binarizer.classes_, binarizer
