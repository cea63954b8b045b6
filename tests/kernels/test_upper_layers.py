"""All layers above the first, and weights that are rounded to float32."""

import numpy as np
import pytest

from bp_numba.kernels.layout import padded_rows
from bp_numba.kernels.upper_layers import (
    backward_upper,
    forward_upper,
    round_narrow,
)
from tests.kernels.cases import (
    UNITS,
    WIDTHS,
    assert_guards,
    assert_layer,
    assert_weights,
    make_case,
    put,
    step_in_numpy,
    unpacked,
)
from tests.simd.calling import call


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("units", UNITS)
def test_a_sample_goes_up_and_down(units, width):
    case = make_case(units, width)
    network, W = case.network, [w.copy() for w in case.W]
    a, s = step_in_numpy(W, case.X[0], case.y[0], 0.3)
    put(network, network.activations, 1, a[1])
    targets = padded_rows(case.y, units[-1], width)
    call(forward_upper, width, network)
    call(backward_upper, width, network, 2, targets, 0, 0.3)
    for l in range(1, len(units)):
        assert_layer(network, network.activations, l, a[l])
        assert_layer(network, network.steps, l, s[l], t=2)
    assert_weights(case, [case.W[0], *W[1:]])
    assert_guards(network.activations, network.steps, network.weights)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("units", UNITS)
def test_round_narrow(units, width):
    case = make_case(units, width)
    case.network.narrow[-1] = 1
    call(round_narrow, width, case.network)
    expected = [*case.W[:-1], case.W[-1].astype(np.float32)]
    for actual, w in zip(unpacked(case), expected, strict=True):
        np.testing.assert_array_equal(actual, w)
    assert_guards(case.network.weights)
