"""scikit-learn's callbacks: its own, in pipelines and searches too, and one that records all."""

import pickle

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bp_numba import MLPClassifier
from bp_numba.estimators import choice, stochastic
from bp_numba.estimators.in_scikit_learn import InScikitLearn
from tests.estimators.twins import outcome, small

callback = pytest.importorskip("sklearn.callback", reason="scikit-learn has them from 1.9 on")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

EARLY = {"early_stopping": True, "validation_fraction": 0.3}


class Recorder:
    """Remembers what it is told; stops training at the end of an epoch, or raises, if asked to."""

    def __init__(self, stop_at=None, raise_at=None):
        self.stop_at, self.raise_at = stop_at, raise_at
        self.told, self.fitted, self.about = [], [], []

    def setup(self, estimator, context):
        self.told.append("setup")

    def teardown(self, estimator, context):
        self.told.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None, metadata=None):
        self.told.append(f"begin {context.task_name} {context.task_id}")
        self.about.append((X, y, metadata))

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        self.told.append(f"end {context.task_name} {context.task_id}")
        self.fitted.append(fitted_estimator)
        if self.raise_at == context.task_id and context.task_name == "epoch":
            raise RuntimeError("a callback's own")
        return self.stop_at == context.task_id


@pytest.mark.parametrize("parameters", [{}, EARLY], ids=str)
def test_callbacks_are_told_of_each_epoch(parameters, numbers, classes):
    recorder = Recorder()
    model = small("MLPClassifier", max_iter=2, **parameters).set_callbacks(recorder)
    model.fit(numbers, classes, np.ones(60))
    epochs = [f"{what} epoch {epoch}" for epoch in (0, 1) for what in ("begin", "end")]
    assert recorder.told == ["setup", "begin fit 0", *epochs, "end fit 0", "teardown"]
    for X, y, metadata in recorder.about:
        assert X is numbers and y is classes and (metadata["sample_weight"] == 1).all()
    # What an epoch ends with is what a fit of so many epochs ends with, and it stays so.
    for epochs, fitted in zip((1, 2, 2), recorder.fitted, strict=True):
        shorter = small("MLPClassifier", max_iter=epochs, **parameters)
        shorter.fit(numbers, classes, np.ones(60))
        np.testing.assert_array_equal(fitted.coefs_[0], shorter.coefs_[0])
        np.testing.assert_array_equal(fitted.predict(numbers), shorter.predict(numbers))
        assert fitted._call is None  # holds none of the user's data
        for name in ("loss_curve_", "validation_scores_", "validation_loss_curve_"):
            assert getattr(fitted, name) == getattr(shorter, name), name


class Busy(Recorder):
    """Trains the estimator that it is given, and pickles the one that is being fitted."""

    def on_fit_task_begin(self, estimator, context):
        """Remember nothing."""

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        if not estimator.early_stopping:
            fitted_estimator.partial_fit(X, y)
        self.fitted.append(pickle.dumps(estimator.set_callbacks()))
        estimator.set_callbacks(self)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_what_a_callback_does_with_its_copy_changes_nothing(solver, numbers, classes):
    alone = small("MLPClassifier", solver=solver).fit(numbers, classes)
    watched = small("MLPClassifier", solver=solver).set_callbacks(Busy()).fit(numbers, classes)
    np.testing.assert_array_equal(watched.coefs_[0], alone.coefs_[0])
    assert watched.loss_curve_ == alone.loss_curve_


def test_what_is_pickled_in_a_fit_knows_nothing_of_its_call(numbers, classes):
    X, y = np.tile(numbers, (100, 1)), np.tile(classes, 100)
    busy = Busy()
    small("MLPClassifier", early_stopping=True, max_iter=1).set_callbacks(busy).fit(
        X, y, X_val=numbers, y_val=classes
    )
    assert len(busy.fitted[0]) < X.nbytes / 10
    loaded = pickle.loads(busy.fitted[0])
    assert loaded._call is None and loaded._gradient is None
    loaded.fit(numbers, classes)  # which has no X_val


class Changing(Recorder):
    """Changes weights, in place or not, and a parameter, after each epoch."""

    def __init__(self, change):
        super().__init__()
        self.change = change

    def on_fit_task_end(self, estimator, context):
        self.change(estimator)


