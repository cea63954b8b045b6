"""exp, tanh and log on vectors: their errors, their limits, what they are compiled to."""

import os
import platform
import re
from typing import NamedTuple

import numba
import numpy as np
import pytest

from bp_numba.kernels import elementary
from bp_numba.simd.loops import loop
from bp_numba.simd.memory import Memory
from bp_numba.simd.tracing import operation
from bp_numba.simd.width import NARROWEST, WIDEST
from tests.conftest import needs_jit, not_bounds_checked
from tests.kernels.cases import WIDTHS
from tests.native.foreign import ONE_OF_A_KIND, run_for
from tests.native.test_symbols import ALLOWED, symbols
from tests.simd.calling import call

pytestmark = needs_jit

DTYPES = [np.float64, np.float32]
COUNT = 1 << 20


def on_arrays(function):
    """Return an operation that writes function(values), for whole vectors, into an array."""

    @operation
    def apply(values: Memory, results: Memory) -> None:
        for at in loop(0, values.size, values.lanes):
            results.store(at, function(values.load(at)))

    return apply


class Function(NamedTuple):
    """A function of `elementary`, its bound in ulp, and where its values are interesting."""

    operation: object
    exact: np.ufunc
    bound: float
    ranges: dict

    def __call__(self, values, width=NARROWEST):
        padded = np.ones(-(-len(values) // 16) * 16, dtype=values.dtype)
        padded[: len(values)] = values
        results = np.full_like(padded, 7.0)
        call(self.operation, width, padded, results)
        return results[: len(values)]


# The results of these ranges are normal numbers. Beyond them every value has a test of its own.
FUNCTIONS = {
    "exp": Function(
        on_arrays(elementary.exp),
        np.exp,
        2.0,
        {np.float64: (-708.04, 709.78), np.float32: (-86.98, 88.72)},
    ),
    "tanh": Function(
        on_arrays(elementary.tanh), np.tanh, 4.0, {np.float64: (-21, 21), np.float32: (-11, 11)}
    ),
    "log": Function(
        on_arrays(elementary.log), np.log, 2.5, {np.float64: (0.4, 3), np.float32: (0.4, 3)}
    ),
}
exp, tanh, log = FUNCTIONS.values()


def any_numbers(rng, dtype):
    """Return normal numbers of every magnitude and both signs."""
    info = np.finfo(dtype)
    magnitude = np.ldexp(rng.uniform(1, 2, COUNT), rng.integers(info.minexp, info.maxexp, COUNT))
    return (magnitude * rng.choice([-1, 1], COUNT)).astype(dtype)


def seams(dtype):
    """Return the numbers around those where a reduction has another k."""
    centres = [np.arange(-4100, 4100) / 4 * np.log(2.0), 2.0 ** (np.arange(-2043, 2048) / 2)]
    near = 1 + np.arange(-8, 9) * np.finfo(dtype).eps
    with np.errstate(over="ignore"):
        return np.outer(np.concatenate(centres), near).astype(dtype).ravel()


def samples(name, dtype):
    """Return some millions of arguments whose results are normal numbers, or zero."""
    rng, (low, high) = np.random.default_rng(16), FUNCTIONS[name].ranges[dtype]
    near_one = 1 + rng.choice([-1, 1], COUNT) * 2.0 ** rng.uniform(-52, -1, COUNT)
    values = np.concatenate(
        [any_numbers(rng, dtype), rng.uniform(low, high, 2 * COUNT), seams(dtype), near_one]
    ).astype(dtype)
    values = values[np.isfinite(values)]
    if name == "log":
        return np.abs(values[np.abs(values) >= np.finfo(dtype).tiny])
    return np.concatenate([values[(low <= values) & (values <= high)], dtype([0.0, 1.0])])


def more_precise(dtype):
    wider = np.longdouble if dtype == np.float64 else np.float64
    if np.finfo(wider).nmant < np.finfo(dtype).nmant + 10:
        pytest.skip("numpy.longdouble is float64 here")
    return wider


def ulps(actual, exact):
    """Return the errors in units in the last place of the exact values, rounded."""
    unit = np.spacing(np.abs(exact).astype(actual.dtype))
    return np.abs(actual - exact) / unit.astype(exact.dtype)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_error_is_below_the_documented_bound(name, dtype, width):
    function, values = FUNCTIONS[name], samples(name, dtype)
    errors = ulps(function(values, width), function.exact(values.astype(more_precise(dtype))))
    worst = errors.argmax()
    print(f"{name}, {dtype.__name__}: {errors[worst]:.3f} ulp at {values[worst]!r}")
    assert len(values) > 2_000_000
    assert 0.5 < errors[worst] < function.bound
    documented = float(re.search(r"below ([\d.]+) ulp", getattr(elementary, name).__doc__)[1])
    assert documented == function.bound


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_special_values_are_numpys(name, dtype, width):
    info = np.finfo(dtype)
    values = dtype([np.nan, np.inf, info.max, info.tiny, 0.0, 1.0, 2.0])
    values = np.concatenate([values, -values])
    with np.errstate(all="ignore"):
        expected = FUNCTIONS[name].exact(values)
    actual = FUNCTIONS[name](values, width)
    assert actual.dtype == dtype
    np.testing.assert_allclose(actual, expected, rtol=FUNCTIONS[name].bound * info.eps)
    exact = (expected == 0) | (np.abs(expected) == 1)
    np.testing.assert_array_equal(actual[exact], expected[exact])
    np.testing.assert_array_equal(np.signbit(actual[exact]), np.signbit(expected[exact]))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nan_stays_nan_whatever_its_payload(name):
    payloads = np.arange(0, 2**13, 17)
    for dtype, bits, quiet in [
        (np.float64, np.uint64, 0x7FF8 << 48),
        (np.float32, "u4", 0x7FC << 20),
    ]:
        nans = (payloads + quiet).astype(bits).view(dtype)
        assert np.isnan(FUNCTIONS[name](np.concatenate([nans, -nans]))).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_exp_overflows_where_numpys_does(dtype):
    largest = dtype(709.782712893384 if dtype == np.float64 else 88.72283)
    beyond = np.nextafter(largest, dtype(np.inf))
    assert np.isfinite(exp(dtype([largest]))).all()
    many = np.abs(any_numbers(np.random.default_rng(3), dtype))
    values = np.concatenate([[beyond], np.linspace(beyond, 2 * beyond, 4000), many[many > beyond]])
    assert (exp(values.astype(dtype)) == np.inf).all()
    with np.errstate(over="ignore"):
        assert np.isfinite(np.exp(largest)) and np.isinf(np.exp(beyond))


@pytest.mark.parametrize("dtype", DTYPES)
def test_exp_underflows_to_zero(dtype):
    info = np.finfo(dtype)
    smallest = (info.minexp + 0.5) * np.log(2.0)  # the logarithm of what is not flushed
    below = np.linspace(smallest * (1 + 2 * info.eps), 2 * smallest, 4000)
    many = -np.abs(any_numbers(np.random.default_rng(4), dtype))
    values = np.concatenate([below, many[many < 2 * smallest]]).astype(dtype)
    results = exp(values)
    assert not results.any() and not np.signbit(results).any()
    assert (
        exp(np.linspace(smallest * (1 - 2 * info.eps), 0, 4000).astype(dtype)) >= info.tiny
    ).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_tanh_is_odd_and_bounded(dtype):
    rng = np.random.default_rng(5)
    values = np.concatenate([any_numbers(rng, dtype), rng.uniform(0, 22, COUNT), [0.0]])
    values = values.astype(dtype)
    results = tanh(values)
    np.testing.assert_array_equal((-tanh(-values)).view("u1"), results.view("u1"))
    assert (np.abs(results) <= 1).all()
    saturated = np.abs(values) > (19.1 if dtype == np.float64 else 9.1)
    np.testing.assert_array_equal(results[saturated], np.sign(values[saturated]))


@pytest.mark.parametrize("dtype", DTYPES)
def test_tanh_of_subnormal_numbers_is_off_by_one_unit_at_most(dtype):
    info = np.finfo(dtype)
    units = np.random.default_rng(6).integers(-(2**info.nmant), 2**info.nmant, COUNT)
    values = units.astype(dtype) * info.smallest_subnormal
    off = np.abs(tanh(values) - values) / info.smallest_subnormal
    assert off.max() <= 1


@pytest.mark.parametrize("dtype", DTYPES)
def test_log_of_what_is_no_positive_normal_number(dtype):
    info = np.finfo(dtype)
    units = np.random.default_rng(7).integers(1, 2**info.nmant, COUNT)
    subnormal = units.astype(dtype) * info.smallest_subnormal
    assert (log(subnormal) == -np.inf).all()
    assert np.isnan(log(-subnormal)).all()
    assert np.isnan(log(-np.abs(any_numbers(np.random.default_rng(8), dtype)))).all()


COMPILE = """
from numba import types
from bp_numba.kernels import elementary
from bp_numba.simd import arithmetic
from bp_numba.simd.internals import machine_code, tune_llvm
from bp_numba.simd.loops import loop
from bp_numba.simd.memory import Memory
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index
from bp_numba.simd.width import vectors_of

def compiled(function, dtype):
    @operation
    def apply(values: Memory, results: Memory, size: Index) -> None:
        for at in loop(0, size, values.lanes):
            results.store(at, function(values.load(at)))

    def entry(values, results, size):
        apply(values, results, size)
        return 0

    pointer = types.CPointer(dtype)
    return machine_code(entry, types.int64(pointer, pointer, types.int64))

def maximum(a):
    return arithmetic.maximum(a, a * a)

tune_llvm()
functions = [elementary.exp, elementary.tanh, elementary.log]
functions += [maximum, arithmetic.max_lanes, arithmetic.sqrt]
for function in functions:
    for dtype in (types.float64, types.float32):
        for width in map(int, widths):
            with vectors_of(width):
                _, code = compiled(function, dtype)
            pathlib.Path(folder, f"{function.__name__}-{dtype}-{width}").write_bytes(code)
"""


@not_bounds_checked  # errors are reported then
@pytest.mark.parametrize("cpu", ONE_OF_A_KIND)
def test_nothing_is_called(cpu, tmp_path):
    run_for(cpu, COMPILE, tmp_path, NARROWEST, WIDEST)
    files = list(tmp_path.iterdir())
    assert len(files) == 6 * 2 * 2
    for file in files:
        assert symbols(file.read_bytes())[0] <= ALLOWED, file.name


@not_bounds_checked
@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64") or os.name == "nt",
    reason="the assembly of x86-64, where no vector register is a caller's",
)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_vector_is_spilled(name, dtype):
    function = getattr(elementary, name)

    @operation
    def apply(values: Memory, results: Memory) -> None:
        results.store(0, function(values.load(0)))  # in a loop Numba would spill constants

    @numba.njit(f"({dtype}[::1], {dtype}[::1])", no_cpython_wrapper=True, no_cfunc_wrapper=True)
    def run(values, results):
        apply(values, results)

    (assembly,) = run.inspect_asm().values()
    assert re.search(r"[xyz]mm\d", assembly)
    assert not re.findall(r".*\(%r[sb]p\).*[xyz]mm.*|.*[xyz]mm.*\(%r[sb]p\).*", assembly)
