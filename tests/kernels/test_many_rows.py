"""Predictions of many samples at a time against NumPy, between guard bands."""

import numpy as np
import pytest

from bp_numba.kernels.calls import prediction_call
from bp_numba.native import loading
from bp_numba.simd.arrays import address, address_table
from tests.kernels.cases import UNITS, WIDTHS, assert_guards, guarded, sigmoid


def predict(W, X, width):
    """Return what the kernel writes for rows of X, which may lack the column of ones."""
    units = [*map(len, W), W[-1].shape[1]]
    call = prediction_call(units, address_table(W), width)
    outputs, table = guarded((len(X), units[-1])), address_table(call)
    function = loading.load("predict", width)
    function(table.ctypes.data, address(X), address(outputs), *X.shape)
    assert_guards(outputs)
    return outputs


def predict_in_numpy(W, X):
    a = X if X.shape[1] == len(W[0]) else np.c_[X, np.ones(len(X))]
    for w in W:
        a = sigmoid(a @ w)
    return a


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("density", [1.0, 0.2])
@pytest.mark.parametrize("units", UNITS)
def test_every_number_of_rows(units, density, width):
    rng = np.random.default_rng(sum(units))
    W = [rng.normal(size=shape) for shape in zip(units, units[1:], strict=False)]
    for rows in [*range(3 * width + 2), 6 * width, 7 * width + 3]:
        X = rng.normal(size=(rows, units[0])) * (rng.random((rows, units[0])) < density)
        for part in (X, np.ascontiguousarray(X[:, :-1])):
            expected = predict_in_numpy(W, part)
            np.testing.assert_allclose(predict(W, part, width), expected, rtol=1e-12)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_input_of_zero_is_not_left_out_beside_a_weight_that_is_not_finite(value, width):
    W = [np.ones((4, 9)), np.ones((9, 2))]
    X = np.zeros((2 * width + 1, 4))
    W[0][2, 3] = value
    assert np.isnan(predict(W, X, width)).all()
    W[0][2, 3] = 1.0
    np.testing.assert_allclose(predict(W, X, width), sigmoid(4.5), rtol=1e-15)
