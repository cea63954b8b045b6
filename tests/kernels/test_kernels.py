"""Each kernel against the equations in NumPy, into poisoned buffers between guard bands."""

import platform
import re
from typing import NamedTuple

import numba
import numpy as np
import pytest

if numba.config.DISABLE_JIT:
    pytest.skip("NUMBA_DISABLE_JIT leaves no kernels to test", allow_module_level=True)

from bp_numba.kernels import entry_points, kernels
from bp_numba.kernels import in_place as rows
from bp_numba.kernels.inputs import LIST_MULTIPLE, Inputs
from bp_numba.kernels.layout import BLOCK, FlatNetwork, address_table, flat_network, padded_rows
from bp_numba.native import loading as native
from bp_numba.simd import internals as jit
from bp_numba.simd.width import FEWEST_LANES
from bp_numba.simd.width import lanes as lanes_of_cpu
from tests.conftest import not_bounds_checked, run_python

LANES = lanes_of_cpu()
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


class Case(NamedTuple):
    net: FlatNetwork
    W: list
    X: np.ndarray
    y: np.ndarray
    lanes: int


def make_case(units, narrow=False, samples=3, density=1.0, lanes=LANES):
    """Return a guarded network with random weights, the same weights, samples and targets."""
    rng = np.random.default_rng(sum(units))
    net = flat_network(units, [narrow] * (len(units) - 1), lanes)
    net = net._replace(
        weights=guarded(net.weights.size),
        activations=guarded(net.activations.size),
        steps=guarded(net.steps.size),
        nets=guarded(net.nets.size),
    )
    net.weights[...] = 0.0
    W = [rng.normal(size=shape) for shape in zip(units, units[1:], strict=False)]
    if narrow:
        W = [w.astype(np.float32).astype(np.float64) for w in W]
    for packed, unpacked in net.panels(W, lanes):
        packed[...] = unpacked
    X = rng.normal(size=(samples, units[0])) * (rng.random((samples, units[0])) < density)
    X[:, -1] = 1.0
    return Case(net, W, X, rng.uniform(size=(samples, units[-1])), lanes)


def unpacked(case):
    W = [np.empty_like(w) for w in case.W]
    for panel, part in case.net.panels(W, case.lanes):
        part[...] = panel
    return W


def put(net, buffer, l, values, t=0):
    """Write a layer's values and its zero padding."""
    start = t * net.unit_offsets[-1] + net.unit_offsets[l]
    part = buffer[start : start + net.padded[l]]
    part[...] = 0.0
    part[: len(values)] = values


def assert_layer(net, buffer, l, expected, t=0):
    """Assert a layer's values, and zeros in its padding."""
    start = t * net.unit_offsets[-1] + net.unit_offsets[l]
    end = start + -(-net.units[l] // LANES) * LANES
    actual = buffer[start : start + len(expected)]
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-17)  # 1 - a, for a near 1
    padding = buffer[start + len(expected) : end]
    assert padding.tobytes() == bytes(padding.nbytes)


def assert_weights(case, expected, rtol=1e-12):
    for actual, w in zip(unpacked(case), expected, strict=True):
        np.testing.assert_allclose(actual, w, rtol=rtol, atol=1e-14)
    assert np.count_nonzero(case.net.weights) <= sum(w.size for w in case.W)  # padding is zero


