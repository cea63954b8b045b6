"""Kernels for the units of given layers: when they are used, and that nobody can tell."""

import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bp_numba import NeuralNetwork, ReferenceNetwork
from bp_numba.kernels import inputs
from bp_numba.kernels.calls import OF_KNOWN_UNITS
from bp_numba.kernels.layout import units_of
from bp_numba.kernels.variants import for_units
from bp_numba.native import background, loading
from bp_numba.simd.width import width_for
from bp_numba.training import known_units, packed, plan
from bp_numba.training.run import Run
from bp_numba.training.samples import Samples
from bp_numba.training.trainer import Trainer
from tests.conftest import assert_same_weights, make, needs_jit, not_bounds_checked, weights_copy

pytestmark = [needs_jit, not_bounds_checked]


KNOWN = tuple(f"{base}." for base in OF_KNOWN_UNITS)


@pytest.fixture(autouse=True)
def forgotten(monkeypatch):
    """Begin and end without such kernels, in this process."""
    compiled()  # what other tests may have ordered
    loaded = loading._functions.items()
    others = {(name, width): f for (name, width), f in loaded if not name.startswith(KNOWN)}
    monkeypatch.setattr(known_units, "_seconds", {})
    monkeypatch.setattr(loading, "_functions", others)
    monkeypatch.setattr(loading, "_prepared", set())
    monkeypatch.setattr(packed.local, "last", None)


def data(rows, layers, density=1.0):
    rng = np.random.default_rng(rows)
    X = rng.normal(size=(rows, layers[0])) * (rng.random((rows, layers[0])) < density)
    return Samples(X, rng.uniform(size=(rows, layers[-1])))


def train(trainer, epochs):
    epoch = 0
    while epoch < epochs:
        epoch = trainer.advance(Run(0, epochs, 3), epoch).epoch


def used():
    """Return the kernel of the last slice."""
    return packed.local.last._kernel


def compiled():
    """Wait for what has been ordered, and return the names of the kernels for known units."""
    for thread in threading.enumerate():
        if thread.name == loading.ORDERS:
            thread.join(600)
    return [name for name, _ in loading._functions if name.startswith(KNOWN)]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("density", [0.2, 1.0])
def test_a_run_that_is_long_goes_on_with_the_kernel_for_its_layers(density, dtype, monkeypatch):
    layers, samples = [30, 4, 3], data(19, [30, 4, 3], density)
    networks = [make(NeuralNetwork, layers) for _ in range(2)]
    for nn in networks:
        nn.W = [w.astype(dtype) for w in nn.W]
    train(Trainer(networks[0], samples), 40)
    assert compiled() == []
    monkeypatch.setattr(known_units, "LONG", 0.0)
    trainer = Trainer(networks[1], samples)
    train(trainer, 20)
    base = "train_blocks" if trainer._plan.in_blocks else "train_samples"
    assert compiled() == [for_units(base, [31, 5, 3])]
    for _ in range(20):
        train(trainer, 1)
    assert used() is loading.loaded(compiled()[0], trainer._plan.width)
    assert used() is not loading.load(base, trainer._plan.width)
    assert_same_weights(*networks, 0)


@pytest.mark.parametrize("layers", [[6, 5, 2], [6, 30, 2], [6, 2], [6, 12, 12, 2]])
@pytest.mark.parametrize("density", [0.2, 1.0])
def test_weights_replaced_while_it_is_used_have_the_kernel_for_theirs(density, layers, monkeypatch):
    """That for other layers would write beyond them."""
    monkeypatch.setattr(known_units, "LONG", 0.0)
    samples, nn = data(40, [6, 12, 2], density), make(NeuralNetwork, [6, 12, 2])
    trainer = Trainer(nn, samples)
    train(trainer, 1)
    name = for_units(trainer._plan.kernel, [7, 13, 2])
    assert name in compiled()
    train(trainer, 1)
    assert used() is loading.loaded(name, trainer._plan.width)
    first, other = nn.W, make(NeuralNetwork, layers, seed=5)
    nn.W = weights_copy(other)
    train(trainer, 20)
    reference = make(ReferenceNetwork, layers, seed=5)
    reference.fit(samples.X, samples.y, epochs=20, displayUpdate=100)
    assert_same_weights(nn, reference, 1e-13)
    nn.W = first
    train(trainer, 1)
    assert used() is loading.loaded(name, trainer._plan.width)
    compiled()  # before the next test begins


def test_seconds_of_several_runs_add_up(monkeypatch):
    orders = []
    monkeypatch.setattr(loading, "order", lambda *kernel: orders.append(kernel))
    for units in ([3, 3, 1], [3, 5, 1]):
        for _ in range(3):
            known_units.KnownUnits("train_blocks", units, 4).trained(known_units.LONG / 2.5)
            assert not orders or known_units._seconds["train_blocks.3x3x1"] > known_units.LONG
    assert orders == [("train_blocks.3x3x1", 4), ("train_blocks.3x5x1", 4)]


def test_large_networks_have_none(monkeypatch):
    orders = []
    monkeypatch.setattr(loading, "order", lambda *kernel: orders.append(kernel))
    for units in ([785, 129, 10], [65, 257, 257, 10]):
        known = known_units.KnownUnits("train_blocks", units, 4)
        known.trained(100.0)
        assert known.kernel() is None
    assert orders == []


@pytest.mark.parametrize(
    ("module", "name"),
    [(background, "begin"), (loading, "load"), (threading.Thread, "start")],
)
def test_where_none_is_to_be_had_training_goes_on(module, name, monkeypatch, recwarn):
    samples, networks = data(9, [2, 3, 1]), [make(NeuralNetwork, [2, 3, 1]) for _ in range(2)]
    trainers = [Trainer(nn, samples) for nn in networks]
    train(trainers[0], 30)

    def fail(*_):
        raise RuntimeError("as a compiler that fails")

    monkeypatch.setattr(known_units, "LONG", 0.0)
    with monkeypatch.context() as broken:
        broken.setattr(module, name, fail)
        broken.setattr(loading, "is_kept", lambda *_: False)
        for _ in range(30):
            train(trainers[1], 1)
        assert compiled() == []
    assert_same_weights(*networks, 0)
    assert not recwarn.list


@settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    layers=st.lists(st.integers(1, 40), min_size=2, max_size=5),
    rows=st.integers(1, 20),
    in_blocks=st.booleans(),
    dtype=st.sampled_from([np.float64, np.float32]),
)
def test_any_layers_give_the_same_bits(layers, rows, in_blocks, dtype, monkeypatch):
    monkeypatch.setattr(inputs, "SINGLE_COST", 1e9 if in_blocks else 0.0)
    plan._remembered.cache_clear()
    samples, networks = data(rows, layers), [make(NeuralNetwork, layers) for _ in range(2)]
    for nn in networks:
        nn.W = [w.astype(dtype) for w in nn.W]
    general, known = (Trainer(nn, samples) for nn in networks)
    base = "train_blocks" if known._plan.in_blocks else "train_samples"
    units = units_of(networks[0].W)
    known._function = loading.load(for_units(base, units), width_for(units))
    points = [trainer.advance(Run(0, 30, 3), 0).points for trainer in (general, known)]
    assert [point.loss for point in points[0]] == [point.loss for point in points[1]]
    assert_same_weights(*networks, 0)
    plan._remembered.cache_clear()
