"""Whoever watches a run of training: printed lines, history, progress bar, callback, checkpoint."""

import os
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from bp_numba.runs.state import record_of
from bp_numba.training.run import Point, Run, Slice


class Watching(NamedTuple):
    """Who is told of a run; as `NeuralNetwork.fit` takes them."""

    verbose: int
    progress: bool
    callback: Callable[..., Any] | None
    checkpoint: str | os.PathLike[str] | None
    checkpoint_every: float


class Followed:
    """A run that a checkpoint and a progress bar follow, either of which may be None."""

    _checkpoint: Any
    _bar: Any

    def _show(self, line: str) -> None:
        """Print a line, above the bar if there is one."""
        if self._bar is None:
            print(line)
        else:
            self._bar.write(line)

    def _close(self) -> None:
        """End what follows the run, when it has come to its end."""
        if self._checkpoint:
            self._checkpoint.end()
        if self._bar is not None:
            self._bar.close()

    def interrupted(self) -> None:
        """Save what has been reached when an exception ended the run, wherever it came from."""
        try:
            if self._checkpoint:
                self._checkpoint.interrupted()
        finally:
            if self._bar is not None:
                self._bar.close()


class Monitor(Followed):
    """Is told of the epochs and losses of a run.

    Parameters
    ----------
    network : NeuralNetwork
        Its record is kept up to date.
    run : Run
        The epochs.
    samples : tuple of int and (int or None)
        How many an epoch has, and how many are validated with; None without validation.
    watching : Watching
        Who is told.
    """

    def __init__(
        self, network: Any, run: Run, samples: tuple[int, int | None], watching: Watching
    ) -> None:
        self._network, self._epoch, self._samples = network, run.done, samples
        self._run, self._verbose, self._callback = run, watching.verbose, watching.callback
        self._bar: Any = None
        if watching.progress:
            self._bar = progress_bar(initial=run.done, total=run.epochs, unit="epoch")
        self._checkpoint = _checkpoint(network, watching)
        self._shown = ""
        tell(self._callback, "begin")
        self._record = record_of(network)
        self._record.losses = []
        seconds = self._record.history.seconds
        self._started = perf_counter() - (seconds[-1] if seconds else 0.0)

    def slice_ended(self, part: Slice) -> bool:
        """Count epochs that have been trained, and show and record the losses among them.

        Returns
        -------
        bool
            True if the callback says that training is to stop.
        """
        epochs, self._epoch = part.epoch - self._epoch, part.epoch
        self._record.epochs_trained += epochs
        before = self._record.epochs_trained - part.epoch
        stops = False
        for point in part.points:
            stops = self._display(point, before)
        if self._bar is not None:
            self._move_bar(epochs)
        if self._checkpoint:
            self._checkpoint.epoch_ended()
        return stops

    def end(self) -> None:
        """Tell everybody that the run has ended."""
        tell(self._callback, "end", self._network)
        self._close()

    def _display(self, point: Point, before: int) -> bool:
        """Show and record losses; so many epochs were trained before this run."""
        epoch, reached, loss, validation_loss = point
        text = f"loss={loss:.7f}"
        if validation_loss is not None:
            validation_loss = float(validation_loss)
            text += f", val_loss={validation_loss:.7f}"
        self._shown = text
        if self._run.is_printed(epoch, self._verbose):
            self._show(f"[INFO] epoch={epoch}, {text}")
        record, seconds, number = self._record, reached - self._started, float(loss)
        record.losses.append(number)
        record.history.add(epoch + before, number, validation_loss, seconds, *self._samples)
        if self._callback is None:
            return False
        answer = self._callback(self._network, epoch, loss)
        return isinstance(answer, bool | np.bool_) and bool(answer)

    def _move_bar(self, epochs: int) -> None:
        self._bar.update(epochs)
        samples = self._samples[0] * (self._bar.n - self._bar.initial)
        rate = f"{samples / max(self._bar.format_dict['elapsed'], 1e-9):,.0f} samples/s"
        self._bar.set_postfix_str(", ".join(filter(None, (self._shown, rate))), refresh=False)


def check_callback(callback: Any, name: str = "callback") -> None:
    """Raise TypeError unless a callback can be called."""
    if not callable(callback):
        raise TypeError(f"{name} must be callable, got {callback!r:.60}")


def tell(callback: Any, event: str, *arguments: Any) -> None:
    """Call a method of a callback, if it has one of that name."""
    if (method := getattr(callback, event, None)) is not None:
        method(*arguments)


def progress_bar(**options: Any) -> Any:
    """Return tqdm's bar for a terminal or a notebook; None without standard error, where it is.

    Raises
    ------
    ModuleNotFoundError
        If tqdm is not installed.
    """
    try:
        from tqdm.auto import tqdm
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "progress=True needs tqdm, which is not installed: pip install 'bp_numba[cli]'",
            name="tqdm",
        ) from None
    return None if sys.stderr is None else tqdm(dynamic_ncols=True, **options)


def _checkpoint(network: Any, watching: Watching) -> Any:
    if watching.checkpoint is None:
        return None
    from bp_numba.runs.checkpoint import Checkpoint  # with what reads and writes files

    return Checkpoint(network, watching.checkpoint, watching.checkpoint_every)
