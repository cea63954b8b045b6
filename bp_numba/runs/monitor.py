"""Whoever watches a run of training: printed lines, history, progress bar, callback, checkpoint."""

from time import perf_counter
from types import TracebackType
from typing import Any

import numpy as np

from bp_numba.training.run import Run


class Monitor:
    """A context around a run that is told of its epochs and losses.

    Parameters
    ----------
    network : NeuralNetwork
        Its `losses`, `history` and `epochs_trained` are kept up to date.
    run : Run
        The epochs.
    samples : int
        How many an epoch has.
    watching : Watching
        Who is told.
    """

    def __init__(self, network: Any, run: Run, samples: int, watching: Watching) -> None:
        self._network, self._epoch, self._samples = network, run.done, samples
        self._verbose, self._callback = watching.verbose, watching.callback
        self._bar = _bar(run) if watching.progress else None
        self._checkpoint = _checkpoint(network, watching)
        self._shown = ""
        _tell(self._callback, "begin")
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

    def count(self, epochs: int) -> None:
        """Count epochs that have been trained."""
        self._epoch += epochs
        self._network.epochs_trained += epochs

    def display(self, loss: Any, validation_loss: Any = None) -> bool:
        """Show and record losses; return True if the callback says that training is to stop."""
        text = f"loss={loss:.7f}"
        if validation_loss is not None:
            validation_loss = float(validation_loss)
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

    def epochs_ended(self, epochs: int) -> None:
        """Move the bar on by some epochs, and let the checkpoint be saved if it is time to."""
        if self._bar is not None:
            self._bar.update(epochs)
            samples = self._samples * (self._bar.n - self._bar.initial)
            rate = samples / max(self._bar.format_dict["elapsed"], 1e-9)
            self._bar.set_postfix_str(f"{self._shown}{rate:,.0f} samples/s", refresh=False)
        if self._checkpoint:
            self._checkpoint.epoch_ended()


def _tell(callback: Any, event: str, *arguments: Any) -> None:
    if (method := getattr(callback, event, None)) is not None:
        method(*arguments)


def _bar(run: Run) -> Any:
    try:
        from tqdm.auto import tqdm
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "progress=True needs tqdm, which is not installed: pip install 'bp_numba[cli]'",
            name="tqdm",
        ) from None
    return tqdm(initial=run.done, total=run.epochs, unit="epoch", dynamic_ncols=True)


def _checkpoint(network: Any, watching: Watching) -> Any:
    if watching.checkpoint is None:
        return None
    from bp_numba.runs.checkpoint import Checkpoint  # with what reads and writes files

    return Checkpoint(network, watching.checkpoint, watching.checkpoint_every)
