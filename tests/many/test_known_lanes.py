"""Kernels for lanes that are compiled for the networks' own layers: nobody can tell."""

import pickle

import pytest

from bp_numba import fit_many
from bp_numba.kernels.variants import for_units
from bp_numba.many import lanes as lanes_module
from bp_numba.many.lanes import InLanes
from bp_numba.many.members import members_of
from bp_numba.many.tasks import Order
from bp_numba.native import loading
from bp_numba.simd.width import widest
from bp_numba.training import known_units
from bp_numba.training.run import Run
from tests.conftest import needs_jit, not_bounds_checked
from tests.many.conftest import SMALL, assert_same, make, samples

pytestmark = [needs_jit, not_bounds_checked]

LAYERS = [[1, 1], [3, 2], SMALL, [2, 3, 1, 2], [1, 2, 2, 2, 1]]
COUNT = 14 * widest() + 1
"""Eight vectors side by side, four, two, and one by itself that is not full."""


@pytest.fixture
def at_once(monkeypatch):
    """Have the kernels for known units from the second slice on, and remember which they were."""
    ordered = []

    def load(name, width):
        ordered.append(name)
        loading.load(name, width)

    monkeypatch.setattr(known_units, "_seconds", {})
    monkeypatch.setattr(known_units, "LONG", 0.0)
    monkeypatch.setattr(loading, "order", load)
    monkeypatch.setattr(lanes_module, "FIRST_SLICE", 2_000)
    return ordered


def sets(layers, own):
    """Return samples for all networks, or for each its own."""
    if not own:
        return samples(layers, 9)
    return zip(*[samples(layers, 1 + k * 5 % 9, seed=k) for k in range(COUNT)], strict=True)


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("layers", LAYERS, ids=str)
def test_any_layers_give_the_same_bits(layers, own, at_once, monkeypatch):
    X, y = sets(layers, own)
    networks, others = make(layers, COUNT), make(layers, COUNT)
    fit_many(networks, X, y, 30, 7, validation=samples(layers, 4))
    units = [*(len(w) for w in networks[0].W), layers[-1]]
    name = for_units("train_on_own" if own else "train_on_shared", units)
    assert set(at_once) == {name}
    monkeypatch.setattr(known_units.KnownUnits, "kernel", lambda self: None)
    fit_many(others, X, y, 30, 7, validation=samples(layers, 4))
    assert_same(networks, others)


def test_it_takes_over_between_two_slices(at_once, monkeypatch):
    used, before = [], InLanes._kernel

    def kernel(task):
        used.append(before(task).func)
        return before(task)

    monkeypatch.setattr(InLanes, "_kernel", kernel)
    name = for_units("train_on_shared", [4, 5, 2])
    monkeypatch.setattr(
        loading,
        "_functions",
        {key: f for key, f in loading._functions.items() if key[0] != name},
    )
    fit_many(make(SMALL, 9), *samples(SMALL, 9), 400)
    general, known = (loading.load(n, widest()) for n in ("train_on_shared", name))
    assert used[0] is general and used[-1] is known
    assert used == sorted(used, key=lambda function: function is known)


def test_a_task_goes_on_with_it_in_another_process(at_once):
    networks, expected = make(SMALL, 9), make(SMALL, 9)
    X, y = samples(SMALL, 9)
    fit_many(expected, X, y, 20, 20)
    task, run = InLanes(members_of(networks, X, y, None), 0, widest()), Run(0, 20, 20)
    task.advance(Order(run, 10))
    sent = pickle.loads(pickle.dumps(task))
    sent.attach(task.arrays())
    sent.advance(Order(run, 20))
    task.take(sent)
    task.deliver()
    assert_same(networks, expected)
