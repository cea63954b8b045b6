"""A file that follows a run, so that little is lost when the run ends early."""

import os
import warnings
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

from bp_numba.runs.model_files import load_model, save_model, snapshot
from bp_numba.runs.state import GROWING


class Checkpoint:
    """Saves a network while it is trained; `_is_time_to_save` decides when.

    The network is saved when this object is made, so that a file that cannot be written is known
    before training begins; then now and then at the end of an epoch; and when the run ends.

    The state at the end of the last epoch is kept in memory too: an interrupt comes in the middle
    of an epoch, when some samples have changed the weights and others have not.

    Parameters
    ----------
    network : NeuralNetwork
        The network that is saved.
    path : path-like
        The file. If it exists, it must hold a network of the same layers that was trained for no
        more epochs.
    every : float
        The least number of seconds from one saving to the next; 0 saves whenever an epoch's end
        is reported.

    Raises
    ------
    ValueError
        If the file holds anything else; it is not changed then.
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
        """Keep the network's state in memory, and save it if it is time to."""
        self._keep()
        if self._is_time_to_save():
            self._try_to_save()

    def interrupted(self) -> None:
        """Save the state at the end of the last epoch, unless the file holds it already."""
        if self._is_time_to_save(interrupted=True):
            self._try_to_save()

    def end(self) -> None:
        """Save the network as it is now."""
        self._keep()
        self._save()

    def _is_time_to_save(self, interrupted: bool = False) -> bool:
        """Tell if the state in memory is to be saved.

        At the end of an epoch it is if `every` seconds have passed since the last saving; after an
        interrupt it is if the network was trained for more epochs than the file says.
        """
        if interrupted:
            return self._kept.epochs_trained > self._saved_epochs
        return monotonic() - self._saved_at >= self._every

    def _keep(self) -> None:
        self._kept = snapshot(self._network)
        self._lengths = {name: len(getattr(self._kept, name)) for name in GROWING}

    def _save(self) -> None:
        # The snapshot shares its growing lists with the network, which may have added to them.
        as_kept = {
            name: first(getattr(self._kept, name), self._lengths[name])
            for name, first in GROWING.items()
        }
        save_model(self._path, replace(self._kept, **as_kept))
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
