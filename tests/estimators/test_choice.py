"""What is trained in kernels, and what in scikit-learn's code."""

import copy

import numpy as np
import pytest
import scipy.sparse
import sklearn.neural_network
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer

import bp_numba
from bp_numba.estimators import choice, stochastic
from bp_numba.estimators.in_kernels import InKernels
from bp_numba.estimators.in_scikit_learn import InScikitLearn
from bp_numba.training import batches
from tests.conftest import needs_jit, run_python
from tests.estimators.twins import (
    assert_same_outcome,
    assert_same_state,
    outcome,
    small,
    twins,
)

pytestmark = [
    needs_jit,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


@pytest.fixture
def trainers(monkeypatch):
    """Return a list of the trainers that are chosen."""
    chosen = []

    def remembered(*args):
        chosen.append(choice.trainer_for(*args))
        return chosen[-1]

    monkeypatch.setattr(stochastic, "trainer_for", remembered)
    return chosen


class OwnGradient(bp_numba.MLPClassifier):
    """Counts its batches."""

    batches = 0

    def _backprop(self, *args, **kwargs):
        self.batches += 1
        return super()._backprop(*args, **kwargs)


def test_a_gradient_of_ones_own_is_called(trainers, numbers, classes):
    model = OwnGradient(max_iter=3, batch_size=20).fit(numbers, classes)
    assert model.batches == 9
    model = OwnGradient(max_iter=3, solver="lbfgs").fit(numbers, classes)
    assert model.batches > 3
    assert [type(trainer) for trainer in trainers] == [InScikitLearn]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda model: None, InKernels),
        (lambda model: setattr(model, "_backprop", model._backprop), InScikitLearn),
        (lambda model: model.coefs_.__setitem__(0, model.coefs_[0].astype("f4")), InScikitLearn),
        (lambda model: model.coefs_[1].setflags(write=False), InScikitLearn),
        (lambda model: model.coefs_.__setitem__(1, np.asfortranarray(model.coefs_[1])), InKernels),
    ],
)
def test_a_warm_start_looks_at_what_there_is(change, kind, trainers, numbers, classes):
    model = small("MLPClassifier", warm_start=True, solver="sgd").fit(numbers, classes)
    change(model)
    try:
        model.fit(numbers, classes)
    except ValueError as error:  # scikit-learn's: it writes to what is read-only
        assert "read-only" in str(error)
    assert [type(trainer) for trainer in trainers] == [InKernels, kind]


@pytest.mark.parametrize(("solver", "other"), [("adam", "sgd"), ("sgd", "adam")])
def test_the_optimizer_stays_when_the_solver_is_changed(solver, other, trainers, numbers, classes):
    curves = []
    for kind in bp_numba.MLPClassifier, sklearn.neural_network.MLPClassifier:
        model = kind(random_state=0, solver=solver, max_iter=5).fit(numbers, classes)
        model.set_params(solver=other)
        for _ in range(3):
            model.partial_fit(numbers, classes)
        curves.append(model.loss_curve_)
    np.testing.assert_allclose(*curves, rtol=1e-9)
    assert {type(trainer) for trainer in trainers} == {InKernels}


class Decaying(AdamOptimizer):
    """Decays weights by itself."""

    def update_params(self, params, grads):
        for param in params:
            param *= 0.9
        super().update_params(params, grads)


class Descent:
    """No more than what an estimator calls."""

    def update_params(self, params, grads):
        for param, grad in zip(params, grads, strict=True):
            param -= 0.1 * grad

    def iteration_ends(self, time_step):
        pass

    def trigger_stopping(self, msg, verbose):
        return True


def negated(model):
    """Have an optimizer go uphill."""
    update = model._optimizer.update_params
    model._optimizer.update_params = lambda params, grads: update(params, [-g for g in grads])


