"""Whole processes, as a user waits for them, and their parts: import and first call."""

import atexit
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from time import perf_counter

from bench.measure import Measurement
from bp_numba.examples import Problem
from bp_numba.examples.digits import DIGITS
from bp_numba.examples.xor import XOR

SCRIPT = """
import json, sys
from importlib import import_module
from time import perf_counter
kind, problem, epochs = sys.argv[1], sys.argv[2], int(sys.argv[3])
started = perf_counter()
import numpy as np
network_class = getattr(import_module("bp_numba"), kind)
imported = perf_counter()
problem = getattr(import_module("bp_numba.examples." + problem), problem.upper())
split = problem.load(0)
np.random.seed(0)
network = network_class(problem.layers, alpha=problem.alpha)
called = perf_counter()
network.fit(split.X, split.y, epochs=epochs, displayUpdate=100)
times = {"import": imported - started, "fit": perf_counter() - called}
network.predict(split.X_test)
print(json.dumps(times))
"""


def last_line(code, *arguments, cache_folder):
    """Run code in a new process with a given folder for machine code; return its last line."""
    result = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "NUMBA_CACHE_DIR": str(cache_folder)},
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return result.stdout.splitlines()[-1]


def empty_cache():
    """Return a new temporary folder, to be used in a `with`.

    A process that still compiles when its parent has ended may write to it while it is deleted.
    """
    return tempfile.TemporaryDirectory(ignore_cleanup_errors=True)


def run(kind, problem, epochs, cache_folder):
    """Run the script with a given folder for machine code; return the times that it prints."""
    return json.loads(last_line(SCRIPT, kind, problem.name, epochs, cache_folder=cache_folder))


def run_cold(kind, problem, epochs):
    """Run the script with an empty cache."""
    with empty_cache() as folder:
        return run(kind, problem, epochs, folder)


def run_warm(kind, problem, epochs):
    """Run the script with a cache that an earlier run has filled."""
    return run(kind, problem, epochs, filled_cache())


@cache
def filled_cache():
    """Return a temporary folder that holds the machine code."""
    folder = empty_cache()
    atexit.register(folder.cleanup)
    for problem, epochs in ((XOR, 20_000), (DIGITS, 1_000)):
        run("NeuralNetwork", problem, epochs, folder.name)
    return folder.name


@dataclass(frozen=True)
class Process(Measurement):
    """The script of an example with an empty cache, with a filled one, and in plain NumPy.

    `part` is what the script says it took, "import" or "fit"; without it the whole is measured,
    from the start of Python to its end.
    """

    problem: Problem
    epochs: int
    part: str | None = None
    in_processes = True

    @property
    def has_reference(self):
        """Whether to compare with NumPy, of which there is nothing to compile."""
        return self.part is None

    def timers(self, rivals, effort):
        """Return functions that run a process and return its seconds."""
        filled_cache()
        return {
            label: partial(self.measure, runner, label.partition(",")[0], effort)
            for label, runner in (
                ("NeuralNetwork, empty cache", run_cold),
                ("NeuralNetwork, filled cache", run_warm),
                ("ReferenceNetwork", run_warm),
            )
        }

    def measure(self, runner, kind, effort):
        """Return the seconds that a process takes, or a part of it."""
        epochs = max(1, self.epochs // 50) if effort.quick else self.epochs
        started = perf_counter()
        parts = runner(kind, self.problem, epochs)
        return parts[self.part] if self.part else perf_counter() - started
