"""The decision boundary of a network of two inputs."""

from typing import Any, Self

import numpy as np

from bp_numba.plotting.axes import new_axes

_UNIT_SQUARE = np.array([[0.0, 0.0], [1.0, 1.0]])
"""Two of its corners: the range of the inputs where no samples give one."""


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

        Returns
        -------
        DecisionBoundaryDisplay
            With the grid, and what the network says on it.

        Raises
        ------
        TypeError, ValueError
            If it is no such network, has not two inputs, or an argument cannot be used.

        Examples
        --------
        >>> from matplotlib.figure import Figure
        >>> from bp_numba import DecisionBoundaryDisplay, NeuralNetwork
        >>> nn = NeuralNetwork([2, 2, 1])
        >>> display = DecisionBoundaryDisplay.from_network(nn, ax=Figure().subplots())
        >>> display.response.shape
        (200, 200)
        """
        if not hasattr(nn, "layers"):
            hint = "for estimators scikit-learn has sklearn.inspection.DecisionBoundaryDisplay"
            raise TypeError(f"nn must be a NeuralNetwork, got {type(nn).__name__}: {hint}")
        if nn.layers[0] != 2:
            raise ValueError(f"nn must have two inputs, got layers[0] = {nn.layers[0]}")
        _check_grid(grid_resolution, eps)
        if X is None and y is not None:
            raise ValueError("X must be given with y, got None")
        samples = None if X is None else _samples(X)
        units = np.shape(nn.W[-1])[1]
        targets = None if y is None or samples is None else _targets(y, len(samples), units)
        xx0, xx1 = _grid(_UNIT_SQUARE if samples is None else samples, grid_resolution, eps)
        outputs = nn.predict(np.column_stack([xx0.ravel(), xx1.ravel()]))
        response = outputs.argmax(axis=1) if units > 1 else outputs[:, 0]
        classes = units if units > 1 else None
        display = cls(xx0=xx0, xx1=xx1, response=response.reshape(xx0.shape), classes=classes)
        display.plot(ax, **kwargs)
        display.ax_.set_title(repr(nn))
        if samples is not None:
            display._draw_samples(samples, targets)
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
        ax = new_axes() if ax is None else ax
        self.ax_, self.figure_ = ax, ax.figure
        options: dict[str, Any] = {"cmap": "coolwarm", "alpha": 0.7} | kwargs
        if self.classes is None:
            self._draw_output(options)
        else:
            self._draw_classes(self.classes, options)
        ax.set(xlabel="Input 0", ylabel="Input 1")
        return self

    def _draw_output(self, options: dict[str, Any]) -> None:
        """Draw one output as filled contours, a line where it is 0.5, and a color bar."""
        grid = self.xx0, self.xx1, self.response
        levels = {"levels": np.linspace(0, 1, 11)}
        self.surface_ = self.ax_.contourf(*grid, **levels | options)
        if np.min(self.response) < 0.5 < np.max(self.response):
            self.ax_.contour(*grid, levels=[0.5], colors="black")
        self.colorbar_ = self.figure_.colorbar(self.surface_, ax=self.ax_, label="Output")

    def _draw_classes(self, classes: int, options: dict[str, Any]) -> None:
        """Draw numbers of classes, one color for each, and a color bar with a tick for each.

        Points have their colors: contours would run through all classes between two neighbours.
        """
        from matplotlib import colormaps

        limits = {"vmin": -0.5, "vmax": classes - 0.5, "shading": "nearest"}
        colors = {"cmap": colormaps.get_cmap(options["cmap"]).resampled(classes)}
        self.surface_ = self.ax_.pcolormesh(
            self.xx0, self.xx1, self.response, **limits | options | colors
        )
        self.colorbar_ = self.figure_.colorbar(
            self.surface_, ax=self.ax_, label="Class", ticks=range(classes)
        )

    def _draw_samples(self, samples: Any, targets: Any) -> None:
        """Draw each sample in the color of the region that its target belongs in, or white."""
        colors: dict[str, Any] = {"color": "white"}
        if targets is not None:
            surface = self.surface_
            colors = {"c": targets, "cmap": surface.get_cmap(), "norm": surface.norm}
        self.ax_.scatter(*samples.T, edgecolors="black", zorder=3, **colors)


def _check_grid(grid_resolution: int, eps: float) -> None:
    """Raise ValueError unless a grid can have so many points along each axis, and the margin."""
    if not isinstance(grid_resolution, int | np.integer) or grid_resolution < 2:
        raise ValueError(f"grid_resolution must be an integer >= 2, got {grid_resolution!r}")
    if not 0 <= eps < np.inf:
        raise ValueError(f"eps must be a finite number >= 0, got {eps!r}")


def _samples(X: Any) -> Any:
    """Return the samples as a float64 array of shape (n, 2), n > 0, of finite numbers."""
    try:
        samples = np.asarray(X, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"X must be a dense array of numbers, got {X!r:.60}") from error
    if samples.ndim != 2 or samples.shape[1] != 2 or not len(samples):
        raise ValueError(f"X must have rows of 2 columns, got shape {samples.shape}")
    if not np.isfinite(samples).all():
        raise ValueError("X must hold finite numbers, got NaN or infinity")
    return samples


def _targets(y: Any, samples: int, units: int) -> Any:
    """Return a number for each sample: that of its class, or the target of a single output."""
    targets = np.asarray(y)
    if targets.dtype.kind not in "biufO":
        raise ValueError(f"y must hold numbers, got dtype {targets.dtype}")
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


def _grid(points: Any, grid_resolution: int, eps: float) -> tuple[Any, Any]:
    """Return the coordinates of a grid over the range of the points, with a margin of `eps`."""
    ranges = zip(points.min(axis=0) - eps, points.max(axis=0) + eps, strict=True)
    xx0, xx1 = np.meshgrid(*[np.linspace(*ends, grid_resolution) for ends in ranges])
    return xx0, xx1
