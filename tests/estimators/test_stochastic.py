"""The epochs: numbers, texts and attributes of scikit-learn's classes.

One case for each path through the epochs, not all combinations of parameters.
"""

import signal
import threading
import warnings

import numpy as np
import pytest
import scipy.sparse
from sklearn.utils import shuffle

from bp_numba import MLPClassifier, MLPRegressor
from bp_numba.estimators import stochastic
from bp_numba.estimators.in_scikit_learn import InScikitLearn
from bp_numba.native import loading
from tests.estimators import twins as comparing
from tests.estimators.twins import (
    assert_same,
    assert_same_outcome,
    assert_same_state,
    outcome,
    twins,
)


@pytest.fixture(autouse=True, params=["in scikit-learn", "in kernels"])
def where(request, monkeypatch):
    """All is trained in scikit-learn's code, to the bit, or in kernels, as far as they can."""
    if request.param == "in scikit-learn":
        monkeypatch.setattr(stochastic, "trainer_for", InScikitLearn)
        monkeypatch.setattr(comparing, "TOLERANCE", 0)
    elif not loading.enabled():
        pytest.skip("NUMBA_DISABLE_JIT leaves no kernels")
    return request.param


SGD = {"solver": "sgd", "learning_rate_init": 0.1}
EARLY = {"early_stopping": True, "max_iter": 30, "n_iter_no_change": 2, "validation_fraction": 0.3}
STOPS = {"max_iter": 60, "tol": 0.02, "n_iter_no_change": 1, "learning_rate_init": 0.1}

EPOCHS = {
    "defaults": {},
    "two layers, a short last batch": {"hidden_layer_sizes": (4, 3), "batch_size": 7},
    "batches of one": {"batch_size": 1},
    "one batch": {"batch_size": 60},
    "a batch too large, which is clipped": {"batch_size": 61},
    "no shuffling": {"shuffle": False, "batch_size": 7},
    "stops": STOPS,
    "tanh, L2": {"activation": "tanh", "alpha": 0.5},
    "logistic, Adam's parameters": {"activation": "logistic", "beta_1": 0.5, "epsilon": 1e-3},
    "identity": {"activation": "identity", "beta_2": 0.9},
    "momentum, Nesterov": SGD | {"batch_size": 7},
    "momentum": SGD | {"batch_size": 7, "nesterovs_momentum": False},
    "plain sgd": SGD | {"batch_size": 1, "momentum": 0},
    "invscaling": SGD | {"learning_rate": "invscaling", "power_t": 0.3},
    "adaptive": SGD | STOPS | {"learning_rate": "adaptive"},
    "adaptive, to the end": SGD
    | {"learning_rate": "adaptive", "tol": 9.0, "n_iter_no_change": 1, "max_iter": 40},
    "early stopping": EARLY,
    "early stopping, adaptive": SGD | EARLY | {"learning_rate": "adaptive", "max_iter": 60},
    "early stopping, too few samples": EARLY | {"validation_fraction": 0.01},
    "early stopping, scores that are NaN": SGD | EARLY | {"learning_rate_init": 1e300},
    "weights that overflow": SGD | {"learning_rate_init": 1e300},
}


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
@pytest.mark.parametrize("parameters", EPOCHS.values(), ids=EPOCHS)
def test_epochs(name, parameters, numbers, classes):
    ours, theirs = twins(name, verbose=True, **parameters)
    for twin in (ours, theirs):  # a generator each, which goes on from fit to fit
        twin.random_state = np.random.RandomState(3)
    y = classes if name == "MLPClassifier" else numbers @ [0.1, 0.2, 0.3, 0.4]
    assert_same_outcome(ours, theirs, "fit", numbers, y)
    assert_same_state(ours, theirs)


def targets(kind, X):
    """Return the name of an estimator and targets of a kind for samples."""
    binary = (X[:, :2] > 0).astype(int)
    sums = np.abs(X @ np.arange(8).reshape(4, 2))
    return {
        "binary": ("MLPClassifier", binary[:, 0]),
        "text": ("MLPClassifier", np.array(["left", "middle", "right"])[binary.sum(axis=1)]),
        "a column": ("MLPClassifier", binary[:, :1]),
        "multilabel": ("MLPClassifier", binary),
        "one class": ("MLPClassifier", np.ones(len(X))),
        "several outputs": ("MLPRegressor", sums),
        "poisson": ("MLPRegressor", sums[:, 0]),
        "constant": ("MLPRegressor", np.ones(len(X))),
    }[kind]


KINDS = ["binary", "text", "a column", "multilabel", "one class"]
KINDS += ["several outputs", "poisson", "constant"]


