"""Breast cancer: tumors, malignant or not, by thirty measures of their cells.

    python -m bp_numba.examples.breast_cancer --plot breast_cancer.png

Training stops when the loss of other samples no longer falls; a third part judges the result.
"""

import sys
from pathlib import Path

import numpy as np

from bp_numba import EarlyStopping, LossCurveDisplay, NeuralNetwork
from bp_numba.examples.script import run


def main(seed: int = 0, plot: Path | None = None, save: Path | None = None) -> None:
    """Train 30-8-1 until it has learned enough, print the accuracy, draw the losses."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import MinMaxScaler

    tumors = load_breast_cancer()
    malignant = (tumors.target == 0)[:, np.newaxis]  # a column: see fit about y of one dimension
    X, X_test, y, y_test = train_test_split(
        tumors.data, malignant, test_size=0.25, stratify=malignant, random_state=seed
    )
    X, X_validation, y, y_validation = train_test_split(
        X, y, test_size=0.25, stratify=y, random_state=seed
    )
    scaler = MinMaxScaler().fit(X)
    X, X_validation, X_test = map(scaler.transform, (X, X_validation, X_test))

    np.random.seed(seed)
    nn = NeuralNetwork([30, 8, 1], alpha=0.1)
    stopping = EarlyStopping(patience=10)
    nn.fit(
        X,
        y,
        epochs=2_000,
        displayUpdate=10,
        verbose=False,
        validation=(X_validation, y_validation),
        callback=stopping,
    )
    if save is not None:
        nn.save(save)
    print(f"[INFO] trained for {nn.epochs_trained} epochs, best after {stopping.best_epoch}")

    found = nn.predict(X_test) > 0.5
    print(f"[INFO] malignant tumors found: {found[y_test].sum()} of {y_test.sum()}")
    print(f"[INFO] false alarms: {found[~y_test].sum()} of {(~y_test).sum()}")
    print(f"[INFO] accuracy={(found == y_test).mean():.3f}")

    if plot is not None:
        from matplotlib.figure import Figure

        figure = Figure(layout="constrained")
        ax = figure.subplots()
        LossCurveDisplay.from_network(nn, ax)
        ax.axvline(stopping.best_epoch, color="gray", linestyle=":", label="weights kept")
        ax.legend()
        figure.savefig(plot, dpi=150)


if __name__ == "__main__":
    sys.exit(run(main, __doc__))