CHANGES = {
    "in place": lambda model: [np.clip(w, -0.1, 0.1, out=w) for w in model.coefs_],
    "replaced": lambda model: setattr(model, "coefs_", [w.clip(-0.1, 0.1) for w in model.coefs_]),
    "penalty": lambda model: model.set_params(alpha=50.0),
    "momentum": lambda model: setattr(model._optimizer, "momentum", 0.1),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=[*CHANGES])
def test_what_a_callback_changes_counts_wherever_training_goes_on(
    change, numbers, classes, monkeypatch
):
    fits = []
    for where in (InScikitLearn, choice.trainer_for):
        monkeypatch.setattr(stochastic, "trainer_for", where)
        model = small("MLPClassifier", solver="sgd", learning_rate_init=0.1, batch_size=7)
        fits.append(model.set_callbacks(Changing(change)).fit(numbers, classes))
    np.testing.assert_allclose(fits[0].loss_curve_, fits[1].loss_curve_, rtol=1e-9)
    for ours, theirs in zip(fits[0].coefs_, fits[1].coefs_, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
    unchanged = small("MLPClassifier", solver="sgd", learning_rate_init=0.1, batch_size=7)
    assert unchanged.fit(numbers, classes).loss_curve_ != fits[0].loss_curve_


def test_a_callback_stops_training(numbers, classes):
    model = small("MLPClassifier", max_iter=50).set_callbacks(Recorder(stop_at=2))
    seen = outcome(model.fit, numbers, classes)
    assert model.n_iter_ == len(model.loss_curve_) == 3
    assert seen.error is None and seen.warnings == []  # it has not reached the maximum


def test_an_error_of_a_callback_is_the_users(numbers, classes):
    recorder = Recorder(raise_at=1)
    model = small("MLPClassifier").set_callbacks(recorder)
    assert outcome(model.fit, numbers, classes).error == "RuntimeError: a callback's own"
    assert recorder.told[-2:] == ["end epoch 1", "teardown"]
    assert "_call" not in vars(model) and "_callback_fit_ctx" not in vars(model)


def test_the_end_of_lbfgs_is_told(numbers, classes):
    recorder = Recorder()
    model = small("MLPClassifier", solver="lbfgs").set_callbacks(recorder).fit(numbers, classes)
    assert recorder.told == ["setup", "begin fit 0", "end fit 0", "teardown"]
    np.testing.assert_array_equal(recorder.fitted[0].coefs_[0], model.coefs_[0])


def test_partial_fit_tells_nothing(numbers, classes):
    recorder = Recorder()
    model = small("MLPClassifier").set_callbacks(recorder)
    model.partial_fit(numbers, classes, classes=[1, 2, 3])
    assert recorder.told == []


def test_callbacks_change_no_numbers(numbers, classes):
    watched = small("MLPClassifier", **EARLY).set_callbacks(Recorder()).fit(numbers, classes)
    alone = small("MLPClassifier", **EARLY).fit(numbers, classes)
    np.testing.assert_array_equal(watched.coefs_[0], alone.coefs_[0])
    assert watched.loss_curve_ == alone.loss_curve_


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_scores_are_monitored(solver, numbers, classes):
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame(numbers, columns=list("abcd"))  # whose names predict compares
    y = np.array(["", "one", "two", "three"])[classes]
    monitor = callback.ScoringMonitor(scoring="accuracy")
    model = small("MLPClassifier", solver=solver).set_callbacks(monitor).fit(X, y)
    log = monitor.get_logs().data
    scores = [row["accuracy"] for row in log if row["task_name"] == "epoch"]
    assert len(scores) == (0 if solver == "lbfgs" else model.n_iter_)
    (whole,) = [row["accuracy"] for row in log if row["task_name"] == "fit"]
    assert whole == model.score(X, y)


def test_progress_is_shown_in_searches_and_pipelines(numbers, classes, capsys):
    pytest.importorskip("rich")
    pipeline = make_pipeline(StandardScaler(), MLPClassifier((3,), max_iter=2, random_state=0))
    search = GridSearchCV(pipeline, {"mlpclassifier__alpha": [0.1]}, cv=2)
    search.set_callbacks(callback.ProgressBar(max_propagation_depth=None))
    search.fit(numbers, classes)
    shown = capsys.readouterr().out
    assert "MLPClassifier" in shown and "100%" in shown
