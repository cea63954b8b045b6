"""The driver: slices, the compiled kernels, and what happens between slices."""

import numpy as np
import pytest

from bp_numba import NeuralNetwork, training
from bp_numba.training import SLICE_SECONDS, Trainer, compiled
from tests.conftest import assert_same_weights, make, needs_jit, run_python, twins

pytestmark = needs_jit


@pytest.mark.parametrize("layers", [[5, 3], [5, 4, 3], [5, 9, 2, 3]])
@pytest.mark.parametrize("samples", [1, 2, 7, 1000])
def test_any_slicing_gives_the_same_bits(layers, samples, monkeypatch):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(11, 5)), rng.uniform(size=(11, 3))
    whole, sliced = make(NeuralNetwork, layers), make(NeuralNetwork, layers)
    whole.fit(X, y, epochs=20)

    trainer = Trainer(sliced, X, y)
    calls = []
    kernel = trainer._train_samples

    def counted(*arguments):
        calls.append(arguments[4])
        kernel(*arguments)

    trainer._train_samples = counted
    trainer._slice = samples
    monkeypatch.setattr(training, "SLICE_SECONDS", 0.0)  # never grow
    trainer.run(20)
    assert sum(calls) == 220 and max(calls) <= samples
    assert_same_weights(whole, sliced, 0)


def test_float32_weights_are_rounded_at_every_update_however_sliced():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(11, 5)), rng.uniform(size=(11, 3))
    networks = twins([5, 4, 3])
    for nn in networks:
        nn.W = [w.astype(np.float32) for w in nn.W]
    sliced, reference = networks
    trainer = Trainer(sliced, X, y)
    trainer._slice = 1
    for _ in range(10):
        trainer.run(1)
        trainer._slice = 1
    reference.fit(X, y, epochs=10, displayUpdate=100)
    for ours, expected in zip(sliced.W, reference.W, strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, expected, rtol=1e-6)


def test_slices_grow_to_the_target_and_not_beyond():
    nn = make(NeuralNetwork, [2, 2, 1])
    trainer = Trainer(nn, np.eye(2), np.eye(2)[:, :1])
    first = trainer._slice
    trainer.run(3_000_000)
    assert trainer._slice > first
    seconds_per_sample = 1e-8  # faster than any CPU: an upper bound on the samples of a slice
    assert trainer._slice < 2 * SLICE_SECONDS / seconds_per_sample


def test_weights_replaced_between_slices_are_trained():
    nn, reference = twins([3, 2, 2])
    X, y = np.eye(3), np.eye(3)[:, :2]
    trainer = Trainer(nn, X, y)
    trainer.run(2)
    wider = make(NeuralNetwork, [3, 6, 2], seed=5)
    nn.W = [w.copy() for w in wider.W]
    trainer.run(2)
    wider.fit(X, y, epochs=2)
    assert_same_weights(nn, wider, 0)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([4, 2, 2], r"X must have 5 columns .* got shape \(3, 4\)"),
        ([200, 2, 2], r"X must have 201 columns"),
        ([1, 2, 2], r"X must have 2 columns"),
        ([3, 2, 50], r"W\[1\] must keep 2 columns while it is trained, got shape \(3, 50\)"),
        ([3, 2, 1], r"W\[1\] must keep 2 columns"),
    ],
)
def test_weights_replaced_between_slices_must_fit_the_samples(layers, message):
    nn = make(NeuralNetwork, [3, 2, 2])
    trainer = Trainer(nn, np.eye(3), np.eye(3)[:, :2])
    trainer.run(1)
    nn.W = make(NeuralNetwork, layers).W
    before = [w.copy() for w in nn.W]
    with pytest.raises(ValueError, match=message):
        trainer.run(1)
    for w, old in zip(nn.W, before, strict=True):
        np.testing.assert_array_equal(w, old)


def test_weights_replaced_between_slices_by_ones_that_cannot_be_packed():
    nn, reference = twins([3, 2, 2, 2])
    X, y = np.eye(3), np.eye(3)[:, :2]
    trainer = Trainer(nn, X, y)
    trainer.run(2)
    reference.fit(X, y, epochs=2)
    for network in (nn, reference):
        network.W[2] = network.W[2].astype(np.longdouble)
    trainer.run(3)
    reference.fit(X, y, epochs=3)
    assert_same_weights(nn, reference, 1e-14)


def test_padding_poisoned_by_one_slice_does_not_reach_the_next():
    nn = make(NeuralNetwork, [3, 2, 2])
    clean = [w.copy() for w in nn.W]
    trainer = Trainer(nn, np.full((1, 3), np.nan), np.zeros((1, 2)))
    trainer.run(1)
    assert all(np.isnan(w).all() for w in nn.W)
    nn.W = clean
    trainer._X[:, :3] = 1.0
    trainer.run(1)
    assert all(np.isfinite(w).all() for w in nn.W)


def test_a_kernel_is_compiled_once():
    assert compiled("activate") is compiled("activate")


def test_a_failure_to_compile_is_raised_where_it_is_needed():
    code = """
import sys
sys.modules["llvmlite.ir"] = None
from bp_numba import NeuralNetwork
nn = NeuralNetwork([2, 2, 1])
before = [w.copy() for w in nn.W]
for _ in range(2):
    try:
        nn.fit([[0, 1]], [[1]])
    except ImportError as error:
        print("refused")
assert all((w == old).all() for w, old in zip(nn.W, before))
"""
    assert run_python(code).split() == ["refused", "refused"]
