"""The sigmoid of arrays, by NumPy and by the kernel."""

import numpy as np
import pytest

from bp_numba import NeuralNetwork
from bp_numba.kernels.calls import Activation
from bp_numba.native import loading
from bp_numba.simd.arrays import address_table
from bp_numba.training.activation import MANY
from tests.conftest import make, needs_jit


@pytest.mark.parametrize("size", [0, 1, MANY - 1, MANY, 50_001])
def test_sigmoid(size, either_way):
    nets = np.linspace(-40, 40, size)
    kept = nets.copy()
    outputs = make(NeuralNetwork, [2, 1]).sigmoid(nets)
    assert outputs.shape == nets.shape and not np.shares_memory(outputs, nets)
    np.testing.assert_allclose(outputs, 1 / (1 + np.exp(-nets)), rtol=9e-16)
    np.testing.assert_array_equal(nets, kept)


@pytest.mark.parametrize(
    "convert",
    [
        np.asfortranarray,
        lambda nets: nets[:, ::-1],
        lambda nets: nets.astype(np.float32),
        lambda nets: nets.astype(">f8"),
        lambda nets: nets.reshape(2, -1, 200),
        lambda nets: nets.astype(np.longdouble),
    ],
)
def test_sigmoid_of_other_arrays(convert, either_way):
    nets = convert(np.random.default_rng(0).normal(size=(200, 200)))
    outputs = make(NeuralNetwork, [2, 1]).sigmoid(nets)
    expected = 1 / (1 + np.exp(-nets))
    assert outputs.shape == nets.shape and outputs.dtype == expected.dtype
    np.testing.assert_allclose(outputs, expected, rtol=4 * np.finfo(expected.dtype).eps)


def test_sigmoid_of_special_values(either_way):
    nets = np.zeros(MANY)
    nets[:6] = np.nan, np.inf, -np.inf, 1e308, -1e308, -0.0
    with np.errstate(over="ignore"):
        outputs = make(NeuralNetwork, [2, 1]).sigmoid(nets)
    np.testing.assert_array_equal(outputs[:6], [np.nan, 1.0, 0.0, 1.0, 0.0, 0.5])
    assert (outputs[6:] == 0.5).all()


@needs_jit
@pytest.mark.parametrize("size", range(16, 34))
def test_activate_writes_its_outputs_and_no_more(size):
    nets, outputs = np.linspace(-5, 5, size), np.full(size + 16, np.nan)
    table = address_table(Activation(nets, outputs[8:-8]))
    loading.load("activate")(table.ctypes.data)
    np.testing.assert_allclose(outputs[8:-8], 1 / (1 + np.exp(-nets)), rtol=9e-16)
    assert np.isnan(outputs[:8]).all() and np.isnan(outputs[-8:]).all()
