"""The 8x8 handwritten digits of scikit-learn.

    python -m bp_numba.examples.digits --plot digits.png

The published settings, with the loss of the test samples beside that of the training samples.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from bp_numba import LossCurveDisplay, NeuralNetwork
from bp_numba.examples import Problem, Split
from bp_numba.examples.script import run


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


DIGITS = Problem("digits", "MNIST (sample)", (64, 32, 16, 10), 0.1, 1_000, load, report)


def main(seed: int = 0, plot: Path | None = None, save: Path | None = None) -> None:
    """Train 64-32-16-10, print the classification report, draw the losses."""
    X, y, X_test, y_test = load(seed)
    np.random.seed(seed)
    nn = NeuralNetwork(DIGITS.layers, alpha=DIGITS.alpha)
    test = X_test, y_test
    nn.fit(X, y, epochs=DIGITS.epochs, displayUpdate=10, verbose=False, validation=test)
    if save is not None:
        nn.save(save)
    print(report(nn.predict(X_test), y_test))

    if plot is not None:
        from matplotlib.figure import Figure

        figure = Figure(layout="constrained")
        LossCurveDisplay.from_network(nn, figure.subplots())
        figure.savefig(plot, dpi=150)


if __name__ == "__main__":
    sys.exit(run(main, __doc__))
