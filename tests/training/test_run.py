"""The epochs of a run, and those whose loss is displayed."""

import pytest

from bp_numba.training.run import Run


@pytest.mark.parametrize("interval", [None, 1, 3, 7])
@pytest.mark.parametrize("done", [0, 1, 5, 6, 19])
@pytest.mark.parametrize("epochs", [1, 6, 20])
def test_next_stop(done, epochs, interval):
    run, epoch, displayed = Run(done, epochs, interval), done, []
    while epoch < epochs:
        stop, display = run.next_stop(epoch)
        assert epoch < stop <= epochs
        if display:
            displayed.append(stop)
        epoch = stop
    assert displayed == [
        epoch
        for epoch in range(done + 1, epochs + 1)
        if epoch == 1 or (interval and epoch % interval == 0)
    ]
