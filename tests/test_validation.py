"""Bad input: the error names argument, requirement and actual value, and nothing is changed."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from bp_numba import NeuralNetwork
from bp_numba import validation as check
from tests.conftest import assert_same_weights, make, weights_copy

X = [[0, 0], [0, 1], [1, 0], [1, 1]]
Y = [[0], [1], [1], [0]]
HUGE = 10**400
"""Beyond what float64 can hold."""


def assert_refused(error, message, call):
    """Assert that call(network) raises the error and leaves the weights alone."""
    nn = make(NeuralNetwork, [2, 2, 1])
    before = weights_copy(nn)
    with pytest.raises(error, match=message):
        call(nn)
    for w, old in zip(nn.W, before, strict=True):
        np.testing.assert_array_equal(w, old)


BAD_ALPHAS = [
    (np.nan, ValueError),
    (np.inf, ValueError),
    (-np.inf, ValueError),
    (np.float32("nan"), ValueError),
    ("0.1", TypeError),
    (None, TypeError),
    (np.timedelta64(1, "s"), TypeError),  # whose class is one of NumPy's integers
    (0.1j, TypeError),
    ([0.1], TypeError),
    (np.array([0.1, 0.2]), TypeError),
    (np.array("a"), TypeError),
    (Decimal("0.1"), TypeError),
    (Fraction(1, 10), TypeError),
    (10**400, ValueError),
]


@pytest.mark.parametrize(("alpha", "error"), BAD_ALPHAS)
def test_alpha(alpha, error):
    message = "alpha must be a finite number, got "
    with pytest.raises(error, match=message):
        NeuralNetwork([2, 2, 1], alpha=alpha)

    def assign_and(method, *arguments):
        def call(nn):
            nn.alpha = alpha
            getattr(nn, method)(*arguments)

        return call

    assert_refused(error, message, assign_and("fit", X, Y))
    assert_refused(error, message, assign_and("fit_partial", [0, 1, 1], [1]))


@pytest.mark.parametrize(
    "alpha",
    [1, 0, -0.5, True, np.float32(0.5), np.int8(1), np.uint8(1), np.bool_(True), np.array(0.5)],
)
def test_alpha_may_be_any_number_that_numpy_takes(alpha):
    nn, expected = make(NeuralNetwork, [2, 2, 1], alpha), make(NeuralNetwork, [2, 2, 1])
    expected.alpha = float(alpha)
    for network in (nn, expected):
        network.fit(X, Y, epochs=1)
        network.fit_partial([0, 1, 1], [1])
    assert nn.alpha is alpha
    assert_same_weights(nn, expected, 0)


@pytest.mark.parametrize(
    ("epochs", "error"),
    [
        (-1, ValueError),
        (np.int64(-3), ValueError),
        (1.0, TypeError),
        (2.5, TypeError),
        ("10", TypeError),
        (None, TypeError),
        ([3], TypeError),
        (np.nan, TypeError),
    ],
)
def test_epochs(epochs, error):
    message = "epochs must be a non-negative integer, got "
    assert_refused(error, message, lambda nn: nn.fit(X, Y, epochs=epochs))


@pytest.mark.parametrize(
    ("update", "error"),
    [
        (-1, ValueError),
        (-0.5, ValueError),
        (np.int64(-3), ValueError),
        (np.nan, ValueError),
        (-np.inf, ValueError),
        ("10", TypeError),
        (None, TypeError),
        ([3], TypeError),
        (1j, TypeError),
        (np.timedelta64(1, "s"), TypeError),
        (1j, TypeError),
    ],
)
def test_display_update(update, error):
    message = "displayUpdate must be a number of epochs >= 0, got "
    assert_refused(error, message, lambda nn: nn.fit(X, Y, displayUpdate=update))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 1),
        (0.0, 1),
        (1, 1),
        (7, 7),
        (7.0, 7),
        (2.5, 5),
        (0.25, 1),
        (np.inf, None),
        (10**30, 10**30),
        (Fraction(3, 2), 3),
        (np.uint8(200), 200),
        (True, 1),
        (np.True_, 1),
        (np.array(5), 5),
        (np.array(2.5), 5),
        (Fraction(1, 3), 1),
        pytest.param(Fraction(HUGE, 3), HUGE, id="huge"),
    ],
)
def test_display_interval(value, expected):
    assert check.check_display_update(value) == expected
    if expected is not None and 0 < expected < 100 and value:
        shown = [epoch for epoch in range(1, 100) if epoch % value == 0]
        assert shown == list(range(expected, 100, expected))


@pytest.mark.parametrize(
    ("seconds", "error"),
    [
        (-1, ValueError),
        (np.nan, ValueError),
        pytest.param(-HUGE, ValueError, id="huge"),
        ("60", TypeError),
    ],
)
def test_seconds(seconds, error):
    message = "checkpoint_every must be a number of seconds >= 0, got "
    assert_refused(error, message, lambda nn: nn.fit(X, Y, checkpoint_every=seconds))


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, 0), (np.array(1.5), 1.5), (Fraction(1, 2), 0.5), pytest.param(HUGE, math.inf, id="huge")],
)
def test_seconds_may_be_any_real_number(seconds, expected):
    assert check.check_seconds(seconds, "checkpoint_every") == expected


BAD_ARRAYS = [
    ([["0", "0"]] * 4, TypeError, "must hold real numbers, got list with dtype <U1"),
    (np.array([["a", "b"]] * 4, dtype=object), TypeError, "must hold real numbers"),
    (np.array([["1", "2"]] * 4, dtype=object), TypeError, "must hold real numbers"),
    ([[None, 1]] * 4, TypeError, "must hold real numbers"),
    ("text", TypeError, "must hold real numbers"),
    (None, TypeError, "must hold real numbers"),
    (np.ones((4, 2), dtype=complex), TypeError, "must hold real numbers.*complex128"),
    ([[1, 2j]] * 4, TypeError, "must hold real numbers.*complex128"),
    (np.zeros((4, 2), dtype="M8[s]"), TypeError, r"must hold real numbers.*datetime64\[s\]"),
    (np.zeros(4, dtype=[("a", float)]), TypeError, "must hold real numbers"),
    ([[0, 0], [0], [1, 0], [1, 1]], ValueError, "must be a rectangular array of numbers"),
    ([[0, 0], [0, [1]]], ValueError, "must be a rectangular array of numbers"),
    (pd.DataFrame({"a": ["x"] * 4, "b": [1] * 4}), TypeError, "must hold real numbers"),
    (np.array([[pd.NA, 1]] * 4, dtype=object), TypeError, "must hold real numbers"),
    (
        scipy.sparse.csr_matrix(X),
        TypeError,
        r"must be a dense array, got sparse csr_matrix of shape",
    ),
    (
        scipy.sparse.coo_array(X),
        TypeError,
        r"must be .* \(4, 2\): pass what its .toarray\(\) returns",
    ),
    ([[HUGE, 1]] * 4, ValueError, "must hold numbers that float64 can hold: int too large"),
]


@pytest.mark.parametrize(("bad", "error", "message"), BAD_ARRAYS)
def test_arrays(bad, error, message):
    assert_refused(error, "^X " + message, lambda nn: nn.fit(bad, Y))
    assert_refused(error, "^y " + message, lambda nn: nn.fit(X, bad))
    assert_refused(error, "^x " + message, lambda nn: nn.fit_partial(bad, Y))
    assert_refused(error, "^y " + message, lambda nn: nn.fit_partial([0, 1, 1], bad))
    assert_refused(error, "^X " + message, lambda nn: nn.predict(bad))
    assert_refused(error, "^X " + message, lambda nn: nn.calculate_loss(bad, Y))
    assert_refused(error, "^targets " + message, lambda nn: nn.calculate_loss([[0, 1, 1]], bad))


def test_three_dimensions():
    cube = np.zeros((2, 2, 2))
    message = r"X must have 2 columns \(layers\[0\] = 2\), got shape \(2, 2, 2\)"
    assert_refused(ValueError, message, lambda nn: nn.fit(cube, Y))
    assert_refused(ValueError, message, lambda nn: nn.predict(cube))


@pytest.mark.parametrize("layers", [[10**6, 10**6], [10**30, 1], [2, 10**12, 1]])
def test_weights_that_do_not_fit_in_memory(layers):
    state = np.random.get_state()[1].copy()
    with pytest.raises(ValueError, match=r"layers must give weights that fit in memory .* got \["):
        NeuralNetwork(layers)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_memory_is_unlimited_where_it_is_not_known(monkeypatch):
    monkeypatch.delattr("os.sysconf")
    assert check.physical_memory() == 2**63 - 1
    NeuralNetwork([2, 2, 1])
