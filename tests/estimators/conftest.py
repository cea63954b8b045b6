"""Small data, and one thread for BLAS: on matrices this small more threads only wait."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from bp_numba.kernels.variants import Variant
from bp_numba.native import loading

VARIANTS = [
    *[
        Variant("relu", output, optimizer, "dense", "float64")
        for output in ("identity", "logistic", "softmax")
        for optimizer in ("adam", "nesterov", "plain", "none")
    ],
    *[
        Variant(hidden, output, "none", "dense", "float64")
        for hidden in ("identity", "logistic", "tanh")
        for output in ("identity", "logistic", "softmax")
    ],
    *[
        Variant("relu", output, optimizer, "sparse", "float64")
        for output in ("identity", "softmax")
        for optimizer in ("adam", "nesterov", "none")
    ],
]
"""What many of the tests are trained with."""


@pytest.fixture(scope="session", autouse=True)
def compiled():
    """Kernels, compiled in one process: one by one it would take twice as long."""
    if loading.enabled():
        [*loading.load_all((v.kernel("train_batches"), None) for v in VARIANTS)]


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def numbers():
    """Return 60 samples of 4 features."""
    return np.random.RandomState(0).normal(size=(60, 4))


@pytest.fixture(scope="session")
def classes(numbers):
    """Return a class of each: 1, 2 or 3."""
    return 1 + np.digitize(numbers[:, 0], [-0.5, 0.8])
