"""Where a display draws: axes of a new figure or file; scales and ticks of losses and epochs."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bp_numba.runs.files import replacing


def new_axes() -> Any:
    """Return the axes of a new figure of pyplot, which notebooks and `pyplot.show` then show."""
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1]


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[Any]:
    """Give axes to draw on, then write them to a file, without pyplot's global state.

    Parameters
    ----------
    path : Path
        File to write, in one step; its suffix names the format, without one it is PNG.

    Raises
    ------
    ModuleNotFoundError
        If Matplotlib is not installed.
    OSError, ValueError
        If the file cannot be written, or not in the format that its suffix names.
    """
    from matplotlib.figure import Figure

    figure = Figure(layout="constrained")
    yield figure.subplots()
    with replacing(path) as file:
        figure.savefig(file, dpi=150, format=path.suffix[1:] or "png")


def scale_losses(ax: Any, lines: list[Any]) -> None:
    """Give the losses a log scale, and plain numbers at its ticks within a decade."""
    from matplotlib.ticker import MaxNLocator, NullLocator, ScalarFormatter

    shown = np.concatenate([line.get_ydata() for line in lines])
    if np.any(shown == 0) and not np.any(shown > 0):
        return  # of nothing but zeros a log scale shows nothing, and Matplotlib warns
    ax.set_yscale("log")
    if 0 < ax.dataLim.y1 < 10 * ax.dataLim.minposy:
        # Its own ticks within a decade are like 3 x 10^0, with hardly a line of the grid.
        ax.yaxis.set_major_locator(MaxNLocator(6))
        ax.yaxis.set_major_formatter(ScalarFormatter())
        ax.yaxis.set_minor_locator(NullLocator())


def tick_epochs(ax: Any) -> None:
    """Tick whole epochs, written like 10k and 2M, unless the axis has a scale of the user's."""
    from matplotlib.ticker import EngFormatter, MaxNLocator

    if ax.get_xscale() == "linear":  # Matplotlib's own ticks collide from 10,000 epochs on
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
        ax.xaxis.set_major_formatter(EngFormatter(sep=""))
