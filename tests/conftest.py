"""Data and pairs of networks that many tests share."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest

from bp_numba import NeuralNetwork, ReferenceNetwork
from bp_numba.examples import digits, xor
from bp_numba.native import loading as native
from bp_numba.training import prediction
from bp_numba.training import trainer as training

needs_jit = pytest.mark.skipif(
    not native.enabled(), reason="NUMBA_DISABLE_JIT leaves no kernels to test"
)

not_bounds_checked = pytest.mark.skipif(
    os.environ.get("NUMBA_BOUNDSCHECK") == "1",
    reason="compiles for half a minute what has nothing to do with bounds",
)

DEFERRED = [prediction._predict, prediction._predict_one, prediction._activate, training._train_one]


@pytest.fixture
def compiled(monkeypatch):
    """`predict`, `fit_partial` and `sigmoid` have their kernels from the first call on."""
    if not native.enabled():
        pytest.skip("NUMBA_DISABLE_JIT leaves no kernels to test")
    for deferred in DEFERRED:
        monkeypatch.setattr(deferred, "_spent", math.inf)


@pytest.fixture
def in_numpy(monkeypatch):
    """`predict`, `fit_partial` and `sigmoid` never have kernels."""
    for deferred in DEFERRED:
        monkeypatch.setattr(deferred, "get", lambda: None)


@pytest.fixture(params=["compiled", "in_numpy"])
def either_way(request):
    """Run a test twice: with kernels, as in a long run, and without, as in a short one."""
    request.getfixturevalue(request.param)


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
    """Run code in a fresh interpreter and return its output; fail with its error text.

    -P: the package comes from PYTHONPATH or where it is installed, not from this folder.
    """
    result = subprocess.run(
        [sys.executable, "-P", "-c", code, *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout
