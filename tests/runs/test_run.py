"""The epochs of a run, and those whose loss is displayed."""

import pytest

from bp_numba.runs.run import Run


@pytest.mark.parametrize("interval", [None, 1, 3, 7])
@pytest.mark.parametrize("done", [0, 1, 5, 6, 20])
@pytest.mark.parametrize("epochs", [0, 1, 6, 20])
def test_stops(done, epochs, interval):
    expected = [
        epoch
        for epoch in range(done + 1, epochs + 1)
        if epoch == 1 or (interval and epoch % interval == 0)
    ]
    *displayed, last = Run(done, epochs, interval).stops()
    assert displayed == [(epoch, True) for epoch in expected]
    assert last == (epochs, False)
