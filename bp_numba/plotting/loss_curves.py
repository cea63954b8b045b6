"""The losses of many networks against the epoch."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from bp_numba.plotting.axes import new_axes, new_file
from bp_numba.plotting.curves import divisors, finite
from bp_numba.plotting.loss_curve import LossCurveDisplay
from bp_numba.runs.history import History
from bp_numba.runs.state import record_of


class LossCurvesDisplay:
    """The loss curves of many networks, drawn lightly, and over them those of the best.

    The light curves are validation losses where all networks have them, else training losses; the
    best network has both. As in `LossCurveDisplay`, losses are sums over samples, and drawn per
    sample where there are two of a network, if the numbers of samples are known.

    Parameters
    ----------
    histories : sequence of History
        One of each network.
    best : int, optional
        The number of the best one; without it that with the lowest loss at its last display point.
    title : str, optional
        Title of the axes.
    validation : bool, default True
        Whether validation losses are drawn.

    Attributes
    ----------
    ax_, figure_ : Axes, Figure
        What `plot` drew on.
    curves_ : LineCollection
        The light curves.
    best_ : LossCurveDisplay
        The curves of the best network.

    Raises
    ------
    ValueError
        If there are no networks, or `best` is not the number of one.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from bp_numba import History
    >>> from bp_numba.plotting.loss_curves import LossCurvesDisplay
    >>> histories = [History([1, 100], [0.5, loss], [None] * 2, [0.1, 0.2]) for loss in (0.2, 0.1)]
    >>> LossCurvesDisplay(histories=histories).plot(Figure().subplots()).best
    1
    """

    ax_: Any
    figure_: Any
    curves_: Any
    best_: LossCurveDisplay

    def __init__(
        self,
        *,
        histories: Sequence[History],
        best: int | None = None,
        title: str | None = None,
        validation: bool = True,
    ) -> None:
        if not histories:
            raise ValueError("histories must be those of one or more networks, got none")
        self.histories, self.title = list(histories), title
        self.validated = validation and all(map(_is_validated, histories))
        self.best = self._lowest() if best is None else best
        if not 0 <= self.best < len(histories):
            raise ValueError(f"best must be from 0 to {len(histories) - 1}, got {best!r}")

    @classmethod
    def from_networks(
        cls,
        networks: Sequence[Any],
        ax: Any = None,
        *,
        best: int | None = None,
        name: str = "best",
    ) -> Self:
        """Draw the whole histories of networks.

        Parameters
        ----------
        networks : sequence of NeuralNetwork
            Trained ones, as `fit_many` leaves them.
        ax, name
            As in `plot`.
        best
            As for the class.

        Returns
        -------
        LossCurvesDisplay
            With copies of the histories.

        Examples
        --------
        >>> from matplotlib.figure import Figure
        >>> from bp_numba import NeuralNetwork, fit_many
        >>> from bp_numba.plotting.loss_curves import LossCurvesDisplay
        >>> networks = [NeuralNetwork([2, 2, 1], alpha=0.5) for _ in range(20)]
        >>> fit_many(networks, [[0, 1]], [[1]], epochs=200)
        >>> LossCurvesDisplay.from_networks(networks, Figure().subplots()).ax_.get_title()
        '20 networks'
        """
        histories = [record_of(network).history for network in networks]
        copies = [history.first(len(history)) for history in histories]
        title = f"{len(copies)} networks"
        return cls(histories=copies, best=best, title=title).plot(ax, name=name)

    def plot(self, ax: Any = None, *, name: str = "best") -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure of pyplot without it.
        name : str, default "best"
            Name of the best network in the legend.

        Returns
        -------
        LossCurvesDisplay
            This object.
        """
        from matplotlib.collections import LineCollection

        self.ax_ = ax = new_axes() if ax is None else ax
        self.figure_ = ax.figure
        kind, count = "validation" if self.validated else "training", len(self.histories)
        curves = LineCollection(self._curves(), colors="tab:gray", label=f"all {count}, {kind}")
        curves.set(linewidth=1, alpha=max(0.03, min(0.5, 10 / count)))
        self.curves_ = ax.add_collection(curves)
        look: dict[str, Any] = {"color": "tab:red", "linewidth": 2, "zorder": 3}
        self.best_ = self._best().plot(ax, name=name, **look)
        for handle in ax.get_legend().legend_handles:
            handle.set_alpha(1)
        return self

    def _curves(self) -> list[Any]:
        """Return the points of each curve, an array of shape (points, 2)."""
        curves = []
        for history in self.histories:
            losses = finite(history.validation_losses if self.validated else history.losses)
            if self._is_per_sample:
                losses /= divisors(history.validation_samples)
            curves.append(np.column_stack([history.epochs, losses]))
        return curves

    def _best(self) -> LossCurveDisplay:
        history, known = self.histories[self.best], self._is_per_sample
        return LossCurveDisplay(
            epochs=history.epochs,
            losses=history.losses,
            validation_losses=history.validation_losses if self.validated else None,
            title=self.title,
            samples=history.samples if known else None,
            validation_samples=history.validation_samples if known else None,
        )

    @property
    def _is_per_sample(self) -> bool:
        return self.validated and not any(
            n in (None, 0) for h in self.histories for n in (*h.samples, *h.validation_samples)
        )

    def _lowest(self) -> int:
        losses = [h.validation_losses if self.validated else h.losses for h in self.histories]
        last = finite([each[-1] if each else None for each in losses])
        return int(np.argmin(np.where(np.isnan(last), np.inf, last)))


def _is_validated(history: History) -> bool:
    return len(history) > 0 and None not in history.validation_losses


def save_loss_curves(
    path: Path, networks: Sequence[Any], best: tuple[int, str], title: str, validation: bool
) -> None:
    """Write a plot of the losses of networks, without pyplot's global state.

    Parameters
    ----------
    path : Path
        File to write, in one step; its suffix names the format, without one it is PNG.
    networks : sequence of NeuralNetwork
        Trained ones.
    best : tuple of int and str
        The number of the best one, and its name.
    title, validation
        As `LossCurvesDisplay` takes them.

    Raises as `new_file`.
    """
    histories, (number, name) = [record_of(network).history for network in networks], best
    display = LossCurvesDisplay(
        histories=histories, best=number, title=title, validation=validation
    )
    with new_file(path) as ax:
        display.plot(ax, name=name)
