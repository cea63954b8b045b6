"""A network that is trained by itself, by what `fit` trains with."""

from collections.abc import Iterable
from time import perf_counter
from typing import Any

import numpy as np

from bp_numba.fitting import Training, training_of
from bp_numba.many.members import Member
from bp_numba.many.tasks import Order, Task
from bp_numba.network import NeuralNetwork
from bp_numba.simd.arrays import Array
from bp_numba.training.together import copy_each


class Alone(Task):
    """Train one network.

    A plain one is trained as a copy, which has nothing of what users have attached to it: others
    see weights of whole epochs only, and it can be sent to other processes.
    """

    def __init__(self, member: Member, epoch: int) -> None:
        super().__init__([member], epoch)
        self.is_bound = member.is_bound
        self._network = member.network if self.is_bound else _plain(member.network)
        self._training: Training | None = None
        self._whole: tuple[int, list[Array]] | None = None  # within an epoch: the last whole one

    def __getstate__(self) -> dict[str, Any]:
        """Leave behind what is made anew."""
        return super().__getstate__() | {"_training": None}

    def _prepare(self, order: Order) -> None:
        if self._training is None:
            (sets,) = self._sets
            self._training = training_of(self._network, *sets)

    def _train(self, order: Order) -> None:
        assert self._training is not None
        started = perf_counter()
        self._whole = self.epoch, [w.copy() for w in _arrays(self._network)]
        one_point = order.until < order.run.epochs
        part = self._training.advance(order.run, self.epoch, one_point)
        for epoch, reached, *losses in part.points:
            arrays = [None if loss is None else np.array([loss]) for loss in losses]
            self._display(epoch, reached - started, *arrays)
        self.done[0] = part.epoch
        self._whole = None

    def _settle(self) -> None:
        if self._whole is not None:
            self.done[0], before = self._whole
            copy_each(_arrays(self._network), before)
            self._whole = None

    def _pairs(self) -> Iterable[tuple[Array, Array]]:
        (member,) = self.members
        return [] if self.is_bound else zip(member.network.W, self._network.W, strict=True)


def _arrays(network: Any) -> list[Array]:
    """Return the weights that are arrays: for a `fit_partial` of one's own W may hold anything."""
    W = getattr(network, "W", None)
    return [w for w in W if isinstance(w, np.ndarray)] if isinstance(W, Iterable) else []


def _plain(network: Any) -> NeuralNetwork:
    plain = NeuralNetwork.__new__(NeuralNetwork)
    plain.layers, plain.alpha = network.layers, float(network.alpha)
    plain.W = [w.copy() for w in network.W]
    return plain
