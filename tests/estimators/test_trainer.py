"""What a trainer that works on copies of the weights, as kernels do, is asked for and when."""

import copy

import numpy as np
import pytest

from bp_numba import MLPClassifier
from bp_numba.estimators import stochastic
from bp_numba.estimators.in_scikit_learn import InScikitLearn
from tests.conftest import run_python
from tests.estimators.twins import assert_same_outcome, assert_same_state, outcome, twins

EARLY = {"early_stopping": True, "max_iter": 30, "n_iter_no_change": 2, "validation_fraction": 0.3}
ADAPTIVE = {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.1}
INVSCALING = {"solver": "sgd", "learning_rate": "invscaling"}


class OnCopies:
    """A trainer whose weights and moments the estimator has only after `write_back`."""

    interrupted_in = None
    """The epoch in which Ctrl-C strikes, from 0 on."""

    def __init__(self, estimator, *samples_and_batch_size):
        self._estimator, self._copy = estimator, copy.deepcopy(estimator)
        self._trainer = InScikitLearn(self._copy, *samples_and_batch_size)
        self.epochs = self.written = 0

    def epoch(self, order):
        if self.epochs == self.interrupted_in:
            raise KeyboardInterrupt
        self.epochs += 1
        self._copy._optimizer.learning_rate = self._estimator._optimizer.learning_rate
        return self._trainer.epoch(order)

    def write_back(self):
        self.written += 1
        for name in ("coefs_", "intercepts_"):
            for array, trained in zip(
                getattr(self._estimator, name), getattr(self._copy, name), strict=True
            ):
                array[...] = trained
        state = copy.deepcopy(vars(self._copy._optimizer))
        if self._estimator.solver == "sgd":
            del state["learning_rate"]  # the loop's, which has changed it since
        vars(self._estimator._optimizer).update(state)

    def read_back(self):
        """Nobody changes anything."""


@pytest.fixture
def trainers(monkeypatch):
    """All is trained on copies; return the list of the trainers."""
    made = []

    def trainer_for(*args):
        made.append(OnCopies(*args))
        return made[-1]

    monkeypatch.setattr(stochastic, "trainer_for", trainer_for)
    return made


@pytest.mark.parametrize("parameters", [{}, ADAPTIVE, INVSCALING, EARLY, EARLY | ADAPTIVE], ids=str)
def test_weights_are_there_whenever_they_are_looked_at(parameters, trainers, numbers, classes):
    ours, theirs = twins("MLPClassifier", warm_start=True, batch_size=7, **parameters)
    for method in ("fit", "fit", "partial_fit"):
        if "early_stopping" not in parameters or method == "fit":
            assert_same_outcome(ours, theirs, method, numbers, classes)
            assert_same_state(ours, theirs)
    trainer = trainers[0]
    assert trainer.epochs > 3
    # Without anyone who looks at them they are written once.
    assert trainer.written == (trainer.epochs + 1 if "early_stopping" in parameters else 1)


def test_arrays_are_the_same_objects(trainers, numbers, classes):
    ours, _ = twins("MLPClassifier", warm_start=True)
    outcome(ours.fit, numbers, classes)
    arrays = ours.coefs_ + ours.intercepts_
    outcome(ours.fit, numbers, classes)
    assert all(a is b for a, b in zip(arrays, ours.coefs_ + ours.intercepts_, strict=True))


@pytest.mark.parametrize("parameters", [{}, EARLY], ids=str)
def test_an_interrupt_leaves_the_weights_of_whole_epochs(
    parameters, trainers, numbers, classes, monkeypatch
):
    monkeypatch.setattr(OnCopies, "interrupted_in", 2)
    ours, theirs = twins("MLPClassifier", **parameters)
    seen = outcome(ours.fit, numbers, classes)
    assert seen.warnings == ["UserWarning: Training interrupted by user."]
    outcome(theirs.set_params(max_iter=2).fit, numbers, classes)
    theirs.max_iter = ours.max_iter
    generators = [vars(twin).pop("_random_state") for twin in (ours, theirs)]
    assert_same_state(ours, theirs)
    # The order of the epoch that was interrupted had been drawn.
    samples = 42 if parameters else 60
    generators[1].shuffle(np.arange(samples))
    np.testing.assert_array_equal(*(generator.get_state()[1] for generator in generators))


def test_weights_are_written_before_a_callback_looks(trainers, numbers, classes):
    pytest.importorskip("sklearn.callback", reason="scikit-learn has them from 1.9 on")

    class Watcher:
        def __init__(self):
            self.seen = []

        def setup(self, estimator, context):
            pass

        def teardown(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context):
            pass

        def on_fit_task_end(self, estimator, context):
            self.seen.append(estimator.coefs_[0].copy())

    watcher = Watcher()
    ours, theirs = twins("MLPClassifier", max_iter=3)
    outcome(ours.set_callbacks(watcher).fit, numbers, classes)
    for epochs, coefs in zip((1, 2, 3, 3), watcher.seen, strict=True):
        outcome(theirs.set_params(max_iter=epochs).fit, numbers, classes)
        np.testing.assert_array_equal(coefs, theirs.coefs_[0])


def test_an_error_in_an_epoch_leaves_what_was_reached(trainers, numbers, classes, monkeypatch):
    class Unscored(MLPClassifier):
        def _score(self, X, y, sample_weight=None):
            raise RuntimeError("in the score")

    ours, theirs = twins("MLPClassifier", **EARLY)
    outcome(theirs.set_params(max_iter=1).fit, numbers, classes)
    ours = Unscored(**ours.get_params())
    assert outcome(ours.fit, numbers, classes).error == "RuntimeError: in the score"
    np.testing.assert_array_equal(ours.coefs_[0], theirs.coefs_[0])


STATE_OF_ANOTHER_THREAD = """
import threading, warnings
import numpy as np
from bp_numba import MLPClassifier, MLPRegressor

warnings.simplefilter("error")
X = np.random.default_rng(0).normal(size=(50, 3))
models = [model((5,), tol=1, n_iter_no_change=3, solver=solver)
          for model in (MLPClassifier, MLPRegressor) for solver in ("adam", "sgd")]
with np.errstate(invalid="ignore"):
    for model in models:
        thread = threading.Thread(target=model.fit, args=(X, X[:, 0] > 0))
        thread.start()
        thread.join()
    np.zeros(1) / np.zeros(1)
"""


def test_what_another_thread_ignores_stays_ignored():
    """NumPy 1 counts the threads whose state is not its default, and miscounts."""
    run_python(STATE_OF_ANOTHER_THREAD)
