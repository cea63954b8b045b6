"""fit_many that is interrupted: all networks hold weights of whole epochs, wherever it strikes."""

import math
import signal
import sys

import pytest

from bp_numba import fit_many
from bp_numba.many import lanes as lanes_module
from bp_numba.training import known_units, trainer
from tests.conftest import HANG, PYTHON, read_until, running
from tests.many.conftest import LARGE, SMALL, make, samples
from tests.runs.test_interruptions import Interruption, bits

EPOCHS, ROWS = 3, 20


def networks_of(layers):
    return make(layers, 5)


def states_of(layers):
    """Return for each network its bits after each number of epochs."""
    networks, states = networks_of(layers), []
    states.append([bits(network) for network in networks])
    for epoch in range(EPOCHS):
        fit_many(networks, *samples(layers, ROWS), epoch + 1, 1, initial_epoch=epoch)
        states.append([bits(network) for network in networks])
    return states


@pytest.fixture(params=["whole epochs", "parts of epochs"])
def slices(request, monkeypatch):
    """Let slices hold whole epochs, or some samples only, and be the same in each run."""
    monkeypatch.setattr(known_units, "LONG", math.inf)
    if request.param == "parts of epochs":
        for module in lanes_module, trainer:
            monkeypatch.setattr(module, "SLICE_SECONDS", 1e-9)
            monkeypatch.setattr(module, "FIRST_SLICE", 1)


@pytest.mark.skipif(sys.gettrace() is not None, reason="another tracer is at work")
@pytest.mark.parametrize("layers", [SMALL, LARGE])
def test_at_any_bytecode_all_networks_hold_weights_of_whole_epochs(layers, slices):
    states, X_y = states_of(layers), samples(layers, ROWS)
    expected = networks_of(layers)
    fit_many(expected, *X_y, EPOCHS, 1)
    with Interruption(within="many/") as never:
        fit_many(networks_of(layers), *X_y, EPOCHS, 1)
    first = {where: number for number, where in reversed([*enumerate(never.seen, 1)])}
    last = {where: number for number, where in enumerate(never.seen, 1)}
    moments = sorted({*list(first.values())[::7], *list(last.values())[::7]})
    assert len(moments) > 150
    for at in moments:
        networks = networks_of(layers)
        with Interruption(at, "many/") as interruption, pytest.raises(KeyboardInterrupt):
            fit_many(networks, *X_y, EPOCHS, 1)
        for network, *own in zip(networks, *states, strict=True):
            done = network.epochs_trained
            assert bits(network) == own[done], interruption.place
            assert network.history.epochs == list(range(1, done + 1)), interruption.place
        fit_many(networks, *X_y, EPOCHS, 1, initial_epoch=[nn.epochs_trained for nn in networks])
        for network, other in zip(networks, expected, strict=True):
            assert bits(network) == bits(other), interruption.place
            assert network.history.losses == other.history.losses, interruption.place


CTRL_C = """
import threading, time
import numpy as np
from bp_numba import NeuralNetwork, fit_many
X, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0], [1], [1], [0]])
def make():
    np.random.seed(0)
    return [NeuralNetwork([2, 2, 1], alpha=0.5) for _ in range(300)]
networks = make()
fit_many(make(), X, y, 1, n_jobs={n_jobs})  # so that all is imported and loaded
def tell():
    time.sleep(0.5)
    print("going", flush=True)
threading.Thread(target=tell).start()
try:
    fit_many(networks, X, y, 10**9, 10**9, n_jobs={n_jobs})
except KeyboardInterrupt:
    before = [w.copy() for nn in networks for w in nn.W]
    done = sorted({{nn.epochs_trained for nn in networks}})
    time.sleep(0.3)
    print("trained", done[-1] > 0)
    print("at rest", all(map(np.array_equal, before, (w for nn in networks for w in nn.W))))
    others = make()
    for nn, other in zip(networks[:3] + networks[-3:], others[:3] + others[-3:]):
        fit_many([other], X, y, nn.epochs_trained, 10**9)
        print("whole", all(map(np.array_equal, nn.W, other.W)))
    print("end", flush=True)
"""


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_ctrl_c_leaves_all_of_them_usable(n_jobs):
    if n_jobs > 1:
        pytest.importorskip("joblib")
    code = CTRL_C.format(n_jobs=n_jobs)
    with running([*PYTHON, "-c", code]) as process:
        read_until(process, "going")
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=HANG)
    expected = ["trained True", "at rest True", *["whole True"] * 6, "end"]
    assert output.splitlines() == expected, output + errors