@pytest.mark.parametrize("parameters", [{"batch_size": 7}, EARLY], ids=["fit", "early stopping"])
@pytest.mark.parametrize("kind", KINDS)
def test_targets(kind, parameters, numbers):
    name, y = targets(kind, numbers)
    loss = {"loss": "poisson"} if kind == "poisson" else {}
    ours, theirs = twins(name, **loss, **parameters)
    weight = np.random.RandomState(1).uniform(size=len(y))
    if kind == "text" and "TypeError" in str(outcome(theirs.fit, numbers, y).error):
        # Until 1.8 its early stopping cannot score classes that are text.
        assert outcome(ours.fit, numbers, y).error is None
        return
    for sample_weight in (None, weight):
        assert_same_outcome(ours, theirs, "fit", numbers, y, sample_weight)
        assert_same_state(ours, theirs)
        assert_same_outcome(ours, theirs, "score", numbers, y)


SAMPLES = {
    "float32": lambda X: X.astype(np.float32),
    "integers": lambda X: (10 * X).astype(int),
    "columns together": np.asfortranarray,
    "every second": lambda X: np.repeat(X, 2, axis=0)[::2],
    "CSR": scipy.sparse.csr_array,
    "CSC": scipy.sparse.csc_array,
    "lists": lambda X: X.tolist(),
}


@pytest.mark.parametrize("parameters", [{}, {"shuffle": False}, EARLY], ids=str)
@pytest.mark.parametrize("convert", SAMPLES.values(), ids=SAMPLES)
def test_samples(convert, parameters, numbers, classes):
    ours, theirs = twins("MLPClassifier", batch_size=7, **parameters)
    X = convert(numbers)
    assert_same_outcome(ours, theirs, "fit", X, classes)
    assert_same_state(ours, theirs)
    assert_same(ours.predict_proba(X), theirs.predict_proba(X), "predict_proba")


@pytest.mark.parametrize("kind", ["float64", "int64", "float16", "float32"])
@pytest.mark.parametrize("convert", [np.asarray, scipy.sparse.csr_array], ids=["dense", "sparse"])
def test_large_targets_of_samples_in_single_precision(convert, kind, numbers):
    """Their loss is in double precision, in which it goes on falling by more than `tol`."""
    X = convert(numbers.astype(np.float32))
    scale = 1e8 if kind in ("float64", "int64") else 1e3
    y = (scale * (3 + numbers.sum(axis=1))).astype(kind)
    ours, theirs = twins("MLPRegressor", max_iter=30, n_iter_no_change=2)
    assert_same_outcome(ours, theirs, "fit", X, y)
    assert_same_outcome(ours, theirs, "partial_fit", X, y)
    assert_same_state(ours, theirs)
    if kind in ("float64", "int64"):
        np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, 1e-9)


