"""What a progress bar, silence and checkpoints cost. Run ``python -m bench.watching``.

The digits for 1,000 epochs, each way in turn, 15 rounds. Printed lines and the bar go to a file.
The figure of a way is the median over the rounds of its time over that of the default in the same
round.
"""

import contextlib
import os
import tempfile
from statistics import median
from time import perf_counter

import numpy as np

from bp_numba import NeuralNetwork
from bp_numba.examples.digits import DIGITS

ROUNDS, EPOCHS = 15, 1_000


def ways(folder):
    """Return a dict from names to further arguments of `fit`."""
    path = os.path.join(folder, "digits.npz")
    return {
        "default": {},
        "default, again": {},
        "verbose=False": {"verbose": False},
        "progress=True": {"progress": True},
        "progress=True, verbose=False": {"progress": True, "verbose": False},
        "checkpoint": {"checkpoint": path},
    }


def seconds(split, options):
    """Return how long a run takes, from `fit` to its return."""
    np.random.seed(0)
    network = NeuralNetwork(DIGITS.layers, DIGITS.alpha)
    with (
        tempfile.TemporaryFile("w") as file,
        contextlib.redirect_stdout(file),
        contextlib.redirect_stderr(file),
    ):
        started = perf_counter()
        network.fit(split.X, split.y, EPOCHS, **options)
        return perf_counter() - started


def main():
    """Print the time of each way relative to the default."""
    split, times = DIGITS.load(0), {}
    with tempfile.TemporaryDirectory() as folder:
        options = ways(folder)
        for round_ in range(-1, ROUNDS):  # the first round loads what is loaded once
            for name in options:
                if "checkpoint" in options[name]:
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(options[name]["checkpoint"])
                taken = seconds(split, options[name])
                if round_ >= 0:
                    times.setdefault(name, []).append(taken)
    print(f"digits, {EPOCHS} epochs: {median(times['default']):.3f} s")
    for name, taken in times.items():
        ratio = median(a / b for a, b in zip(taken, times["default"], strict=True))
        print(f"{name:30}{100 * (ratio - 1):+6.2f}%")


if __name__ == "__main__":
    main()
