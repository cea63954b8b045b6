"""The forward pass against NumPy, into poisoned buffers between guard bands."""

import numpy as np
import pytest

from bp_numba.kernels.forward import forward
from tests.kernels.cases import (
    UNITS,
    WIDTHS,
    assert_guards,
    assert_layer,
    make_case,
    put,
    step_in_numpy,
)
from tests.simd.calling import call


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("units", UNITS)
def test_forward(units, width):
    case = make_case(units, width)
    network = case.network
    a, _ = step_in_numpy([w.copy() for w in case.W], case.X[0], case.y[0], 0.3)
    for l in range(1, len(case.W)):
        network.activations[...] = np.nan
        put(network, network.activations, l, a[l])
        call(forward, width, network, l)
        assert_layer(network, network.activations, l + 1, a[l + 1])
        written = slice(network.unit_offsets[l], network.unit_offsets[l + 2])
        assert np.isnan(np.delete(network.activations, written)).all()
    assert_guards(network.activations, network.steps)
    assert np.isnan(network.steps).all()


def test_hand_worked_neurons():
    """Hidden activations 0.899, 0.593 and 0.378 give an output of 0.5065."""
    network = make_case([3, 3, 1], 4).network
    network.weights[network.weight_offsets[1] :] = [0.383, -0.327, -0.329, 0.0]
    put(network, network.activations, 1, [0.899, 0.593, 0.378])
    call(forward, 4, network, 1)
    assert network.activations[network.unit_offsets[2]] == pytest.approx(0.5065, abs=5e-5)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_activations_have_zeros_as_padding_whatever_the_layer_holds(value, width):
    network = make_case([5, 6, 3, 1], width).network
    put(network, network.activations, 1, np.full(6, value))
    call(forward, width, network, 1)
    layer = network.activations[network.unit_offsets[2] :]
    assert layer[3:width].tobytes() == bytes(8 * (width - 3))
