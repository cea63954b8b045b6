"""Kernels on the user's own matrices against NumPy: nothing beyond a matrix is touched."""

import numpy as np
import pytest

from bp_numba.kernels import in_place
from tests.kernels.cases import (
    UNITS,
    WIDTHS,
    assert_guards,
    assert_layer,
    guarded,
    make_case,
    put,
    step_in_numpy,
)
from tests.simd.calling import call


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("units", UNITS)
def test_rows_in_place(units, width):
    case = make_case(units, width)
    matrices = [guarded(w.shape) for w in case.W]
    for matrix, w in zip(matrices, case.W, strict=True):
        matrix[...] = w
    a, s = step_in_numpy(case.W, case.X[0], case.y[0], 0.3)
    network = case.network
    put(network, network.activations, 0, a[0])
    for l, matrix in enumerate(matrices):
        call(in_place.forward_rows, width, network, matrix.reshape(-1), l)
        assert_layer(network, network.activations, l + 1, a[l + 1])
    put(network, network.steps, len(matrices), s[-1])
    for l in range(len(matrices) - 1, 0, -1):
        call(in_place.backward_rows, width, network, matrices[l].reshape(-1), l)
        assert_layer(network, network.steps, l, s[l])
    call(in_place.update_rows, width, network, matrices[0].reshape(-1))
    for matrix, w in zip(matrices, case.W, strict=True):
        np.testing.assert_allclose(matrix, w, rtol=1e-12, atol=1e-14)
    assert_guards(network.activations, network.steps, *matrices)
