"""See that a script gives the same bits every time. Run ``python -m bench.same_bits``.

Five scripts, each in new processes: with an empty and with a filled cache of machine code, on an
idle and on a loaded machine, then in two threads at once and in child processes. Each prints a hash
of all weights, losses and outputs on its way. The exit code is 1 unless there is one hash for each
script.
"""

import argparse
import contextlib
import hashlib
import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial

import numpy as np

from bench.processes import empty_cache, last_line
from bp_numba import NeuralNetwork
from bp_numba.examples.xor import XOR
from bp_numba.runs.state import record_of
from bp_numba.training import activation, choice

LAYERS, LARGE = (64, 32, 16, 10), (64, 512, 512, 10)
"""Layers of networks: many epochs of the one are a slice of `fit`, many slices of the other an
epoch."""
ROWS = 600

BUSY = """
import os
parent = os.getppid()
while os.getppid() == parent:
    pass
"""


def samples(rows=ROWS):
    """Return random inputs, and one of ten classes for each."""
    generator = np.random.default_rng(1)
    return generator.random((rows, 64)), np.eye(10)[generator.integers(10, size=rows)]


def seeded(layers):
    """Return a network that is the same every time, in whatever thread."""
    generator = np.random.default_rng(0)
    network = NeuralNetwork(layers, alpha=0.5)
    network.W = [generator.standard_normal(w.shape) / np.sqrt(len(w)) for w in network.W]
    return network


def fit(add):
    """Fit with the losses of all epochs, of other samples too, in many slices."""
    for layers, ((X, y), epochs) in {
        XOR.layers: (XOR.load(0)[:2], 5_000),
        LAYERS: (samples(), 1_000),
        LARGE: (samples(5 * ROWS), 4),
    }.items():
        network = seeded(layers)
        other = X[: len(X) // 2], y[: len(y) // 2]
        network.fit(X, y, epochs, 1, verbose=False, validation=other)
        history = network.history
        add(*network.W, network.losses, history.losses, history.validation_losses)
        add(history.epochs, history.samples, history.validation_samples)


def fit_partial(add):
    """Train sample by sample, first in NumPy, then with the kernel."""
    network, (X, y) = seeded(LAYERS), samples()
    X = np.c_[X, np.ones(len(X))]
    for n in range(100 * ROWS):
        network.fit_partial(X[n % ROWS], y[n % ROWS])
        if n % 100 == 0:
            add(*network.W)
    add(*network.W)
    assert_enough(network)


def predict(add):
    """Predict one, some and many rows, and take the sigmoid, first in NumPy, then with kernels."""
    network, (X, _) = seeded(LAYERS), samples()
    net_inputs = np.linspace(-9.0, 9.0, activation.MANY)
    for n in range(6_000):
        add(*(network.predict(X[:rows]) for rows in (1, 30, 450)))
        if n % 10 == 0:
            add(network.sigmoid(net_inputs))
    assert_enough(network)


def estimators(add):
    """Fit the estimators, with each solver and in batches of some sizes."""
    from bench.estimators import fit
    from bp_numba import MLPClassifier, MLPRegressor

    X, y = samples()
    for kind, targets in ((MLPClassifier, y.argmax(axis=1)), (MLPRegressor, y)):
        for parameters in (
            {},
            {"batch_size": 32, "activation": "tanh", "early_stopping": True},
            {"solver": "sgd", "batch_size": 1, "momentum": 0.0, "activation": "logistic"},
            {"solver": "lbfgs"},
        ):
            model = kind(max_iter=20, random_state=0, **parameters)
            fit(model, X, targets, 1)
            add(*model.coefs_, *model.intercepts_, getattr(model, "loss_curve_", model.loss_))


def many(add):
    """Train many networks, in lanes and one by one, in one thread and in two."""
    from bp_numba import fit_many

    X, y = samples(60)
    for jobs in (1, 2):
        networks = [seeded(layers) for layers in [(64, 3, 10)] * 70 + [LAYERS] * 3]
        fit_many(networks, X, y, 300, 1, n_jobs=jobs, validation=(X[:9], y[:9]))
        own = [seeded((5, 4, 2)) for _ in range(70)]
        inputs = [X[: 9 + k % 40, :5] for k in range(70)]
        fit_many(own, inputs, [y[: len(x), :2] for x in inputs], 300, 1, n_jobs=jobs)
        for network in networks + own:
            history = network.history
            add(*network.W, history.losses, history.epochs)


def assert_enough(network):
    """Fail if the network has not come to have kernels."""
    work = record_of(network).work
    assert work >= choice.ENOUGH, f"the calls were too few: {work} of {choice.ENOUGH}"


SCRIPTS = {work.__name__: work for work in (fit, fit_partial, predict, estimators, many)}


def digest(name):
    """Return the hash of all that a script computes."""
    found = hashlib.sha256()

    def add(*arrays):
        for array in arrays:
            found.update(np.ascontiguousarray(array).tobytes())

    SCRIPTS[name](add)
    return found.hexdigest()[:16]


def in_child(name, method):
    """Return the hash of a script in a child process."""
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(1, context) as pool:
        return pool.submit(digest, name).result()


def in_threads(name):
    """Return the hashes of a script that runs in two threads at once."""
    with ThreadPoolExecutor(2) as pool:
        return " ".join(sorted(set(pool.map(digest, [name] * 2))))


PLACES = {
    "the main thread": digest,
    "two threads": in_threads,
    **{
        f"a child by {method}": partial(in_child, method=method)
        for method in multiprocessing.get_all_start_methods()
        if method != "forkserver"
    },
}


def run(name, place, cache_folder):
    """Return what a new process prints that runs a script in a place, by the name of it."""
    code = "import sys; from bench.same_bits import PLACES; print(PLACES[sys.argv[2]](sys.argv[1]))"
    return last_line(code, name, place, cache_folder=cache_folder)


@contextlib.contextmanager
def load(processes):
    """Keep the machine busy with so many processes."""
    command = [sys.executable, "-c", BUSY]
    busy = [subprocess.Popen(command) for _ in range(processes)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def conditions(runs):
    """Yield, for each run, whether the cache is filled and the machine loaded, and the place."""
    for number in range(runs):
        yield number % 2 == 1, number // 2 % 2 == 1, "the main thread"
    for place in PLACES:
        if place != "the main thread":
            yield True, False, place


def hashes(name, conditions):
    """Yield the hash of a script under each of the conditions, and what they were.

    The first run has an empty cache, which it fills for the others.
    """
    with empty_cache() as kept:
        for number, (filled, loaded, place) in enumerate(conditions):
            with empty_cache() as empty, load((os.cpu_count() or 1) if loaded else 0):
                folder = kept if filled or number == 0 else empty
                found = run(name, place, folder)
            cache, machine = "filled" if filled else "empty", "loaded" if loaded else "idle"
            yield found, f"{cache} cache, {machine} machine, {place}"


def main():
    """Print the hash of each run; the exit code is 1 if a script has more than one."""
    parser = argparse.ArgumentParser(prog="python -m bench.same_bits", description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="of each script in the main thread")
    parser.add_argument("--script", action="append", choices=SCRIPTS, help="only these scripts")
    options = parser.parse_args()
    different = []
    for name in options.script or SCRIPTS:
        found = set()
        for one, condition in hashes(name, conditions(options.runs)):
            print(f"{name:12} {one}  {condition}", flush=True)
            found.add(one)
        if len(found) > 1:
            different.append(f"{name}: {len(found)}")
    if different:
        sys.exit(f"more than one hash: {', '.join(different)}")


if __name__ == "__main__":
    main()
