"""XOR: the smallest problem that needs a hidden layer."""

from typing import Any

import numpy as np

from bp_numba.examples import Problem, Split


def load(seed: int) -> Split:
    """Return the four rows of the truth table, to train and to test on; nothing is random."""
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = np.array([[0], [1], [1], [0]])
    return Split(X, y, X, y)


def report(predictions: Any, y_test: Any) -> str:
    """Return a table of inputs, targets, outputs, and outputs cut at one half."""
    rows = [
        f"[INFO] data={x.astype(int).tolist()}, ground-truth={target[0]}, "
        f"pred={output[0]:.4f}, step={int(output[0] > 0.5)}"
        for x, target, output in zip(load(0).X, y_test, predictions, strict=True)
    ]
    return "\n".join(rows)


XOR = Problem("xor", (2, 2, 1), 0.5, 20_000, load, report)
