"""The 8x8 handwritten digits of scikit-learn."""

from typing import Any

import numpy as np

from bp_numba.examples import Problem, Split


def load(seed: int) -> Split:
    """Return the digits scaled to [0, 1] with one-hot labels, 75% of the rows for training.

    Raises
    ------
    ModuleNotFoundError
        If scikit-learn is not installed.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    images = (images - images.min()) / (images.max() - images.min())
    X, X_test, y, y_test = train_test_split(
        images, np.eye(10)[labels], test_size=0.25, random_state=seed
    )
    return Split(X, y, X_test, y_test)


def report(predictions: Any, y_test: Any) -> str:
    """Return precision, recall and F1 of each digit, and the accuracy."""
    from sklearn.metrics import classification_report

    text: str = classification_report(y_test.argmax(axis=1), predictions.argmax(axis=1))
    return text


DIGITS = Problem("digits", (64, 32, 16, 10), 0.1, 1_000, load, report)
