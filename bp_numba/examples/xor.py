"""XOR: the smallest problem that needs a hidden layer.

    python -m bp_numba.examples.xor --plot xor.png

Four samples, and a picture of what the network says of all points between them.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from bp_numba import DecisionBoundaryDisplay, LossCurveDisplay, NeuralNetwork
from bp_numba.examples import Problem, Split
from bp_numba.examples.script import run


def load(seed: int) -> Split:
    """Return the four rows of the truth table, to train and to test on; nothing is random."""
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = np.array([[0], [1], [1], [0]])
    return Split(X, y, X, y)


def report(predictions: Any, y_test: Any) -> str:
    """Return a table of inputs, targets, outputs, and outputs cut at one half."""
    rows = [
        f"[INFO] data={x.astype(int)}, ground-truth={target[0]}, "
        f"pred={output[0]:.4f}, step={int(output[0] > 0.5)}"
        for x, target, output in zip(load(0).X, y_test, predictions, strict=True)
    ]
    return "\n".join(rows)


XOR = Problem("xor", "XOR", (2, 2, 1), 0.5, 20_000, load, report)


def main(seed: int = 0, plot: Path | None = None, save: Path | None = None) -> None:
    """Train 2-2-1, print the four outputs, draw the decision boundary and the losses."""
    X, y, _, _ = load(seed)
    np.random.seed(seed)
    nn = NeuralNetwork(XOR.layers, alpha=XOR.alpha)
    nn.fit(X, y, epochs=XOR.epochs, displayUpdate=100, verbose=False)
    if save is not None:
        nn.save(save)
    print(report(nn.predict(X), y))

    if plot is not None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(10, 4), layout="constrained")
        left, right = figure.subplots(1, 2)
        DecisionBoundaryDisplay.from_network(nn, X, y, left)
        left.set_title("Decision boundary")
        LossCurveDisplay.from_network(nn, right)
        figure.savefig(plot, dpi=150)


if __name__ == "__main__":
    sys.exit(run(main, __doc__))
