"""Outputs by the compiled kernel and by NumPy: the same for all rows, dtypes and memory orders."""

import tracemalloc

import numpy as np
import pytest

from bp_numba import NeuralNetwork, ReferenceNetwork
from bp_numba.training import in_numpy, prediction
from bp_numba.training.scratch import FEW
from tests.conftest import make, needs_jit, twins, weights_copy

LAYERS = [[5, 3], [1, 1], [5, 9, 6, 3], [40, 17, 10]]
ROWS = [*range(41), 1000]

FLOATS = [np.float64, np.float32, np.float16, np.longdouble, ">f8"]
DTYPES = [*FLOATS, np.int64, np.int8, np.uint8, bool]

ORDERS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "strided": lambda X: np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::3],
    "reversed": lambda X: np.ascontiguousarray(X[::-1, ::-1])[::-1, ::-1],
    "read-only": lambda X: np.broadcast_to(X, X.shape),
    "one column of more": lambda X: np.c_[X, X][:, : X.shape[1]],
}


def samples(rows, columns, dtype=np.float64, seed=0):
    values = np.random.default_rng(seed).normal(size=(rows, columns)) * 2
    return abs(values).astype(dtype) if np.dtype(dtype).kind in "ub" else values.astype(dtype)


def assert_new(outputs, shape):
    assert type(outputs) is np.ndarray and outputs.dtype == np.float64 and outputs.shape == shape
    assert outputs.flags.c_contiguous and outputs.flags.owndata and outputs.flags.writeable


