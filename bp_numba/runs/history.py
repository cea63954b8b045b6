"""What happened in training: the losses at the display points, from the first `fit` on."""

import os
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

from bp_numba.runs.json_values import are_numbers, is_count


@dataclass
class History:
    """The display points of a network since it was made; all lists have the same length.

    Attributes
    ----------
    epochs : list of int
        Epochs that the network had been trained for, over all calls of `fit`.
    losses : list of float
        Half the sum of squared errors over the samples trained on.
    validation_losses : list of float or None
        The same over the validation samples, None where there were none.
    seconds : list of float
        Time spent in `fit`, over all calls.
    samples, validation_samples : list of int or None
        How many samples the two losses are sums over; None where there were no validation samples,
        and for points from before these numbers were recorded.

    Examples
    --------
    >>> import numpy as np
    >>> from bp_numba import NeuralNetwork
    >>> np.random.seed(0)
    >>> nn = NeuralNetwork([2, 2, 1], alpha=0.5)
    >>> nn.fit([[0, 1]], [[1]], epochs=200, verbose=False)
    >>> nn.history.epochs
    [1, 100, 200]
    >>> nn.history
    History(3 points, epochs 1 to 200)
    """

    epochs: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    validation_losses: list[float | None] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    samples: list[int | None] = field(default_factory=list)
    validation_samples: list[int | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        for numbers in self.samples, self.validation_samples:
            numbers += [None] * (len(self.epochs) - len(numbers))

    def __setstate__(self, columns: dict[str, list[Any]]) -> None:
        """Take over the columns of a pickle, which may be from before some were added."""
        vars(self).update(vars(History(**columns)))

    def __len__(self) -> int:
        return len(self.epochs)

    def __repr__(self) -> str:
        if not self.epochs:
            return "History(0 points)"
        return f"History({len(self)} points, epochs {self.epochs[0]} to {self.epochs[-1]})"

    def add(
        self,
        epoch: int,
        loss: float,
        validation_loss: float | None,
        seconds: float,
        samples: int | None = None,
        validation_samples: int | None = None,
    ) -> None:
        """Append a display point."""
        n = len(self.epochs)  # not `append`: an interrupt may have left a point half written
        self.losses[n:] = (loss,)
        self.validation_losses[n:] = (validation_loss,)
        self.seconds[n:] = (seconds,)
        self.samples[n:] = (samples,)
        self.validation_samples[n:] = (validation_samples,)
        self.epochs.append(epoch)  # the last: epochs count the points

    def columns(self) -> tuple[list[Any], ...]:
        """Return its own lists, in the order in which they are declared."""
        return _columns(self)

    def first(self, points: int) -> "History":
        """Return a new history of the first points only."""
        return History(*(getattr(self, name)[:points] for name in COLUMNS))

    def to_dict(self) -> dict[str, list[Any]]:
        """Return a new dict of the lists, as `json.dump` or `pandas.DataFrame` take it."""
        return vars(self.first(len(self)))

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write a CSV file, a row for each display point, with all digits of each number.

        The columns are epoch, loss, validation_loss, seconds, samples, validation_samples. What is
        None is an empty field.
        """
        import csv

        from bp_numba.runs.files import path_text

        with open(path_text(path), "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(
                ["epoch", "loss", "validation_loss", "seconds", "samples", "validation_samples"]
            )
            writer.writerows(zip(*self.to_dict().values(), strict=True))


COLUMNS = tuple(column.name for column in fields(History))

_columns = attrgetter(*COLUMNS)

_LATER = {"samples", "validation_samples"}
"""Columns that were added, and that older files have not."""


def is_history(value: Any) -> bool:
    """Tell if a value read from JSON text is a dict as `History.to_dict` returns it."""
    return (
        isinstance(value, dict)
        and set(COLUMNS) - _LATER <= set(value) <= set(COLUMNS)
        and all(isinstance(column, list) for column in value.values())
        and len({len(column) for column in value.values()}) == 1
        and all(map(is_count, value["epochs"]))
        and are_numbers(value["losses"])
        and are_numbers(value["seconds"])
        and are_numbers([loss for loss in value["validation_losses"] if loss is not None])
        and all(n is None or is_count(n) for name in _LATER for n in value.get(name, []))
    )
