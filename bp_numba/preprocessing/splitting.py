"""Rows to train on and rows to judge by."""

from typing import Any

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]


def split(rows: Rows, groups: npt.NDArray[Any], share: float) -> tuple[Rows, Rows]:
    """Return the rows that remain and those that are taken out, both in their order.

    Parameters
    ----------
    rows : array of int
        Numbers of rows. The first of each group are taken, so their order must be random; it
        stays mixed, because training does not shuffle and would forget one group for the next.
    groups : array
        The group of every row of the table, its class.
    share : float
        How much of each group is taken, from 0 to 1: if not 0, at least one row, but never all.
    """
    taken = np.zeros(len(rows), dtype=bool)
    for group in np.unique(groups[rows]) if share else ():
        members = np.flatnonzero(groups[rows] == group)
        count = min(max(int(share * len(members) + 0.5), 1), len(members) - 1)
        taken[members[:count]] = True
    return rows[~taken], rows[taken]


def balance(classes: npt.NDArray[np.int64], seed: int) -> Rows:
    """Return an order in which each class comes as often as the most frequent one.

    Parameters
    ----------
    classes : array of int
        The class of each row to train on.
    seed : int
        Of the order, which is mixed, and of the rows that come once more than others.

    Returns
    -------
    array of int
        Numbers of the rows; those of rarer classes again and again.
    """
    if not len(classes):
        return np.zeros(0, dtype=np.int64)
    generator = np.random.default_rng(seed)
    most = np.bincount(classes).max()
    rows = [
        np.resize(generator.permutation(np.flatnonzero(classes == number)), most)
        for number in np.unique(classes)
    ]
    return generator.permutation(np.concatenate(rows))
