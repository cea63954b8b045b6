"""Going on from a checkpoint: whether it is of the same run, and what early stopping has seen."""

import base64
import json
import math
from bisect import bisect
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bp_numba import EarlyStopping, History, NeuralNetwork, load_many, save_many
from bp_numba.cli.errors import CommandError
from bp_numba.runs.archives import holds_many
from bp_numba.runs.json_values import is_count

STOPPING = "early_stopping"
"""Key of the metadata for what early stopping has seen, then for where it ended the run."""


def load_checkpoint(path: Path, expected: Sequence[NeuralNetwork]) -> list[NeuralNetwork]:
    """Return the networks in a checkpoint, to go on with.

    Parameters
    ----------
    path : Path
        The checkpoint: a file of one network, or of many.
    expected : sequence of NeuralNetwork
        The networks that the same run began with, with their metadata.

    Raises
    ------
    CommandError
        If the checkpoint is of another run; the difference is named.
    """
    networks = load_many(path) if holds_many(path) else [NeuralNetwork.load(path)]
    if len(networks) != len(expected):
        raise _of_another_run(path, "restarts", len(networks), len(expected))
    for network, fresh in zip(networks, expected, strict=True):
        _check_same_run(path, network, fresh)
    return networks


def save_checkpoint(path: Path, networks: Sequence[NeuralNetwork]) -> None:
    """Write a checkpoint as training does: a file of one network, or of many."""
    if len(networks) > 1:
        save_many(path, networks)
    else:
        networks[0].save(path)


def _check_same_run(path: Path, network: NeuralNetwork, expected: NeuralNetwork) -> None:
    here, there = _facts(expected), _facts(network)
    for name, value in here.items():
        found = there.get(name)
        if json.dumps(found) != json.dumps(value):  # 1 is not True here, and NaN is NaN
            raise _of_another_run(path, name, found, value)
    if [w.shape for w in network.W] != [w.shape for w in expected.W]:
        raise CommandError(f"checkpoint {path} is damaged: its weights do not fit its layers")


def _of_another_run(path: Path, name: str, there: Any, here: Any) -> CommandError:
    return CommandError(
        f"checkpoint {path} is of another run: {name} {_short(there)} there, {_short(here)} here"
    )


def _facts(network: NeuralNetwork) -> dict[str, Any]:
    own = {"layers": list(network.layers), "alpha": network.alpha}
    described = [network.metadata.get(key) for key in ("training", "table", "rows")]
    facts: dict[str, Any] = {}
    for values in (*described[:2], own, *described[2:]):  # what follows from others comes later
        facts |= values if isinstance(values, dict) else {}
    return {name.replace("_", " "): value for name, value in facts.items()}


def _short(value: Any) -> str:
    text = "unknown" if value is None else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def stopping_of(network: NeuralNetwork) -> "ResumableStopping":
    """Return early stopping that goes on where it was when the network was saved.

    Among many networks one may have been saved at a display point before early stopping has seen
    it; it sees it here, with the same weights.

    Raises
    ------
    CommandError
        If its state is damaged.
    """
    shapes, history = [w.shape for w in network.W], network.history
    stopping = ResumableStopping(network.metadata.get(STOPPING), shapes)
    is_new = stopping.stopped_epoch is None and len(history) == stopping.points_seen(history) + 1
    if is_new and history.epochs[-1] == network.epochs_trained:
        stopping(network, history.epochs[-1], history.losses[-1])
        return ResumableStopping(network.metadata[STOPPING], shapes)
    return stopping


class ResumableStopping(EarlyStopping):
    """Early stopping that goes on from a checkpoint as if the run had never been interrupted.

    What it has seen, with the best weights, is in the network's metadata while it trains.

    Parameters
    ----------
    state : dict, optional
        What the metadata of the checkpoint hold under `STOPPING`.
    shapes : list of tuple
        Those of the weights.

    Raises
    ------
    CommandError
        If the state is damaged.
    """

    def __init__(self, state: Any, shapes: list[tuple[int, ...]]) -> None:
        self._state = None if state is None else _checked(state, shapes)
        super().__init__()

    def begin(self) -> None:
        """Go on from the state."""
        super().begin()
        if self._state is not None:
            self.best_loss, self.best_epoch, self._waited, self.stopped_epoch = self._state[:4]
            self._best = [w.copy() for w in self._state.weights]

    def points_seen(self, history: History) -> int:
        """Return how many display points of a history it has seen."""
        if not self.best_epoch:
            return self._waited
        return bisect(history.epochs, self.best_epoch) + self._waited

    def __call__(self, network: Any, epoch: int, loss: float) -> bool:
        """Return True if training should stop."""
        enough = super().__call__(network, epoch, loss)
        network.metadata[STOPPING] = {
            "best_loss": self.best_loss,
            "best_epoch": self.best_epoch,
            "waited": self._waited,
            "weights": [base64.b64encode(w.tobytes()).decode() for w in self._best],
            **self._note(),  # while others train on, it waits for the end with the last weights
        }
        return enough

    def end(self, network: Any) -> None:
        """Give the best weights back, and note where the run was ended."""
        super().end(network)
        # One step each: after Ctrl-C between two, a network without a note would train on.
        if note := self._note():
            network.metadata[STOPPING] = note
        else:
            network.metadata.pop(STOPPING, None)

    def _note(self) -> dict[str, int]:
        return {} if self.stopped_epoch is None else {"stopped_epoch": self.stopped_epoch}


class _State(NamedTuple):
    best_loss: float
    best_epoch: int
    waited: int
    stopped_epoch: int | None
    weights: list[Any]


def _checked(state: Any, shapes: list[tuple[int, ...]]) -> _State:
    try:
        stopped = state.get("stopped_epoch")
        if stopped is not None and len(state) == 1:
            state = {"best_loss": math.inf, "best_epoch": 0, "waited": 0, "weights": []}
        loss, epoch, waited = (state[name] for name in ("best_loss", "best_epoch", "waited"))
        texts = state["weights"]
        counts = [epoch, waited] if stopped is None else [epoch, waited, stopped]
        if type(loss) is not float or not all(map(is_count, counts)):
            raise TypeError
        if len(texts) != (len(shapes) if loss < math.inf else 0):
            raise ValueError
        weights = [
            np.frombuffer(base64.b64decode(text, validate=True)).reshape(shape)
            for text, shape in zip(texts, shapes, strict=False)
        ]
    except (AttributeError, KeyError, TypeError, ValueError):  # a wrong character: ValueError
        raise CommandError("the checkpoint's state of early stopping is damaged") from None
    return _State(loss, epoch, waited, stopped, weights)
