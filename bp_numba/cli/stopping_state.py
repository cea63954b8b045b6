"""What a checkpoint holds of early stopping: a state in the metadata of each network."""

import base64
import math
from typing import Any, NamedTuple

import numpy as np

from bp_numba import NeuralNetwork
from bp_numba.cli.errors import CommandError
from bp_numba.runs.json_values import is_count

STOPPING = "early_stopping"
"""Key of the metadata for what early stopping has seen, or for where it ended the run."""

LAST = "last"
"""Key of the state for the weights of a run that came to its last epoch.

Training goes on from them. The network has the best ones then, to be predicted with.
"""


def drop_last(network: NeuralNetwork) -> None:
    """Take the state from a network whose run came to its last epoch: a model needs none."""
    if LAST in network.metadata.get(STOPPING, ()):
        del network.metadata[STOPPING]


def best_point(network: NeuralNetwork) -> int | None:
    """Return the number of the display point whose weights early stopping has given a network.

    None if it has the last: it trained without early stopping, or is yet to go on.
    """
    training, state = (network.metadata.get(key) for key in ("training", STOPPING))
    if not isinstance(training, dict) or training.get("early_stopping") is not True:
        return None
    if isinstance(state, dict) and "weights" in state and LAST not in state:
        return None
    losses = [math.nan if loss is None else loss for loss in network.history.validation_losses]
    points = [point for point, loss in enumerate(losses) if loss < math.inf]
    return min(points, key=losses.__getitem__, default=None)


class State(NamedTuple):
    """What early stopping has seen.

    Attributes
    ----------
    best_loss, best_epoch, waited, stopped_epoch
        As `EarlyStopping` has them.
    weights, last : list of array
        Those of the best epoch, and those of the last if the network does not have them.
    """

    best_loss: float
    best_epoch: int
    waited: int
    stopped_epoch: int | None
    weights: list[Any]
    last: list[Any]


def checked(state: Any, shapes: list[tuple[int, ...]]) -> State:
    """Return the state in metadata, for weights of these shapes.

    Raises
    ------
    CommandError
        If it is damaged.
    """
    try:
        stopped = state.get("stopped_epoch")
        if stopped is not None and len(state) == 1:
            state = {"best_loss": math.inf, "best_epoch": 0, "waited": 0, "weights": []}
        loss, epoch, waited = (state[name] for name in ("best_loss", "best_epoch", "waited"))
        counts = [epoch, waited] if stopped is None else [epoch, waited, stopped]
        if type(loss) is not float or not all(map(is_count, counts)):
            raise TypeError
        weights = _arrays(state["weights"], shapes if loss < math.inf else [])
        last = _arrays(state[LAST], shapes) if LAST in state else []
    except (AttributeError, KeyError, TypeError, ValueError):  # a wrong character: ValueError
        raise CommandError("the checkpoint's state of early stopping is damaged") from None
    return State(loss, epoch, waited, stopped, weights, last)


def texts(weights: list[Any]) -> list[str]:
    """Return weights as texts, which JSON can hold."""
    return [base64.b64encode(w.tobytes()).decode() for w in weights]


def _arrays(texts: list[str], shapes: list[tuple[int, ...]]) -> list[Any]:
    return [
        np.frombuffer(base64.b64decode(text, validate=True)).reshape(shape)
        for text, shape in zip(texts, shapes, strict=True)
    ]
