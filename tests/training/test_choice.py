"""Compiled code or NumPy, and the reason."""

import math

import numpy as np
import pytest

from bp_numba import NeuralNetwork
from bp_numba.native import compiling, loading
from bp_numba.runs.state import Record, record_of
from bp_numba.training import choice
from tests.conftest import make, needs_jit, weights_copy
from tests.native.new_process import assert_works, files_in, new_process


@pytest.mark.parametrize(("value", "expected"), [("", True), ("0", True), ("1", False)])
def test_numba_disable_jit(value, expected, monkeypatch, compilations, tmp_path):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", value)
    assert loading.enabled() == expected
    if not expected:
        assert choice.for_fit("activate") == (None, choice.Reason.SWITCHED_OFF)
        assert choice.Deferred("activate").kernel(Record(work=choice.ENOUGH)) is None
        nn = make(NeuralNetwork, [2, 2, 1])
        before = weights_copy(nn)
        nn.fit([[0, 1]], [[1]], epochs=2)
        assert all((w != old).any() for w, old in zip(nn.W, before, strict=True))
        assert compilations == files_in(tmp_path) == []


@pytest.fixture
def prepared(monkeypatch):
    """Return the list of kernels that are to be compiled in the background, and are not."""
    names = []
    monkeypatch.setattr(loading, "prepare", names.append)
    return names


@needs_jit
def test_a_kernel_is_used_after_enough_work_of_one_network(quick, prepared):
    deferred, record, other = choice.Deferred("activate"), Record(), Record()
    for _ in range(14):
        deferred.charge(record, choice.PROMISING // 14)
        assert deferred.kernel(record) is None
    assert prepared == []
    deferred.charge(record, choice.PROMISING)
    assert deferred.kernel(record) is None and set(prepared) == {"activate"}
    assert quick == []
    deferred.charge(record, choice.ENOUGH)
    assert_works(deferred.kernel(record))
    assert quick == ["activate"]
    assert deferred.kernel(other) is None  # though it is loaded


@needs_jit
@pytest.mark.parametrize("error", [compiling.NotCompiled, choice.MissingPart])
def test_a_kernel_that_is_not_to_be_had_is_tried_once(error, monkeypatch, quick):
    def fails(name, width):
        raise error("many\nlines: out of order")

    monkeypatch.setattr(choice, "_failures", [])
    deferred, record = choice.Deferred("activate"), Record(work=choice.ENOUGH)
    with monkeypatch.context() as broken:
        broken.setattr(loading, "load", fails)
        with pytest.warns(RuntimeWarning, match=r"activate could not be .*\(lines: out of order\)"):
            assert deferred.kernel(record) is None
    assert deferred.kernel(record) is None and quick == []
    assert choice.for_fit("activate") == (None, choice.Reason.NOT_TO_BE_HAD)


CALLS = {
    "predict one": (lambda nn: nn.predict(np.zeros(64)), "predict_one"),
    "predict many": (lambda nn: nn.predict(np.zeros((450, 64))), "predict"),
    "fit_partial": (lambda nn: nn.fit_partial(np.zeros(65), np.zeros(10)), "train_one"),
    "sigmoid": (lambda nn: nn.sigmoid(np.zeros(100_000)), "activate"),
}


@needs_jit
@pytest.mark.parametrize("kind", CALLS)
def test_calls_count_what_numpy_takes(kind, prepared, monkeypatch):
    """Roughly: within a factor of ten, on any machine."""
    call, name = CALLS[kind]
    monkeypatch.setattr(choice, name.upper(), choice.Deferred(name))  # nothing is loaded
    nn = make(NeuralNetwork, [64, 32, 16, 10])
    call(nn)
    work = record_of(nn).work
    assert 2e3 < work < 5e6
    calls = 1
    while not prepared:
        call(nn)
        calls += 1
    assert prepared == [name] and calls == math.ceil(choice.PROMISING / work)


@needs_jit
@pytest.mark.parametrize("kind", CALLS)
def test_the_same_number_of_calls_whether_kernels_are_kept(kind, quick, prepared, monkeypatch):
    """Neither what is kept or loaded nor the clock has a say."""
    call, name = CALLS[kind]
    used = []

    def function(*arguments):
        used.append(arguments)
        return 1

    counts = []
    for loaded in (False, True):
        new_process()
        deferred = choice.Deferred(name)
        monkeypatch.setattr(choice, name.upper(), deferred)
        monkeypatch.setattr(loading, "load", lambda *_: function)
        monkeypatch.setattr(choice, "ENOUGH", 10**7)
        if loaded:
            deferred._function = function
        nn = make(NeuralNetwork, [64, 32, 16, 10])
        calls = 0
        while not used:
            call(nn)
            calls += 1
        counts.append(calls)
        used.clear()
    assert counts[0] == counts[1] > 1


@pytest.mark.parametrize("name", ["sigmoid", "sigmoid_deriv", "fit_partial", "predict"])
def test_overridden_methods(name):
    nn = make(NeuralNetwork, [2, 2, 1])
    assert not choice.overridden(nn, "sigmoid", "fit_partial", "predict")
    setattr(nn, name, lambda *arguments: None)
    assert choice.overridden(nn, name) and not choice.overridden(nn, "calculate_loss")
    other = type("Other", (NeuralNetwork,), {name: lambda self, *arguments: None})([2, 1])
    assert choice.overridden(other, "calculate_loss", name)
