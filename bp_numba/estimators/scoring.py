"""Score and loss of validation samples, from one pass through the layers."""

from typing import Any

import numpy as np
from sklearn.base import is_classifier

from bp_numba.estimators import hooks
from bp_numba.estimators.validation import HeldOut


def score_and_loss(estimator: Any, held_out: HeldOut) -> tuple[float, float]:
    """Return what `_score` returns, and the mean loss without the L2 penalty."""
    X, _, sample_weight = held_out.samples
    outputs = estimator._forward_pass_fast(X, check_input=False)
    is_weighed = sample_weight is None or sample_weight.any()
    score = _score(estimator, held_out, outputs) if is_weighed else None
    if score is None:
        score = estimator._score(X, held_out.targets, sample_weight=sample_weight)
    return score, _loss(estimator, held_out, outputs) if is_weighed else float("nan")


def _score(estimator: Any, held_out: HeldOut, outputs: Any) -> float | None:
    """Return the accuracy or R2 bit for bit as `_score` does, or None if that must be asked.

    It checks for a millisecond what it is given, as long as tens of epochs of a small network take.
    """
    # A subclass may have another score.
    is_own = hooks.are_overridden(estimator, "_score", "_predict")
    y = held_out.samples.y
    # Sparse targets, and others than a warm start began with, are errors that it words.
    if is_own or not isinstance(y, np.ndarray) or outputs.shape != y.shape:
        return None
    return (_accuracy if is_classifier(estimator) else _r2)(estimator, held_out, outputs)


def _accuracy(estimator: Any, held_out: HeldOut, outputs: Any) -> float:
    """Return the share of samples all of whose labels are right."""
    _, y, sample_weight = held_out.samples
    binarizer = estimator._label_binarizer
    if len(binarizer.classes_) == 1:
        right = np.ones(len(y), dtype=bool)
    elif binarizer.y_type_ == "multiclass":
        right = outputs.argmax(axis=1) == y.argmax(axis=1)
    else:  # a subclass may have targets other than 0 and 1
        right = ((outputs > 0.5) == (y > 0.5)).all(axis=1)
    return float(np.average(right, weights=sample_weight))


def _r2(estimator: Any, held_out: HeldOut, outputs: Any) -> float | None:
    """Return the mean R2 of the outputs, or None where rounding or constants are special."""
    if not np.isfinite(outputs).all():
        return float("nan")
    _, y, sample_weight = held_out.samples
    arrays = [y, outputs, *([] if sample_weight is None else [sample_weight])]
    if any(array.dtype != np.float64 for array in arrays):
        return None
    weight = 1.0 if sample_weight is None else sample_weight[:, np.newaxis]
    errors = np.sum(weight * (y - outputs) ** 2, axis=0)
    spread = np.sum(weight * (y - np.average(y, axis=0, weights=sample_weight)) ** 2, axis=0)
    if not (errors.all() and spread.all()):
        return None
    return float(np.average(1 - errors / spread))


def _loss(estimator: Any, held_out: HeldOut, outputs: Any) -> float:
    """Return the mean loss."""
    name = {"squared_error": "squared_loss", "poisson": "poisson_loss"}.get(estimator.loss)
    if name is None:
        name = "binary_log_loss" if estimator.out_activation_ == "logistic" else "log_loss"
    _, y, sample_weight = held_out.samples
    return float(hooks.get(f"_base.{name}")(y, outputs, sample_weight))
