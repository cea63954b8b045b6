"""Rows to train on, in which every class comes as often."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bp_numba.preprocessing.splitting import balance, split


def test_shares_of_each_group():
    groups = np.repeat([0, 1], [40, 8])
    rest, taken = split(np.arange(48), groups, 0.25)
    assert np.bincount(groups[taken]).tolist() == [10, 2]
    assert sorted([*rest, *taken]) == list(range(48))


def test_never_all_of_a_group_nor_none():
    groups = np.repeat([0, 1, 2], [2, 3, 1])
    assert np.bincount(groups[split(np.arange(6), groups, 0.01)[1]], minlength=3).tolist() == [
        1,
        1,
        0,
    ]
    assert np.bincount(groups[split(np.arange(6), groups, 0.99)[1]], minlength=3).tolist() == [
        1,
        2,
        0,
    ]
    assert len(split(np.arange(6), groups, 0.0)[1]) == 0


@given(st.lists(st.integers(0, 3), min_size=1), st.integers(0, 5))
def test_balance(classes, seed):
    classes = np.array(classes)
    order = balance(classes, seed)
    counts = np.bincount(classes)
    assert set(np.bincount(classes[order])) - {0} == {counts.max()}
    times = np.bincount(order, minlength=len(classes))
    for number in np.unique(classes):
        assert np.ptp(times[classes == number]) <= 1 and times.min() >= 1
    np.testing.assert_array_equal(balance(classes, seed), order)


def test_balanced_rows_are_mixed():
    classes = np.repeat([0, 1], [50, 5])
    order = balance(classes, 0)
    assert not np.array_equal(order, balance(classes, 1))
    assert 15 < np.sum(classes[order[:50]]) < 35
