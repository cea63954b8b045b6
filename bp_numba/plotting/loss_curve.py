"""The loss against the epoch."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from bp_numba.plotting.axes import new_axes
from bp_numba.runs.files import replacing
from bp_numba.runs.state import RECORD


class LossCurveDisplay:
    """The loss against the epoch, and beside it that of the validation samples.

    Parameters
    ----------
    epochs : sequence of int
        Where the losses were computed.
    losses : sequence of float
        One for each epoch. Those that are not finite are left out; a loss of 0 lies below the
        log scale.
    validation_losses : sequence of float or None, optional
        The same over the validation samples, None where there is none.
    title : str, optional
        Title of the axes.

    Attributes
    ----------
    ax_, figure_ : Axes, Figure
        What `plot` drew on.
    lines_ : list of Line2D
        The curve of the training loss, then that of the validation loss, if there is one.

    Raises
    ------
    ValueError
        If there is not one loss for each epoch.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from bp_numba import LossCurveDisplay
    >>> display = LossCurveDisplay(epochs=[1, 100, 200], losses=[0.5, 0.1, 0.01])
    >>> display.plot(Figure().subplots()).ax_.get_yscale()
    'log'
    """

    ax_: Any
    figure_: Any
    lines_: list[Any]

    def __init__(
        self,
        *,
        epochs: Sequence[int],
        losses: Sequence[float],
        validation_losses: Sequence[float | None] | None = None,
        title: str | None = None,
    ) -> None:
        for name, values in ("losses", losses), ("validation_losses", validation_losses):
            if values is not None and len(values) != len(epochs):
                raise ValueError(
                    f"{name} must have one value for each of {len(epochs)} epochs, "
                    f"got {len(values)}"
                )
        self.epochs, self.losses, self.validation_losses = epochs, losses, validation_losses
        self.title = title

    @classmethod
    def from_network(
        cls, nn: Any, ax: Any = None, *, name: str | None = None, **line_kwargs: Any
    ) -> Self:
        """Draw the whole history of a network.

        Parameters
        ----------
        nn : NeuralNetwork
            A network that was trained with `fit`. Without a `name` it gives the title.
        ax, name, **line_kwargs
            As in `plot`.

        Returns
        -------
        LossCurveDisplay
            With a copy of the history.

        Raises
        ------
        ValueError
            If the network has no history.

        Examples
        --------
        >>> from matplotlib.figure import Figure
        >>> from bp_numba import LossCurveDisplay, NeuralNetwork
        >>> nn = NeuralNetwork([2, 2, 1], alpha=0.5)
        >>> nn.fit([[0, 1]], [[1]], epochs=200, verbose=False)
        >>> LossCurveDisplay.from_network(nn, Figure().subplots()).ax_.get_title()
        'NeuralNetwork: 2-2-1'
        """
        record = getattr(nn, RECORD, None)
        if record is None or not record.history.epochs:
            raise ValueError(f"nn must have a history, which fit records, got untrained {nn!r}")
        history = record.history
        validation = history.validation_losses
        display = cls(
            epochs=list(history.epochs),
            losses=list(history.losses),
            validation_losses=None if all(v is None for v in validation) else list(validation),
            title=repr(nn) if name is None else None,
        )
        return display.plot(ax, name=name, **line_kwargs)

    def plot(self, ax: Any = None, *, name: str | None = None, **line_kwargs: Any) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure of pyplot without it.
        name : str, optional
            Name in the legend, to tell several networks on the same axes apart.
        **line_kwargs
            Passed to `Axes.plot` for both curves.

        Returns
        -------
        LossCurveDisplay
            This object.
        """
        ax = new_axes() if ax is None else ax
        self.ax_, self.figure_, self.lines_ = ax, ax.figure, []
        for losses, look in self._curves(name):
            values = np.array(losses, dtype=np.float64)  # a copy, in which None becomes NaN
            values[~np.isfinite(values)] = np.nan
            self.lines_ += ax.plot(self.epochs, values, **_line_options(values, look, line_kwargs))
        ax.set(xlabel="Epoch", ylabel="Loss (half squared error)")
        if self.title is not None:
            ax.set_title(self.title)
        _scale_losses(ax, self.lines_)
        _tick_epochs(ax)
        ax.grid(alpha=0.3)
        if ax.get_legend_handles_labels()[1]:
            ax.legend()
        return self

    def _curves(self, name: str | None) -> list[tuple[Sequence[float | None], dict[str, Any]]]:
        """Return the losses of each curve, and what tells it apart: its label and line style."""
        if not self.validation_losses:
            return [(self.losses, {"label": name, "linestyle": "-"})]
        prefix = "" if name is None else f"{name}, "
        return [
            (self.losses, {"label": f"{prefix}training", "linestyle": "-"}),
            (self.validation_losses, {"label": f"{prefix}validation", "linestyle": "--"}),
        ]


def save_loss_curve(
    path: Path,
    epochs: Sequence[int],
    losses: Sequence[float],
    title: str,
    validation_losses: Sequence[float | None] | None = None,
) -> None:
    """Write a plot of the loss against the epoch, without pyplot's global state.

    Parameters
    ----------
    path : Path
        File to write, in one step; its suffix names the format, without one it is PNG.
    epochs, losses, validation_losses, title
        As `LossCurveDisplay` takes them.

    Raises
    ------
    ModuleNotFoundError
        If Matplotlib is not installed.
    OSError, ValueError
        If the file cannot be written, or not in the format that its suffix names.
    """
    from matplotlib.figure import Figure

    figure = Figure(layout="constrained")
    LossCurveDisplay(
        epochs=epochs, losses=losses, validation_losses=validation_losses, title=title
    ).plot(figure.subplots())
    with replacing(path) as file:
        figure.savefig(file, dpi=150, format=path.suffix[1:] or "png")


def _line_options(values: Any, look: dict[str, Any], line_kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return a curve's options: the user's, else its look and markers where no line leads."""
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    options: dict[str, Any] = normalize_kwargs(line_kwargs, Line2D)
    alone = _isolated(np.isfinite(values))
    if alone and "marker" not in options:
        look = look | {"marker": "o", "markersize": 4, "markevery": alone}
    return look | options


def _isolated(finite: Any) -> list[int]:
    """Return the numbers of the points that no line leads to."""
    padded = np.concatenate([[False], finite, [False]])
    return [int(i) for i in np.nonzero(finite & ~padded[:-2] & ~padded[2:])[0]]


def _scale_losses(ax: Any, lines: list[Any]) -> None:
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


def _tick_epochs(ax: Any) -> None:
    """Tick whole epochs, written like 10k and 2M, unless the axis has a scale of the user's."""
    from matplotlib.ticker import EngFormatter, MaxNLocator

    if ax.get_xscale() == "linear":  # Matplotlib's own ticks collide from 10,000 epochs on
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
        ax.xaxis.set_major_formatter(EngFormatter(sep=""))
