"""What the benchmarks share: problems, networks, quiet training, a description of the machine."""

import contextlib
import io
import platform
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import numpy as np

from bp_numba import NeuralNetwork, ReferenceNetwork
from bp_numba.examples.digits import DIGITS
from bp_numba.examples.xor import XOR

PROBLEMS = {problem.name: problem for problem in (XOR, DIGITS)}


def make(kind, problem):
    """Return a network of the class `kind` with the problem's published settings, seed 0."""
    np.random.seed(0)
    return kind(problem.layers, alpha=problem.alpha)


def seconds_of_fit(network, split, epochs):
    """Return the seconds that `fit` takes, its only line of output not shown."""
    with contextlib.redirect_stdout(io.StringIO()):
        started = perf_counter()
        network.fit(split.X, split.y, epochs=epochs, displayUpdate=epochs + 1)
        return perf_counter() - started


def verify(problem, split, epochs):
    """Raise AssertionError unless both classes do the same work: weights within 1e-12."""
    networks = [make(kind, problem) for kind in (NeuralNetwork, ReferenceNetwork)]
    for network in networks:
        seconds_of_fit(network, split, epochs)
    for ours, reference in zip(*(network.W for network in networks), strict=True):
        np.testing.assert_allclose(ours, reference, rtol=0, atol=1e-12)


def describe_machine():
    """Return a line with the CPU and the versions that matter."""
    cpu = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                cpu = line.partition(":")[2].strip()
    versions = [f"{name} {version(name)}" for name in ("bp_numba", "numpy", "numba", "llvmlite")]
    return f"{cpu}; Python {platform.python_version()}, {', '.join(versions)}"
