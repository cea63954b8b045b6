"""Weights of classes, as weights of samples."""

import sys
from typing import Any

import numpy as np
from sklearn.utils.class_weight import compute_sample_weight

PARTIAL_FIT_REFUSED = (
    "class_weight 'balanced' is not supported for partial_fit. In order to use 'balanced' "
    "weights, use compute_class_weight('balanced', classes=classes, y=y). In place of y you can "
    "use a large enough sample of the full training set target to properly estimate the class "
    "frequency distributions. Pass the resulting weights as the class_weight parameter."
)
"""What scikit-learn's SGDClassifier says."""


def weigh(estimator: Any, y: Any, sample_weight: Any, others: Any = None) -> Any:
    """Return weights of samples, multiplied by the weights of their classes.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Whose `class_weight`, if it has one, is not None.
    y : ndarray of bool of shape (n, outputs)
        The targets; how often each class is among them is what 'balanced' goes by.
    sample_weight : ndarray of shape (n,) or None
    others : ndarray of bool of shape (m, outputs), optional
        Targets that weights are wanted of in place of y's.

    Returns
    -------
    ndarray of shape (n,), or (m,) with `others`; or `sample_weight`, if classes have no weights

    Raises
    ------
    ValueError
        If the weights are not of these classes, or not finite numbers of at least 0, or a list
        where a sample has one class.
    """
    class_weight = getattr(estimator, "class_weight", None)
    if class_weight is None:
        return sample_weight
    _check(class_weight)
    outputs = y.shape[1]
    # One of each class too: a batch of partial_fit may lack some that have weights.
    everything = [y, np.eye(outputs), np.zeros((1, outputs)), *([] if others is None else [others])]
    labels = estimator._label_binarizer.inverse_transform(np.vstack(everything).astype(bool))
    if labels.ndim == 1 and isinstance(class_weight, list):  # which compute_sample_weight indexes
        raise ValueError(
            "class_weight must be a dict, 'balanced' or None unless y has several labels for each "
            f"sample, got {class_weight!r}"
        )
    indices = np.arange(len(y)) if class_weight == "balanced" else None
    weights = compute_sample_weight(class_weight, labels, indices=indices)
    weights = weights[: len(y)] if others is None else weights[-len(others) :]
    return weights if sample_weight is None else weights * sample_weight


def _check(class_weight: Any) -> None:
    """Raise ValueError if a weight is not a finite number of at least 0."""
    for each in class_weight if isinstance(class_weight, list) else [class_weight]:
        for label, weight in each.items() if isinstance(each, dict) else ():
            if not (
                isinstance(weight, int | float | np.integer | np.floating)
                and 0 <= weight <= sys.float_info.max
            ):
                raise ValueError(
                    "class_weight must have finite numbers of at least 0, "
                    f"got {weight!r} for class {label!r}"
                )


def mean_weight_of_ones(estimator: Any, sample_weight: Any, batch_size: int) -> float | None:
    """Return what losses and gradients are divided by if weights of classes meet batches of one.

    scikit-learn divides the sum over a batch by the sum of its weights, so that in a batch of one
    sample its weight cancels: weights of classes would do nothing. Then a sample's loss, penalty
    and gradient are divided by this mean instead of its own weight, and one of weight 0 is left
    out. None in all other cases, weights of samples without those of classes included: they are
    scikit-learn's.
    """
    if batch_size > 1 or getattr(estimator, "class_weight", None) is None:
        return None
    return float(np.mean(sample_weight)) or 1.0
