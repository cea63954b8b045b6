"""Each kernel against the equations in NumPy, into poisoned buffers between guard bands."""

import platform
import re
from typing import NamedTuple

import numba
import numpy as np
import pytest

from tests.conftest import run_python

if numba.config.DISABLE_JIT:
    pytest.skip("NUMBA_DISABLE_JIT leaves no kernels to test", allow_module_level=True)

from bp_numba import jit, kernels
from bp_numba.layout import FlatNetwork, flat_network, padded_rows
from bp_numba.simd import LANES

GUARD = 64
UNITS = [[2, 1], [3, 3, 1], [5, 4, 8, 7], [65, 33, 17, 10], [6, 1, 1, 3, 9]]


def guarded(size):
    """Return a contiguous view of `size` NaNs in the middle of a longer array of NaNs."""
    return np.full(size + 2 * GUARD, np.nan)[GUARD:-GUARD]


class Case(NamedTuple):
    net: FlatNetwork
    X: np.ndarray
    y: np.ndarray
    W: list
    a: list
    d: list


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def make_case(units, narrow=False, rows=3):
    """Return a guarded network with random weights, and what one sample must give in NumPy."""
    rng = np.random.default_rng(sum(units))
    net = flat_network(units, [narrow] * (len(units) - 1), LANES)
    net = net._replace(
        weights=guarded(net.weights.size),
        activations=guarded(net.activations.size),
        deltas=guarded(net.deltas.size),
    )
    net.weights[...] = 0.0
    for matrix in net.matrices():
        matrix[...] = rng.normal(size=matrix.shape)
    W = [matrix.copy() for matrix in net.matrices()]

    X, y = padded_rows(rows, units[0], LANES), padded_rows(rows, units[-1], LANES)
    X[:, : units[0]] = rng.normal(size=(rows, units[0]))
    y[:, : units[-1]] = rng.uniform(size=(rows, units[-1]))
    a = [X[0, : units[0]]]
    for w in W:
        a.append(sigmoid(a[-1] @ w))
    d = [(a[-1] - y[0, : units[-1]]) * a[-1] * (1 - a[-1])]
    for l in range(len(W) - 1, 0, -1):
        d.insert(0, (W[l] @ d[0]) * a[l] * (1 - a[l]))
    return Case(net, X.ravel(), y.ravel(), W, a, [None, *d])


def put(net, buffer, l, values):
    """Write a layer's values and its zero padding."""
    part = buffer[net.unit_offsets[l] : net.unit_offsets[l + 1]]
    part[...] = 0.0
    part[: len(values)] = values


def assert_layer(net, buffer, l, expected):
    """Assert a layer's values, zeros in its padding, and NaN as it was in every other layer."""
    start, end = net.unit_offsets[l], net.unit_offsets[l + 1]
    np.testing.assert_allclose(buffer[start : start + len(expected)], expected, rtol=1e-13)
    padding = buffer[start + len(expected) : end]
    assert padding.tobytes() == bytes(padding.nbytes)


def assert_guards(*views):
    for view in views:
        whole = view.base
        assert np.isnan(whole[:GUARD]).all() and np.isnan(whole[-GUARD:]).all()


@pytest.mark.parametrize("units", UNITS)
def test_forward(units):
    case = make_case(units)
    for l in range(len(case.W)):
        case.net.activations[...] = np.nan
        put(case.net, case.net.activations, l, case.a[l])
        kernels.forward(case.net, l)
        assert_layer(case.net, case.net.activations, l + 1, case.a[l + 1])
        written = slice(case.net.unit_offsets[l], case.net.unit_offsets[l + 2])
        assert np.isnan(np.delete(case.net.activations, written)).all()
    assert_guards(case.net.activations, case.net.deltas)
    assert np.isnan(case.net.deltas).all()


@pytest.mark.parametrize("units", UNITS)
def test_output_deltas(units):
    case = make_case(units)
    last = len(case.W)
    put(case.net, case.net.activations, last, case.a[last])
    kernels.output_deltas(case.net, case.y, 0)
    assert_layer(case.net, case.net.deltas, last, case.d[last])
    assert np.isnan(case.net.deltas[: case.net.unit_offsets[last]]).all()
    assert_guards(case.net.activations, case.net.deltas)


