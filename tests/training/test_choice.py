"""Compiled code or NumPy, and the reason."""

import pytest

from bp_numba import NeuralNetwork
from bp_numba.native import compiling, files, loading
from bp_numba.training import choice
from tests.conftest import make, needs_jit, weights_copy
from tests.native.new_process import assert_works, files_in, load, new_process


@pytest.mark.parametrize(("value", "expected"), [("", True), ("0", True), ("1", False)])
def test_numba_disable_jit(value, expected, monkeypatch, compilations, tmp_path):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", value)
    assert loading.enabled() == expected
    if not expected:
        assert choice.for_fit("activate") == (None, choice.Reason.SWITCHED_OFF)
        deferred = choice.Deferred("activate")
        deferred.charge(1000.0)
        assert deferred.kernel() is None and deferred.reason is choice.Reason.SWITCHED_OFF
        nn = make(NeuralNetwork, [2, 2, 1])
        before = weights_copy(nn)
        nn.fit([[0, 1]], [[1]], epochs=2)
        assert all((w != old).any() for w, old in zip(nn.W, before, strict=True))
        assert compilations == files_in(tmp_path) == []


@pytest.fixture
def deferred(quick, monkeypatch):
    """Return an entry point to be had after 1 s from disk, after 10 s compiled."""
    monkeypatch.setattr(choice, "LOAD_SECONDS", 1.0)
    monkeypatch.setattr(choice, "COMPILE_SECONDS", 10.0)
    return choice.Deferred("activate")


@needs_jit
def test_deferred_is_compiled_once_that_pays(deferred, quick):
    for _ in range(8):  # 0 s to 8.75 s
        assert deferred.kernel() is None and deferred.reason is choice.Reason.NOT_PAID_OFF
        deferred.charge(1.25)
    assert quick == []
    assert_works(deferred.kernel())
    assert quick == ["activate"]


@needs_jit
def test_deferred_is_loaded_once_that_pays(deferred, quick):
    load()
    new_process()
    assert deferred.kernel() is None
    deferred.charge(0.5)
    assert deferred.kernel() is None and loading._functions == {}
    deferred.charge(0.5)
    assert_works(deferred.kernel())
    assert quick == ["activate"]


@needs_jit
def test_deferred_is_there_when_somebody_else_had_it_loaded(deferred, quick):
    load()
    assert_works(deferred.kernel())
    assert deferred.kernel() is loading.load("activate")


@needs_jit
@pytest.mark.parametrize("error", [compiling.NotCompiled, choice.MissingPart])
def test_a_kernel_that_is_not_to_be_had_is_tried_once(error, deferred, monkeypatch):
    def fails(name, width):
        raise error("many\nlines: out of order")

    monkeypatch.setattr(choice, "_failures", [])
    deferred.charge(10.0)
    with monkeypatch.context() as broken:
        broken.setattr(loading, "load", fails)
        with pytest.warns(RuntimeWarning, match=r"activate could not be .*\(lines: out of order\)"):
            assert deferred.kernel() is None
    assert deferred.kernel() is None and deferred.reason is choice.Reason.NOT_TO_BE_HAD
    assert choice.for_fit("activate") == (None, choice.Reason.NOT_TO_BE_HAD)


@needs_jit
def test_deferred_with_no_folder_waits_until_compiling_pays(deferred, quick, monkeypatch):
    monkeypatch.setattr(files, "cache_folder", lambda: None)
    deferred.charge(9.0)
    assert deferred.kernel() is None
    deferred.charge(1.0)
    assert_works(deferred.kernel())


@pytest.mark.parametrize("name", ["sigmoid", "sigmoid_deriv", "fit_partial", "predict"])
def test_overridden_methods(name):
    nn = make(NeuralNetwork, [2, 2, 1])
    assert not choice.overridden(nn, "sigmoid", "fit_partial", "predict")
    setattr(nn, name, lambda *arguments: None)
    assert choice.overridden(nn, name) and not choice.overridden(nn, "calculate_loss")
    other = type("Other", (NeuralNetwork,), {name: lambda self, *arguments: None})([2, 1])
    assert choice.overridden(other, "calculate_loss", name)
