"""Plots with Matplotlib, which is imported when something is drawn."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np


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
        history = getattr(nn, "history", None)
        if history is None or not history.epochs:
            raise ValueError(f"nn must have a history, which fit records, got untrained {nn!r}")
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
        from matplotlib.cbook import normalize_kwargs
        from matplotlib.lines import Line2D
        from matplotlib.ticker import EngFormatter, MaxNLocator, NullLocator, ScalarFormatter

        ax = _new_axes() if ax is None else ax
        prefix = "" if name is None else f"{name}, "
        curves: list[Any] = [
            (self.losses, f"{prefix}training" if self.validation_losses else name, "-")
        ]
        if self.validation_losses:
            curves.append((self.validation_losses, f"{prefix}validation", "--"))
        self.ax_, self.figure_, self.lines_ = ax, ax.figure, []
        for losses, label, style in curves:
            values = np.asarray(losses, dtype=np.float64)  # None becomes NaN
            values[~np.isfinite(values)] = np.nan
            options = normalize_kwargs(line_kwargs, Line2D)
            defaults: dict[str, Any] = {"label": label, "linestyle": style}
            alone = _isolated(np.isfinite(values))
            if alone and "marker" not in options:
                defaults |= {"marker": "o", "markersize": 4, "markevery": alone}
            self.lines_ += ax.plot(self.epochs, values, **defaults | options)
        ax.set(xlabel="Epoch", ylabel="Loss (half squared error)")
        if self.title is not None:
            ax.set_title(self.title)
        # Of nothing but zeros a log scale shows nothing, and Matplotlib warns.
        shown = np.concatenate([line.get_ydata() for line in self.lines_])
        if np.any(shown > 0) or not np.any(shown == 0):
            ax.set_yscale("log")
            if 0 < ax.dataLim.y1 < 10 * ax.dataLim.minposy:
                # Its own ticks within a decade are like 3 x 10^0, with hardly a line of the grid.
                ax.yaxis.set_major_locator(MaxNLocator(6))
                ax.yaxis.set_major_formatter(ScalarFormatter())
                ax.yaxis.set_minor_locator(NullLocator())
        if ax.get_xscale() == "linear":  # Matplotlib's own ticks collide from 10,000 epochs on
            ax.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
            ax.xaxis.set_major_formatter(EngFormatter(sep=""))
        ax.grid(alpha=0.3)
        if ax.get_legend_handles_labels()[1]:
            ax.legend()
        return self


class DecisionBoundaryDisplay:
    """The output of a network of two inputs, over the plane of its inputs.

    Parameters
    ----------
    xx0, xx1 : arrays of shape (n, n)
        Grid of the inputs, as `numpy.meshgrid` makes it.
    response : array of shape (n, n)
        What the network says: the output of one unit, between 0 and 1, or numbers of classes.
    classes : int, optional
        How many classes there are; None if it is the output of one unit.

    Attributes
    ----------
    ax_, figure_ : Axes, Figure
        What `plot` drew on.
    surface_ : ContourSet or QuadMesh
        The filled contours of an output, or the colored grid of classes.
    colorbar_ : Colorbar
        Beside it; of classes it has a tick for each.
    """

    ax_: Any
    figure_: Any
    surface_: Any
    colorbar_: Any

    def __init__(self, *, xx0: Any, xx1: Any, response: Any, classes: int | None = None) -> None:
        self.xx0, self.xx1, self.response, self.classes = xx0, xx1, response, classes

    @classmethod
    def from_network(
        cls,
        nn: Any,
        X: Any = None,
        y: Any = None,
        ax: Any = None,
        *,
        grid_resolution: int = 200,
        eps: float = 0.25,
        **kwargs: Any,
    ) -> Self:
        """Draw the decision boundary of a network, and the samples on top of it.

        Parameters
        ----------
        nn : NeuralNetwork
            A network with two inputs. With several outputs the largest decides.
        X : array_like of shape (n, 2), optional
            Samples, which give the range; without them it is the unit square.
        y : array_like of shape (n,), (n, 1) or (n, classes), optional
            Their targets, which give the color.
        ax, **kwargs
            As in `plot`.
        grid_resolution : int, default 200
            Points along each axis.
        eps : float, default 0.25
            Margin around the samples.

        Raises
        ------
        ValueError
            If the network has not two inputs, or an argument cannot be used.

        Examples
        --------
        >>> from matplotlib.figure import Figure
        >>> from bp_numba import DecisionBoundaryDisplay, NeuralNetwork
        >>> nn = NeuralNetwork([2, 2, 1])
        >>> display = DecisionBoundaryDisplay.from_network(nn, ax=Figure().subplots())
        >>> display.response.shape
        (200, 200)
        """
        if nn.layers[0] != 2:
            raise ValueError(f"nn must have two inputs, got layers[0] = {nn.layers[0]}")
        if not isinstance(grid_resolution, int | np.integer) or grid_resolution < 2:
            raise ValueError(f"grid_resolution must be an integer >= 2, got {grid_resolution!r}")
        if not 0 <= eps < np.inf:
            raise ValueError(f"eps must be a finite number >= 0, got {eps!r}")
        if X is None and y is not None:
            raise ValueError("X must be given with y, got None")
        samples = None if X is None else np.asarray(X, dtype=np.float64)
        if samples is not None and (samples.ndim != 2 or samples.shape[1] != 2 or not len(samples)):
            raise ValueError(f"X must have rows of 2 columns, got shape {samples.shape}")
        if samples is not None and not np.isfinite(samples).all():
            raise ValueError("X must hold finite numbers, got NaN or infinity")
        units = np.shape(nn.W[-1])[1]
        targets = None if y is None or samples is None else _targets(y, len(samples), units)
        corners = np.array([[0.0, 0.0], [1.0, 1.0]]) if samples is None else samples
        ranges = zip(corners.min(axis=0) - eps, corners.max(axis=0) + eps, strict=True)
        xx0, xx1 = np.meshgrid(*[np.linspace(*ends, grid_resolution) for ends in ranges])
        outputs = nn.predict(np.column_stack([xx0.ravel(), xx1.ravel()]))
        response = outputs.argmax(axis=1) if units > 1 else outputs[:, 0]
        classes = units if units > 1 else None
        display = cls(xx0=xx0, xx1=xx1, response=response.reshape(xx0.shape), classes=classes)
        display.plot(ax, **kwargs)
        display.ax_.set_title(repr(nn))
        if samples is not None:
            surface = display.surface_  # a target has the color of the region that it belongs in
            colors = (
                {"color": "white"}
                if targets is None
                else {"c": targets, "cmap": surface.get_cmap(), "norm": surface.norm}
            )
            display.ax_.scatter(*samples.T, edgecolors="black", zorder=3, **colors)
        return display

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the response, for one output with a color bar and its contour at 0.5.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure of pyplot without it.
        **kwargs
            Passed to `Axes.contourf`, or for classes to `Axes.pcolormesh`.

        Returns
        -------
        DecisionBoundaryDisplay
            This object.
        """
        from matplotlib import colormaps

        ax = _new_axes() if ax is None else ax
        self.ax_, self.figure_ = ax, ax.figure
        options: dict[str, Any] = {"cmap": "coolwarm", "alpha": 0.7} | kwargs
        grid = self.xx0, self.xx1, self.response
        if self.classes is None:
            levels = {"levels": np.linspace(0, 1, 11)}
            self.surface_ = ax.contourf(*grid, **levels | options)
            if np.min(self.response) < 0.5 < np.max(self.response):
                ax.contour(*grid, levels=[0.5], colors="black")
            self.colorbar_ = self.figure_.colorbar(self.surface_, ax=ax, label="Output")
        else:  # contours would run through all classes between two neighbours
            limits = {"vmin": -0.5, "vmax": self.classes - 0.5, "shading": "nearest"}
            options["cmap"] = colormaps.get_cmap(options["cmap"]).resampled(self.classes)
            self.surface_ = ax.pcolormesh(*grid, **limits | options)
            ticks = range(self.classes)
            self.colorbar_ = self.figure_.colorbar(self.surface_, ax=ax, label="Class", ticks=ticks)
        ax.set(xlabel="Input 0", ylabel="Input 1")
        return self


