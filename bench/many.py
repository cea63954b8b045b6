"""Many networks: `fit_many` beside `fit` for one after the other, the NumPy class, and JAX."""

import contextlib
import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from bench.measure import Measurement, seconds_of
from bench.rivals import kernels_from_the_first_call_on
from bp_numba import NeuralNetwork, ReferenceNetwork, fit_many
from bp_numba.examples.xor import XOR

TOLERANCE = 1e-11

ONE_BY_ONE, OF_NUMPY = "fit, one by one", "ReferenceNetwork, scaled"


@lru_cache
def samples(problem):
    """Return the samples that a problem is trained on."""
    return problem.load(0)[:2]


def make(layers, count, alpha=0.5, kind=NeuralNetwork):
    """Return networks of the seeds from 0 on."""
    networks = []
    for seed in range(count):
        np.random.seed(seed)
        networks.append(kind(layers, alpha=alpha))
    return networks


@dataclass(frozen=True)
class Many(Measurement):
    """Whole calls for some networks of the same layers: nanoseconds per sample and network.

    Attributes
    ----------
    layers : tuple of int
    count : int
        How many networks there are.
    data : callable
        Returns X and y, or lists of one for each network.
    epochs : int
        Of a call.
    with_jax : bool
        Whether JAX's `jit(vmap(scan))` takes part.
    jobs : int
        Threads of `fit_many`.
    """

    layers: tuple[int, ...]
    count: int
    data: Callable
    epochs: int
    with_jax: bool = False
    jobs: int = 1

    unit = "ns"
    reference = ONE_BY_ONE

    def timers(self, rivals, effort):
        """Return a function for each of them that trains anew, after it was verified."""
        kernels_from_the_first_call_on()
        X, y = self.data()
        epochs = max(1, self.epochs // 10) if effort.quick else self.epochs
        works = {f"fit_many, {self.jobs} threads" if self.jobs > 1 else "fit_many": self.together}
        works[ONE_BY_ONE] = self.one_by_one
        if self.with_jax and find_spec("jax"):
            works["JAX, jit(vmap(scan))"] = self.with_vmap
        self.verify(works, X, y)
        scale = 1e9 / (epochs * sum(len(own) for own, _ in self.sets(X, y)))
        return {
            label: (lambda work=work: scale * work(make(self.layers, self.count), X, y, epochs)[0])
            for label, work in works.items()
        }

    def sets(self, X, y):
        """Return X and y for each network."""
        return zip(X, y, strict=True) if isinstance(X, list) else [(X, y)] * self.count

    def verify(self, works, X, y):
        """Raise AssertionError unless all give the weights that `fit` gives."""
        outcomes = [work(make(self.layers, self.count), X, y, 3)[1] for work in works.values()]
        expected = self.one_by_one(make(self.layers, self.count), X, y, 3)[1]
        for matrices in outcomes:
            for w, other in zip(matrices, expected, strict=True):
                assert np.abs(w - other).max() <= TOLERANCE, self.name

    def together(self, networks, X, y, epochs):
        """Return the seconds that `fit_many` takes, and all weights."""
        seconds = seconds_of(lambda: fit_many(networks, X, y, epochs, epochs + 1, n_jobs=self.jobs))
        return seconds, stacked(networks)

    def one_by_one(self, networks, X, y, epochs):
        """Return the same of `fit`."""

        def train():
            for network, own in zip(networks, self.sets(X, y), strict=True):
                network.fit(*own, epochs, epochs + 1, verbose=False)

        return seconds_of(train), stacked(networks)

    def with_vmap(self, networks, X, y, epochs):
        """Return the same of JAX."""
        import jax

        from bench.rivals.jax_scan import jnp, train

        vectorized = jax.jit(jax.vmap(train, in_axes=(0, None, None, None, None)))
        inputs, targets = jnp.asarray(np.c_[X, np.ones(len(X))]), jnp.asarray(y, dtype=float)
        weights = [jnp.asarray(w) for w in stacked(networks)]

        def work(epochs):
            return jax.block_until_ready(vectorized(weights, inputs, targets, epochs, 0.5))

        work(1)  # compiles
        result = []
        return seconds_of(lambda: result.extend(work(epochs))), [np.asarray(w) for w in result]


def stacked(networks):
    """Return for each layer the matrices of all networks."""
    return [np.array(matrices) for matrices in zip(*(nn.W for nn in networks), strict=True)]


@dataclass(frozen=True)
class Seeds(Measurement):
    """A thousand seeds of XOR, 20,000 epochs each, on two cores; the NumPy class on ten, scaled."""

    count: int = 1000
    reference = OF_NUMPY

    def rounds(self, effort):
        """Return how often each is measured: a thousandth of the NumPy class's takes seconds."""
        return effort.process_rounds

    def timers(self, rivals, effort):
        """Return functions that measure once."""
        kernels_from_the_first_call_on()
        return {"fit_many, 2 threads": self.together, OF_NUMPY: self.scaled}

    def together(self):
        """Return the seconds of `fit_many`."""
        X, y = samples(XOR)
        networks = make(XOR.layers, self.count)
        fit_many(make(XOR.layers, 8), X, y, 10, n_jobs=2)
        return seconds_of(lambda: fit_many(networks, X, y, XOR.epochs, n_jobs=2))

    def scaled(self):
        """Return the seconds of a hundredth of the epochs of ten networks, for all of them."""
        X, y = samples(XOR)

        def train():
            with contextlib.redirect_stdout(io.StringIO()):
                for network in make(XOR.layers, 10, kind=ReferenceNetwork):
                    network.fit(X, y, XOR.epochs // 100)

        return seconds_of(train) * 100 * self.count / 10


@dataclass(frozen=True)
class Growing(Measurement):
    """Microseconds for each network of a call, for more and more of them: the same if linear."""

    counts: tuple[int, ...] = (8, 100, 1_000, 10_000, 100_000)
    unit = "us per network"
    has_reference = False

    def rounds(self, effort):
        """Return how often each is measured."""
        return effort.process_rounds

    def timers(self, rivals, effort):
        """Return a function for each number of networks."""
        kernels_from_the_first_call_on()
        counts = self.counts[:3] if effort.quick else self.counts
        return {f"fit_many, {count:,}": (lambda n=count: self.timer(n)) for count in counts}

    def timer(self, count):
        """Return the microseconds for each of some networks, of which there are at least 1,000."""
        X, y = samples(XOR)
        calls = max(1, 1000 // count)
        networks = [make(XOR.layers, count) for _ in range(calls)]

        def train():
            for some in networks:
                fit_many(some, X, y, 1000)

        train_once = networks.pop()
        fit_many(train_once, X, y, 1)
        networks.append(train_once)
        return 1e6 * seconds_of(train) / (calls * count)


PEAK = """
import sys
import numpy as np
from bp_numba import NeuralNetwork, fit_many
X, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0], [1], [1], [0]])
def resident():
    status = open("/proc/self/status").read()
    return [int(status.partition(name)[2].split()[0]) for name in ("VmRSS:", "VmHWM:")]
np.random.seed(0)
fit_many([NeuralNetwork([8, 16, 4]) for _ in range(8)], np.ones((4, 8)), np.ones((4, 4)), 2)
empty, _ = resident()
networks = [NeuralNetwork([8, 16, 4]) for _ in range(int(sys.argv[1]))]
fit_many(networks, np.ones((4, 8)), np.ones((4, 4)), int(sys.argv[2]), 1)
held, peak = resident()
print((peak - empty) / (held - empty))
"""


@dataclass(frozen=True)
class Peak(Measurement):
    """Peak memory of a process that trains many networks, as a multiple of what it holds then.

    That is the networks with weights and histories; both without what the process has before.
    """

    unit = "x weights and histories"
    has_reference = False
    in_processes = True

    def timers(self, rivals, effort):
        """Return a function that runs a process."""
        count = 2_000 if effort.quick else 20_000
        return {f"fit_many, {count:,}": lambda: self.peak(count)}

    @staticmethod
    def peak(count):
        """Return the ratio in a process."""
        result = subprocess.run(
            [sys.executable, "-c", PEAK, str(count), "20"],
            cwd=Path(__file__).parents[1],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return float(result.stdout)
