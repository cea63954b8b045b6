"""Plots, with Matplotlib and without its global state."""

from collections.abc import Sequence
from pathlib import Path


def save_loss_curve(path: Path, epochs: Sequence[int], losses: Sequence[float], title: str) -> None:
    """Write a plot of the loss against the epoch, both axes labelled, the loss on a log scale.

    Parameters
    ----------
    path : Path
        File to write; its suffix names the format.
    epochs, losses : sequences of the same length
        The points of the curve.
    title : str
        Title of the plot.

    Raises
    ------
    ModuleNotFoundError
        If Matplotlib is not installed.
    OSError, ValueError
        If the file cannot be written, or not in the format that its suffix names.
    """
    from matplotlib.figure import Figure

    figure = Figure(layout="constrained")
    axes = figure.subplots()
    axes.plot(epochs, losses)
    axes.set(title=title, xlabel="Epoch", ylabel="Loss (half the sum of squared errors)")
    axes.set_yscale("log")
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=150)
