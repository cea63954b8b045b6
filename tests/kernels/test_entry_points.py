"""The entry points as Python calls them, and the machine code that they become."""

import platform
import re

import numba
import numpy as np
import pytest

from bp_numba.kernels import entry_points
from bp_numba.kernels.calls import ARGUMENTS, MEASURE, TRAIN, Activation, Listed, Training
from bp_numba.kernels.layout import BLOCK, padded_rows
from bp_numba.kernels.variants import for_large, for_units
from bp_numba.native import loading
from bp_numba.simd import internals
from bp_numba.simd.arrays import address_table
from bp_numba.simd.width import vector_width
from tests.conftest import not_bounds_checked, run_python
from tests.kernels.cases import (
    LAYERS,
    WIDTHS,
    assert_guards,
    assert_weights,
    guarded,
    lists_of,
    make_case,
    sigmoid,
    step_in_numpy,
    unpacked,
)

WIDTH = vector_width()


def train(case, samples_per_list, first, count, kept=BLOCK, measured=0, known=None):
    """Train on some blocks, and return half the squared errors of the first ones then.

    With units that are known when the kernel is compiled, if they are given.
    """
    inputs = lists_of(case.X, samples_per_list, case.width)
    targets = padded_rows(case.y, case.y.shape[1], case.width)
    errors = guarded(case.width)
    errors[...] = 0.0
    training = Training(case.network, errors, np.empty(0, np.int64))
    listed = Listed(inputs, targets, np.array([kept]))
    tables = address_table(training), address_table(listed)
    at = [table.ctypes.data for table in tables]
    case.network.steps[...] = 0.0
    name = "train_samples" if samples_per_list == 1 else "train_blocks"
    name = for_large(name) if case.tiled else name
    function = loading.load(for_units(name, known) if known else name, case.width)
    function(*at, first, count, TRAIN, 0.3)
    function(*at, 0, measured, MEASURE, 0.3)
    assert_guards(errors)
    return 0.5 * errors.sum()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("samples_per_list", "kept"), [(BLOCK, BLOCK), (1, BLOCK), (1, 1)])
@pytest.mark.parametrize(("units", "tiled"), LAYERS)
def test_training_goes_round_the_blocks(units, tiled, samples_per_list, kept, width):
    case = make_case(units, width, False, 2 * BLOCK + 3, 1.0, samples_per_list, tiled)
    train(case, samples_per_list, 1, 4, kept)  # the second and the short, then first and second
    order = [*range(BLOCK, 2 * BLOCK + 3), *range(2 * BLOCK)]
    for row in order:
        step_in_numpy(case.W, case.X[row], case.y[row], 0.3)
    assert_weights(case, case.W)
    network = case.network
    assert_guards(network.weights, network.activations, network.steps, network.net_inputs)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("samples_per_list", "kept"), [(BLOCK, BLOCK), (1, BLOCK), (1, 1)])
@pytest.mark.parametrize(("units", "tiled"), LAYERS)
def test_errors_are_summed_after_training_without_changing_a_weight(
    units, tiled, samples_per_list, kept, width
):
    how = width, False, 2 * BLOCK + 3, 1.0, samples_per_list, tiled
    case, trained = (make_case(units, *how) for _ in range(2))
    loss = train(case, samples_per_list, 0, 3, kept, measured=3)
    train(trained, samples_per_list, 0, 3, kept)
    np.testing.assert_array_equal(case.network.weights, trained.network.weights)
    a = case.X
    for w in unpacked(trained):
        a = sigmoid(a @ w)
    np.testing.assert_allclose(loss, 0.5 * np.sum((a - case.y) ** 2), rtol=1e-12)
    assert train(case, samples_per_list, 0, 0, kept, measured=3) == loss


@pytest.mark.parametrize("tiled", [False, True])
@pytest.mark.parametrize("samples_per_list", [1, BLOCK])
def test_a_call_in_two_parts_gives_the_same_bits(samples_per_list, tiled):
    how = WIDTH, False, 2 * BLOCK + 3, 1.0, samples_per_list, tiled
    whole, parts = (make_case([65, 33, 17, 10], *how) for _ in range(2))
    train(whole, samples_per_list, 0, 7)
    train(parts, samples_per_list, 0, 2)
    train(parts, samples_per_list, 2, 5)
    np.testing.assert_array_equal(whole.network.weights, parts.network.weights)