@pytest.mark.parametrize("layers", LAYERS)
def test_every_number_of_rows(layers, either_way):
    nn, reference = twins(layers)
    for rows in ROWS:
        X = samples(rows, layers[0] + 1)
        for has_bias in (False, True):
            part = X[:, : layers[0] + has_bias]
            outputs = nn.predict(part, addBias=not has_bias)
            assert_new(outputs, (rows, layers[-1]))
            expected = reference.predict(part, addBias=not has_bias)
            np.testing.assert_allclose(outputs, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("rows", [prediction.CHUNK - 1, prediction.CHUNK, prediction.CHUNK + 1])
def test_rows_at_the_border_of_chunks(rows, either_way):
    nn, reference = twins([5, 9, 3])
    X = samples(rows, 5)
    np.testing.assert_allclose(nn.predict(X), reference.predict(X), rtol=0, atol=1e-13)


@pytest.mark.parametrize("rows", [1, 2, FEW, FEW + 1, 700])
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_and_memory_order(dtype, rows, either_way):
    nn, reference = twins([5, 9, 3])
    X = samples(rows, 5, dtype)
    kept = X.copy()
    expected = reference.predict(X.astype(np.float64))
    for order in ORDERS.values():
        outputs = nn.predict(order(X))
        assert_new(outputs, (rows, 3))
        np.testing.assert_allclose(outputs, expected, rtol=0, atol=1e-13)
    np.testing.assert_array_equal(X, kept)


@pytest.mark.parametrize("X", [[0, 1], (0.0, 1.0), [[0, 1]], [[0, 1], [1, 0]], np.float32([0, 1])])
def test_array_likes(X, either_way):
    nn, reference = twins([2, 3, 2])
    outputs = nn.predict(X)
    assert_new(outputs, (np.size(X) // 2, 2))
    np.testing.assert_allclose(outputs, reference.predict(X), rtol=0, atol=1e-15)


def test_results_are_not_written_again(either_way):
    nn = make(NeuralNetwork, [5, 9, 3])
    for rows in (1, 5, 50):
        first = nn.predict(samples(rows, 5))
        kept = first.copy()
        second = nn.predict(samples(rows, 5, seed=1))
        assert not np.shares_memory(first, second) and not np.array_equal(first, second)
        np.testing.assert_array_equal(first, kept)
        first[...] = np.nan
        assert np.isfinite(nn.predict(samples(rows, 5))).all()


@pytest.mark.parametrize("rows", [1, 2, FEW, 100])
def test_zero_inputs_meet_weights_that_are_not_finite(rows, either_way):
    nn, reference = twins([40, 9, 3])
    X = samples(rows, 40)
    X[:, ::2] = 0.0
    X[0, 0] = -0.0
    np.testing.assert_allclose(nn.predict(X), reference.predict(X), rtol=0, atol=1e-13)
    for row, column, value in [(2, 0, np.inf), (38, 8, np.nan), (0, 9, -np.inf), (40, 3, np.nan)]:
        for network in (nn, reference):
            network.W[0] = weights_copy(make(NeuralNetwork, [40, 9, 3]))[0]
            network.W[0][row, column] = value
        with np.errstate(all="ignore"):
            expected, outputs = reference.predict(X), nn.predict(X)
        assert np.isnan(expected).any()
        np.testing.assert_array_equal(np.isnan(outputs), np.isnan(expected))


@needs_jit
@pytest.mark.parametrize("density", [1.0, 0.3])
def test_a_row_is_predicted_alike_wherever_it_is(density, compiled):
    nn = make(NeuralNetwork, [5, 9, 3])
    X = samples(1000, 5)
    X *= np.random.default_rng(1).random(X.shape) < density
    whole = nn.predict(X)
    for rows in (2, 7, FEW, FEW + 1, 600):
        np.testing.assert_array_equal(nn.predict(X[:rows]), whole[:rows])
        np.testing.assert_array_equal(nn.predict(X[-rows:]), whole[-rows:])
    np.testing.assert_allclose(nn.predict(X[3]), whole[3:4], rtol=0, atol=1e-15)


@pytest.mark.parametrize("rows", [1, 3, FEW, 100, 1000])
def test_special_values_go_where_numpy_takes_them(rows, either_way):
    nn, reference = twins([5, 9, 6, 3])
    X = samples(rows, 5)
    for k, value in enumerate([np.nan, np.inf, -np.inf, 1e308, -1e308, -0.0, 5e-324]):
        X[k * 3 % rows, k % 5] = value
    X[rows // 2] = [np.inf, -np.inf, 0, 0, 0]
    with np.errstate(all="ignore"):
        expected = reference.predict(X)
        for _ in range(2):  # nothing is left behind for the next call
            outputs = nn.predict(X)
            np.testing.assert_array_equal(np.isnan(outputs), np.isnan(expected))
            np.testing.assert_allclose(outputs, expected, rtol=0, atol=1e-13)
    clean = samples(rows, 5)
    np.testing.assert_allclose(nn.predict(clean), reference.predict(clean), rtol=0, atol=1e-13)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("l", [0, 1])
def test_special_weights_go_where_numpy_takes_them(l, value, either_way):
    nn, reference = twins([5, 9, 3])
    X = samples(60, 5)
    X[::2, 2] = 0.0
    for network in (nn, reference):
        network.W[l][2, 1] = value
    with np.errstate(all="ignore"):
        for rows in (1, 20, 60):
            outputs, expected = nn.predict(X[:rows]), reference.predict(X[:rows])
            np.testing.assert_array_equal(np.isnan(outputs), np.isnan(expected))
            np.testing.assert_allclose(outputs, expected, rtol=0, atol=1e-13)
    assert np.isnan(expected).any() or l == 1 and np.isinf(value)


def test_saturated_units(either_way):
    nn = NeuralNetwork([1, 2])
    nn.W[0][...] = [[1e4, -1e4], [0.0, 0.0]]
    with np.errstate(over="ignore"):
        for rows in (1, 5, 50):
            np.testing.assert_array_equal(nn.predict(np.ones((rows, 1))), [[1.0, 0.0]] * rows)


@pytest.mark.parametrize("rows", [1, 5, 50])
def test_weights_that_no_kernel_takes(rows, either_way):
    X = samples(rows, 5)
    for convert in (np.float32, np.int64, np.asfortranarray):
        nn, reference = twins([5, 9, 3])
        for network in (nn, reference):
            network.W = [convert(w * 3) for w in network.W]
        np.testing.assert_allclose(nn.predict(X), reference.predict(X), rtol=0, atol=1e-13)


UNUSABLE = {
    "other rows": ([np.zeros((6, 9)), np.zeros((4, 3))], ValueError, r"W\[1\] must have 9 rows"),
    "one row": ([np.zeros((6, 9)), np.zeros((1, 3))], ValueError, r"W\[1\] must have 9 rows"),
    "a vector": ([np.zeros((6, 9)), np.zeros(9)], ValueError, r"W\[1\] must be a 2-D array"),
    "a vector first": ([np.zeros(6)], ValueError, r"W\[0\] must be a 2-D array, got shape \(6,\)"),
    "three dimensions": ([np.zeros((6, 9, 1))], ValueError, r"W\[0\] must be a 2-D .*\(6, 9, 1\)"),
    "a number": ([3.0], ValueError, r"W\[0\] must be a 2-D array, got shape \(\)"),
    "nothing": ([], ValueError, "W must hold at least one weight matrix, got none"),
    "a dict": ({0: np.zeros((6, 3))}, TypeError, "W must be a list of weight matrices, got dict"),
    "None": (None, TypeError, "W must be a list of weight matrices, got NoneType None"),
    "None in it": ([np.zeros((6, 9)), None], TypeError, r"W\[1\] must hold real numbers"),
    "text": ("W", TypeError, "W must be a list of weight matrices, got str 'W'"),
    "complex": ([np.zeros((6, 3), dtype=complex)], TypeError, r"W\[0\] must hold real numbers"),
}


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("kind", UNUSABLE)
def test_weights_that_cannot_be_used(kind, own, either_way):
    nn = make(NeuralNetwork, [5, 9, 3])
    nn.W, error, message = UNUSABLE[kind]
    if own:
        nn.sigmoid = np.tanh
    for rows in (1, 5, 50):
        with pytest.raises(error, match=message):
            nn.predict(samples(rows, 5))
    with pytest.raises(error, match=message):
        nn.calculate_loss(samples(5, 6), samples(5, 3))


def test_weights_that_only_the_package_would_refuse_to_train(either_way):
    """As in the reference: what NumPy can multiply with."""
    nn, reference = twins([5, 9, 3])
    for convert in (lambda w: w.tolist(), lambda w: (4 * w).astype(int), read_only):
        for network in (nn, reference):
            network.W = tuple(convert(w) for w in make(ReferenceNetwork, [5, 9, 3]).W)
        outputs = nn.predict(samples(7, 5))
        np.testing.assert_allclose(outputs, reference.predict(samples(7, 5)), rtol=1e-14)


def read_only(w):
    w.flags.writeable = False
    return w


@pytest.mark.parametrize(
    ("X", "addBias", "error", "message"),
    [
        (np.zeros((3, 4)), True, ValueError, r"X must have 5 columns .* got shape \(3, 4\)"),
        (np.zeros((3, 6)), True, ValueError, r"X must have 5 columns .* got shape \(3, 6\)"),
        (np.zeros((3, 5)), False, ValueError, r"X must have 6 columns .* got shape \(3, 5\)"),
        (np.zeros(4), True, ValueError, r"X must have 5 columns .* got shape \(1, 4\)"),
        (np.zeros((2, 5, 1)), True, ValueError, r"X must have 5 columns"),
        (np.zeros((3, 5), dtype=complex), True, TypeError, "X must hold real numbers"),
        ([["a"] * 5], True, TypeError, "X must hold real numbers"),
    ],
)
def test_errors(X, addBias, error, message, either_way):
    nn = make(NeuralNetwork, [5, 9, 3])
    nn.predict(np.zeros(5))
    with pytest.raises(error, match=message):
        nn.predict(X, addBias)


def test_weights_are_not_changed(either_way):
    nn = make(NeuralNetwork, [5, 9, 3])
    before = weights_copy(nn)
    for rows in (1, 5, 50):
        nn.predict(samples(rows, 5))
    for w, old in zip(nn.W, before, strict=True):
        np.testing.assert_array_equal(w, old)


def test_no_second_copy_of_the_samples(either_way):
    nn = make(NeuralNetwork, [1000, 4, 1])
    X = np.ones((10_000, 1000), dtype=np.uint8)
    nn.predict(X[:100])
    tracemalloc.start()
    try:
        nn.predict(X)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < X.nbytes  # an eighth of a copy in float64


WEIGHTS = {
    "float64": lambda w: w,
    "float32": lambda w: w.astype(np.float32),
    "uint8": lambda w: (np.abs(w) * 9).astype(np.uint8),
    "bool": lambda w: w > 0,
    "columns first": np.asfortranarray,
}


@pytest.mark.parametrize("kind", WEIGHTS)
@pytest.mark.parametrize("rows", [1, 5, 6, 40])
def test_numpy_gives_the_bits_of_the_formula_as_it_is_written(kind, rows):
    rng = np.random.default_rng(0)
    W = [WEIGHTS[kind](rng.normal(size=shape)) for shape in ((5, 4), (4, 7), (7, 2))]
    a = X = rng.normal(size=(rows, 5))
    for weights in W:
        a = 1.0 / (1.0 + np.exp(-a.dot(weights)))
    np.testing.assert_array_equal(in_numpy.predict(W, X), a)
