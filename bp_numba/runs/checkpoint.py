"""A file that follows a run, so that little is lost when the run ends early."""

import contextlib
import os
import warnings
from collections.abc import Iterator
from dataclasses import replace
from time import monotonic
from typing import Any, NamedTuple

import numpy as np

from bp_numba.runs.files import check_writable, path_text
from bp_numba.runs.model_files import load_model, save_model, snapshot, warn_of_metadata
from bp_numba.runs.state import GROWING, State


class Saving:
    """A file that is written again and again while something is trained.

    Parameters
    ----------
    path : path-like
        The file.
    every : float
        The least number of seconds from one saving to the next.
    """

    def __init__(self, path: str | os.PathLike[str], every: float) -> None:
        self._path, self._every = path_text(path, "checkpoint"), every
        self._saved_at = monotonic()

    def _is_due(self) -> bool:
        """Tell if `every` seconds have passed since the last saving."""
        return monotonic() - self._saved_at >= self._every

    @contextlib.contextmanager
    def _saving(self) -> Iterator[None]:
        """Warn if the file cannot be written within: a full disk may be full for a while only."""
        try:
            yield
        except OSError as error:
            warnings.warn(f"checkpoint {self._path} not written: {error}", stacklevel=4)
        finally:
            self._saved_at = monotonic()


class Checkpoint(Saving):
    """Saves a network while it is trained.

    The network is saved when this object is made, so that a file that cannot be written is known
    before training begins; then now and then at the end of an epoch; and when the run ends.

    The state at the end of the last epoch is kept in memory too: an interrupt comes in the middle
    of an epoch, when some samples have changed the weights and others have not.

    Weights that are not finite are never kept or saved: when training diverges, the file gets the
    last state whose weights were finite, and there is one warning. A network whose weights are not
    finite from the beginning makes no file.

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
        super().__init__(path, every)
        self._network = network
        self._kept: _Kept | None = None
        self._saved: _Kept | None = None
        self._diverged_at: int | None = None
        self._warned = False
        here = self._keep()
        if os.path.exists(self._path):
            check_replaceable(self._path, load_model(self._path), here)
        if self._kept is None:
            check_writable(self._path)
        self._save()
        warn_of_metadata(network)
        self._warn_if_diverged()

    def epoch_ended(self) -> None:
        """Keep the network's state in memory, and save it if it is time to."""
        self._keep()
        if self._is_due():
            with self._saving():
                self._save()
        self._warn_if_diverged()

    def interrupted(self) -> None:
        """Save the state at the end of the last epoch, unless the file holds it already."""
        if _epochs(self._kept) > _epochs(self._saved):
            with self._saving():
                self._save()

    def end(self) -> None:
        """Save the network as it is now, or as it was when its weights were last finite."""
        self._keep()
        try:
            self._save()
        except OSError:
            self._kept = self._saved  # the error is reported: no second attempt, as after Ctrl-C
            raise
        self._warn_if_diverged()

    def _keep(self) -> State:
        """Return the network's state, and keep it if its weights are finite."""
        state = snapshot(self._network)
        if is_finite(state):
            self._kept = _Kept(state, {name: len(getattr(state, name)) for name in GROWING})
            self._diverged_at = None
        elif self._diverged_at is None:
            self._diverged_at = state.epochs_trained
        return state

    def _save(self) -> None:
        """Save the state in memory, unless there is none, or it is in the file."""
        if self._kept is None or self._kept is self._saved:
            return
        save_model(self._path, self._kept.then())
        self._saved = self._kept

    def _warn_if_diverged(self) -> None:
        if self._diverged_at is None or self._warned:
            return
        self._warned = True
        if self._kept is None:
            text = f"weights are not finite from the beginning, epoch {self._diverged_at}"
            what = "is not written"
        else:
            text = f"weights are no longer finite from epoch {self._diverged_at} on"
            what = f"keeps those of epoch {_epochs(self._kept)}"
        warnings.warn(f"{text}; checkpoint {self._path} {what}", RuntimeWarning, stacklevel=2)


class _Kept(NamedTuple):
    """A snapshot, and how long its growing lists were: it shares them with the network."""

    state: State
    lengths: dict[str, int]

    def then(self) -> State:
        """Return the state as it was then, without what has been added to the lists since."""
        lists = {
            name: first(getattr(self.state, name), self.lengths[name])
            for name, first in GROWING.items()
        }
        return replace(self.state, **lists)


def is_finite(state: State) -> bool:
    """Tell if all weights are finite."""
    return all(bool(np.isfinite(w).all()) for w in state.W)


def check_replaceable(name: str, there: State, here: State) -> None:
    """Raise ValueError unless a network in a file may be replaced by another state of it.

    Parameters
    ----------
    name : str
        What the error calls the one in the file.
    there, here : State
        What is in the file, and what is to replace it.
    """
    if [w.shape for w in there.W] != [w.shape for w in here.W]:
        raise ValueError(
            f"checkpoint must be a file of the same layers, {_dashed(here.layers)}, or a new "
            f"one, got {name} with {_dashed(there.layers)}"
        )
    if there.epochs_trained > here.epochs_trained:
        raise ValueError(
            f"checkpoint must not hold a network trained for longer: {name} was trained "
            f"for {there.epochs_trained} epochs, this network for {here.epochs_trained}; load "
            "it to go on, or remove it"
        )


def _epochs(kept: _Kept | None) -> int:
    return -1 if kept is None else kept.state.epochs_trained


def _dashed(layers: list[int]) -> str:
    return "-".join(map(str, layers))
