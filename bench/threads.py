"""Two networks in two threads beside one alone."""

import contextlib
import io
import threading
from dataclasses import dataclass

import numpy as np

import bp_numba
from bench.measure import Measurement, seconds_of
from bp_numba.examples.digits import DIGITS


@dataclass(frozen=True)
class Threads(Measurement):
    """Throughput of two threads, each with a network of its own, as a multiple of one's."""

    unit = "x one"
    has_reference = False

    def timers(self, rivals, effort):
        """Return functions that train one, then two networks and return the ratio."""
        return {
            "NeuralNetwork": self.timer(bp_numba.NeuralNetwork, 25 if effort.quick else 400),
            "ReferenceNetwork": self.timer(bp_numba.ReferenceNetwork, 1 if effort.quick else 10),
        }

    @staticmethod
    def timer(kind, epochs):
        """Return a function that gives the throughput of two threads, after a warm-up."""
        split = DIGITS.load(0)
        np.random.seed(0)
        networks = [kind(DIGITS.layers, alpha=DIGITS.alpha) for _ in range(2)]

        def train(networks, epochs=epochs):
            threads = [
                threading.Thread(target=network.fit, args=(split.X, split.y, epochs, epochs + 1))
                for network in networks
            ]
            with contextlib.redirect_stdout(io.StringIO()):
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()

        train(networks, 1)
        return lambda: 2 * seconds_of(train, networks[:1]) / seconds_of(train, networks)
