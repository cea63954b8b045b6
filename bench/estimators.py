"""MLPClassifier and MLPRegressor beside scikit-learn's own: whole fits, and predictions."""

import warnings
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from bench.measure import Measurement, repeated_timer

OURS, SCIKIT_LEARN = "bp_numba", "sklearn.neural_network"
"""The modules that the estimators are imported from."""
TOLERANCE = 1e-9
FLOAT32_TOLERANCE = 1e-3
SCORES_APART = 0.02
"""How far apart scores may be with L-BFGS, whose line searches amplify rounding."""


@dataclass(frozen=True)
class Estimators(Measurement):
    """An estimator of this package and scikit-learn's, with the same parameters and samples.

    `data()` returns X and y. Parameters are scikit-learn's defaults but for those given.
    """

    data: Callable[[], Any]
    parameters: dict[str, Any]
    kind: str = "MLPClassifier"
    reference = SCIKIT_LEARN

    def timers(self, rivals, effort):
        """Return a function for each of the two that measures it once, both verified."""
        X, y = self.data()
        models = {module: self.model(module, effort) for module in (OURS, SCIKIT_LEARN)}
        for model in models.values():
            fit(model, X, y, 1)
        self.verify(*models.values(), X, y)
        return {
            label: self.timer(partial(self.work, model, X, y), effort.seconds)
            for label, model in models.items()
        }

    def model(self, module, effort):
        """Return an estimator that is not fitted."""
        model = getattr(import_module(module), self.kind)(random_state=0, **self.parameters)
        return model.set_params(max_iter=min(2, model.max_iter)) if effort.quick else model

    def timer(self, work, seconds):
        """Return a function that measures `work(repeats)`, in the unit of the case."""
        raise NotImplementedError

    def work(self, model, X, y, repeats):
        """Do what is measured."""
        raise NotImplementedError

    def verify(self, ours, theirs, X, y):
        """Raise AssertionError unless both fitted estimators have the same numbers."""
        raise NotImplementedError


@dataclass(frozen=True)
class Fits(Estimators):
    """Whole calls of `fit`, as many epochs as it takes or `max_iter` allows."""

    unit = "ms per fit"

    def timer(self, work, seconds):
        """Return a function that measures milliseconds of a fit."""
        timer = repeated_timer(work, seconds)
        return lambda: timer() * 1e3

    def work(self, model, X, y, repeats):
        """Fit an estimator anew and again."""
        fit(model, X, y, repeats)

    def verify(self, ours, theirs, X, y):
        """Compare the losses of all epochs, or with L-BFGS the scores."""
        if ours.solver == "lbfgs":
            apart, allowed = abs(ours.score(X, y) - theirs.score(X, y)), SCORES_APART
        else:
            assert ours.n_iter_ == theirs.n_iter_, f"{self.name}: {ours.n_iter_} epochs"
            apart = relative_difference(ours.loss_curve_, theirs.loss_curve_)
            allowed = FLOAT32_TOLERANCE if X.dtype == np.float32 else TOLERANCE
        assert apart <= allowed, f"{OURS}, {self.name}: differs by {apart:.1e}"


@dataclass(frozen=True)
class Probabilities(Estimators):
    """Calls of `predict_proba` with the first rows of X, all of them if `rows` is None."""

    rows: int | None = None
    unit = "us per call"

    def timer(self, work, seconds):
        """Return a function that measures microseconds of a call."""
        timer = repeated_timer(work, seconds)
        return lambda: timer() * 1e6

    def work(self, model, X, y, repeats):
        """Predict the same rows again and again."""
        X = X[: self.rows]
        for _ in range(repeats):
            model.predict_proba(X)

    def verify(self, ours, theirs, X, y):
        """Compare the probabilities."""
        X = X[: self.rows]
        apart = relative_difference(ours.predict_proba(X), theirs.predict_proba(X))
        assert apart <= TOLERANCE, f"{OURS}, {self.name}: differs by {apart:.1e}"


def fit(model, X, y, repeats):
    """Fit an estimator anew, a number of times, whether or not it converges."""
    with without_warnings():
        for _ in range(repeats):
            model.fit(X, y)


@contextmanager
def without_warnings():
    """Have nothing said of fits that have not converged."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def relative_difference(ours, theirs):
    """Return the largest difference, as a share of the reference's value."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    return float(np.max(np.abs(ours - theirs) / np.abs(theirs)))
