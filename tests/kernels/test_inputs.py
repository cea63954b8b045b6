"""The lists of inputs that are not zero."""

import tracemalloc

import numpy as np
import pytest

from bp_numba.kernels import inputs
from bp_numba.kernels.inputs import LIST_MULTIPLE, list_inputs
from bp_numba.kernels.layout import BLOCK, first_panel

WIDTH = 8


def make(rows, columns, density):
    rng = np.random.default_rng(rows * 1000 + columns)
    return rng.normal(size=(rows, columns)) * (rng.random((rows, columns)) < density)


def dense_again(lists, samples, rows, columns, width=WIDTH):
    """Return the samples with the column of ones that lists stand for."""
    X = np.zeros((-(-rows // samples) * samples, columns + 2))
    values = lists.values.reshape(-1, samples)
    for b in range(len(lists.starts) - 1):
        for k in range(lists.starts[b], lists.starts[b + 1]):
            column, rest = divmod(int(lists.offsets[k]), first_panel(samples, width))
            assert rest == 0 and column <= columns + 1
            X[b * samples : (b + 1) * samples, column] += values[k]
    assert not X[:, columns + 1].any() and not X[rows:].any()
    return X[:rows, : columns + 1]


@pytest.mark.parametrize("wanted", [None, 1, BLOCK])
@pytest.mark.parametrize("density", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("rows", [0, 1, 7, 8, 9, 40])
@pytest.mark.parametrize("chunk", [1, 100, 65536])
@pytest.mark.parametrize("width", [4, 8])
def test_lists_stand_for_the_samples(rows, density, wanted, chunk, width, monkeypatch):
    monkeypatch.setattr(inputs, "CHUNK", chunk)
    X = make(rows, 11, density)
    lists, samples = list_inputs(X, width, wanted)
    expected = np.c_[X, np.ones(rows)]
    np.testing.assert_array_equal(dense_again(lists, samples, rows, 11, width), expected)
    assert samples == wanted or wanted is None
    assert len(lists.starts) - 1 == -(-rows // samples)
    assert not (np.diff(lists.starts) % LIST_MULTIPLE).any()
    padded = np.zeros((-(-rows // BLOCK) * BLOCK, 12))
    padded[:rows] = expected
    by_block = padded.reshape(-1, BLOCK, 12)
    gram = by_block @ by_block.transpose(0, 2, 1)
    np.testing.assert_allclose(lists.gram, gram.ravel(), rtol=1e-13, atol=1e-13)


def test_the_density_decides():
    assert list_inputs(make(64, 100, 1.0), WIDTH)[1] == BLOCK
    assert list_inputs(make(64, 100, 0.05), WIDTH)[1] == 1


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
def test_the_lists_are_the_only_copy(dtype):
    X = np.random.default_rng(0).integers(1, 255, size=(4000, 256)).astype(dtype)
    tracemalloc.start()
    lists, samples = list_inputs(X, WIDTH)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert samples == BLOCK
    # The dense copy in float64, an index for eight elements, and a few chunks.
    assert peak < 8 * X.size * (1 + 1 / 8) + 40 * inputs.CHUNK + lists.gram.nbytes
