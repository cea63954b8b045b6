"""Diabetes: a regression, the progress of the disease from ten measures of a patient.

    python -m bp_numba.examples.diabetes --plot diabetes.png

A sigmoid's output lies between 0 and 1, so the targets are scaled, and predictions scaled back.
"""

import sys
from pathlib import Path

import numpy as np

from bp_numba import LossCurveDisplay, NeuralNetwork
from bp_numba.examples.script import run


def main(seed: int = 0, plot: Path | None = None, save: Path | None = None) -> None:
    """Train 10-4-1, print R2 and the mean error, draw predictions against measurements."""
    from sklearn.datasets import load_diabetes
    from sklearn.metrics import mean_absolute_error, r2_score
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import MinMaxScaler

    patients = load_diabetes()
    X, X_test, progress, measured = train_test_split(
        patients.data, patients.target[:, np.newaxis], test_size=0.3, random_state=seed
    )
    inputs = MinMaxScaler().fit(X)
    targets = MinMaxScaler((0.1, 0.9)).fit(progress)  # 0 and 1 are out of a sigmoid's reach

    np.random.seed(seed)
    nn = NeuralNetwork([10, 4, 1], alpha=0.1)
    nn.fit(inputs.transform(X), targets.transform(progress), epochs=200, displayUpdate=20)
    if save is not None:
        nn.save(save)

    predicted = targets.inverse_transform(nn.predict(inputs.transform(X_test)))
    error = mean_absolute_error(measured, predicted)
    print(f"[INFO] R2={r2_score(measured, predicted):.3f}, mean absolute error={error:.1f}")

    if plot is not None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(10, 4), layout="constrained")
        left, right = figure.subplots(1, 2)
        left.scatter(measured, predicted, alpha=0.6)
        left.axline((150, 150), slope=1, color="gray", linestyle="--", label="without error")
        left.set(xlabel="Progress, measured", ylabel="Progress, predicted", title="Test samples")
        left.set_aspect("equal")
        left.legend()
        LossCurveDisplay.from_network(nn, right)
        figure.savefig(plot, dpi=150)


if __name__ == "__main__":
    sys.exit(run(main, __doc__))
