"""The flat buffer: offsets, padding, alignment, panels."""

import numpy as np
import pytest

from bp_numba.kernels.layout import (
    ALIGNMENT,
    BLOCK,
    address_table,
    aligned_zeros,
    flat_network,
    padded_rows,
)


def test_offsets_of_a_known_network():
    net = flat_network([3, 5, 2], [False, True], lanes=4)
    assert net.units.tolist() == [3, 5, 2]
    assert net.padded.tolist() == [4, 8, 4]
    assert net.unit_offsets.tolist() == [0, 4, 12, 16]
    assert net.weight_offsets.tolist() == [0, 4 * 8, 4 * 8 + 8 * 2]
    assert net.weights.size == 48 and net.activations.size == 16
    assert net.steps.size == BLOCK * 16 and net.nets.size == BLOCK * 8
    assert net.narrow.tolist() == [0, 1]


@pytest.mark.parametrize("units", [3, 4, 7, 8, 64, 65])
def test_the_first_layer_has_a_spare_row(units):
    net = flat_network([units, 2], [False], lanes=4)
    assert net.padded[0] > units and net.padded[0] % 4 == 0


@pytest.mark.parametrize("lanes", [4, 8])
@pytest.mark.parametrize("units", [[2, 1], [3, 3, 1], [65, 33, 17, 10], [9, 8, 8], [4, 16, 8],
                                   [7, 9, 5, 7, 6]])  # fmt: skip
@pytest.mark.parametrize("order", ["C", "F"])
def test_panels_hold_each_element_where_the_formula_says(units, lanes, order):
    net = flat_network(units, [False] * (len(units) - 1), lanes)
    shapes = list(zip(units, units[1:], strict=False))
    matrices = [
        np.asarray(np.random.default_rng(l).normal(size=shape), order=order)
        for l, shape in enumerate(shapes)
    ]
    copies = [matrix.copy() for matrix in matrices]
    for packed, unpacked in net.panels(matrices, lanes):
        packed[...] = unpacked
    for l, matrix in enumerate(matrices):
        for i, j in np.ndindex(matrix.shape):
            at = net.weight_offsets[l] + (j // lanes * net.padded[l] + i) * lanes + j % lanes
            columns = matrix.shape[1]
            if j >= columns // lanes * lanes and (l > 0 or (columns % lanes, lanes) == (1, 8)):
                at = net.weight_offsets[l] + j * net.padded[l] + i
            assert net.weights[at] == matrix[i, j]
    assert np.count_nonzero(net.weights) == sum(m.size for m in matrices)
    for matrix in matrices:
        matrix[...] = np.nan
    for packed, unpacked in net.panels(matrices, lanes):
        unpacked[...] = packed
    for matrix, copy in zip(matrices, copies, strict=True):
        np.testing.assert_array_equal(matrix, copy)


@pytest.mark.parametrize("size", [0, 1, 7, 8, 1000])
def test_buffers_are_aligned_zeros(size):
    buffer = aligned_zeros(size)
    assert buffer.shape == (size,) and buffer.dtype == np.float64
    assert size == 0 or buffer.ctypes.data % ALIGNMENT == 0
    assert not buffer.any()


def test_padded_rows():
    values = np.arange(1.0, 7.0).reshape(2, 3)
    np.testing.assert_array_equal(padded_rows(values, 3, 4), [1, 2, 3, 0, 4, 5, 6, 0])
    np.testing.assert_array_equal(padded_rows(values[:, :1], 2, 4), [1, 1, 0, 0, 4, 4, 0, 0])
    assert padded_rows(np.empty((0, 9)), 9, 8).size == 0


def test_address_table():
    arrays = [np.zeros(3), np.zeros(5, dtype=np.int64)]
    table = address_table(arrays)
    assert table.tolist() == [[a.ctypes.data, a.size] for a in arrays]
