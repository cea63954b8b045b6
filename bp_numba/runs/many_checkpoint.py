"""A file that follows a run of many networks."""

import os
import warnings
from collections.abc import Sequence
from typing import Any

from bp_numba.runs.archives import ModelFormatError
from bp_numba.runs.checkpoint import Saving, check_replaceable, is_finite
from bp_numba.runs.files import check_writable
from bp_numba.runs.many_files import load_states, save_states, snapshots, warn_of_metadata_of
from bp_numba.runs.model_files import snapshot
from bp_numba.runs.state import State, record_of


class ManyCheckpoint(Saving):
    """Saves networks while they are trained; whoever trains them tells when that is possible.

    They are saved when this object is made, so that a file that cannot be written is known before
    training begins; then now and then; and when the run ends.

    Weights that are not finite are never saved: the file keeps the last state of that network
    that was saved, and a warning names its number, once. If there is none, since its weights were
    not finite from the beginning, no file is written.

    Parameters
    ----------
    networks : sequence of NeuralNetwork
        The networks that are saved.
    path : path-like
        The file. If it exists, it must hold as many networks of the same layers, none of which was
        trained for more epochs.
    every : float
        The least number of seconds from one saving to the next.

    Raises
    ------
    ValueError
        If the file holds anything else; it is not changed then.
    OSError
        If the file cannot be written.
    """

    def __init__(self, networks: Sequence[Any], path: str | os.PathLike[str], every: float) -> None:
        super().__init__(path, every)
        self._networks = networks
        self._kept: dict[int, State] = {}  # of networks whose weights are not finite
        self._named: set[int] = set()
        self._saved: list[int] | None = None
        states = snapshots(networks)
        if os.path.exists(self._path):
            self._check_replaceable(states)
        self._save(states)
        if self._saved is None:
            check_writable(self._path)
        warn_of_metadata_of(networks)

    def reached(self) -> None:
        """Save the networks if it is time to; all hold weights of whole epochs."""
        if self._is_due():
            with self._saving():
                self._save(snapshots(self._networks))

    def interrupted(self) -> None:
        """Save the networks, unless the file holds them already.

        What ended the run may have left one of them as it cannot be saved: then the file keeps the
        last state of it that was.
        """
        if self._saved != self._epochs():
            with self._saving():
                self._save([*map(self._last_state, range(len(self._networks)))])

    def end(self) -> None:
        """Save the networks as they are now."""
        try:
            self._save(snapshots(self._networks))
        except OSError:
            self._saved = self._epochs()  # the error is reported: no second attempt
            raise

    def _epochs(self) -> list[int]:
        return [record_of(network).epochs_trained for network in self._networks]

    def _save(self, states: list[State]) -> None:
        epochs = [state.epochs_trained for state in states]
        diverged = [number for number, state in enumerate(states) if not is_finite(state)]
        self._kept = self._last_finite(diverged)
        if len(self._kept) == len(diverged):
            for number, state in self._kept.items():
                states[number] = state
            save_states(self._path, states)
            self._saved = epochs
        self._warn_of(diverged)

    def _last_state(self, number: int) -> State:
        """Return the present state of a network, or what the file holds if that cannot be saved."""
        try:
            return snapshot(self._networks[number])
        except Exception as error:  # a callback may have done anything to it
            if not (there := self._in_file()):
                raise OSError(f"networks[{number}]: {error}") from None
            return there[number]

    def _last_finite(self, numbers: list[int]) -> dict[int, State]:
        """Return the states to save of networks whose present weights are not finite."""
        there = [] if self._kept.keys() >= set(numbers) else self._in_file()
        states = dict(enumerate(there)) | self._kept
        return {n: states[n] for n in numbers if n in states and is_finite(states[n])}

    def _in_file(self) -> list[State]:
        """Return the states in the file, none if it has not been written."""
        if self._saved is None and not os.path.exists(self._path):
            return []
        try:
            states = load_states(self._path)
        except ModelFormatError as error:
            raise OSError(str(error)) from None
        if len(states) != len(self._networks):
            raise OSError(f"{self._path} was replaced by a file of {len(states)} networks")
        return states

    def _warn_of(self, diverged: list[int]) -> None:
        if new := [number for number in diverged if number not in self._named]:
            self._named.update(new)
            if len(self._kept) == len(diverged):
                text = f"are no longer finite; checkpoint {self._path} keeps the last that were"
            else:
                text = f"are not finite from the beginning; checkpoint {self._path} is not written"
            text = f"weights of networks {_listed(new)} {text}"
            warnings.warn(text, RuntimeWarning, stacklevel=2)

    def _check_replaceable(self, states: list[State]) -> None:
        there = load_states(self._path)
        if len(there) != len(states):
            raise ValueError(
                f"checkpoint must be a file of {len(states)} networks, or a new one, got "
                f"{self._path} with {len(there)}"
            )
        for number, pair in enumerate(zip(there, states, strict=True)):
            check_replaceable(f"networks[{number}] of {self._path}", *pair)


def _listed(numbers: Sequence[int], most: int = 10) -> str:
    """Return the first numbers, and how many more there are."""
    more = f" and {len(numbers) - most} more" if len(numbers) > most else ""
    return ", ".join(map(str, numbers[:most])) + more
