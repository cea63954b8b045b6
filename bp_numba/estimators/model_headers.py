"""What the header of an estimator's file says: class, parameters, and what `fit` has left."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from bp_numba.estimators.classifier import MLPClassifier
from bp_numba.estimators.regressor import MLPRegressor
from bp_numba.kernels.layout import units_of
from bp_numba.runs.archives import require
from bp_numba.runs.json_values import are_layers, are_numbers, is_count, is_number

CLASSES = {kind.__name__: kind for kind in (MLPClassifier, MLPRegressor)}
"""What a file can hold, by the name in its header."""

OUT_ACTIVATIONS = {"MLPClassifier": ("logistic", "softmax"), "MLPRegressor": ("identity", "exp")}


class Field(NamedTuple):
    """What an attribute of a fitted estimator must be in a header, which may be without it."""

    must: str
    is_valid: Callable[[Any], bool]
    read: Callable[[Any], Any]


def _floats(values: Any) -> list[float]:
    return [float(value) for value in values]


def _optional(field: Field) -> Field:
    return Field(
        f"{field.must}, or null",
        lambda value: value is None or field.is_valid(value),
        lambda value: None if value is None else field.read(value),
    )


_COUNT = Field("a number >= 0 of epochs or samples", is_count, int)
_NUMBER = Field("a number", is_number, float)
_NUMBERS = Field("a list of numbers", are_numbers, _floats)

FITTED = {
    "n_iter_": _COUNT,
    "t_": _COUNT,
    "_no_improvement_count": _COUNT,
    "best_iter_": _optional(_COUNT),
    "loss_": _NUMBER,
    "best_loss_": _optional(_NUMBER),
    "best_validation_score_": _optional(_NUMBER),
    "loss_curve_": _NUMBERS,
    "validation_scores_": _optional(_NUMBERS),
    "validation_loss_curve_": _optional(_NUMBERS),
}
"""Attributes that a header holds as they are; which of them there are depends on the solver."""


def header_of(estimator: Any) -> dict[str, Any]:
    """Return what JSON can hold of a fitted estimator."""
    names = getattr(estimator, "feature_names_in_", None)
    return {
        "class": type(estimator).__name__,
        "parameters": _parameters(estimator),
        "units": units_of(estimator.coefs_),
        "out_activation": estimator.out_activation_,
        "feature_names": None if names is None else names.tolist(),
        **{name: _plain(vars(estimator)[name]) for name in FITTED if name in vars(estimator)},
    }


def _plain(value: Any) -> Any:
    """Return a value with Python's own numbers and lists in place of NumPy's."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _parameters(estimator: Any) -> dict[str, Any]:
    """Return the parameters that JSON text can hold as they are, tuples as lists."""
    values = {name: _plain(value) for name, value in estimator.get_params(deep=False).items()}
    return {name: value for name, value in values.items() if _is_for_json(value)}


def _is_for_json(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_for_json, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_for_json(item) for key, item in value.items())
    return value is None or isinstance(value, str | int | float)


def estimator_of(header: Any) -> Any:
    """Return an estimator with all that a header says, but without weights.

    Raises
    ------
    ModelFormatError, ValueError
        If the header is not one that `header_of` returns.
    """
    kind, parameters = CLASSES.get(str(header.get("class"))), header.get("parameters")
    require(kind, f"class must be one of {[*CLASSES]}, got {header.get('class')!r:.60}")
    require(isinstance(parameters, dict), f"parameters must be a dict, got {parameters!r:.60}")
    estimator: Any = kind()  # type: ignore[misc]
    unknown = set(parameters) - set(estimator.get_params(deep=False))
    require(not unknown, f"parameters unknown to this scikit-learn: {sorted(unknown)!r:.60}")
    sizes = parameters.get("hidden_layer_sizes")
    if isinstance(sizes, list):
        parameters = parameters | {"hidden_layer_sizes": tuple(sizes)}
    estimator.set_params(**parameters)._validate_params()
    for name, field in FITTED.items():
        if name in header:
            value = header[name]
            require(field.is_valid(value), f"{name} must be {field.must}, got {value!r:.60}")
            setattr(estimator, name, field.read(value))
    _set_layers(estimator, header)
    return estimator


def _set_layers(estimator: Any, header: Any) -> None:
    """Set what a header says of the layers, and of the names of the inputs."""
    units, activation = header.get("units"), header.get("out_activation")
    require(are_layers(units), f"units must be two or more positive integers, got {units!r:.60}")
    known = OUT_ACTIVATIONS[type(estimator).__name__]
    require(activation in known, f"out_activation must be one of {known}, got {activation!r:.60}")
    estimator.n_layers_, estimator.out_activation_ = len(units), activation
    estimator.n_features_in_, estimator.n_outputs_ = units[0], units[-1]
    names = header.get("feature_names")
    if names is None:
        return
    texts = isinstance(names, list) and all(isinstance(name, str) for name in names)
    require(
        texts and len(names) == units[0],
        f"feature_names must be null or {units[0]} texts, got {names!r:.60}",
    )
    estimator.feature_names_in_ = np.array(names, dtype=object)
