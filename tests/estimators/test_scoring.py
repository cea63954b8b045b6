"""Scores of early stopping: bit for bit those of scikit-learn's `_score`, which checks more."""

import numpy as np
import pytest

from bp_numba.estimators import scoring
from bp_numba.estimators.trainer import Samples
from bp_numba.estimators.validation import HeldOut
from tests.estimators.twins import assert_same, assert_same_outcome, outcome, small, twins

RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(50, 4))
TARGETS = {
    "binary": X[:, 0] > 0.3,
    "floats": np.where(X[:, 0] > 0.3, 2.0, -1.0),
    "classes": np.digitize(X[:, 0], [-0.5, 0.8]),
    "labels": (X[:, :3] > 0).astype(int),
    "one class": np.ones(50, dtype=int),
    "number": X[:, 0] ** 2,
    "numbers": X[:, :3] ** 2,
    "integers": (10 * X[:, 0]).astype(int),
    "float32": (X[:, 0] ** 2).astype(np.float32),
    "constant": np.ones(50),
    "one constant": np.column_stack([X[:, 0], np.ones(50)]),
}
WEIGHTS = RANDOM.uniform(size=50)
REGRESSION = {"number", "numbers", "integers", "float32", "constant", "one constant"}


def held_out_of(model, targets, weights):
    """Return samples to validate an estimator with."""
    y = targets
    if hasattr(model, "classes_"):
        y = model._label_binarizer.transform(targets).astype(bool)
    return HeldOut(Samples(X, y.reshape(len(y), -1), weights), targets)


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("weights", ["none", "some", "zeros"])
@pytest.mark.parametrize("scale", [1.0, 0.0, np.nan, np.inf])
def test_scores_are_those_of_scikit_learn(kind, weights, scale):
    """With the coefficients of an epoch, with ties, and with numbers that are not finite."""
    weights = {"none": None, "some": WEIGHTS, "zeros": np.zeros(50)}[weights]
    name = "MLPRegressor" if kind in REGRESSION else "MLPClassifier"
    model = small(name, max_iter=2)
    outcome(model.fit, X, TARGETS[kind])
    if np.isfinite(scale):
        model.coefs_ = [coef * scale for coef in model.coefs_]
        model.intercepts_[-1] *= scale
    else:
        model.intercepts_[-1][0] = scale
    held_out = held_out_of(model, TARGETS[kind], weights)
    with np.errstate(all="ignore"):
        results = []
        ours = outcome(lambda: results.append(scoring.score_and_loss(model, held_out)[0]))
        theirs = outcome(lambda: results.append(model._score(X, TARGETS[kind], weights)))
    assert ours == theirs
    np.testing.assert_array_equal(results[:1], results[1:])
    assert len({type(result) for result in results}) < 2


@pytest.mark.parametrize("kind", TARGETS)
def test_scikit_learn_is_asked_where_rounding_or_constants_are_special(kind):
    model = small("MLPRegressor" if kind in REGRESSION else "MLPClassifier")
    outcome(model.fit, X, TARGETS[kind])
    held_out = held_out_of(model, TARGETS[kind], None)
    score = scoring._score(model, held_out, model._forward_pass_fast(X))
    assert (score is None) == (kind in {"integers", "float32", "constant", "one constant"})


def test_a_subclass_scores_as_it_wants():
    class Contrary(type(small("MLPClassifier"))):
        def _score(self, X, y, sample_weight=None):
            return -float(self.n_iter_)

    model = Contrary((5,), early_stopping=True, max_iter=4, n_iter_no_change=9)
    outcome(model.fit, X, TARGETS["classes"])
    assert model.validation_scores_ == [-1, -2, -3, -4] and model.best_iter_ == 1


class Smoothed:
    """Trains on targets of 0.1 and 0.8."""

    def _validate_input(self, *args, **kwargs):
        X, y = super()._validate_input(*args, **kwargs)
        return X, np.where(y, 0.8, 0.1)


@pytest.mark.parametrize("kind", ["binary", "classes", "labels"])
def test_targets_of_a_subclass_are_rounded(kind):
    ours, theirs = (
        type("Smoothed", (Smoothed, twin.__class__), {})(**twin.get_params())
        for twin in twins("MLPClassifier", early_stopping=True)
    )
    assert_same_outcome(ours, theirs, "fit", X, TARGETS[kind])
    assert_same(ours.validation_scores_, theirs.validation_scores_, "validation_scores_", 0)


def test_predictions_go_by_the_binarizer_alone():
    """Whatever classes were set between a fit and a warm start."""
    ours, theirs = twins("MLPClassifier", early_stopping=True, warm_start=True)
    for twin in (ours, theirs):
        outcome(twin.fit, X, TARGETS["classes"])
        twin.classes_ = np.array([2])
    assert_same_outcome(ours, theirs, "fit", X, np.full(50, 2))
    assert_same(ours.validation_scores_, theirs.validation_scores_, "validation_scores_", 0)
