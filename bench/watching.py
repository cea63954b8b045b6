"""What a progress bar, silence and checkpoints cost. Run ``python -m bench.watching``.

The digits for 1,000 epochs, each way in pairs with the default, 16 of them, the order within a pair
in turn: where the runs before have left free memory makes a difference of some percent. Printed
lines and the bar go to a file. The figure of a way is the median over the pairs of its time over
that of the default.
"""

import contextlib
import os
import tempfile
from statistics import median
from time import perf_counter

import numpy as np

from bp_numba import NeuralNetwork
from bp_numba.examples.digits import DIGITS

PAIRS, EPOCHS = 16, 1_000


def ways(folder):
    """Return a dict from names to further arguments of `fit`."""
    path = os.path.join(folder, "digits.npz")
    return {
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
    split = DIGITS.load(0)
    with tempfile.TemporaryDirectory() as folder:
        for name, options in ways(folder).items():
            seconds(split, options)  # loads what is loaded once
            ratios = [ratio(split, options, pair % 2) for pair in range(PAIRS)]
            print(f"{name:30}{100 * (median(ratios) - 1):+6.2f}%", flush=True)


def ratio(split, options, default_first):
    """Return the time of a way over that of the default, measured one after the other."""
    times = {}
    for is_default in (default_first, not default_first):
        with contextlib.suppress(KeyError, FileNotFoundError):
            os.unlink(options["checkpoint"])
        times[bool(is_default)] = seconds(split, {} if is_default else options)
    return times[False] / times[True]


if __name__ == "__main__":
    main()
