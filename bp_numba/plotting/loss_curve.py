"""The loss against the epoch."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from bp_numba.plotting.axes import new_axes, new_file, scale_losses, tick_epochs
from bp_numba.plotting.curves import divisors, finite, line_options, looks, losses_of
from bp_numba.runs.state import RECORD


class LossCurveDisplay:
    """The loss against the epoch, and beside it that of the validation samples.

    Losses are sums over samples. Two curves are drawn per sample, since sums over different numbers
    of samples cannot be compared; where these numbers are not known, as sums, and the label says
    so.

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
    samples, validation_samples : sequence of int or None, optional
        How many samples the losses, and the validation losses, are sums over.
    ylabel : str, optional
        What the losses are if not sums of half squared errors; they are drawn as they are.

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
        samples: Sequence[int | None] | None = None,
        validation_samples: Sequence[int | None] | None = None,
        ylabel: str | None = None,
    ) -> None:
        self.epochs, self.losses, self.validation_losses = epochs, losses, validation_losses
        self.samples, self.validation_samples, self.title = samples, validation_samples, title
        self.ylabel = ylabel
        for name in "losses", "validation_losses", "samples", "validation_samples":
            if (values := getattr(self, name)) is not None and len(values) != len(epochs):
                raise ValueError(
                    f"{name} must have one value for each of {len(epochs)} epochs, "
                    f"got {len(values)}"
                )

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
            samples=list(history.samples),
            validation_samples=list(history.validation_samples),
        )
        return display.plot(ax, name=name, **line_kwargs)

    @classmethod
    def from_estimator(
        cls, estimator: Any, ax: Any = None, *, name: str | None = None, **line_kwargs: Any
    ) -> Self:
        """Draw `loss_curve_` of an estimator, and `validation_loss_curve_` if it has one.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
            A fitted one, scikit-learn's own too, or a pipeline or a search that ends with one.
            Without a `name` it gives the title.
        ax, name, **line_kwargs
            As in `plot`.

        Returns
        -------
        LossCurveDisplay
            With copies of the losses: means over samples, in training with the L2 penalty.

        Raises
        ------
        ValueError
            If the estimator is not fitted, or was fitted with the solver 'lbfgs'.

        Examples
        --------
        >>> from matplotlib.figure import Figure
        >>> from bp_numba import LossCurveDisplay, MLPRegressor
        >>> model = MLPRegressor(hidden_layer_sizes=2, tol=0.1).fit([[0], [1], [2]], [0, 1, 2])
        >>> LossCurveDisplay.from_estimator(model, Figure().subplots()).ax_.get_title()
        'MLPRegressor: 1-2-1'
        """
        return cls(**losses_of(estimator, name)).plot(ax, name=name, **line_kwargs)

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
        curves, label = self._curves()
        for values, look in zip(curves, looks(name, len(curves)), strict=True):
            self.lines_ += ax.plot(self.epochs, values, **line_options(values, look, line_kwargs))
        ax.set(xlabel="Epoch", ylabel=label)
        if self.title is not None:
            ax.set_title(self.title)
        scale_losses(ax, self.lines_)
        tick_epochs(ax)
        ax.grid(alpha=0.3)
        if ax.get_legend_handles_labels()[1]:
            ax.legend()
        return self

    def _curves(self) -> tuple[list[Any], str]:
        """Return the values of each curve, and what they are."""
        training = finite(self.losses)
        if not self.validation_losses:
            return [training], self.ylabel or "Loss (half squared error)"
        validation = finite(self.validation_losses)
        if self.ylabel is not None:
            return [training, validation], self.ylabel
        sums = [training, validation]
        means = [training / divisors(self.samples), validation / divisors(self.validation_samples)]
        if all((np.isnan(a) == np.isnan(b)).all() for a, b in zip(means, sums, strict=True)):
            return means, "Loss per sample\n(half squared error)"
        return sums, "Loss, sums over samples\n(half squared error)"


def save_loss_curve(
    path: Path,
    epochs: Sequence[int],
    losses: Sequence[float],
    title: str,
    validation_losses: Sequence[float | None] | None = None,
    samples: tuple[Sequence[int | None] | None, Sequence[int | None] | None] = (None, None),
) -> None:
    """Write a plot of the loss against the epoch, without pyplot's global state.

    Parameters
    ----------
    path : Path
        File to write, in one step; its suffix names the format, without one it is PNG.
    epochs, losses, validation_losses, title
        As `LossCurveDisplay` takes them.
    samples : tuple of two
        Its `samples` and `validation_samples`.

    Raises as `new_file`.
    """
    display = LossCurveDisplay(
        epochs=epochs,
        losses=losses,
        validation_losses=validation_losses,
        title=title,
        samples=samples[0],
        validation_samples=samples[1],
    )
    with new_file(path) as ax:
        display.plot(ax)
