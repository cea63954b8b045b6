"""The first calls in a new process with an empty cache: what a script pays before its kernels."""

from dataclasses import dataclass
from functools import partial

from bench.measure import Measurement
from bench.processes import empty_cache, last_line
from bp_numba.examples import Problem

CALLS = 2_000

SCRIPT = """
import sys
from importlib import import_module
from time import perf_counter
import numpy as np
import bp_numba
kind, problem, rows, calls = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
problem = getattr(import_module("bp_numba.examples." + problem), problem.upper())
X, y, *_ = problem.load(0)
samples = list(zip(np.c_[X, np.ones(len(X))], y))
np.random.seed(0)
network = getattr(bp_numba, kind)(problem.layers, alpha=problem.alpha)
started = perf_counter()
if rows:
    for _ in range(calls):
        network.predict(X[:rows])
else:
    for n in range(calls):
        network.fit_partial(*samples[n % len(samples)])
print(perf_counter() - started)
"""


@dataclass(frozen=True)
class FirstCalls(Measurement):
    """Time for each of the first `CALLS` calls, the first one and all that it starts included.

    The calls are `predict` of so many rows, or `fit_partial` if rows is 0.
    """

    problem: Problem
    rows: int = 0
    unit = "us per call"

    def timers(self, rivals, effort):
        """Return functions that run a process and return its microseconds per call."""
        kinds = "NeuralNetwork", "ReferenceNetwork"
        return {kind: partial(self.measure, kind) for kind in kinds}

    def measure(self, kind):
        """Return the microseconds per call in a new process."""
        with empty_cache() as folder:
            arguments = kind, self.problem.name, self.rows, CALLS
            return float(last_line(SCRIPT, *arguments, cache_folder=folder)) / CALLS * 1e6
