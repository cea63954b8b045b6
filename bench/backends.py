"""The same work on each of joblib's backends. Run ``python -m bench.backends``; needs Dask.

Two processes or threads each. They and the kernels are there when the clock starts; the four take
turns, and the table shows medians in seconds.
"""

import warnings
from statistics import median

import joblib
import numpy as np
from dask.distributed import Client, LocalCluster
from sklearn.model_selection import GridSearchCV

from bench.measure import seconds_of
from bp_numba import MLPClassifier, NeuralNetwork, fit_many
from bp_numba.examples.digits import DIGITS
from bp_numba.examples.xor import XOR

ROUNDS = 5

BACKENDS = {
    "one thread": ("threading", 1),
    "2 threads": ("threading", 2),
    "loky, 2": ("loky", 2),
    "Dask, 2": ("dask", 2),
}

GRID = {
    "hidden_layer_sizes": [(8,), (16,), (32,), (16, 8)],
    "alpha": [1e-4, 1e-2, 1.0],
    "learning_rate_init": [1e-3, 1e-2],
}


def many(problem, count, epochs):
    """Return a function that trains networks of a problem with `fit_many`."""
    X, y = problem.load(0)[:2]

    def run(n_jobs):
        np.random.seed(0)
        networks = [NeuralNetwork(problem.layers, alpha=problem.alpha) for _ in range(count)]
        return seconds_of(lambda: fit_many(networks, X, y, epochs, epochs, n_jobs=n_jobs))

    return run


def search(n_jobs):
    """Make a grid search over 24 candidates on the digits."""
    X, y = DIGITS.load(0)[:2]
    model = MLPClassifier(max_iter=20, random_state=0)
    grid = GridSearchCV(model, GRID, cv=3, n_jobs=n_jobs)
    return seconds_of(grid.fit, X, y.argmax(axis=1))


WORKS = {
    "1,000 x 2-2-1 on XOR, 20,000 epochs": many(XOR, 1000, XOR.epochs),
    "64 x 64-32-16-10 on the digits, 100 epochs": many(DIGITS, 64, 100),
    "grid search on the digits, 24 candidates, 3 folds, 20 epochs": search,
}


def main():
    """Print a table in Markdown."""
    warnings.simplefilter("ignore")  # 20 epochs are not many
    print(f"| | {' | '.join(BACKENDS)} |\n|---|{'---:|' * len(BACKENDS)}")
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0")
    with cluster, Client(cluster):
        for name, work in WORKS.items():
            seconds = {label: [] for label in BACKENDS}
            for _ in range(ROUNDS + 1):  # the first loads kernels and starts processes
                for label, (backend, n_jobs) in BACKENDS.items():
                    with joblib.parallel_config(backend):
                        seconds[label].append(work(n_jobs))
            medians = [f"{median(values[1:]):.2f}" for values in seconds.values()]
            print(f"| {name} | {' | '.join(medians)} |", flush=True)


if __name__ == "__main__":
    main()
