"""A run that is interrupted half-way, loaded from its checkpoint, and continued.

    python -m bp_numba.examples.resumed --plot resumed.png

Its weights end bit for bit as those of a run that was never interrupted.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from bp_numba import LossCurveDisplay, NeuralNetwork
from bp_numba.examples.script import run
from bp_numba.examples.xor import XOR


def main(seed: int = 0, plot: Path | None = None, save: Path | None = None) -> None:
    """Train XOR in two parts and as a whole, compare the weights, draw the losses."""
    X, y = XOR.load(seed)[:2]
    with TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "xor.npz"
        nn = _network(seed)
        try:
            nn.fit(
                X, y, XOR.epochs, displayUpdate=2_500, checkpoint=checkpoint, callback=_interrupt
            )
        except KeyboardInterrupt:
            print("[INFO] interrupted")

        nn = NeuralNetwork.load(checkpoint)
        done = nn.epochs_trained
        print(f"[INFO] the checkpoint holds the weights after {done} epochs")
        nn.fit(X, y, XOR.epochs, displayUpdate=2_500, checkpoint=checkpoint, initial_epoch=done)
    if save is not None:
        nn.save(save)

    whole = _network(seed)
    whole.fit(X, y, XOR.epochs, displayUpdate=2_500, verbose=False)
    same = all(np.array_equal(a, b) for a, b in zip(nn.W, whole.W, strict=True))
    print(f"[INFO] weights equal to those of a whole run: {same}")

    if plot is not None:
        from matplotlib.figure import Figure

        figure = Figure(layout="constrained")
        ax = figure.subplots()
        LossCurveDisplay.from_network(whole, ax, name="whole run", linewidth=6, color="lightgray")
        LossCurveDisplay.from_network(nn, ax, name="resumed run", marker=".")
        ax.axvline(done, color="gray", linestyle=":", label="resumed here")
        ax.set_title(repr(nn))
        ax.legend()
        figure.savefig(plot, dpi=150)


def _network(seed: int) -> NeuralNetwork:
    np.random.seed(seed)
    return NeuralNetwork(XOR.layers, alpha=XOR.alpha)


def _interrupt(network: Any, epoch: int, loss: Any) -> None:
    if epoch == XOR.epochs // 2:
        raise KeyboardInterrupt  # as Ctrl-C does


if __name__ == "__main__":
    sys.exit(run(main, __doc__))
