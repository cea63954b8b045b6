"""Small data, and one thread for BLAS: on matrices this small more threads only wait."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits


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
