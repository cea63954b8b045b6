"""Layer 0 in exact blocks against one sample after the other in NumPy."""

import numpy as np
import pytest

from bp_numba.kernels import block_tiles, first_layer
from bp_numba.kernels.layout import BLOCK
from tests.kernels.cases import (
    UNITS,
    WIDTHS,
    assert_guards,
    assert_layer,
    assert_weights,
    lists_of,
    make_case,
    put,
    sigmoid,
)
from tests.simd.calling import call

TILES = [[block_tiles.PART + 1, 29, 2], [2 * block_tiles.PART, 24, 2], [3, 17, 2], [4, 66, 2]]
"""Layers whose inputs are more than a part, and whose panels are no whole groups."""


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("density", [1.0, 0.4])
@pytest.mark.parametrize(("samples_per_list", "turned"), [(1, 0), (1, 1), (BLOCK, 0)])
@pytest.mark.parametrize("units", [*UNITS, *TILES])
def test_first_layer_in_exact_blocks(units, samples_per_list, turned, density, width):
    case = make_case(units, width, False, BLOCK + 3, density, samples_per_list)
    inputs = lists_of(case.X, samples_per_list, width)
    first, count = BLOCK, 3  # the second block, a short one
    network, W = case.network, case.W[0].copy()
    network.steps[...] = 0.0
    if samples_per_list == 1:
        call(first_layer.advance_listed, width, network, inputs, 0, 0, first, count, turned)
    else:
        call(first_layer.forward_block, width, network, inputs, 1)
    rng = np.random.default_rng(0)
    for t in range(count):
        call(first_layer.activate_sample, width, network, inputs, first, t)
        a_1 = sigmoid(case.X[first + t] @ W)
        assert_layer(network, network.activations, 1, a_1)
        step = rng.normal(size=units[1])
        put(network, network.steps, 1, step, t)
        W += np.outer(case.X[first + t], step)
    if samples_per_list == 1:
        call(first_layer.advance_listed, width, network, inputs, first, count, 0, BLOCK, turned)
        assert_net_inputs(network, case.X[:BLOCK] @ W)
    else:
        call(first_layer.update_block, width, network, inputs, 1, count)
    assert_weights(case, [W, *case.W[1:]])
    assert_guards(network.activations, network.steps, network.weights, network.net_inputs)


def assert_net_inputs(network, expected):
    """Assert those of layer 1, of the first samples of a block."""
    actual = network.net_inputs.reshape(BLOCK, -1)[: len(expected), : expected.shape[1]]
    np.testing.assert_allclose(actual, expected, rtol=1e-11, atol=1e-12)
