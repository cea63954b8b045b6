"""The learning rates of Adam's updates, against those of scikit-learn's optimizer."""

import numpy as np
import pytest
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer

from bp_numba.estimators import adam_rates
from bp_numba.estimators.adam_rates import AdamRates


def scikit_learns(adam, updates):
    """Return what the optimizer has for its learning rate after each update."""
    found = []
    for t in updates:
        adam.t = max(t, 1) - 1
        adam._get_updates([np.zeros(1)])
        found.append(adam.learning_rate)
    return found


@pytest.mark.parametrize("ahead", [0, 1, 7, 1_000])
def test_rates_in_any_order_and_with_changed_settings(ahead, monkeypatch):
    monkeypatch.setattr(adam_rates, "AHEAD", ahead)
    adam = AdamOptimizer([np.zeros(1)], 0.01)
    rates = AdamRates(adam)
    for settings in ({}, {"beta_1": 0.5}, {"beta_2": 0.9}, {"learning_rate_init": 3.0}):
        vars(adam).update(settings)
        for updates in ([1, 2], [3, 4], [5, 5, 6], [0, 0, 1], [2_000, 2_001], [7], [1, 2]):
            in_row = range(updates[0], updates[-1] + 1)
            found = rates.of(in_row if [*in_row] == updates else np.array(updates))
            np.testing.assert_allclose(found, scikit_learns(adam, updates), rtol=1e-14)


def test_rates_are_computed_once_for_many_updates(monkeypatch):
    computed = []
    monkeypatch.setattr(adam_rates, "_rates", lambda t, *_: computed.append(len(t)) or t / 2)
    rates = AdamRates(AdamOptimizer([np.zeros(1)]))
    for first in range(1, 2_000, 2):
        assert rates.of(np.array([first, first + 1])).tolist() == [first / 2, (first + 1) / 2]
    assert computed == [2, 1_002, 1_002]  # `partial_fit` would ask once


def test_powers_that_vanish_say_nothing():
    adam = AdamOptimizer([np.zeros(1)], 0.01, beta_1=1e-300)
    with np.errstate(all="raise"):
        assert AdamRates(adam).of(np.array([1, 2])) == pytest.approx(scikit_learns(adam, [1, 2]))
