"""The user's own matrices, copied to the panels of a network and back."""

import numpy as np
import pytest

from bp_numba.kernels.calls import PACK, UNPACK, Training
from bp_numba.kernels.layout import BLOCK
from bp_numba.kernels.variants import for_large, for_units
from bp_numba.native import loading
from bp_numba.simd.arrays import address_table
from tests.kernels.cases import LAYERS, WIDTHS, assert_guards, guarded, make_case, unpacked

KERNELS = {1: "train_samples", BLOCK: "train_blocks"}


def copy(case, matrices, task, samples_per_list, known=False):
    """Copy between a case's network and the matrices, and return what the kernel returns."""
    table = address_table(Training(case.network, np.zeros(case.width), address_table(matrices)))
    name = KERNELS[samples_per_list]
    name = for_large(name) if case.tiled else name
    name = for_units(name, case.network.units.tolist()) if known else name
    at = table.ctypes.data
    return loading.load(name, case.width)(at, at, 0, 0, task, 0.0)


def guarded_matrices(case):
    """Return matrices full of NaN, between guard bands too."""
    return [guarded(w.shape) for w in case.W]


@pytest.fixture
def forgotten(monkeypatch):
    """Leave no kernels for known units behind, which trainers would find."""
    monkeypatch.setattr(loading, "_functions", dict(loading._functions))


@pytest.mark.usefixtures("forgotten")
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("samples_per_list", KERNELS)
@pytest.mark.parametrize(
    ("units", "tiled", "known"),
    [*((*layers, False) for layers in LAYERS), ([65, 33, 17, 10], False, True)],
)
def test_each_element_goes_to_its_place_and_back(units, tiled, known, samples_per_list, width):
    case = make_case(units, width, samples_per_list=samples_per_list, tiled=tiled)
    case.network.weights[...] = 0.0
    matrices = guarded_matrices(case)
    for matrix, w in zip(matrices, case.W, strict=True):
        matrix[...] = w
    assert copy(case, matrices, PACK, samples_per_list, known) == 1
    for actual, w in zip(unpacked(case), case.W, strict=True):
        np.testing.assert_array_equal(actual, w)
    assert np.count_nonzero(case.network.weights) == sum(w.size for w in case.W)
    back = guarded_matrices(case)
    assert copy(case, back, UNPACK, samples_per_list, known) == 1
    for actual, w in zip(back, case.W, strict=True):
        np.testing.assert_array_equal(actual, w)
    assert_guards(case.network.weights, *matrices, *back)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("samples_per_list", KERNELS)
def test_nothing_is_unpacked_if_a_weight_is_not_finite(samples_per_list, value):
    case = make_case([5, 4, 8, 7], WIDTHS[0], samples_per_list=samples_per_list)
    for place in range(case.network.weights.size):  # of padding too, which then spoils sums
        kept, case.network.weights[place] = case.network.weights[place], value
        matrices = guarded_matrices(case)
        assert copy(case, matrices, UNPACK, samples_per_list) == 0
        assert all(np.isnan(matrix).all() for matrix in matrices)
        case.network.weights[place] = kept


def test_the_largest_weights_are_finite():
    case = make_case([5, 4, 8, 7], WIDTHS[0])
    case.network.weights[...] = np.finfo(np.float64).max
    matrices = guarded_matrices(case)
    assert copy(case, matrices, UNPACK, BLOCK) == 1
    assert all((matrix == np.finfo(np.float64).max).all() for matrix in matrices)
