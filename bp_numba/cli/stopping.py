"""Stopping before the last epoch: the validation loss rises again, or the loss is low enough.

What a checkpoint must keep of it is in the metadata of the networks.
"""

import argparse
import math
from bisect import bisect
from typing import Any, TypeAlias

from bp_numba import EarlyStopping, History, NeuralNetwork
from bp_numba.cli.errors import CommandError
from bp_numba.cli.stopping_state import LAST, STOPPING, checked, texts


def stopping_of(network: NeuralNetwork, options: argparse.Namespace) -> "Stopping":
    """Return what stops a network, and goes on where it was when the network was saved.

    Early stopping, or else only the limit of its loss, which early stopping heeds too. A network
    whose run came to its last epoch gets the weights back that it had there.

    Among many networks one may have been saved at a display point before early stopping has seen
    it; it sees it here, with the same weights.

    Raises
    ------
    CommandError
        If its state is damaged, or it has only its best weights, with which it cannot go on.
    """
    history, stopping = network.history, _stopping(network, options)
    if isinstance(stopping, ResumableStopping):
        stopping.give_last(network)
    is_new = stopping.stopped_epoch is None and len(history) == stopping.points_seen(history) + 1
    if is_new and history.epochs[-1] == network.epochs_trained:
        stopping(network, history.epochs[-1], history.losses[-1])
        stopping = _stopping(network, options)
    lacks_last = options.early_stopping and STOPPING not in network.metadata
    if lacks_last and 0 < network.epochs_trained < options.epochs:
        raise CommandError(
            f"checkpoint {options.checkpoint} lacks the weights of epoch {network.epochs_trained}, "
            "from which training would go on: it holds those of the lowest validation loss"
        )
    return stopping


def _stopping(network: NeuralNetwork, options: argparse.Namespace) -> "Stopping":
    state, limit = network.metadata.get(STOPPING), options.stop_at_loss
    if not options.early_stopping:
        return StoppingAtLoss(state, math.nan if limit is None else limit)
    return ResumableStopping(state, [w.shape for w in network.W], limit)


class ResumableStopping(EarlyStopping):
    """Early stopping that goes on from a checkpoint as if the run had never been interrupted.

    What it has seen, with the best weights, is in the network's metadata while it trains.

    Parameters
    ----------
    state : dict, optional
        What the metadata of the checkpoint hold under `STOPPING`.
    shapes : list of tuple
        Those of the weights.
    limit : float, optional
        The loss that is low enough.

    Raises
    ------
    CommandError
        If the state is damaged.
    """

    def __init__(
        self, state: Any, shapes: list[tuple[int, ...]], limit: float | None = None
    ) -> None:
        self._state = None if state is None else checked(state, shapes)
        self._limit = math.nan if limit is None else limit
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
        enough = super().__call__(network, epoch, loss) or loss <= self._limit
        if enough:
            self.stopped_epoch = epoch
        network.metadata[STOPPING] = {
            "best_loss": self.best_loss,
            "best_epoch": self.best_epoch,
            "waited": self._waited,
            "weights": texts(self._best),
            **self._note(),  # while others train on, it waits for the end with the last weights
        }
        return bool(enough)

    def give_last(self, network: Any) -> None:
        """Give the network the weights back with which its run came to its last epoch."""
        if self._state is not None and self._state.last:
            for w, last in zip(network.W, self._state.last, strict=True):
                w[...] = last
            network.metadata[STOPPING].pop(LAST)  # at last: what Ctrl-C cuts is done again

    def end(self, network: Any) -> None:
        """Give the best weights back; note where the run was ended, or what it goes on from."""
        state = network.metadata.get(STOPPING)
        # One step each: after Ctrl-C between two, a network without a note would train on, and one
        # without its last weights from the best.
        if self.stopped_epoch is None and state is not None and LAST not in state:
            network.metadata[STOPPING] = {**state, LAST: texts(network.W)}
        super().end(network)
        if note := self._note():
            network.metadata[STOPPING] = note

    def _note(self) -> dict[str, int]:
        return {} if self.stopped_epoch is None else {"stopped_epoch": self.stopped_epoch}


class StoppingAtLoss:
    """Stops where a shown loss is low enough; of a checkpoint it needs to know only if it did.

    Attributes
    ----------
    stopped_epoch : int or None
        Where training was stopped.
    best_epoch : int
        0: it knows of no better weights than the last.
    """

    best_epoch = 0

    def __init__(self, state: Any, limit: float) -> None:
        self._limit = limit
        self.stopped_epoch = None if state is None else checked(state, []).stopped_epoch

    def points_seen(self, history: History) -> int:
        """Return how many display points of a history it has seen: not the last, to be sure."""
        return max(len(history) - 1, 0)

    def __call__(self, network: Any, epoch: int, loss: float) -> bool:
        """Return True if training should stop."""
        if loss <= self._limit:
            self.stopped_epoch = epoch
            network.metadata[STOPPING] = {"stopped_epoch": epoch}
        return self.stopped_epoch is not None

    def end(self, network: Any) -> None:
        """Do nothing: the weights are the last."""


Stopping: TypeAlias = ResumableStopping | StoppingAtLoss


def nothing_left(networks: list[NeuralNetwork], options: argparse.Namespace) -> str:
    """Return that a run was stopped before."""
    if len(networks) > 1:
        return f"{_reason(options)} ended the runs of all {len(networks)} networks"
    return f"{_reason(options)} ended this run after epoch {networks[0].epochs_trained}"


def _reason(options: argparse.Namespace) -> str:
    """Return what may have stopped a run."""
    early, at_loss = options.early_stopping, options.stop_at_loss is not None
    return " or ".join(["early stopping"] * early + ["--stop-at-loss"] * at_loss)


def stopping_lines(
    networks: list[NeuralNetwork], stoppings: list[Stopping], options: argparse.Namespace
) -> list[str]:
    """Return lines that tell who was stopped, and which weights are kept."""
    if not stoppings:
        return []
    stopped = [s.stopped_epoch for s in stoppings if s.stopped_epoch is not None]
    if len(networks) > 1:
        when = f", after epochs {min(stopped)} to {max(stopped)}" if stopped else ""
        lowest = "; the weights of each are those of its lowest validation loss"
        return [
            f"[INFO] {_reason(options)} ended {len(stopped)} of {len(networks)} networks{when}"
            f"{lowest if options.early_stopping else ''}"
        ]
    end = f"{_reason(options) if stopped else 'the end'} after epoch {networks[0].epochs_trained}"
    if not options.early_stopping:
        return [f"[INFO] {end}"]
    if not stoppings[0].best_epoch:
        return []
    return [
        f"[INFO] {end}; the weights are those of epoch {stoppings[0].best_epoch}, whose "
        "validation loss was the lowest"
    ]
