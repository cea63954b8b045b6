"""The flat buffer: offsets, padding, alignment, panels."""

import numpy as np
import pytest

from bp_numba.kernels.layout import (
    BLOCK,
    first_panel,
    flat_network,
    has_single_column,
    is_large,
    padded_rows,
)
from tests.kernels.cases import places

UNITS = [[2, 1], [3, 3, 1], [65, 33, 17, 10], [9, 8, 8], [4, 16, 8], [7, 9, 5, 7, 6]]


def test_offsets_of_a_known_network():
    net = flat_network([3, 5, 2], [False, True], width=4)
    assert net.units.tolist() == [3, 5, 2]
    assert net.padded.tolist() == [4, 8, 4]
    assert net.unit_offsets.tolist() == [0, 4, 12, 16]
    assert net.weight_offsets.tolist() == [0, 4 * 8, 4 * 8 + 8 * 2]
    assert net.weights.size == 48 and net.activations.size == BLOCK * 16
    assert net.steps.size == BLOCK * 16 and net.net_inputs.size == BLOCK * 8
    assert net.narrow.tolist() == [0, 1]


@pytest.mark.parametrize("units", [3, 4, 7, 8, 64, 65])
def test_the_first_layer_has_a_spare_row(units):
    net = flat_network([units, 2], [False], width=4)
    assert net.padded[0] > units and net.padded[0] % 4 == 0


@pytest.mark.parametrize("width", [4, 8])
@pytest.mark.parametrize(
    ("units", "tiled"),
    [*((units, False) for units in UNITS), *((units, True) for units in UNITS if len(units) > 2)],
)
@pytest.mark.parametrize("samples_per_list", [1, BLOCK])
def test_each_element_has_a_place_of_its_own(units, tiled, width, samples_per_list):
    panel = first_panel(samples_per_list, width)
    net = flat_network(units, [False] * (len(units) - 1), width, panel, tiled)
    for l, indices in enumerate(places(net, width, panel, tiled)):
        assert net.weight_offsets[l] <= indices.min() <= indices.max() < net.weight_offsets[l + 1]
        assert np.unique(indices).size == indices.size


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        ([65, 129, 128, 10], True),
        ([65, 128, 128, 10], False),  # no more than 16,384 weights
        ([65, 300, 96, 10], True),
        ([65, 300, 95, 10], False),
        ([65, 95, 300], False),
        ([5, 200, 200], True),
        ([500, 500], False),
    ],
)
def test_which_second_matrices_are_large(units, expected):
    assert is_large(units) == expected


def test_padded_rows():
    values = np.arange(1.0, 7.0).reshape(2, 3)
    np.testing.assert_array_equal(padded_rows(values, 3, 4), [1, 2, 3, 0, 4, 5, 6, 0])
    np.testing.assert_array_equal(padded_rows(values[:, :1], 2, 4), [1, 1, 0, 0, 4, 4, 0, 0])
    assert padded_rows(np.empty((0, 9)), 9, 8).size == 0


@pytest.mark.parametrize(
    ("units", "width", "expected"),
    [
        ([65, 33, 17, 10], 8, [32, 16, 8]),  # the bias unit's column by itself
        ([65, 33, 17, 10], 4, [36, 16, 8]),  # in a panel with padding
        ([65, 34, 17, 10], 8, [40, 16, 8]),
        ([3, 3, 1], 4, [4, 0]),
        ([3, 1], 8, [0]),
    ],
)
def test_columns_in_panels(units, width, expected):
    net = flat_network(units, [False] * (len(units) - 1), width)
    assert net.panel_columns.tolist() == expected
    assert has_single_column(units[1], width) == (expected[0] < units[1])