@pytest.mark.parametrize("units", UNITS)
def test_hidden_deltas(units):
    case = make_case(units)
    for l in range(1, len(case.W)):
        case.net.deltas[...] = np.nan
        put(case.net, case.net.activations, l, case.a[l])
        put(case.net, case.net.deltas, l + 1, case.d[l + 1])
        kernels.hidden_deltas(case.net, l)
        assert_layer(case.net, case.net.deltas, l, case.d[l])
        assert np.isnan(case.net.deltas[: case.net.unit_offsets[l]]).all()
    assert_guards(case.net.activations, case.net.deltas, case.net.weights)


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_padding_stays_zero_whatever_the_layer_holds(value):
    case = make_case([5, 6, 3, 1])
    net = case.net
    put(net, net.activations, 1, np.full(6, value))
    kernels.forward(net, 1)
    assert net.activations[net.unit_offsets[2] :][3:LANES].tobytes() == bytes(8 * (LANES - 3))
    put(net, net.deltas, 2, np.full(3, value))
    kernels.hidden_deltas(net, 1)
    padding = net.deltas[net.unit_offsets[1] + 6 : net.unit_offsets[2]]
    assert padding.size and padding.tobytes() == bytes(padding.nbytes)


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("units", UNITS)
def test_update_weights(units, narrow):
    case = make_case(units, narrow)
    for l, w in enumerate(case.W):
        put(case.net, case.net.activations, l, case.a[l])
        put(case.net, case.net.deltas, l + 1, case.d[l + 1])
        kernels.update_weights(case.net, l, 0.3)
        w -= 0.3 * np.outer(case.a[l], case.d[l + 1])
        if narrow:
            w[...] = w.astype(np.float32)
        changed = case.net.matrices()
        for expected, actual in zip(case.W, changed, strict=True):
            np.testing.assert_allclose(actual, expected, rtol=2e-7 if narrow else 1e-13, atol=1e-15)
        if narrow:
            np.testing.assert_array_equal(changed[l], changed[l].astype(np.float32))
    inside = sum(w.size for w in case.W)
    assert np.count_nonzero(case.net.weights) <= inside  # padding is still zero
    assert_guards(case.net.weights, case.net.deltas)


@pytest.mark.parametrize("units", UNITS)
def test_train_samples_goes_round_the_rows(units):
    case = make_case(units, rows=3)
    X = case.X.reshape(3, -1)[:, : units[0]]
    y = case.y.reshape(3, -1)[:, : units[-1]]
    kernels.train_samples(case.net, case.X, case.y, 2, 5, 0.3)
    for row in (2, 0, 1, 2, 0):
        a = [X[row]]
        for w in case.W:
            a.append(sigmoid(a[-1] @ w))
        d = [(a[-1] - y[row]) * a[-1] * (1 - a[-1])]
        for l in range(len(case.W) - 1, 0, -1):
            d.insert(0, (case.W[l] @ d[0]) * a[l] * (1 - a[l]))
        for w, a_l, d_l in zip(case.W, a, d, strict=False):
            w -= 0.3 * np.outer(a_l, d_l)
    for expected, actual in zip(case.W, case.net.matrices(), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-14)
    assert_guards(case.net.weights, case.net.activations, case.net.deltas)


@pytest.mark.parametrize("size", [LANES, LANES + 1, 3 * LANES, 1001])
def test_activate_writes_every_element_once_over(size):
    z, out = np.linspace(-50, 50, size), guarded(size)
    kernels.activate(z, out)
    np.testing.assert_allclose(out, sigmoid(z), rtol=4e-16)
    assert_guards(out)


def test_one_specialisation_of_each_kernel():
    code = """
import io, contextlib, numpy as np, pandas
from bp_numba import NeuralNetwork, kernels
inputs = [
    lambda X: X.tolist(), lambda X: X.astype(int), lambda X: X.astype(np.uint8),
    lambda X: X.astype(bool), lambda X: X.astype(np.float32), np.asfortranarray,
    lambda X: np.repeat(X, 2, axis=1)[:, ::2], lambda X: X, pandas.DataFrame,
]
rng = np.random.default_rng(0)
with contextlib.redirect_stdout(io.StringIO()):
    for depth in range(1, 6):
        for convert in inputs:
            for addressed in (convert, lambda X: X):
                nn = NeuralNetwork([3, *range(2, depth + 1), 2])
                X, y = rng.integers(0, 2, (5, 3)).astype(float), rng.uniform(size=(5, 2))
                X.flags.writeable = False
                nn.fit(convert(X), addressed(np.round(y)), epochs=2, displayUpdate=1)
                nn.predict(np.tile(X, (2000, 1)))
for name, kernel in vars(kernels).items():
    if hasattr(kernel, "signatures") and kernel.py_func.__module__ == kernels.__name__:
        print(name, len(kernel.signatures))
"""
    counts = dict(line.split() for line in run_python(code).splitlines())
    assert counts["train_samples"] == counts["activate"] == "1"
    assert set(counts.values()) <= {"0", "1"}  # 0: exists only inlined
    assert {"forward", "output_deltas", "hidden_deltas", "update_weights"} <= set(counts)


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="reads x86 code")
def test_machine_code_is_vectorised():
    compiled = numba.njit(**jit.OPTIONS)(kernels.train_samples.py_func)
    compiled.compile(kernels.SIGNATURES[kernels.train_samples])
    (assembly,) = compiled.inspect_asm().values()
    register = "zmm" if LANES == 8 else "[xy]mm"
    for instruction in ("mul", "add", "sub", "div"):
        assert re.search(rf"\bv?(f[n]?m)?{instruction}\w*pd\b.*{register}", assembly), instruction
    # The only scalar arithmetic on doubles left is the sign of alpha.
    scalar = re.findall(r"^\s*v?(?:f?n?m?add|sub|mul|div)\w*sd\b.*$", assembly, re.MULTILINE)
    assert len(scalar) <= 1, scalar
    assert "exp" not in re.findall(r"\bcall\w*\s+(\w+)", assembly)
