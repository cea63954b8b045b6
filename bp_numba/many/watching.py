"""Who is told of many networks: lines, a progress bar, callbacks."""

import math
import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from bp_numba.runs.monitor import Followed, check_callback, progress_bar, tell
from bp_numba.runs.state import record_of
from bp_numba.training.run import Run

Callback = Callable[..., Any]


def callbacks_of(callback: Any, count: int) -> list[Callback] | None:
    """Return a callback for each network, None if there are none.

    Raises
    ------
    TypeError, ValueError
        If it is neither a callable nor a list of one for each network, or one for several networks
        that keeps something of a run.
    """
    if callback is None:
        return None
    if isinstance(callback, list | tuple):
        if len(callback) != count:
            raise ValueError(
                f"callback must be a callable, or a list of one for each of the {count} networks, "
                f"got {len(callback)}"
            )
        for number, one in enumerate(callback):
            check_callback(one, f"callback[{number}]")
        _check_apart(callback)
        return list(callback)
    check_callback(callback)
    if _keeps_something(callback):
        raise ValueError(
            "callback must be a list of one for each network where it has methods begin() or "
            f"end(), got one {type(callback).__name__}"
        )
    return [callback] * count


def _check_apart(callbacks: Sequence[Callback]) -> None:
    """Raise ValueError if a callback that keeps something of a run is there for two networks."""
    seen: dict[int, int] = {}
    for number, callback in enumerate(callbacks):
        first = seen.setdefault(id(callback), number)
        if first != number and _keeps_something(callback):
            raise ValueError(
                f"callback[{number}] must be one of its own where it has methods begin() or end(), "
                f"but callback[{first}] is the same {type(callback).__name__}"
            )


def _keeps_something(callback: Any) -> bool:
    """Tell if a callback keeps something of a run: it is told where that begins or ends."""
    return hasattr(callback, "begin") or hasattr(callback, "end")


class Watching(NamedTuple):
    """What is shown and saved of a call.

    Attributes
    ----------
    run : Run
        The epochs, and the display points among them.
    verbose, checkpoint, checkpoint_every
        As `fit_many` takes them.
    progress : tuple of int or None
        For a progress bar: how many networks times epochs are done, and how many there are in all.
    """

    run: Run
    verbose: int
    progress: tuple[int, int] | None
    checkpoint: str | os.PathLike[str] | None
    checkpoint_every: float


class Monitor(Followed):
    """Is told of the epochs and losses of all networks.

    Attributes
    ----------
    is_at_every_display : bool
        Whether all networks have to reach a display point before any goes on.
    patience : float
        Seconds after which it wants to be told how far training has come.
    """

    def __init__(
        self, networks: Sequence[Any], callbacks: list[Callback] | None, watching: Watching
    ) -> None:
        self._networks, self._callbacks = networks, callbacks
        self._run, self._verbose = watching.run, watching.verbose
        self._bar: Any = None
        if watching.progress is not None:
            done, total = watching.progress
            unit = " networks x epochs"
            self._bar = progress_bar(initial=done, total=total, unit=unit, unit_scale=True)
        self._checkpoint = _checkpoint(networks, watching)
        self.is_at_every_display = bool(watching.verbose) or callbacks is not None
        self.patience = watching.checkpoint_every if self._checkpoint else math.inf
        for callback in callbacks or ():
            tell(callback, "begin")
        for network in networks:
            record_of(network).losses = []

    def trained(self, count: int) -> None:
        """Count networks times epochs."""
        if self._bar is not None:
            self._bar.update(count)

    def delivered(self) -> None:
        """Save the networks if it is time to: all hold weights of whole epochs."""
        if self._checkpoint:
            self._checkpoint.reached()

    def displayed(self, numbers: Sequence[int], epoch: int) -> list[int]:
        """Show the losses of networks at a display point; return who is to stop."""
        losses = [record_of(self._networks[number]).losses[-1] for number in numbers]
        if self._run.is_printed(epoch, self._verbose):
            self._print(epoch, losses)
        if self._callbacks is None:
            return []
        stopping = []
        for number, loss in zip(numbers, losses, strict=True):
            answer = self._callbacks[number](self._networks[number], epoch, np.float64(loss))
            if isinstance(answer, bool | np.bool_) and answer:
                stopping.append(number)
        return stopping

    def _print(self, epoch: int, losses: list[float]) -> None:
        ordered = np.sort(losses)  # NaN comes last
        lowest, median, highest = ordered[0], ordered[len(ordered) // 2], ordered[-1]
        self._show(
            f"[INFO] epoch={epoch}, networks={len(losses)}, loss={lowest:.7f} to {highest:.7f}, "
            f"median {median:.7f}"
        )

    def end(self) -> None:
        """Tell everybody that the run has ended."""
        for callback, network in zip(self._callbacks or (), self._networks, strict=False):
            tell(callback, "end", network)
        self._close()


def _checkpoint(networks: Sequence[Any], watching: Watching) -> Any:
    if watching.checkpoint is None:
        return None
    from bp_numba.runs.many_checkpoint import ManyCheckpoint  # with what reads and writes files

    return ManyCheckpoint(networks, watching.checkpoint, watching.checkpoint_every)
