"""Restarts: XOR from 1,000 seeds at once, how many networks learn it, and how soon.

    python -m bp_numba.examples.restarts --plot restarts.png

A single output on the wrong side of one half makes a loss of at least 1/8. So a network whose loss
is below has learned XOR: all four are on the right side.
"""

import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from bp_numba import NeuralNetwork, fit_many
from bp_numba.examples.script import run
from bp_numba.examples.xor import XOR

COUNT = 1_000
LEARNED = 1 / 8


def main(seed: int = 0, plot: Path | None = None, save: Path | None = None) -> None:
    """Train the seeds from `seed` on, print how many learn XOR, save the best, draw all losses."""
    X, y = XOR.load(seed)[:2]
    networks = [_network((seed + k) % 2**32) for k in range(COUNT)]
    jobs = -1 if find_spec("joblib") else 1
    started = perf_counter()
    fit_many(networks, X, y, XOR.epochs, displayUpdate=100, n_jobs=jobs)
    seconds = perf_counter() - started

    epochs = np.array(networks[0].history.epochs)
    losses = np.array([nn.losses for nn in networks])
    if save is not None:
        networks[losses[:, -1].argmin()].save(save)
    learned = losses[:, -1] < LEARNED
    needed = epochs[(losses[learned] < LEARNED).argmax(axis=1)]
    _report(losses[:, -1], learned, needed)
    print(f"[INFO] trained for {XOR.epochs} epochs each, in {seconds:.2f} s together")

    if plot is not None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(10, 4), layout="constrained")
        left, right = figure.subplots(1, 2, sharex=True)
        _draw_losses(left, epochs, losses, learned)
        right.plot(epochs, (losses < LEARNED).sum(axis=0), drawstyle="steps-post")
        right.set(xscale="log", xlim=(100, XOR.epochs), ylim=(0, COUNT))
        right.set(xlabel="Epoch", ylabel="Networks", title="Have learned XOR")
        right.grid(alpha=0.3)
        figure.savefig(plot, dpi=150)


def _network(seed: int) -> NeuralNetwork:
    np.random.seed(seed)
    return NeuralNetwork(XOR.layers, alpha=XOR.alpha)


def _report(last: Any, learned: Any, needed: Any) -> None:
    print(f"[INFO] {learned.sum()} of {COUNT} networks learned XOR")
    if len(needed):
        shares = ", ".join(f"{p}% by {np.percentile(needed, p):.0f}" for p in (10, 50, 90))
        print(f"[INFO] of these, {shares} epochs, the first by {needed.min()}")
    for loss, count in sorted(Counter(last[~learned].round(2)).items()):
        print(f"[INFO] {count} still have a loss of {loss:.2f}")


def _draw_losses(ax: Any, epochs: Any, losses: Any, learned: Any) -> None:
    from matplotlib.collections import LineCollection

    for are_meant, color, name in ((learned, "C0", "learned"), (~learned, "C3", "not yet")):
        curves = [np.column_stack([epochs, curve]) for curve in losses[are_meant]]
        ax.add_collection(LineCollection(curves, colors=color, linewidths=0.3, alpha=0.4))
        ax.plot([], [], color=color, label=f"{are_meant.sum()} {name}")
    ax.axhline(LEARNED, color="gray", linestyle=":")
    ax.set(yscale="log", ylim=(1e-4, 1), xlabel="Epoch", ylabel="Loss", title=f"{COUNT} seeds")
    ax.legend(loc="lower left")


if __name__ == "__main__":
    sys.exit(run(main, __doc__))
