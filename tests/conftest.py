"""Data and pairs of networks that many tests share."""

import contextlib
import math
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from bp_numba import NeuralNetwork, ReferenceNetwork
from bp_numba.examples import digits, xor
from bp_numba.native import background, compiling, files, loading
from bp_numba.training import choice

HANG = 600
"""Seconds without the event that a test waits for, after which it calls a process hung.

Ten minutes: the longest of them takes some ten seconds here, and emulated or busy machines are up
to fifty times slower.
"""

# Neither an example nor making its data has a limit of time: machines are slow or busy.
patient = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("patient", settings.default, **patient)
settings.load_profile("patient")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # So starts what a shell has in the background, and all that it starts would be deaf to Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # so `nohup` starts it

PIPE_BYTES = 65536
"""What a pipe of `running` holds; a process that prints more, and is not read, waits."""

PYTHON = [sys.executable, "-P"]
"""-P: the package comes from PYTHONPATH or where it is installed, not from this folder."""

UNMEASURED = {"COVERAGE_PROCESS_CONFIG": "", "COVERAGE_PROCESS_START": ""}
"""Environment of what is sent signals: an exception in the midst of coverage's own code leaves the
lock held that it needs next."""

needs_jit = pytest.mark.skipif(
    not loading.enabled(), reason="NUMBA_DISABLE_JIT leaves no kernels to test"
)

not_bounds_checked = pytest.mark.skipif(
    os.environ.get("NUMBA_BOUNDSCHECK") == "1",
    reason="compiles for half a minute what has nothing to do with bounds",
)


@pytest.fixture(scope="session", autouse=True)
def compilers():
    """Let the processes that compile end: what coverage saw in them would come too late."""
    yield
    for compiler in background._compilers:
        compiler.close()
        compiler._process.wait(HANG)


@pytest.fixture
def compiled(monkeypatch):
    """`predict`, `fit_partial` and `sigmoid` have their kernels from the first call on."""
    if not loading.enabled():
        pytest.skip("NUMBA_DISABLE_JIT leaves no kernels to test")
    monkeypatch.setattr(choice, "ENOUGH", 0)


@pytest.fixture
def in_numpy(monkeypatch):
    """`predict`, `fit_partial` and `sigmoid` never have kernels."""
    monkeypatch.setattr(choice, "ENOUGH", math.inf)


@pytest.fixture(params=["compiled", "in_numpy"])
def either_way(request):
    """Run a test twice: with kernels, as in a long run, and without, as in a short one."""
    request.getfixturevalue(request.param)


@pytest.fixture
def compilations(tmp_path, monkeypatch):
    """Start as a new process with an empty cache folder; return the list of what is compiled."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(loading, "_functions", {})
    files._key.cache_clear()
    names, compile_one = [], compiling.compile_entry_point

    def recorded(name, width):
        names.append(name)
        return compile_one(name, width)

    monkeypatch.setattr(compiling, "compile_entry_point", recorded)
    yield names
    files._key.cache_clear()


@pytest.fixture(scope="session")
def activate_code():
    """Return the machine code of `activate`, compiled once for all tests."""
    content, _ = compiling.compile_entry_point("activate", None)
    return content


@pytest.fixture
def quick(compilations, monkeypatch, activate_code):
    """Compile in no time: what happens to files does not depend on what is in them."""

    def recorded(name, width):
        assert (name, width) == ("activate", None)
        compilations.append(name)
        return activate_code, True

    monkeypatch.setattr(compiling, "compile_entry_point", recorded)
    return compilations


@pytest.fixture
def xor_data():
    """X and y of the truth table, fresh for every test."""
    split = xor.load(0)
    return split.X, split.y


@pytest.fixture(scope="session")
def digits_split():
    """The digits as the command line trains on them."""
    return digits.load(0)


def make(kind, layers, alpha=0.5, seed=0):
    """Return a network of the class `kind` with weights from `seed`."""
    np.random.seed(seed)
    return kind(layers, alpha=alpha)


def twins(layers, alpha=0.5, seed=0):
    """Return a NeuralNetwork and a ReferenceNetwork with the same weights."""
    return make(NeuralNetwork, layers, alpha, seed), make(ReferenceNetwork, layers, alpha, seed)


def weights_copy(network):
    """Return copies of the weight matrices."""
    return [w.copy() for w in network.W]


def assert_same_weights(left, right, atol):
    """Assert that two networks' weights agree within atol, or bit for bit if atol is 0."""
    assert len(left.W) == len(right.W)
    for a, b in zip(left.W, right.W, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=atol)


def run_python(code, *arguments, **environment):
    """Run code in a fresh interpreter and return its output; fail with its error text."""
    result = run_command([*PYTHON, "-c", code, *arguments], **environment)
    assert result.returncode == 0, result.stderr
    return result.stdout


def run_command(command, cwd=None, **environment):
    """Run a command to its end and return the completed process, its output as text."""
    return subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=HANG,
    )


@contextlib.contextmanager
def running(command, **environment):
    """Have a command run, its output in pipes of text; what still runs at the end is killed."""
    with subprocess.Popen(
        list(map(str, command)),
        env={**os.environ, **UNMEASURED, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pipesize=PIPE_BYTES,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def next_line(process):
    """Return the next line that a process prints, "" if it has ended."""
    watchdog = threading.Timer(HANG, process.kill)
    watchdog.start()
    try:
        return process.stdout.readline()
    finally:
        watchdog.cancel()


def read_until(process, text):
    """Read what a process prints, up to the line that holds the text."""
    while text not in (line := next_line(process)):
        assert line, f"ended or hung before it printed {text!r}: {process.stderr.read()}"


def wait_until(condition, process):
    """Return when the condition holds; fail if the process ends before, or hangs."""
    deadline = time.monotonic() + HANG
    while not condition():
        assert process.poll() is None, f"ended too early: {process.communicate()}"
        assert time.monotonic() < deadline, "hung"
        time.sleep(0.01)
