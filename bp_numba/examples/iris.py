"""Iris: three kinds of flowers, told apart by length and width of the petals.

    python -m bp_numba.examples.iris --plot iris.png

One output for each class, and a picture of the regions that the network gives to them.
"""

import sys
from pathlib import Path

import numpy as np

from bp_numba import DecisionBoundaryDisplay, LossCurveDisplay, NeuralNetwork
from bp_numba.examples.script import run


def main(seed: int = 0, plot: Path | None = None, save: Path | None = None) -> None:
    """Train 2-4-3, print the accuracy, draw regions and losses."""
    from sklearn.datasets import load_iris
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import MinMaxScaler

    flowers = load_iris()
    petals, labels = flowers.data[:, 2:], flowers.target
    X, X_test, y, y_test = train_test_split(
        petals, np.eye(3)[labels], test_size=0.3, stratify=labels, random_state=seed
    )
    scaler = MinMaxScaler().fit(X)  # the test samples must not have a say in it
    X, X_test = scaler.transform(X), scaler.transform(X_test)

    np.random.seed(seed)
    nn = NeuralNetwork([2, 4, 3], alpha=0.2)
    nn.fit(X, y, 1_000, displayUpdate=10, verbose=False, validation=(X_test, y_test))
    if save is not None:
        nn.metadata["classes"] = flowers.target_names.tolist()
        nn.save(save)

    correct = nn.predict(X_test).argmax(axis=1) == y_test.argmax(axis=1)
    print(f"[INFO] accuracy={correct.mean():.3f}, {correct.sum()} of {len(correct)} flowers")

    if plot is not None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(10, 4), layout="constrained")
        left, right = figure.subplots(1, 2)
        display = DecisionBoundaryDisplay.from_network(nn, X_test, y_test, left)
        display.colorbar_.set_ticks(range(3), labels=flowers.target_names)
        left.set(xlabel="Petal length, scaled", ylabel="Petal width, scaled", title="Test samples")
        LossCurveDisplay.from_network(nn, right)
        figure.savefig(plot, dpi=150)


if __name__ == "__main__":
    sys.exit(run(main, __doc__))