@pytest.fixture
def forgotten(monkeypatch):
    """Leave no kernels for known units behind, which trainers would find."""
    monkeypatch.setattr(loading, "_functions", dict(loading._functions))


KNOWN = [[3, 3, 1], [65, 33, 17, 10], [6, 1, 1, 3, 9], [2, 1], [9, 8, 8], [30, 9, 13]]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("samples_per_list", "kept"), [(BLOCK, BLOCK), (1, BLOCK), (1, 1)])
@pytest.mark.parametrize("units", KNOWN)
@pytest.mark.usefixtures("forgotten")
def test_known_units_give_the_same_bits(units, samples_per_list, kept, width):
    how = width, False, 2 * BLOCK + 3, 1.0, samples_per_list
    general, known = (make_case(units, *how) for _ in range(2))
    losses = [
        train(case, samples_per_list, 1, 7, kept, measured=3, known=known)
        for case, known in ((general, None), (known, units))
    ]
    assert losses[0] == losses[1]
    assert general.network.weights.tobytes() == known.network.weights.tobytes()
    network = known.network
    assert_guards(network.weights, network.activations, network.steps, network.net_inputs)


@pytest.mark.usefixtures("forgotten")
def test_known_units_are_those_of_the_name():
    """The sizes in the network are not read: of another one other places would be changed."""
    case = make_case([9, 8, 8], WIDTH, samples=3)
    before = case.network.weights[-WIDTH:].copy()
    case.network.units[...] = 10**6
    train(case, BLOCK, 0, 1, known=[9, 8, 8])
    assert not np.array_equal(case.network.weights[-WIDTH:], before)
    assert_guards(case.network.weights, case.network.activations)


@pytest.mark.parametrize("tiled", [False, True])
def test_narrow_weights_are_rounded_after_every_sample(tiled):
    case = make_case([5, 4, 3], WIDTH, True, BLOCK + 2, samples_per_list=1, tiled=tiled)
    train(case, 1, 0, 2, kept=1)
    for x, y in zip(case.X, case.y, strict=True):
        step_in_numpy(case.W, x, y, 0.3)
        case.W[:] = [w.astype(np.float32).astype(np.float64) for w in case.W]
    for actual, w in zip(unpacked(case), case.W, strict=True):
        np.testing.assert_array_equal(actual, actual.astype(np.float32))
        np.testing.assert_allclose(actual, w, rtol=1e-6)


@pytest.mark.parametrize("size", [WIDTH, WIDTH + 1, 3 * WIDTH, 1001])
def test_activate_writes_every_element_once_over(size):
    z, out = np.linspace(-50, 50, size), guarded(size)
    table = address_table(Activation(z, out))
    loading.load("activate")(table.ctypes.data)
    np.testing.assert_allclose(out, sigmoid(z), rtol=6e-16)
    assert_guards(out)


SCALAR = {
    "train_blocks": {"add"},
    "train_samples": {"fmadd", "mul", "add"},
    "train_one": {"fmadd", "mul", "add", "sub"},
}
"""Instructions on single numbers: those that change a single column of the first matrix, or in the
user's own matrices what is beyond whole vectors."""


def compiled(name):
    signature = numba.types.int64(*map(entry_points.TYPES.get, ARGUMENTS[name]))
    return numba.cfunc(signature, **internals.OPTIONS)(getattr(entry_points, name))


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="reads x86 code")
@pytest.mark.parametrize("name", ARGUMENTS)
def test_machine_code_is_vectorised(name):
    assembly = compiled(name)._library.get_asm_str()
    register = "zmm" if WIDTH == 8 else "[xy]mm"
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
from bp_numba.native.loading import load
from bp_numba.simd.width import vector_width
assert vector_width() == 4
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
    load(name)
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
