"""Estimators in two threads beside one: two fits, and a grid search."""

import threading
from dataclasses import dataclass

from bench.estimators import OURS, SCIKIT_LEARN, Estimators, fit, without_warnings
from bench.measure import seconds_of

GRID = {"alpha": [1e-5, 1e-4, 1e-3, 1e-2], "learning_rate_init": [1e-3, 3e-3]}


@dataclass(frozen=True)
class TwoFits(Estimators):
    """Throughput of two threads, each with an estimator of its own, as a multiple of one's."""

    unit = "x one"
    has_reference = False

    def timers(self, rivals, effort):
        """Return a function for each of the two that gives its throughput."""
        return {module: self.timer(module, effort) for module in (OURS, SCIKIT_LEARN)}

    def timer(self, module, effort):
        """Return a function that fits one, then two estimators and returns the ratio."""
        X, y = self.data()

        def fits(count):
            models = [self.model(module, effort) for _ in range(count)]
            threads = [threading.Thread(target=model.fit, args=(X, y)) for model in models]
            with without_warnings():  # of all threads
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()

        fits(1)
        return lambda: 2 * seconds_of(fits, 1) / seconds_of(fits, 2)


@dataclass(frozen=True)
class Search(Estimators):
    """How many times as fast a grid search is with `n_jobs=2` in threads as with one job."""

    unit = "x one"
    has_reference = False
    in_processes = True  # as few rounds

    def timers(self, rivals, effort):
        """Return a function that gives the ratio: of scikit-learn's it would take minutes."""
        from joblib import parallel_config
        from sklearn.model_selection import GridSearchCV

        X, y = self.data()

        def search(jobs):
            search = GridSearchCV(self.model(OURS, effort), GRID, n_jobs=jobs)
            with parallel_config(backend="threading"):
                fit(search, X, y, 1)

        search(1)
        return {OURS: lambda: seconds_of(search, 1) / seconds_of(search, 2)}