def _isolated(finite: Any) -> list[int]:
    """Return the numbers of the points that no line leads to."""
    padded = np.concatenate([[False], finite, [False]])
    return [int(i) for i in np.nonzero(finite & ~padded[:-2] & ~padded[2:])[0]]


def _targets(y: Any, samples: int, units: int) -> Any:
    """Return a number for each sample: that of its class, or the target of a single output."""
    targets = np.asarray(y)
    if targets.ndim not in (1, 2) or len(targets) != samples:
        raise ValueError(
            f"y must have a target for each of {samples} samples, got shape {targets.shape}"
        )
    if targets.ndim == 2 and targets.shape[1] not in (1, units):
        raise ValueError(f"y must have 1 or {units} columns, got shape {targets.shape}")
    if targets.ndim == 2 and targets.shape[1] > 1:
        return targets.argmax(axis=1)
    targets = targets.ravel()
    if units > 1 and not np.isin(targets, np.arange(units)).all():
        raise ValueError(f"y must hold numbers of classes from 0 to {units - 1}, got {y!r:.60}")
    return targets


def _new_axes() -> Any:
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1]


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

    from bp_numba.runs.files import replacing

    figure = Figure(layout="constrained")
    LossCurveDisplay(
        epochs=epochs, losses=losses, validation_losses=validation_losses, title=title
    ).plot(figure.subplots())
    with replacing(path) as file:
        figure.savefig(file, dpi=150, format=path.suffix[1:] or "png")
