"""Whoever watches a run of training: printed lines, history, progress bar, callback, checkpoint."""

import os
from collections.abc import Callable
from time import perf_counter
from types import TracebackType
from typing import Any

import numpy as np


class Monitor:
    """A context around a run that is told of every few epochs.

    Parameters
    ----------
    network : NeuralNetwork
        Its `losses`, `history` and `epochs_trained` are kept up to date.
    done, epochs, samples : int
        Epochs of the run that lie behind, and its size.
    loss, validation_loss : callable
        Without arguments; `validation_loss` may be None.
    verbose, progress, callback, checkpoint, checkpoint_every
        As `NeuralNetwork.fit` takes them.
    """

    def __init__(
        self,
        network: Any,
        done: int,
        epochs: int,
        samples: int,
        loss: Callable[[], Any],
        validation_loss: Callable[[], Any] | None,
        *,
        verbose: bool,
        progress: bool,
        callback: Callable[..., Any] | None,
        checkpoint: str | os.PathLike[str] | None,
        checkpoint_every: float,
    ) -> None:
        self._network, self._epoch, self._samples = network, done, samples
        self._loss, self._validation_loss = loss, validation_loss
        self._verbose, self._callback = verbose, callback
        self._bar = _bar(done, epochs) if progress else None
        self._checkpoint = (
            None if checkpoint is None else _checkpoint(network, checkpoint, checkpoint_every)
        )
        _tell(callback, "begin")
        network.losses = []
        seconds = network.history.seconds
        self._started = perf_counter() - (seconds[-1] if seconds else 0.0)

    def __enter__(self) -> "Monitor":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                _tell(self._callback, "end", self._network)
                if self._checkpoint:
                    self._checkpoint.end()
            elif self._checkpoint:
                self._checkpoint.interrupted()
        finally:
            if self._bar is not None:
                self._bar.close()

    def epochs_ended(self, count: int, display: bool) -> bool:
        """Count some epochs, show the loss if it is time to; return True if that is enough."""
        self._epoch += count
        self._network.epochs_trained += count
        enough = self._display() if display else False
        if self._bar is not None:
            self._bar.update(count)
            samples = self._samples * (self._bar.n - self._bar.initial)
            rate = samples / max(self._bar.format_dict["elapsed"], 1e-9)
            self._bar.set_postfix_str(f"{self._shown}{rate:,.0f} samples/s", refresh=False)
        if self._checkpoint:
            self._checkpoint.epoch_ended()
        return enough

    _shown = ""

    def _display(self) -> bool:
        loss = self._loss()
        text, validation_loss = f"loss={loss:.7f}", None
        if self._validation_loss is not None:
            validation_loss = float(self._validation_loss())
            text += f", val_loss={validation_loss:.7f}"
        self._shown = f"{text}, "
        if self._verbose:
            line = f"[INFO] epoch={self._epoch}, {text}"
            print(line) if self._bar is None else self._bar.write(line)
        network, seconds = self._network, perf_counter() - self._started
        network.losses.append(float(loss))
        network.history.add(network.epochs_trained, float(loss), validation_loss, seconds)
        if self._callback is None:
            return False
        answer = self._callback(network, self._epoch, loss)
        return isinstance(answer, bool | np.bool_) and bool(answer)


def _tell(callback: Any, event: str, *arguments: Any) -> None:
    if (method := getattr(callback, event, None)) is not None:
        method(*arguments)


def _bar(done: int, epochs: int) -> Any:
    try:
        from tqdm.auto import tqdm
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "progress=True needs tqdm, which is not installed: pip install 'bp_numba[cli]'",
            name="tqdm",
        ) from None
    return tqdm(initial=done, total=epochs, unit="epoch", dynamic_ncols=True)


def _checkpoint(*arguments: Any) -> Any:
    from bp_numba.runs.checkpoint import Checkpoint  # with what reads and writes files

    return Checkpoint(*arguments)