@pytest.mark.parametrize(
    "change",
    [
        lambda model: setattr(model, "_optimizer", Decaying(model.coefs_ + model.intercepts_)),
        lambda model: setattr(model, "_optimizer", Descent()),
        negated,
    ],
)
def test_an_optimizer_of_ones_own_is_called(change, trainers, numbers, classes):
    models = twins("MLPClassifier")
    for model in models:
        outcome(model.fit, numbers, classes)
        change(model)
        model.partial_fit(numbers, classes)
    for ours, theirs in zip(*(model.coefs_ for model in models), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)
    assert [type(trainer) for trainer in trainers] == [InKernels, InScikitLearn]


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_an_optimizer_of_other_layers_is_refused(solver, numbers, classes):
    """Another unit, without a word to the optimizer."""
    ours, theirs = twins("MLPClassifier", solver=solver)
    for model in (ours, theirs):
        outcome(model.fit, numbers, classes)
        first, last = model.coefs_
        model.coefs_ = [np.hstack([first, first[:, :1]]), np.vstack([last, last[:1]])]
        model.intercepts_[0] = np.append(model.intercepts_[0], 0.0)
        model.set_params(hidden_layer_sizes=(6,))
    assert "broadcast" in assert_same_outcome(ours, theirs, "partial_fit", numbers, classes).error


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_what_an_optimizer_kept_stays_as_it_was(solver, numbers, classes):
    """So a copy of it, from before a call, can go on."""
    ours, theirs = twins("MLPClassifier", solver=solver)
    for model in (ours, theirs):
        outcome(model.fit, numbers, classes)
        weights = [part.copy() for part in model.coefs_ + model.intercepts_]
        optimizer = copy.copy(model._optimizer)
        model.partial_fit(numbers, classes)
        model._optimizer = optimizer
        for part, before in zip(model.coefs_ + model.intercepts_, weights, strict=True):
            part[...] = before
        model.partial_fit(numbers, classes)
    assert_same_state(ours, theirs)


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")  # in scikit-learn
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_poissons_loss_of_targets_below_zero_is_none(solver, numbers):
    targets = np.arange(len(numbers)) % 3 - 0.5
    losses = []
    for kind in bp_numba.MLPRegressor, sklearn.neural_network.MLPRegressor:
        model = kind(random_state=0, loss="poisson", solver=solver, max_iter=20, n_iter_no_change=2)
        model.fit(numbers, targets)
        losses.append((model.n_iter_, model.loss_, getattr(model, "best_loss_", 0.0)))
    np.testing.assert_equal(*losses)
    assert np.isnan(losses[0][1])


@pytest.mark.parametrize(
    ("loss", "other"), [("squared_error", "poisson"), ("poisson", "squared_error")]
)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_loss_that_is_changed_between_calls(solver, loss, other, numbers):
    targets = 5.0 + np.arange(len(numbers)) % 3
    losses = []
    for kind in bp_numba.MLPRegressor, sklearn.neural_network.MLPRegressor:
        model = kind(random_state=0, loss=loss, solver=solver, max_iter=5)
        model.partial_fit(numbers, targets).set_params(loss=other).partial_fit(numbers, targets)
        losses.append(model.loss_)
    assert losses[0] == pytest.approx(losses[1], rel=1e-9, nan_ok=True)


@pytest.mark.parametrize(("before", "now"), [(3, 1), (1, 3), (3, 2)])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_another_number_of_targets_is_scikit_learns(method, before, now, early_stopping, numbers):
    """It subtracts one column from all outputs, has no score of that, and refuses all else."""
    ours, theirs = twins("MLPRegressor", warm_start=True, early_stopping=early_stopping)
    for columns in (before, now, before):
        assert_same_outcome(ours, theirs, method, numbers, numbers[:, :columns])
        assert_same_state(ours, theirs)


@pytest.mark.parametrize("options", [{"batch_size": 2}, {"solver": "lbfgs"}], ids=str)
def test_weights_that_add_up_to_zero_are_scikit_learns(options, numbers, classes):
    ours, theirs = twins("MLPClassifier", shuffle=False, **options)
    weights = np.tile([1, -1], 30)
    seen = assert_same_outcome(ours, theirs, "fit", numbers, classes, weights)
    assert "Weights sum to zero" in seen.error
    assert_same_outcome(ours, theirs, "fit", numbers, classes, weights + 0.1)
    if not options.get("solver"):
        assert_same_state(ours, theirs)


@pytest.mark.parametrize("options", [{}, {"solver": "lbfgs", "alpha": 0.0}], ids=str)
@pytest.mark.parametrize("weight", [1e39, 2e37, 1e-39, 1e-50])
def test_weights_beyond_single_precision_are_scikit_learns(options, weight, numbers, classes):
    """It adds them up in double precision; half of them alone are not all that is seen."""
    ours, theirs = twins("MLPClassifier", **options)
    weights = np.where(np.arange(60) % 2, weight, 0.0)
    assert_same_outcome(ours, theirs, "fit", numbers.astype(np.float32), classes, weights)
    assert_same_state(ours, theirs)


def test_weights_within_double_precision_are_trained_with_in_kernels(trainers, numbers, classes):
    for X, weight in [(numbers, 1e-50), (numbers, 1e50), (numbers.astype(np.float32), 1e30)]:
        small("MLPClassifier").fit(X, classes, np.where(np.arange(60) % 2, weight, 0.0))
    assert [type(trainer) for trainer in trainers] == [InKernels] * 3


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_weights_that_share_memory_are_trained_as_in_scikit_learn(solver, numbers):
    """An autoencoder's are tied like this."""
    ours, theirs = twins("MLPRegressor", hidden_layer_sizes=(3,), solver=solver)
    for twin in (ours, theirs):
        outcome(twin.fit, numbers, numbers)
        twin.coefs_[1] = twin.coefs_[0].T
    for _ in range(2):
        assert_same_outcome(ours, theirs, "partial_fit", numbers, numbers)
        assert_same_state(ours, theirs)


def test_layers_that_are_changed_between_calls_of_lbfgs_fail_as_in_scikit_learn(numbers):
    errors = []
    for kind in bp_numba.MLPRegressor, sklearn.neural_network.MLPRegressor:
        model = kind(random_state=0, hidden_layer_sizes=(33,), solver="lbfgs", max_iter=5)
        model.partial_fit(numbers, numbers[:, :2]).set_params(hidden_layer_sizes=(9, 5))
        with pytest.raises((TypeError, ValueError)) as caught:
            model.partial_fit(numbers, numbers[:, :2])
        errors.append((caught.type, str(caught.value)))
    assert errors[0] == errors[1]


