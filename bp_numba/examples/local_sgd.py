"""Local SGD: one network on digits that lie on several workers, whose weights are averaged.

    python -m bp_numba.examples.local_sgd --plot local_sgd.png

Each worker of a Dask cluster trains on its own shard of the samples, and after every five epochs
all go on from the average of their weights (Stich, "Local SGD Converges Fast and Communicates
Little", arXiv 1805.09767). It is meant for data that no machine can hold, and changes the numbers;
on samples as few as these a plain run of as many epochs is better, and sooner done.
"""

import sys
from copy import deepcopy
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from bp_numba import NeuralNetwork
from bp_numba.examples.digits import DIGITS, load
from bp_numba.examples.script import run

WORKERS = 2
ROUNDS, EPOCHS = 20, 5


def main(seed: int = 0, plot: Path | None = None, save: Path | None = None) -> None:
    """Train 64-32-16-10 on two workers and in one process, print and draw how they compare."""
    from dask.distributed import Client, LocalCluster

    X, y, X_test, y_test = load(seed)
    test = X_test, y_test
    options = {"threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", "silence_logs": "ERROR"}
    # A process for each worker; with more machines it is Client("address of the scheduler").
    with LocalCluster(n_workers=WORKERS, **options) as cluster, Client(cluster) as client:
        client.wait_for_workers(WORKERS)
        averaged, losses, seconds = _train_on_shards(client, seed, test)
    if save is not None:
        averaged.save(save)

    whole = _network(seed)
    _train(_network(seed), (X, y))  # as in the workers: kernels are loaded before time is taken
    started = perf_counter()
    whole.fit(X, y, ROUNDS * EPOCHS, EPOCHS, verbose=False, validation=test)
    alone = perf_counter() - started
    print(f"[INFO] {WORKERS} workers: {_score(averaged, test)}")
    print(f"[INFO] one process: {_score(whole, test)}")
    outcome = "pays" if seconds < alone else "does not pay"
    print(f"[INFO] {seconds:.2f} s against {alone:.2f} s for the same epochs: it {outcome} here")

    if plot is not None:
        from matplotlib.figure import Figure

        figure = Figure(layout="constrained")
        ax = figure.subplots()
        epochs, watched = whole.history.epochs, whole.history.validation_losses
        ax.semilogy(epochs, watched, label="one process, all samples")
        rounds = range(EPOCHS, ROUNDS * EPOCHS + 1, EPOCHS)
        ax.semilogy(rounds, losses, marker=".", label=f"{WORKERS} workers, averaged")
        ax.set(xlabel="Epoch", ylabel="Loss of the test samples", title=repr(whole))
        ax.legend()
        figure.savefig(plot, dpi=150)


def _train_on_shards(client: Any, seed: int, test: Any) -> tuple[Any, list[float], float]:
    """Return the network, the losses of the test samples after each round, and the seconds."""
    nn, losses = _network(seed), []
    # Loaded where they are used: what is lost with a worker is loaded anew.
    shards = client.map(_shard, [seed] * WORKERS, range(WORKERS))
    client.gather(client.map(_train, [nn] * WORKERS, shards, pure=False))  # kernels are loaded
    started = perf_counter()
    for _ in range(ROUNDS):
        trained = client.gather(client.map(_train, [nn] * WORKERS, shards, pure=False))
        nn = trained[0]
        nn.W = [np.mean(alike, axis=0) for alike in zip(*(one.W for one in trained), strict=True)]
        losses.append(_loss(nn, test))
    return nn, losses, perf_counter() - started


def _shard(seed: int, number: int) -> Any:
    X, y = load(seed)[:2]
    return X[number::WORKERS], y[number::WORKERS]


def _train(nn: NeuralNetwork, shard: Any) -> NeuralNetwork:
    nn = deepcopy(nn)  # tasks of a worker may be given the same object
    X, y = shard
    nn.fit(X, y, EPOCHS, verbose=False)
    return nn


def _network(seed: int) -> NeuralNetwork:
    np.random.seed(seed)
    return NeuralNetwork(DIGITS.layers, alpha=DIGITS.alpha)


def _loss(nn: NeuralNetwork, test: Any) -> float:
    X, y = test
    return float(nn.calculate_loss(np.c_[X, np.ones(len(X))], y))


def _score(nn: NeuralNetwork, test: Any) -> str:
    X, y = test
    accuracy = (nn.predict(X).argmax(axis=1) == y.argmax(axis=1)).mean()
    return f"test accuracy={accuracy:.3f}, loss={_loss(nn, test):.1f}"


if __name__ == "__main__":
    sys.exit(run(main, __doc__))
