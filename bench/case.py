"""The usual case: something done with a network, again and again, in this process."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from bench.measure import Measurement, sized_timer
from bench.rivals import OURS, REFERENCE
from bp_numba import ReferenceNetwork

TOLERANCE = 1e-12
SAMPLES, MANY_SAMPLES = 200, 2000
"""How many samples an exact rival is verified on, and a nearest equivalent."""


@dataclass(frozen=True)
class Work:
    """Something that is done with a network, again and again.

    Attributes
    ----------
    run : callable
        `run(network, X, y, repeats)`, where network is the `Network` of a rival.
    forwards, trains : int, bool
        How often each row goes through the network, and whether the weights are updated.
    everyone : bool
        Whether any rival can do it, or only the two classes of the package.
    """

    run: Callable
    forwards: int = 1
    trains: bool = True
    everyone: bool = False

    def fmas(self, layers, X):
        """Return the multiply-adds per row, bias units included; zero inputs cost nothing."""
        units = [size + 1 for size in layers[:-1]] + [layers[-1]]
        inputs = 1 + np.count_nonzero(X) / len(X)
        inner = [rows * columns for rows, columns in zip(units[1:], units[2:], strict=False)]
        both = inputs * units[1] + sum(inner)
        return self.forwards * both + self.trains * (both + sum(inner))

    def outcome(self, network, X):
        """Return arrays that exact rivals agree on: the weights, or predictions if none change."""
        return network.outcome(X) if self.trains else [network.network.predict(X)]


def _train(network, X, y, repeats):
    network.train(X, y, repeats)


def _train_and_show(network, X, y, repeats):
    network.fit(X, y, repeats, 1)


def _fits(network, X, y, repeats):
    for _ in range(repeats):
        network.fit(X, y, 1, 1)


def _partial_fits(network, X, y, repeats):
    X = np.c_[X, np.ones(len(X))]
    for _ in range(repeats):
        for x, target in zip(X, y, strict=True):
            network.network.fit_partial(x, target)


def _predict(network, X, y, repeats):
    for _ in range(repeats):
        network.network.predict(X)


TRAIN = Work(_train, everyone=True)
TRAIN_AND_SHOW = Work(_train_and_show, forwards=2)
FITS = Work(_fits, forwards=2)
PARTIAL_FITS = Work(_partial_fits)
PREDICT = Work(_predict, trains=False)


@dataclass(frozen=True)
class Case(Measurement):
    """A work on given layers and data, measured in microseconds per row.

    `data(quick)` returns X and y, with fewer rows if quick. A round takes `patience` times as long
    as that of other cases, for data so large that copying it would take most of a shorter one.
    """

    layers: tuple[int, ...]
    alpha: float
    data: Callable
    work: Work = TRAIN
    patience: int = 1
    unit = "us per sample"

    @property
    def everyone(self):
        """Whether all rivals take part."""
        return self.work.everyone

    def rounds(self, effort):
        """Return how often each rival is measured: less often if rounds are long."""
        return effort.rounds if self.patience < 10 else min(3, effort.rounds)

    def timers(self, rivals, effort):
        """Return a function for each rival that measures it once, all of them verified."""
        X, y = self.data(effort.quick)
        timers = {}
        for rival in rivals:
            if self.everyone or rival in (OURS, REFERENCE):
                self.verify(rival, X, y)
                work = partial(self.work.run, self.network(rival))
                seconds = self.patience * effort.seconds
                timers[rival.label] = self.microseconds(sized_timer(work, X, y, seconds))
        return timers

    @staticmethod
    def microseconds(timer):
        """Return a timer with another unit than seconds."""
        return lambda: timer() * 1e6

    def network(self, rival):
        """Return a rival's network with the weights that all of them start from."""
        network_class = rival.load()  # before the seed: importing JAX draws random numbers
        np.random.seed(0)
        return network_class(self.layers, ReferenceNetwork(self.layers).W, self.alpha)

    def verify(self, rival, X, y):
        """Raise AssertionError unless a rival does the same work as the reference.

        Exactly the same: weights, or predictions, agree within `TOLERANCE`. Nearly: the loss falls.
        """
        X, y = X[:SAMPLES], y[:SAMPLES]
        network, reference = self.network(rival), self.network(REFERENCE)
        if rival.exact:
            for each in (network, reference):
                self.work.run(each, X, y, -(-SAMPLES // len(X)))
            pairs = zip(self.work.outcome(network, X), self.work.outcome(reference, X), strict=True)
            worst = max(np.abs(ours - theirs).max() for ours, theirs in pairs)
            assert worst <= TOLERANCE, f"{rival.label}, {self.name}: differs by {worst:.1e}"
        else:
            losses = []
            for epochs in (1, MANY_SAMPLES // len(X)):
                self.work.run(network, X, y, epochs)
                losses.append(np.sum((network.outcome(X)[0] - y) ** 2))
            assert losses[1] < losses[0], f"{rival.label}, {self.name}: the loss has not fallen"

    def fmas(self, effort):
        """Return the multiply-adds per row."""
        return self.work.fmas(self.layers, self.data(effort.quick)[0])
