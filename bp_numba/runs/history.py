"""What happened in training: the losses at the display points, from the first `fit` on."""

import os
from dataclasses import asdict, dataclass, field, fields
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

    def __len__(self) -> int:
        return len(self.epochs)

    def __repr__(self) -> str:
        if not self.epochs:
            return "History(0 points)"
        return f"History({len(self)} points, epochs {self.epochs[0]} to {self.epochs[-1]})"

    def add(self, epoch: int, loss: float, validation_loss: float | None, seconds: float) -> None:
        """Append a display point."""
        self.epochs.append(epoch)
        self.losses.append(loss)
        self.validation_losses.append(validation_loss)
        self.seconds.append(seconds)

    def first(self, points: int) -> "History":
        """Return a new history of the first points only."""
        return History(*(values[:points] for values in vars(self).values()))

    def to_dict(self) -> dict[str, list[float | None]]:
        """Return a new dict of the four lists, as `json.dump` or `pandas.DataFrame` take it."""
        return asdict(self)

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write a CSV file: epoch, loss, validation_loss, seconds, all digits of each number.

        A missing validation loss is an empty field.
        """
        import csv

        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["epoch", "loss", "validation_loss", "seconds"])
            writer.writerows(
                zip(self.epochs, self.losses, self.validation_losses, self.seconds, strict=True)
            )


COLUMNS = tuple(column.name for column in fields(History))


def is_history(value: Any) -> bool:
    """Tell if a value read from JSON text is a dict as `History.to_dict` returns it."""
    return (
        isinstance(value, dict)
        and sorted(value) == sorted(COLUMNS)
        and all(isinstance(column, list) for column in value.values())
        and len({len(column) for column in value.values()}) == 1
        and all(map(is_count, value["epochs"]))
        and are_numbers(value["losses"])
        and are_numbers(value["seconds"])
        and are_numbers([loss for loss in value["validation_losses"] if loss is not None])
    )
