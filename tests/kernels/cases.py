"""Networks between guard bands, and the same steps in NumPy."""

from typing import NamedTuple

import numpy as np

from bp_numba.kernels.inputs import LIST_MULTIPLE, Inputs
from bp_numba.kernels.layout import BLOCK, ROWS, FlatNetwork, first_panel, flat_network

WIDTHS = [4, 8]
"""Doubles in a vector: both on every CPU, of which some take two registers for eight."""

GUARD = 64
UNITS = [
    [30, 9, 13],
    [2, 1],
    [3, 3, 1],
    [5, 4, 8, 7],
    [65, 33, 17, 10],
    [6, 1, 1, 3, 9],
    [9, 8, 8],
    [17, 16, 3],
]


TILED = [[5, 4, 8, 7], [65, 33, 17, 10], [6, 1, 1, 3, 9], [9, 8, 8], [5, 13, 181, 3]]
"""Layers whose second matrix lies in tiles; a tile of 181 columns takes much of a cache."""

LAYERS = [*((units, False) for units in UNITS), *((units, True) for units in TILED)]
"""All of them, and whether there are tiles."""


def guarded(shape):
    """Return a contiguous view full of NaN in the middle of a longer array of NaNs."""
    size = int(np.prod(shape))
    return np.full(size + 2 * GUARD, np.nan)[GUARD : GUARD + size].reshape(shape)


def assert_guards(*views):
    for view in views:
        whole = view.base if view.base.ndim == 1 else view.base.base
        assert np.isnan(whole[:GUARD]).all() and np.isnan(whole[-GUARD:]).all()


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def step_in_numpy(W, x, y, alpha):
    """Return activations and steps of one sample, and update W."""
    a = [x]
    for w in W:
        a.append(sigmoid(a[-1] @ w))
    s = [-alpha * (a[-1] - y) * a[-1] * (1 - a[-1])]
    for l in range(len(W) - 1, 0, -1):
        s.insert(0, (W[l] @ s[0]) * a[l] * (1 - a[l]))
    for w, a_l, s_l in zip(W, a, s, strict=False):
        w += np.outer(a_l, s_l)
    return a, [None, *s]


def places(network, width, panel, tiled=False):
    """Return for each matrix where its elements are packed, as the formulas of `layout` say."""
    indices = []
    for l, shape in enumerate(zip(network.units, network.units[1:], strict=False)):
        (i, j), v = np.indices(shape), width if l else panel
        in_panel = (j // v * network.padded[l] + i) * v + j % v
        by_itself = j * network.padded[l] + i
        in_matrix = np.where(j < network.panel_columns[l], in_panel, by_itself)
        if tiled and l == 1:
            tile = i // ROWS * ROWS * network.padded[2]
            in_matrix = tile + (j // v * ROWS + i % ROWS) * v + j % v
        indices.append(network.weight_offsets[l] + in_matrix)
    return indices


class Case(NamedTuple):
    network: FlatNetwork
    W: list
    X: np.ndarray
    y: np.ndarray
    width: int
    panel: int
    tiled: bool


def make_case(
    units, width, narrow=False, samples=3, density=1.0, samples_per_list=BLOCK, tiled=False
):
    """Return a guarded network with random weights, the same weights, samples and targets."""
    rng = np.random.default_rng(sum(units))
    panel = first_panel(samples_per_list, width)
    network = flat_network(units, [narrow] * (len(units) - 1), width, panel, tiled)
    network = network._replace(
        weights=guarded(network.weights.size),
        activations=guarded(network.activations.size),
        steps=guarded(network.steps.size),
        net_inputs=guarded(network.net_inputs.size),
    )
    network.weights[...] = 0.0
    W = [rng.normal(size=shape) for shape in zip(units, units[1:], strict=False)]
    if narrow:
        W = [w.astype(np.float32).astype(np.float64) for w in W]
    for w, place in zip(W, places(network, width, panel, tiled), strict=True):
        network.weights[place] = w
    X = rng.normal(size=(samples, units[0])) * (rng.random((samples, units[0])) < density)
    X[:, -1] = 1.0
    return Case(network, W, X, rng.uniform(size=(samples, units[-1])), width, panel, tiled)


def unpacked(case):
    where = places(case.network, case.width, case.panel, case.tiled)
    return [case.network.weights[at] for at in where]


def put(network, buffer, l, values, t=0):
    """Write a layer's values and its zero padding."""
    start = t * network.unit_offsets[-1] + network.unit_offsets[l]
    part = buffer[start : start + network.padded[l]]
    part[...] = 0.0
    part[: len(values)] = values


def assert_layer(network, buffer, l, expected, t=0):
    """Assert a layer's values, and zeros in its padding."""
    start = t * network.unit_offsets[-1] + network.unit_offsets[l]
    # Only layer 0 may have more padding than the last vector of its units.
    end = start + (network.padded[l] if l else len(expected))
    actual = buffer[start : start + len(expected)]
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-17)  # 1 - a, for a near 1
    padding = buffer[start + len(expected) : end]
    assert padding.tobytes() == bytes(padding.nbytes)


def assert_weights(case, expected, rtol=1e-12):
    for actual, w in zip(unpacked(case), expected, strict=True):
        np.testing.assert_allclose(actual, w, rtol=rtol, atol=1e-14)
    nonzero = np.count_nonzero(case.network.weights)
    assert nonzero <= sum(w.size for w in case.W)  # padding is zero


def lists_of(X, samples_per_list, width):
    """Return lists of all inputs, of single samples or of blocks."""
    samples, columns = X.shape
    multiple = LIST_MULTIPLE
    count = -(-columns // multiple) * multiple
    lists = -(-samples // samples_per_list)
    padded = np.zeros((lists * samples_per_list, count))
    padded[:samples, :columns] = X
    values = padded.reshape(lists, samples_per_list, count).transpose(0, 2, 1).ravel()
    every = np.zeros((-(-samples // BLOCK) * BLOCK, columns))
    every[:samples] = X
    blocks = every.reshape(-1, BLOCK, columns)
    offsets = np.minimum(np.arange(count), columns) * first_panel(samples_per_list, width)
    return Inputs(
        values,
        np.ascontiguousarray(blocks @ blocks.transpose(0, 2, 1)).ravel(),
        np.tile(offsets, lists),
        np.arange(lists + 1) * count,
    )
