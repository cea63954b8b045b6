"""A trained network, and axes to draw on."""

import matplotlib
import pytest
from matplotlib.figure import Figure

from bp_numba import NeuralNetwork
from tests.conftest import make

matplotlib.use("Agg")


@pytest.fixture
def trained(xor_data):
    nn = make(NeuralNetwork, [2, 2, 1])
    nn.fit(*xor_data, epochs=5000, verbose=False, validation=xor_data)
    return nn


@pytest.fixture
def ax():
    return Figure().subplots()
