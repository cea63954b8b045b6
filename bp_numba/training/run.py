"""The epochs of one call of `fit`, and what is known where the loss is displayed."""

from numbers import Integral
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

    def next_stop(self, epoch: int) -> tuple[int, bool]:
        """Return the next epoch to train up to, and whether the loss is displayed then."""
        if epoch < 1:
            return 1, True
        if self.interval is not None:
            stop = (epoch // self.interval + 1) * self.interval
            if stop <= self.epochs:
                return stop, True
        return self.epochs, False

    def is_printed(self, epoch: int, verbose: int) -> bool:
        """Tell if a display point is printed: with verbose n every n-th, and the first epoch."""
        every = max(int(verbose), 1) if isinstance(verbose, (int, Integral)) else 1
        return bool(verbose) and (epoch == 1 or epoch % (every * (self.interval or 1)) == 0)


class Point(NamedTuple):
    """A display point: its epoch, when it was reached, and the losses there.

    Attributes
    ----------
    reached : float
        By `time.perf_counter`.
    validation_loss : float or None
        None if there are no validation samples.
    """

    epoch: int
    reached: float
    loss: Any
    validation_loss: Any = None


class Slice(NamedTuple):
    """Some epochs: the last of them, and the display points among them."""

    epoch: int
    points: list[Point]
