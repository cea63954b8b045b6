"""Rows to train on and rows to judge by."""

import numpy as np
import pytest

from bp_numba.cli.splitting import split


def test_split_takes_a_share_of_each_group():
    groups = np.array([0] * 40 + [1] * 8 + [2] * 2 + [3])
    rows = np.random.default_rng(0).permutation(len(groups))
    remaining, taken = split(rows, groups, 0.25)
    assert np.bincount(groups[taken]).tolist() == [10, 2, 1]
    assert np.bincount(groups[remaining]).tolist() == [30, 6, 1, 1]
    assert sorted([*remaining, *taken]) == list(range(len(groups)))
    order = {row: place for place, row in enumerate(rows)}
    assert sorted(remaining, key=order.get) == list(remaining)


@pytest.mark.parametrize(("share", "count"), [(0, 0), (0.001, 1), (0.45, 5), (0.999, 9)])
def test_sizes_of_a_split(share, count):
    remaining, taken = split(np.arange(10), np.zeros(10), share)
    assert (len(remaining), len(taken)) == (10 - count, count)
