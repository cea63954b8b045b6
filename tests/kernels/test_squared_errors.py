"""The squared errors of a block."""

import numpy as np
import pytest

from bp_numba.kernels.layout import BLOCK, padded_rows
from bp_numba.kernels.squared_errors import add_squared_errors
from tests.kernels.cases import UNITS, WIDTHS, assert_guards, guarded, make_case, sigmoid
from tests.simd.calling import call


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("units", UNITS)
@pytest.mark.parametrize("first, count", [(0, BLOCK), (BLOCK, 1), (BLOCK, 5)])
def test_squared_errors_are_added(units, width, first, count):
    """Those of samples that are there: what the buffers hold for others, here NaN, is not added."""
    case = make_case(units, width, samples=BLOCK + 5)
    network, samples = case.network, slice(first, first + count)
    rows = network.net_inputs.reshape(BLOCK, -1)[:count]
    rows[...] = 0.0
    rows[:, : units[1]] = case.X[samples] @ case.W[0]
    errors = guarded(width)
    errors[...] = 1.0
    targets = padded_rows(case.y, units[-1], width)
    call(add_squared_errors, width, network, targets, first, count, errors)

    a = sigmoid(case.X[samples] @ case.W[0])
    for w in case.W[1:]:
        a = sigmoid(a @ w)
    expected = np.sum((a - case.y[samples]) ** 2)
    np.testing.assert_allclose(errors.sum() - width, expected, rtol=1e-12)
    assert_guards(errors, network.activations, network.net_inputs)