def test_sparse_samples_without_a_hidden_layer(trainers, numbers, classes):
    X = scipy.sparse.csr_matrix(numbers)
    dense = small("MLPClassifier", hidden_layer_sizes=()).fit(numbers, classes)
    sparse = small("MLPClassifier", hidden_layer_sizes=()).fit(X, classes)
    np.testing.assert_allclose(sparse.loss_curve_, dense.loss_curve_, rtol=1e-9)
    assert [type(trainer) for trainer in trainers] == [InKernels, InScikitLearn]


def test_a_broken_sparse_matrix_is_refused(numbers, classes):
    X = scipy.sparse.csr_matrix(numbers)
    X.indices[3] = 1_000_000
    with pytest.raises(ValueError, match="indices"):
        small("MLPClassifier").fit(X, classes)


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize(
    "convert", [lambda y: y.astype(str), scipy.sparse.csr_array, np.longdouble]
)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_targets_that_kernels_do_not_read_are_scikit_learns(
    convert, solver, early_stopping, numbers
):
    y = convert(numbers[:, :2])
    ours, theirs = twins("MLPRegressor", solver=solver, early_stopping=early_stopping)
    assert_same_outcome(ours, theirs, "fit", numbers, y)
    assert_same_state(ours, theirs)


def test_large_layers_are_left_to_many_threads_of_blas(monkeypatch):
    threads = 1
    monkeypatch.setattr(
        choice, "threadpool_info", lambda: [{"user_api": "blas", "num_threads": threads}]
    )
    small_one, larger = [64, 100, 10], [64, 300, 300, 10]
    assert choice.is_faster(small_one, 200) and choice.is_faster(larger, 200)
    threads = 64
    assert choice.is_faster(small_one, 200) and not choice.is_faster(larger, 200)


def test_the_same_bits_in_every_process(tmp_path):
    code = """
import hashlib, sys, warnings
import numpy as np
from bp_numba import MLPClassifier
warnings.simplefilter("ignore")
X = np.random.default_rng(0).normal(size=(60, 5))
model = MLPClassifier(max_iter=5, random_state=0).fit(X, X[:, 0] > 0)
bits = b"".join(w.tobytes() for w in [*model.coefs_, *model.intercepts_])
print(hashlib.sha256(bits + np.array(model.loss_curve_).tobytes()).hexdigest())
"""
    cache = str(tmp_path / "cache")
    hashes = {run_python(code, NUMBA_CACHE_DIR=cache) for _ in range(2)}  # empty, then filled
    assert len(hashes) == 1


@pytest.mark.parametrize("parameters", [{}, {"solver": "sgd"}, {"solver": "sgd", "momentum": 0}])
@pytest.mark.parametrize("batch_size", [1, 10])
@pytest.mark.parametrize("where", [InKernels, InScikitLearn])
def test_a_batch_without_weight_is_left_out(
    where, batch_size, parameters, numbers, classes, monkeypatch
):
    monkeypatch.setattr(stochastic, "trainer_for", where)
    options = {"batch_size": batch_size, "shuffle": False, "alpha": 0.1, **parameters}
    weights = np.repeat([0.0, 1.0, 0.0, 2.0, 1.0, 0.5], 10)
    model = small("MLPClassifier", **options).fit(numbers, classes, weights)
    present = weights > 0
    assert set(classes[present]) == set(classes)
    rest = small("MLPClassifier", **options)
    rest.fit(numbers[present], classes[present], weights[present])
    for a, b in zip(model.coefs_, rest.coefs_, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9)
    assert getattr(model._optimizer, "t", 0) == getattr(rest._optimizer, "t", 0)


def test_an_interrupt_within_an_epoch_leaves_whole_batches(numbers, classes, monkeypatch):
    """Slices of blocks of 16 samples, batches of 20: the fifth slice does not end a batch."""

    def interrupted(*args):
        trainer = InKernels(*args)
        function = trainer._training._function

        def until_56(table, start, *rest):
            if start == 56:
                raise KeyboardInterrupt
            function(table, start, *rest)

        trainer._training._function = until_56
        return trainer

    options = {"batch_size": 20, "shuffle": False, "max_iter": 1}
    known = small("MLPClassifier", **options).fit(numbers[:40], classes[:40])
    monkeypatch.setattr(batches, "SLICE", 1)
    monkeypatch.setattr(stochastic, "trainer_for", interrupted)
    model = small("MLPClassifier", **options)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(numbers, classes)
    np.testing.assert_array_equal(model.coefs_[0], known.coefs_[0])
    np.testing.assert_array_equal(model._optimizer.vs[0], known._optimizer.vs[0])
    assert (model._optimizer.t, model._optimizer.learning_rate) == (
        2,
        known._optimizer.learning_rate,
    )
