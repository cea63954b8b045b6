"""The flat buffer: offsets, padding, alignment, views."""

import numpy as np
import pytest

from bp_numba.layout import ALIGNMENT, aligned_zeros, flat_network, padded_rows


def test_offsets_of_a_known_network():
    net = flat_network([3, 5, 2], [False, True], lanes=4)
    assert net.units.tolist() == [3, 5, 2]
    assert net.strides.tolist() == [4, 8, 4]
    assert net.unit_offsets.tolist() == [0, 4, 12, 16]
    assert net.weight_offsets.tolist() == [0, 32, 64]
    assert net.weights.size == 64 and net.activations.size == net.deltas.size == 16
    assert net.narrow.tolist() == [False, True]


@pytest.mark.parametrize("lanes", [4, 8])
@pytest.mark.parametrize("units", [[2, 1], [3, 3, 1], [65, 33, 17, 10]])
def test_matrices_are_views_that_cover_their_part(units, lanes):
    net = flat_network(units, [False] * (len(units) - 1), lanes)
    shapes = list(zip(units, units[1:], strict=False))
    matrices = net.matrices()
    assert [matrix.shape for matrix in matrices] == shapes
    for number, matrix in enumerate(matrices, start=1):
        matrix[...] = number
    for l, (rows, columns) in enumerate(shapes):
        part = net.weights[net.weight_offsets[l] : net.weight_offsets[l + 1]]
        assert np.count_nonzero(part) == rows * columns
        assert part.sum() == rows * columns * (l + 1)
        row = part.reshape(-1, net.strides[l + 1])[0]
        assert row[:columns].all() and not row[columns:].any()


@pytest.mark.parametrize("size", [0, 1, 7, 8, 1000])
def test_buffers_are_aligned_zeros(size):
    buffer = aligned_zeros(size)
    assert buffer.shape == (size,) and buffer.dtype == np.float64
    assert size == 0 or buffer.ctypes.data % ALIGNMENT == 0
    assert not buffer.any()


def test_padded_rows():
    assert padded_rows(5, 3, 4).shape == (5, 4)
    assert padded_rows(5, 8, 8).shape == (5, 8)
    assert padded_rows(0, 9, 8).shape == (0, 16)
