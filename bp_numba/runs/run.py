"""The epochs of one call of `fit`, and who watches them."""

import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple


class Run(NamedTuple):
    """Epochs from `done` to `epochs`, counted from 1, and how many lie between two displays.

    Attributes
    ----------
    interval : int or None
        The loss is displayed after the first epoch and after every multiple of this, if it is set.
    """

    done: int
    epochs: int
    interval: int | None

    def stops(self) -> Iterator[tuple[int, bool]]:
        """Yield the epochs to train up to, and whether the loss is displayed then."""
        if self.done < 1 <= self.epochs:
            yield 1, True
        if self.interval is not None:
            after = max(self.done, 1) // self.interval + 1
            for epoch in range(after * self.interval, self.epochs + 1, self.interval):
                yield epoch, True
        yield self.epochs, False


class Watching(NamedTuple):
    """Who is told of a run; as `NeuralNetwork.fit` takes them."""

    verbose: bool
    progress: bool
    callback: Callable[..., Any] | None
    checkpoint: str | os.PathLike[str] | None
    checkpoint_every: float
