"""This process as a new one: what is loaded forgotten, `activate` loaded and tried."""

from pathlib import Path

import numpy as np

import bp_numba
from bp_numba.kernels.calls import Activation
from bp_numba.native import background, files, loading
from bp_numba.simd.arrays import address_table

PACKAGE = Path(bp_numba.__file__).parent

TRAIN = """
import sys
import numpy as np
from bp_numba import NeuralNetwork
np.random.seed(0)
nn = NeuralNetwork([2, 2, 1], alpha=0.5)
nn.fit([[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]], epochs=100)
print(nn.W[0].tobytes().hex())
"""

IN_NUMPY = """
import warnings
import numpy as np
from bp_numba import NeuralNetwork, ReferenceNetwork
from bp_numba.training import choice
X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0], [1], [1], [0]])
networks = []
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for kind in (NeuralNetwork, NeuralNetwork, ReferenceNetwork):
        np.random.seed(0)
        nn = kind([2, 2, 1], alpha=0.5)
        nn.fit(X, y, 50)
        choice.ENOUGH = 0
        nn.fit_partial([0, 1, 1], [1])
        networks.append([*nn.W, nn.predict(X)])
for results in networks[:2]:
    assert all(abs(a - b).max() < 1e-14 for a, b in zip(results, networks[2]))
(warning,) = caught
assert warning.category is RuntimeWarning and "bp-numba warmup" in str(warning.message)
print(warning.message)
"""
"""Two networks that are trained without kernels, with one warning in all, and their reference."""


def new_process():
    """Forget what this process has loaded, and what it has compiled in the background."""
    loading._functions.clear()
    loading._prepared.clear()
    for compiler in background._compilers:
        compiler.kill()
    background._compilers.clear()
    files._key.cache_clear()


def files_in(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def assert_works(function):
    nets = np.linspace(-1, 1, 100)
    outputs = np.full(100, np.nan)
    function(address_table(Activation(nets, outputs)).ctypes.data)
    np.testing.assert_allclose(outputs, 1 / (1 + np.exp(-nets)), rtol=6e-16)


def load():
    """Have `activate` as a new process would, loaded or compiled, and check what it computes."""
    new_process()
    assert_works(loading.load("activate"))
