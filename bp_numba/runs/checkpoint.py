"""A file that follows a run, so that little is lost when the run ends early."""

import os
import warnings
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

from bp_numba.runs.model_files import load_model, save_model, snapshot


class Checkpoint:
    """Saves a network at the ends of epochs.

    The first time is when this object is made: what cannot be written is known before training
    begins. The state at the last epoch's end is kept in memory too, because an interrupt finds the
    network in the middle of an epoch.

    Parameters
    ----------
    network : NeuralNetwork
        What is saved.
    path : path-like
        The file. If it is there, it must hold a network of the same layers that was trained for
        no more epochs.
    every : float
        Seconds from one time to the next, at least; 0 means at every opportunity.

    Raises
    ------
    ValueError
        If something else would be overwritten; it is untouched.
    OSError
        If the file cannot be written.
    """

    def __init__(self, network: Any, path: str | os.PathLike[str], every: float) -> None:
        self._network, self._path, self._every = network, path, every
        self._keep()
        if Path(path).exists():
            self._check_replaceable()
        self._save()

    def epoch_ended(self) -> None:
        """Keep the network's state, and save it if it is time to."""
        self._keep()
        if monotonic() - self._saved_at >= self._every:
            self._try_to_save()

    def end(self) -> None:
        """Save the network as it is."""
        self._keep()
        self._save()

    def interrupted(self) -> None:
        """Save the state at the last epoch's end, if it is newer than the file."""
        if self._kept.epochs_trained > self._saved_epochs:
            self._try_to_save()

    def _keep(self) -> None:
        self._kept = snapshot(self._network)
        self._points = len(self._kept.losses), len(self._kept.history)

    def _save(self) -> None:
        losses, points = self._points  # both lists may have grown since
        model = replace(
            self._kept,
            losses=self._kept.losses[:losses],
            history=self._kept.history.first(points),
        )
        save_model(self._path, model)
        self._saved_at, self._saved_epochs = monotonic(), self._kept.epochs_trained

    def _try_to_save(self) -> None:
        try:
            self._save()
        except OSError as error:  # a full disk may be full for a while; training goes on
            self._saved_at = monotonic()
            warnings.warn(f"checkpoint {self._path} not written: {error}", stacklevel=2)

    def _check_replaceable(self) -> None:
        there, here = load_model(self._path), self._kept
        if [w.shape for w in there.W] != [w.shape for w in here.W]:
            raise ValueError(
                f"checkpoint must be a file of the same layers, {_dashed(here.layers)}, or a new "
                f"one, got {self._path} with {_dashed(there.layers)}"
            )
        if there.epochs_trained > here.epochs_trained:
            raise ValueError(
                f"checkpoint must not hold a network trained for longer: {self._path} was trained "
                f"for {there.epochs_trained} epochs, this network for {here.epochs_trained}; load "
                "it to go on, or remove it"
            )


def _dashed(layers: list[int]) -> str:
    return "-".join(map(str, layers))
