"""Who is told of many networks: lines, a progress bar, callbacks."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bp_numba.many.members import Member
from bp_numba.runs.monitor import tell
from bp_numba.runs.state import record_of

Callback = Callable[..., Any]


def callbacks_of(callback: Any, count: int) -> list[Callback] | None:
    """Return a callback for each network, None if there are none.

    Raises
    ------
    TypeError, ValueError
        If it is neither a callable nor a list of one for each network, or one for all that keeps
        something of a run.
    """
    if callback is None:
        return None
    if isinstance(callback, list | tuple):
        if len(callback) != count or not all(map(callable, callback)):
            raise ValueError(
                f"callback must be a callable, or a list of one for each of the {count} networks, "
                f"got {len(callback)}"
            )
        return list(callback)
    if not callable(callback):
        raise TypeError(f"callback must be callable, got {callback!r:.60}")
    if hasattr(callback, "begin") or hasattr(callback, "end"):
        raise ValueError(
            "callback must be a list of one for each network where it has methods begin() or "
            f"end(), got one {type(callback).__name__}"
        )
    return [callback] * count


class Watching:
    """Is told of the epochs and losses of all networks.

    Attributes
    ----------
    is_at_every_display : bool
        Whether all networks have to reach a display point before any goes on.
    """

    def __init__(
        self, members: Sequence[Member], callbacks: list[Callback] | None, verbose: bool, bar: Any
    ) -> None:
        self._callbacks, self._verbose, self._bar = callbacks, verbose, bar
        self.is_at_every_display = verbose or callbacks is not None
        for member in members:
            tell(callbacks and callbacks[member.number], "begin")
        for member in members:
            record_of(member.network).losses = []

    def trained(self, count: int) -> None:
        """Count networks times epochs."""
        if self._bar is not None:
            self._bar.update(count)

    def displayed(self, members: Sequence[Member], epoch: int) -> list[Member]:
        """Show the losses at a display point; return the members that are to stop."""
        losses = [record_of(member.network).losses[-1] for member in members]
        if self._verbose and members:
            self._print(epoch, losses)
        if self._callbacks is None:
            return []
        stopping = []
        for member, loss in zip(members, losses, strict=True):
            answer = self._callbacks[member.number](member.network, epoch, np.float64(loss))
            if isinstance(answer, bool | np.bool_) and answer:
                stopping.append(member)
        return stopping

    def _print(self, epoch: int, losses: list[float]) -> None:
        ordered = np.sort(losses)  # NaN comes last
        lowest, median, highest = ordered[0], ordered[len(ordered) // 2], ordered[-1]
        line = (
            f"[INFO] epoch={epoch}, networks={len(losses)}, loss={lowest:.7f} to {highest:.7f}, "
            f"median {median:.7f}"
        )
        print(line) if self._bar is None else self._bar.write(line)

    def end(self, members: Sequence[Member]) -> None:
        """Tell the callbacks that all have come to their end."""
        for member in members:
            tell(self._callbacks and self._callbacks[member.number], "end", member.network)

    def close(self) -> None:
        """Close the progress bar."""
        if self._bar is not None:
            self._bar.close()