def lists_of(X, width, lanes=LANES):
    """Return lists of all inputs, of single samples or of blocks."""
    samples, columns = X.shape
    multiple = LIST_MULTIPLE if width == 1 else 1
    count = -(-columns // multiple) * multiple
    lists = -(-samples // width)
    padded = np.zeros((lists * width, count))
    padded[:samples, :columns] = X
    values = padded.reshape(lists, width, count).transpose(0, 2, 1).ravel()
    every = np.zeros((-(-samples // BLOCK) * BLOCK, columns))
    every[:samples] = X
    blocks = every.reshape(-1, BLOCK, columns)
    rows_of = np.minimum(np.arange(count), columns) * lanes
    return Inputs(
        values,
        np.ascontiguousarray(blocks @ blocks.transpose(0, 2, 1)).ravel(),
        np.tile(rows_of, lists),
        np.arange(lists + 1) * count,
    )


@pytest.mark.parametrize("units", UNITS)
def test_forward(units):
    case = make_case(units)
    a, _ = step_in_numpy([w.copy() for w in case.W], case.X[0], case.y[0], 0.3)
    for l in range(1, len(case.W)):
        case.net.activations[...] = np.nan
        put(case.net, case.net.activations, l, a[l])
        kernels.forward(case.net, l)
        assert_layer(case.net, case.net.activations, l + 1, a[l + 1])
        written = slice(case.net.unit_offsets[l], case.net.unit_offsets[l + 2])
        assert np.isnan(np.delete(case.net.activations, written)).all()
    assert_guards(case.net.activations, case.net.steps)
    assert np.isnan(case.net.steps).all()


@pytest.mark.parametrize("t", [0, 3])
@pytest.mark.parametrize("units", UNITS)
def test_output_steps(units, t):
    case = make_case(units)
    last = len(case.W)
    a, s = step_in_numpy([w.copy() for w in case.W], case.X[0], case.y[0], 0.3)
    put(case.net, case.net.activations, last, a[last])
    kernels.output_steps(case.net, t, padded_rows(case.y[:1], units[-1], LANES), 0, 0.3)
    assert_layer(case.net, case.net.steps, last, s[last], t)
    assert_guards(case.net.activations, case.net.steps)


@pytest.mark.parametrize("t", [0, 5])
@pytest.mark.parametrize("units", UNITS)
def test_backward_takes_the_weights_before_the_update(units, t):
    case = make_case(units)
    W = [w.copy() for w in case.W]
    a, s = step_in_numpy(W, case.X[0], case.y[0], 0.3)
    for l in range(1, len(W)):
        case.net.steps[...] = np.nan
        put(case.net, case.net.activations, l, a[l])
        put(case.net, case.net.steps, l + 1, s[l + 1], t)
        kernels.backward(case.net, t, l)
        assert_layer(case.net, case.net.steps, l, s[l], t)
    assert_weights(case, [case.W[0], *W[1:]])
    assert_guards(case.net.activations, case.net.steps, case.net.weights)


@pytest.mark.parametrize("density", [1.0, 0.4])
@pytest.mark.parametrize("units", UNITS)
@pytest.mark.parametrize("width", [1, BLOCK])
def test_first_layer_in_exact_blocks(units, width, density):
    case = make_case(units, samples=BLOCK + 3, density=density)
    inputs = lists_of(case.X, width)
    first, count = BLOCK, 3  # the second block, a short one
    net, W = case.net, case.W[0].copy()
    net.steps[...] = 0.0
    if width == 1:
        kernels.forward_listed(net, inputs, first, count)
    else:
        kernels.forward_block(net, inputs, 1)
    rng = np.random.default_rng(0)
    for t in range(count):
        kernels.activate_sample(net, inputs, first, t)
        a_1 = sigmoid(case.X[first + t] @ W)
        assert_layer(net, net.activations, 1, a_1)
        step = rng.normal(size=units[1])
        put(net, net.steps, 1, step, t)
        W += np.outer(case.X[first + t], step)
    if width == 1:
        kernels.update_listed_rows(net, inputs, first, count)
    else:
        kernels.update_block_rows(net, inputs, 1)
    assert_weights(case, [W, *case.W[1:]])
    assert_guards(net.activations, net.steps, net.weights, net.nets)


@pytest.mark.parametrize("units", UNITS)
def test_round_narrow(units):
    case = make_case(units)
    case.net.narrow[-1] = 1
    kernels.round_narrow(case.net)
    expected = [*case.W[:-1], case.W[-1].astype(np.float32)]
    for actual, w in zip(unpacked(case), expected, strict=True):
        np.testing.assert_array_equal(actual, w)
    assert_guards(case.net.weights)


@pytest.mark.parametrize("units", UNITS)
def test_rows_in_place(units):
    case = make_case(units)
    matrices = [guarded(w.shape) for w in case.W]
    for matrix, w in zip(matrices, case.W, strict=True):
        matrix[...] = w
    a, s = step_in_numpy(case.W, case.X[0], case.y[0], 0.3)
    net = case.net
    put(net, net.activations, 0, a[0])
    for l, matrix in enumerate(matrices):
        rows.forward_rows(net, matrix.reshape(-1), l)
        assert_layer(net, net.activations, l + 1, a[l + 1])
    put(net, net.steps, len(matrices), s[-1])
    for l in range(len(matrices) - 1, 0, -1):
        rows.backward_rows(net, matrices[l].reshape(-1), l)
        assert_layer(net, net.steps, l, s[l])
    rows.update_rows(net, matrices[0].reshape(-1))
    for matrix, w in zip(matrices, case.W, strict=True):
        np.testing.assert_allclose(matrix, w, rtol=1e-12, atol=1e-14)
    assert_guards(net.activations, net.steps, *matrices)


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_activations_have_zeros_as_padding_whatever_the_layer_holds(value):
    net = make_case([5, 6, 3, 1]).net
    put(net, net.activations, 1, np.full(6, value))
    kernels.forward(net, 1)
    assert net.activations[net.unit_offsets[2] :][3:LANES].tobytes() == bytes(8 * (LANES - 3))


@pytest.mark.parametrize("rows", [3, 6, LANES + 1, LANES + 6])
def test_steps_have_zeros_as_padding(rows):
    net = make_case([5, rows, 3, 1]).net
    put(net, net.activations, 1, np.full(rows, 0.5))
    put(net, net.steps, 2, np.full(3, 1e300))
    kernels.backward(net, 0, 1)
    steps = net.steps[net.unit_offsets[1] : net.unit_offsets[2]]
    assert steps[:rows].all() and len(steps) > rows and not steps[rows:].any()


def train(case, width, first, count, size=BLOCK):
    inputs = lists_of(case.X, width, case.lanes)
    y = padded_rows(case.y, case.y.shape[1], case.lanes)
    arrays = [*case.net, y, *inputs]
    table = address_table(arrays)
    case.net.steps[...] = 0.0
    if width == 1:
        function = native.entry_point("train_samples", case.lanes)
        function(table.ctypes.data, size, first, count, 0.3)
    else:
        native.entry_point("train_blocks", case.lanes)(table.ctypes.data, first, count, 0.3)


@pytest.mark.parametrize("lanes", sorted({FEWEST_LANES, LANES}))
@pytest.mark.parametrize(("width", "size"), [(BLOCK, BLOCK), (1, BLOCK), (1, 1)])
@pytest.mark.parametrize("units", UNITS)
def test_training_goes_round_the_blocks(units, width, size, lanes):
    case = make_case(units, samples=2 * BLOCK + 3, lanes=lanes)
    train(case, width, 1, 4, size)  # the second and the short block, then the first and second
    order = [*range(BLOCK, 2 * BLOCK + 3), *range(2 * BLOCK)]
    for row in order:
        step_in_numpy(case.W, case.X[row], case.y[row], 0.3)
    assert_weights(case, case.W)
    assert_guards(case.net.weights, case.net.activations, case.net.steps, case.net.nets)


@pytest.mark.parametrize("width", [1, BLOCK])
def test_a_call_in_two_parts_gives_the_same_bits(width):
    whole, parts = (make_case([65, 33, 17, 10], samples=2 * BLOCK + 3) for _ in range(2))
    train(whole, width, 0, 7)
    train(parts, width, 0, 2)
    train(parts, width, 2, 5)
    np.testing.assert_array_equal(whole.net.weights, parts.net.weights)


def test_narrow_weights_are_rounded_after_every_sample():
    case = make_case([5, 4, 3], narrow=True, samples=BLOCK + 2)
    train(case, 1, 0, 2, size=1)
    for x, y in zip(case.X, case.y, strict=True):
        step_in_numpy(case.W, x, y, 0.3)
        case.W[:] = [w.astype(np.float32).astype(np.float64) for w in case.W]
    for actual, w in zip(unpacked(case), case.W, strict=True):
        np.testing.assert_array_equal(actual, actual.astype(np.float32))
        np.testing.assert_allclose(actual, w, rtol=1e-6)


@pytest.mark.parametrize("size", [LANES, LANES + 1, 3 * LANES, 1001])
def test_activate_writes_every_element_once_over(size):
    z, out = np.linspace(-50, 50, size), guarded(size)
    table = address_table([z, out])
    native.entry_point("activate")(table.ctypes.data)
    np.testing.assert_allclose(out, sigmoid(z), rtol=6e-16)
    assert_guards(out)


SCALAR = {"train_blocks": {"add"}, "train_samples": {"fmadd", "mul", "add"}}
"""Instructions on single numbers: those that change a single column of the first matrix."""


def compiled(name):
    signature = numba.types.int64(*map(entry_points.TYPES.get, native.ARGUMENTS[name]))
    return numba.cfunc(signature, **jit.OPTIONS)(getattr(entry_points, name))


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="reads x86 code")
@pytest.mark.parametrize("name", native.ARGUMENTS)
def test_machine_code_is_vectorised(name):
    assembly = compiled(name)._library.get_asm_str()
    register = "zmm" if LANES == 8 else "[xy]mm"
    for instruction in ("mul", "add", "div"):
        assert re.search(rf"\bv?(f[n]?m)?{instruction}\w*pd\b.*{register}", assembly), instruction
    scalar = re.findall(r"^\s*v?(f?n?m?add|sub|mul|div)\w*sd\b", assembly, re.MULTILINE)
    assert set(scalar) <= SCALAR.get(name, set())
    assert not re.findall(r"\bcall\w*\s+(\w*(?:exp|fma)\w*)", assembly)


LEVELS = {
    "x86-64-v2": "+sse4.2,+sse4.1,+ssse3,+popcnt,+cx16",
    "x86-64-v3": "+sse4.2,+sse4.1,+ssse3,+popcnt,+cx16,+avx,+avx2,+fma,+bmi,+bmi2,+f16c",
}


@not_bounds_checked
@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="x86 code")
@pytest.mark.parametrize("level", LEVELS)
def test_older_processors_get_code_that_computes_the_same(level, tmp_path):
    code = """
import contextlib, io, sys, numpy as np
from bp_numba import NeuralNetwork, ReferenceNetwork
from bp_numba.native import loading as native
from bp_numba.simd.width import lanes
assert lanes() == 4
rng = np.random.default_rng(0)
X, y = rng.normal(size=(43, 64)), rng.uniform(size=(43, 10))
for density in (1.0, 0.1):
    X = X * (rng.random(X.shape) < density)
    networks = []
    for kind in (NeuralNetwork, ReferenceNetwork):
        np.random.seed(0)
        networks.append(kind([64, 32, 16, 10]))
        with contextlib.redirect_stdout(io.StringIO()):
            networks[-1].fit(X, y, 3)
    for a, b in zip(*(nn.W for nn in networks)):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)
for name in ("predict", "predict_one", "train_one"):
    native.entry_point(name)
assert np.abs(networks[0].predict(X) - networks[1].predict(X)).max() < 1e-12
assert np.abs(networks[0].predict(X[0]) - networks[1].predict(X[0])).max() < 1e-12
assert "numba" not in sys.modules
"""
    run_python(
        code,
        NUMBA_DISABLE_JIT="0",
        NUMBA_CPU_NAME=level,
        NUMBA_CPU_FEATURES=LEVELS[level],
        NUMBA_CACHE_DIR=str(tmp_path),
    )


def test_aarch64_code_is_vectorised():
    from llvmlite import binding

    try:
        binding.initialize_all_targets()
        binding.initialize_all_asmprinters()
        target = binding.Target.from_triple("aarch64-unknown-linux-gnu")
    except RuntimeError as error:
        pytest.skip(f"this llvmlite cannot emit AArch64 code: {error}")
    machine = target.create_target_machine(cpu="generic")
    text = compiled("train_blocks").inspect_llvm()
    text = re.sub(r'target triple = ".*"', 'target triple = "aarch64-unknown-linux-gnu"', text)
    text = re.sub(r'target datalayout = ".*"', f'target datalayout = "{machine.target_data}"', text)
    text = re.sub(r'"target-(cpu|features)"="[^"]*"', "", text)
    assembly = machine.emit_assembly(binding.parse_assembly(text))
    assert re.search(r"\bfmla\s+v\d+\.2d", assembly)
    assert not re.search(r"\bbl\s+(fma|exp)\b", assembly)
