"""The backward pass with its update against NumPy, into poisoned buffers between guard bands."""

import numpy as np
import pytest

from bp_numba.kernels.backward import backward, output_steps
from bp_numba.kernels.layout import padded_rows
from tests.kernels.cases import (
    UNITS,
    WIDTHS,
    assert_guards,
    assert_layer,
    assert_weights,
    make_case,
    put,
    step_in_numpy,
)
from tests.simd.calling import call


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("t", [0, 3])
@pytest.mark.parametrize("units", UNITS)
def test_output_steps(units, t, width):
    case = make_case(units, width)
    network, last = case.network, len(case.W)
    a, s = step_in_numpy([w.copy() for w in case.W], case.X[0], case.y[0], 0.3)
    put(network, network.activations, last, a[last])
    targets = padded_rows(case.y, units[-1], width)
    call(output_steps, width, network, t, targets, 0, 0.3)
    assert_layer(network, network.steps, last, s[last], t)
    assert_guards(network.activations, network.steps)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_target_begins_where_it_is_said_to(width):
    case = make_case([3, 3, 5], width)
    network = case.network
    a, s = step_in_numpy([w.copy() for w in case.W], case.X[0], case.y[1], 0.3)
    put(network, network.activations, 2, a[2])
    targets = padded_rows(case.y, 5, width)
    call(output_steps, width, network, 0, targets, int(network.padded[2]), 0.3)
    assert_layer(network, network.steps, 2, s[2])


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("t", [0, 5])
@pytest.mark.parametrize("units", UNITS)
def test_backward_takes_the_weights_before_the_update(units, t, width):
    case = make_case(units, width)
    network, W = case.network, [w.copy() for w in case.W]
    a, s = step_in_numpy(W, case.X[0], case.y[0], 0.3)
    for l in range(1, len(W)):
        network.steps[...] = np.nan
        put(network, network.activations, l, a[l])
        put(network, network.steps, l + 1, s[l + 1], t)
        call(backward, width, network, t, l)
        assert_layer(network, network.steps, l, s[l], t)
    assert_weights(case, [case.W[0], *W[1:]])
    assert_guards(network.activations, network.steps, network.weights)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("rows", [3, 5, 6, 9, 10, 14])
def test_steps_have_zeros_as_padding(rows, width):
    network = make_case([5, rows, 3, 1], width).network
    put(network, network.activations, 1, np.full(rows, 0.5))
    put(network, network.steps, 2, np.full(3, 1e300))
    call(backward, width, network, 0, 1)
    steps = network.steps[network.unit_offsets[1] : network.unit_offsets[2]]
    assert steps[:rows].all() and len(steps) > rows and not steps[rows:].any()
