"""Going on from a checkpoint: whether it is of the same run, and what early stopping has seen."""

import base64
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from bp_numba import EarlyStopping, NeuralNetwork
from bp_numba.cli.errors import CommandError

STOPPING = "early_stopping"
"""Key of the metadata for what early stopping has seen, then for where it ended the run."""


def load_checkpoint(path: Path, expected: NeuralNetwork) -> NeuralNetwork:
    """Return the network in a checkpoint, to go on with.

    Parameters
    ----------
    path : Path
        The checkpoint.
    expected : NeuralNetwork
        The network that the same run began with, with its metadata.

    Raises
    ------
    CommandError
        If the checkpoint is of another run; the difference is named.
    """
    network = NeuralNetwork.load(path)
    here, there = _facts(expected), _facts(network)
    for name, value in here.items():
        found = there.get(name)
        if json.dumps(found) != json.dumps(value):  # 1 is not True here, and NaN is NaN
            raise CommandError(
                f"checkpoint {path} is of another run: {name} {_short(found)} there, "
                f"{_short(value)} here"
            )
    if [w.shape for w in network.W] != [w.shape for w in expected.W]:
        raise CommandError(f"checkpoint {path} is damaged: its weights do not fit its layers")
    return network


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
            self.best_loss, self.best_epoch, self._waited, weights = self._state
            self._best = [w.copy() for w in weights]

    def __call__(self, network: Any, epoch: int, loss: float) -> bool:
        """Return True if training should stop."""
        enough = super().__call__(network, epoch, loss)
        network.metadata[STOPPING] = {
            "best_loss": self.best_loss,
            "best_epoch": self.best_epoch,
            "waited": self._waited,
            "weights": [base64.b64encode(w.tobytes()).decode() for w in self._best],
        }
        return enough

    def end(self, network: Any) -> None:
        """Give the best weights back, and note where the run was ended."""
        super().end(network)
        network.metadata.pop(STOPPING, None)
        if self.stopped_epoch is not None:
            network.metadata[STOPPING] = {"stopped_epoch": self.stopped_epoch}


def _checked(state: Any, shapes: list[tuple[int, ...]]) -> tuple[float, int, int, list[Any]]:
    try:
        loss, epoch, waited = (state[name] for name in ("best_loss", "best_epoch", "waited"))
        texts = state["weights"]
        if type(loss) is not float or type(epoch) is not int or type(waited) is not int:
            raise TypeError
        if len(texts) != (len(shapes) if loss < math.inf else 0):
            raise ValueError
        weights = [
            np.frombuffer(base64.b64decode(text, validate=True)).reshape(shape)
            for text, shape in zip(texts, shapes, strict=False)
        ]
    except (KeyError, TypeError, ValueError):  # a wrong character is a ValueError too
        raise CommandError("the checkpoint's state of early stopping is damaged") from None
    return loss, epoch, waited, weights
