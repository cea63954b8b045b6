"""Kernels on the user's own matrices against NumPy: nothing beyond a matrix is touched."""

import numpy as np
import pytest

from bp_numba.kernels import in_place
from tests.kernels.cases import (
    GUARD,
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

EVERY_SHAPE = [[rows, columns] for rows in range(1, 21) for columns in range(1, 21)]


def assert_step_in_place(units, width):
    """Assert that one step gives what it gives in NumPy; padding of steps is NaN, never read."""
    case = make_case(units, width)
    matrices, before = [guarded(w.shape) for w in case.W], [w.copy() for w in case.W]
    for matrix, w in zip(matrices, case.W, strict=True):
        matrix[...] = w
    a, s = step_in_numpy(case.W, case.X[0], case.y[0], 0.3)
    network, last = case.network, len(matrices)
    put(network, network.activations, 0, a[0])
    for l, matrix in enumerate(matrices):
        call(in_place.forward_rows, width, network, matrix.reshape(-1), l)
        assert_layer(network, network.activations, l + 1, a[l + 1])
    starts = network.unit_offsets
    network.steps[starts[last] : starts[last] + units[-1]] = s[-1]
    for l in range(last - 1, -1, -1):
        call(in_place.backward_rows, width, network, matrices[l].reshape(-1), l)
        expected = (before[l] @ s[l + 1]) * a[l] * (1 - a[l])
        steps = network.steps[starts[l] : starts[l] + units[l]]
        np.testing.assert_allclose(steps, expected, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(matrices[l], case.W[l], rtol=1e-12, atol=1e-14)
    assert np.count_nonzero(~np.isnan(network.steps)) == sum(units)
    assert_guards(network.activations, network.steps, *matrices)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("units", UNITS)
def test_rows_in_place(units, width):
    assert_step_in_place(units, width)


@pytest.mark.parametrize("width", WIDTHS)
def test_every_number_of_rows_and_columns(width):
    for units in EVERY_SHAPE:
        assert_step_in_place(units, width)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_same_bits_wherever_matrices_begin(width):
    units, bits = [65, 33, 10], set()
    for start in range(GUARD, GUARD + 8):
        case = make_case(units, width)
        put(case.network, case.network.activations, 0, case.X[0])
        put(case.network, case.network.steps, 2, case.y[0])
        matrices = [np.empty(start + w.size)[start:].reshape(w.shape) for w in case.W]
        for matrix, w in zip(matrices, case.W, strict=True):
            matrix[...] = w
        for l in range(2):
            call(in_place.forward_rows, width, case.network, matrices[l].reshape(-1), l)
        for l in (1, 0):
            call(in_place.backward_rows, width, case.network, matrices[l].reshape(-1), l)
        bits.add(b"".join(w.tobytes() for w in matrices))
    assert len(bits) == 1
