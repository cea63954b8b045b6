"""Predictions of many samples at a time against NumPy, between guard bands."""

from itertools import pairwise

import numpy as np
import pytest

from bp_numba.kernels.calls import GROUPS, INPUTS, prediction_call, vectors_at_a_time
from bp_numba.kernels.layout import units_of
from bp_numba.native import loading
from bp_numba.simd.arrays import address, address_table
from tests.kernels.cases import UNITS, WIDTHS, assert_guards, guarded, sigmoid


def predict(W, X, width):
    """Return what the kernel writes for rows of X, which may lack the column of ones."""
    units = units_of(W)
    call = prediction_call(units, address_table(W), width)
    call = call._replace(
        packed=guarded(call.packed.size), activations=guarded(call.activations.size)
    )
    outputs, table = guarded((len(X), units[-1])), address_table(call)
    function = loading.load("predict", width)
    function(table.ctypes.data, address(X), address(outputs), *X.shape)
    assert_guards(outputs, call.packed, call.activations)
    return outputs


def matrices(units):
    """Return random matrices, with sums of order 1."""
    rng = np.random.default_rng(sum(units))
    return [rng.normal(size=(m, n)) / m**0.5 for m, n in pairwise(units)]


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


PARTS = [
    [INPUTS - 1, 5],
    [INPUTS, 4],
    [INPUTS + 1, INPUTS + 2, 9, 3],
    [3, 2 * INPUTS + 5, INPUTS, 8],
    [3 * INPUTS, 1, 2],
]
"""Layers that are multiplied in parts."""


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("density", [1.0, 0.05])
@pytest.mark.parametrize("units", PARTS)
def test_layers_in_parts_and_rows_at_the_borders_of_packing(units, density, width):
    W, rng = matrices(units), np.random.default_rng(0)
    samples = vectors_at_a_time(width) * width
    together = GROUPS * samples
    whole = rng.normal(size=(2 * together + samples + 1, units[0]))
    whole *= rng.random(whole.shape) < density
    outputs = predict(W, whole, width)
    np.testing.assert_allclose(outputs, predict_in_numpy(W, whole), rtol=1e-12)
    for rows in (1, samples, samples + 1, together - 1, together, together + 1):
        np.testing.assert_array_equal(predict(W, whole[:rows], width), outputs[:rows])
        np.testing.assert_array_equal(predict(W, whole[-rows:], width), outputs[-rows:])
    part = np.ascontiguousarray(whole[:, :-1])
    expected = predict_in_numpy(W, part)
    np.testing.assert_allclose(predict(W, part, width), expected, rtol=1e-12)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("row", [0, INPUTS, 2 * INPUTS + 1])
def test_a_weight_that_is_not_finite_beside_zeros_in_any_part(row, width):
    W = matrices([2 * INPUTS + 2, 9, 2])
    W[0][row, 3] = np.inf
    X = np.zeros((3 * vectors_at_a_time(width) * width, len(W[0])))
    X[0] = 1.0  # nothing can be left out in the first group
    assert np.isnan(predict(W, X, width)[1:]).all()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_input_of_zero_is_not_left_out_beside_a_weight_that_is_not_finite(value, width):
    W = [np.ones((4, 9)), np.ones((9, 2))]
    X = np.zeros((2 * width + 1, 4))
    W[0][2, 3] = value
    assert np.isnan(predict(W, X, width)).all()
    W[0][2, 3] = 1.0
    np.testing.assert_allclose(predict(W, X, width), sigmoid(4.5), rtol=1e-15)
