"""The samples that early stopping goes by: split off, or the user's own."""

from typing import Any, NamedTuple

import numpy as np
from sklearn.base import is_classifier
from sklearn.model_selection import train_test_split
from sklearn.utils.multiclass import unique_labels
from sklearn.utils.validation import column_or_1d, validate_data

from bp_numba.estimators.trainer import Samples
from bp_numba.estimators.weighting import weigh


class HeldOut(NamedTuple):
    """Samples to validate with."""

    samples: Samples
    targets: Any
    """What a score compares predictions with: classes, or numbers."""


def check_given(estimator: Any, X_val: Any, y_val: Any) -> None:
    """Raise ValueError if validation samples are given by half, or would not be used."""
    if X_val is None and y_val is None:
        return
    if X_val is None or y_val is None:
        missing = "X_val" if X_val is None else "y_val"
        raise ValueError(f"X_val and y_val must be given together, got {missing}=None")
    if estimator.solver == "lbfgs" or not estimator.early_stopping:
        raise ValueError(
            "X_val and y_val need early_stopping=True and the solver 'sgd' or 'adam', got "
            f"early_stopping={estimator.early_stopping!r}, solver={estimator.solver!r}"
        )


def held_out_from(estimator: Any, samples: Samples) -> tuple[Samples, HeldOut | None]:
    """Return the samples to train on, and with early stopping those that it goes by.

    Raises
    ------
    ValueError
        If there are fewer than two to validate with, or they do not fit those of training.
    """
    if not estimator.early_stopping:
        return samples, None
    call = estimator._call
    if call is None or call.X_val is None:
        training, validation = _split(estimator, samples)
    else:
        training, validation = samples, _given(estimator, call.X_val, call.y_val, samples)
    targets = validation.y
    if is_classifier(estimator):
        targets = estimator._label_binarizer.inverse_transform(targets)
    return training, HeldOut(validation, targets)


def _split(estimator: Any, samples: Samples) -> tuple[Samples, Samples]:
    """Return samples to train on and to validate with, drawn as scikit-learn draws them."""
    arrays = samples if samples.sample_weight is not None else samples[:2]
    parts = train_test_split(
        *arrays,
        random_state=estimator._random_state,
        test_size=estimator.validation_fraction,
        # A single column: two classes. Several are classes of which one holds, or labels.
        stratify=samples.y if is_classifier(estimator) and samples.y.shape[1] == 1 else None,
    )
    if samples.sample_weight is None:
        parts += [None, None]
    training, validation = Samples(*parts[::2]), Samples(*parts[1::2])
    if validation.X.shape[0] < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the size of your "
            "dataset."
        )
    return training, validation


def _given(estimator: Any, X_val: Any, y_val: Any, training: Samples) -> Samples:
    """Return the user's own validation samples, with a column of y for each output."""
    try:
        X, y = validate_data(
            estimator,
            X_val,
            y_val,
            reset=False,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            y_numeric=not is_classifier(estimator),
            dtype=training.X.dtype,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        y = _columns(estimator, y)
    except ValueError as error:
        raise ValueError(f"X_val and y_val do not fit: {error}") from error
    if X.shape[0] < 2:
        raise ValueError(f"X_val must have at least 2 rows, got {X.shape[0]}")
    if y.shape[1] != training.y.shape[1]:
        raise ValueError(f"y_val must have {training.y.shape[1]} columns, as y, got {y.shape[1]}")
    return Samples(X, y, weigh(estimator, training.y, None, others=y))


def _columns(estimator: Any, y: Any) -> Any:
    """Return targets as scikit-learn trains on them, from classes or numbers."""
    if not is_classifier(estimator):
        if not isinstance(y, np.ndarray) or y.dtype.kind not in "biuf":
            kind = type(y).__name__
            raise ValueError(f"y_val must be an array of numbers, got {kind} with dtype {y.dtype}")
        return y.reshape(len(y), -1)
    unknown = np.setdiff1d(unique_labels(y), estimator.classes_)
    if len(unknown):
        raise ValueError(f"y_val must have classes of y, {estimator.classes_}, got {unknown}")
    return estimator._label_binarizer.transform(y).astype(bool)