def test_single_precision_is_kept_whether_anyone_looks_or_not(numbers):
    """Weights of float32 with targets of float64: the kernels' are more precise."""

    class Looks(MLPRegressor):
        def _update_no_improvement_count(self, *args, **kwargs):
            super()._update_no_improvement_count(*args, **kwargs)

    X, y = numbers.astype(np.float32), numbers[:, 0]
    fitted = [kind(max_iter=5, random_state=0) for kind in (MLPRegressor, Looks)]
    for model in fitted:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(X, y)
    assert fitted[0].coefs_[0].dtype == np.float32
    assert fitted[0].loss_curve_ == fitted[1].loss_curve_
    for left, right in zip(*(model.coefs_ for model in fitted), strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("parameters", [{}, SGD | {"learning_rate": "invscaling"}, EARLY], ids=str)
def test_warm_starts(parameters, numbers, classes):
    ours, theirs = twins("MLPClassifier", warm_start=True, **parameters)
    for _ in range(3):
        assert_same_outcome(ours, theirs, "fit", numbers, classes)
        assert_same_state(ours, theirs)


def test_a_warm_start_after_lbfgs_fails_after_its_first_epoch(numbers, classes):
    """As in scikit-learn, where the next call finds a loss."""
    ours, theirs = twins("MLPClassifier", solver="lbfgs", warm_start=True)
    for twin in (ours, theirs):
        outcome(twin.fit, numbers, classes)
        twin.set_params(solver="adam")
        twin.coefs_ = [np.ones_like(coef) for coef in twin.coefs_]
        twin.intercepts_ = [np.ones_like(intercept) for intercept in twin.intercepts_]
    seen = assert_same_outcome(ours, theirs, "fit", numbers, classes)
    assert "loss_curve_" in seen.error
    assert_same_state(ours, theirs)


def test_more_epochs_than_a_machine_counts(numbers, classes):
    ours, theirs = twins("MLPClassifier", **STOPS | {"max_iter": 10**20})
    assert assert_same_outcome(ours, theirs, "fit", numbers, classes).error is None
    assert_same_state(ours, theirs)


def test_partial_fit_after_fit_and_before(numbers, classes):
    ours, theirs = twins("MLPClassifier", batch_size=7)
    for method, more in [
        ("partial_fit", {"classes": np.unique(classes)}),
        ("partial_fit", {"sample_weight": np.arange(1, 61)}),
        ("fit", {}),
        ("partial_fit", {}),
    ]:
        assert_same_outcome(ours, theirs, method, numbers, classes, **more)
        assert_same_state(ours, theirs)


def test_without_shuffling_no_batch_is_copied(numbers, classes):
    class Sharing(MLPClassifier):
        def _backprop(self, X, *args):
            assert np.shares_memory(X, numbers)
            return super()._backprop(X, *args)

    plain = outcome(Sharing(shuffle=False, batch_size=7, max_iter=2).fit, numbers, classes)
    assert plain.error is None
    shuffled = outcome(Sharing(batch_size=7, max_iter=2).fit, numbers, classes)
    assert shuffled.error.startswith("AssertionError")


def test_orders_are_those_of_scikit_learns_shuffle():
    ours, theirs = np.random.RandomState(5), np.random.RandomState(5)
    model, order = MLPClassifier(), np.arange(50)
    model._random_state = ours
    orders = stochastic._orders(model, 50)
    for _ in range(3):
        order = shuffle(order, random_state=theirs)
        np.testing.assert_array_equal(next(orders), order)
    np.testing.assert_array_equal(ours.get_state()[1], theirs.get_state()[1])


def broken(X):
    """Return the samples with a NaN among them."""
    X = X.copy()
    X[3, 1] = np.nan
    return X


REFUSED = {
    "a parameter": ({"alpha": -1}, "fit", lambda X, y: (X, y)),
    "another parameter": ({"solver": "lion"}, "fit", lambda X, y: (X, y)),
    "no layer": ({"hidden_layer_sizes": (5, 0)}, "fit", lambda X, y: (X, y)),
    "NaN": ({}, "fit", lambda X, y: (broken(X), y)),
    "lengths": ({}, "fit", lambda X, y: (X, y[1:])),
    "no targets": ({}, "fit", lambda X, y: (X, None)),
    "one dimension": ({}, "fit", lambda X, y: (X[0], y)),
    "weights of samples": ({}, "fit", lambda X, y: (X, y, np.ones(3))),
    "no classes": ({}, "partial_fit", lambda X, y: (X, y)),
    "early stopping": (EARLY, "partial_fit", lambda X, y: (X, y, None, np.unique(y))),
    "a class of one": (EARLY, "fit", lambda X, y: (X, np.arange(60) == 3)),
    "too large": ({"solver": "sgd"}, "fit", lambda X, y: (X * 1e300, y)),
}


@pytest.mark.parametrize(("parameters", "method", "arguments"), REFUSED.values(), ids=REFUSED)
def test_errors(parameters, method, arguments, numbers, classes):
    ours, theirs = twins("MLPClassifier", **parameters)
    assert assert_same_outcome(ours, theirs, method, *arguments(numbers, classes)).error


def test_weights_of_0_are_refused_where_scikit_learn_does_not_divide_by_them(numbers, classes):
    ours, theirs = twins("MLPClassifier")
    expected = outcome(theirs.fit, numbers, classes, np.zeros(60))
    seen = outcome(ours.fit, numbers, classes, np.zeros(60))
    assert seen == expected if "ZeroDivisionError" not in expected.error else seen.error is None


def test_partial_fit_is_for_stochastic_solvers():
    ours, theirs = twins("MLPClassifier", solver="lbfgs")
    outcomes = [outcome(lambda twin=twin: twin.partial_fit) for twin in (ours, theirs)]
    assert outcomes[0] == outcomes[1] and "partial_fit" in outcomes[0].error
    assert not hasattr(ours, "partial_fit")


def test_other_layers_at_a_warm_start_are_an_error(numbers, classes):
    for layers in [(5, 5), ()]:
        ours, theirs = twins("MLPClassifier", warm_start=True)
        for twin in (ours, theirs):
            outcome(twin.fit, numbers, classes)
            twin.set_params(hidden_layer_sizes=layers)
        assert assert_same_outcome(ours, theirs, "fit", numbers, classes).error


@pytest.mark.parametrize("parameters", [{}, EARLY | {"n_iter_no_change": 9}], ids=str)
def test_an_interrupt_ends_training_with_the_weights_reached(parameters, numbers, classes):
    """In the third epoch, as scikit-learn's class that is interrupted at the same batch."""
    ours, theirs = twins("MLPClassifier", batch_size=20, **parameters)
    for twin in (ours, theirs):
        interrupt_at(twin, batch=7)
    seen = assert_same_outcome(ours, theirs, "fit", numbers, classes)
    assert seen.warnings == ["UserWarning: Training interrupted by user."]
    for twin in (ours, theirs):
        del twin._backprop
    assert ours.n_iter_ >= 2
    assert_same_state(ours, theirs)


def interrupt_at(estimator, batch):
    """Have Ctrl-C strike an estimator at the beginning of a batch, counted from 0."""
    backprop, batches = estimator._backprop, iter(range(batch + 1))

    def interrupted(*args):
        if next(batches) == batch:
            signal.raise_signal(signal.SIGINT)
        return backprop(*args)

    estimator._backprop = interrupted


class Counting:
    """Stops where the loss is low enough, and halves the weights of outputs after each epoch."""

    def _update_no_improvement_count(self, *args):
        super()._update_no_improvement_count(*args)
        self.coefs_[-1] *= 0.5
        if self.loss_ < 1.09:
            self._no_improvement_count = 99


@pytest.mark.parametrize("parameters", [{}, EARLY], ids=str)
def test_a_count_of_ones_own_is_asked(parameters, numbers, classes):
    models = [
        type("Counting", (Counting, twin.__class__), {})(**twin.get_params())
        for twin in twins("MLPClassifier", learning_rate_init=0.1, **{"max_iter": 60, **parameters})
    ]
    ours, theirs = models
    assert_same_outcome(ours, theirs, "fit", numbers, classes)
    assert 1 < ours.n_iter_ < 60
    assert_same_state(ours, theirs)
    if parameters:
        assert len(ours.validation_loss_curve_) == ours.n_iter_
        assert ours.validation_scores_[ours.best_iter_ - 1] == ours.best_validation_score_


class Forgetting:
    """Has the optimizer begin anew after each epoch."""

    def _update_no_improvement_count(self, *args):
        super()._update_no_improvement_count(*args)
        for name in {"ms", "vs", "velocities"} & vars(self._optimizer).keys():
            setattr(self._optimizer, name, [part * 0 for part in getattr(self._optimizer, name)])


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_a_count_of_ones_own_may_replace_what_the_optimizer_keeps(solver, numbers, classes):
    ours, theirs = (
        type("Forgetting", (Forgetting, twin.__class__), {})(**twin.get_params())
        for twin in twins("MLPClassifier", solver=solver)
    )
    assert_same_outcome(ours, theirs, "fit", numbers, classes)
    assert_same_state(ours, theirs)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_an_underflow_that_scikit_learn_does_not_see_is_no_error(solver, numbers, classes):
    ours, theirs = twins("MLPClassifier", solver=solver, beta_1=0.1, batch_size=1, max_iter=10)
    with np.errstate(all="raise"):
        assert assert_same_outcome(ours, theirs, "fit", numbers, classes).error is None


def test_sparse_samples_stay_as_they_are(numbers, classes):
    X = scipy.sparse.csr_matrix(numbers)
    much = np.concatenate([X.data, np.zeros(10 * X.nnz)])  # of which the check would make a copy
    X.data = much[: X.nnz]
    outcome(MLPClassifier((5,), max_iter=2).fit, X, classes)
    assert np.shares_memory(X.data, much)


def test_filters_of_scikit_learns_warnings_know_them(numbers, classes):
    """By its module, which is not ours: all three of them."""
    ours, _ = twins("MLPClassifier", batch_size=61)
    interrupted, _ = twins("MLPClassifier", batch_size=7)
    interrupt_at(interrupted, batch=1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.filterwarnings("ignore", module=r"sklearn\.neural_network")
        ours.fit(numbers, classes)
        interrupted.fit(numbers, classes)
    assert not caught and interrupted.n_iter_ == 0


def test_threads_train_at_the_same_time(numbers, classes):
    models = [MLPClassifier((5,), max_iter=5, tol=9, random_state=seed) for seed in (0, 0, 1)]
    threads = [
        threading.Thread(target=outcome, args=(model.fit, numbers, classes)) for model in models
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(models[0].coefs_[0], models[1].coefs_[0])
    assert models[0].loss_curve_ != models[2].loss_curve_
