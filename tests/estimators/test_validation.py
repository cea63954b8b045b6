"""Early stopping: validation samples of one's own, validation losses, the best epoch."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.metrics import log_loss, mean_poisson_deviance, mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.utils.class_weight import compute_sample_weight

from tests.estimators.twins import assert_same, outcome, small

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

EARLY = {"early_stopping": True, "max_iter": 12, "n_iter_no_change": 12, "validation_fraction": 0.3}


def halves(X, y):
    """Return samples to train on and to validate with, as arguments of `fit`."""
    return (X[:40], y[:40]), {"X_val": X[40:], "y_val": y[40:]}


@pytest.mark.parametrize("text", [False, True])
def test_own_samples_are_used_as_those_split_off(text, numbers, classes):
    """Given the samples that would be split off, and orders that are not drawn: the same run."""
    y = np.array(["", "a", "b", "c"])[classes] if text else classes
    split, given = (small("MLPClassifier", shuffle=False, **EARLY) for _ in range(2))
    generator = np.random.RandomState(0)
    generator.uniform(size=4 * 5 + 5 + 5 * 3 + 3)  # the weights, drawn before
    X, X_val, y_train, y_val = train_test_split(numbers, y, random_state=generator, test_size=0.3)
    expected = outcome(split.fit, numbers, y)
    assert outcome(given.fit, X, y_train, X_val=X_val, y_val=y_val) == expected
    for name in ("coefs_", "validation_scores_", "validation_loss_curve_", "best_iter_"):
        assert_same(getattr(given, name), getattr(split, name), name)


@pytest.mark.parametrize("name", ["binary", "classes", "labels", "numbers", "poisson"])
def test_validation_losses_are_those_of_the_weights_of_each_epoch(name, numbers, classes):
    """Without the penalty: the last is that of a fit that ends there, by scikit-learn's metrics."""
    labels = (numbers[:, :2] > 0).astype(int)
    y = {"binary": labels[:, 0], "classes": classes, "labels": labels}
    y |= {"numbers": numbers[:, :2], "poisson": np.abs(numbers[:, 0])}
    kind = "MLPRegressor" if name in ("numbers", "poisson") else "MLPClassifier"
    more = {"loss": "poisson"} if name == "poisson" else {}
    model = small(kind, alpha=5.0, **more, **EARLY)
    training, validation = halves(numbers, y[name])
    model.fit(*training, **validation)
    X, target = validation.values()
    assert len(model.validation_loss_curve_) == len(model.validation_scores_) == model.n_iter_
    best = model.validation_loss_curve_[model.best_iter_ - 1]
    assert model.validation_scores_[model.best_iter_ - 1] == model.best_validation_score_
    assert model.best_validation_score_ == model.score(X, target)
    expected = {
        "binary": lambda: log_loss(target, model.predict_proba(X)),
        "classes": lambda: log_loss(target, model.predict_proba(X)),
        "labels": lambda: sum(
            log_loss(target[:, k], model.predict_proba(X)[:, k]) for k in range(2)
        ),
        "numbers": lambda: mean_squared_error(target, model.predict(X)) / 2,
        "poisson": lambda: mean_poisson_deviance(target, model.predict(X)) / 2,
    }[name]()
    assert best == pytest.approx(expected, rel=1e-12)
    assert len(set(model.validation_loss_curve_)) == model.n_iter_


def test_the_best_epoch_counts_over_warm_starts(numbers, classes):
    model = small("MLPClassifier", warm_start=True, **EARLY)
    model.learning_rate_init = 0.02
    for fits in (1, 2, 3):
        model.fit(numbers, classes)
        scores = model.validation_scores_
        assert len(scores) == len(model.validation_loss_curve_) == 12 * fits
        assert model.best_iter_ == 1 + int(np.argmax(scores))
    model.set_params(warm_start=False, max_iter=2).fit(numbers, classes)
    assert len(model.validation_loss_curve_) == 2 and model.best_iter_ in (1, 2)


def test_without_early_stopping_there_are_none(numbers, classes):
    model = small("MLPClassifier")
    model.fit(numbers, classes)
    assert model.validation_loss_curve_ is None and model.best_iter_ is None
    lbfgs = small("MLPClassifier", solver="lbfgs", early_stopping=True)
    lbfgs.fit(numbers, classes)
    assert not hasattr(lbfgs, "validation_loss_curve_") and not hasattr(lbfgs, "best_iter_")


def test_scores_that_are_nan_keep_no_epoch(numbers):
    model = small("MLPRegressor", solver="sgd", learning_rate_init=1e200, **EARLY)
    with np.errstate(all="ignore"):
        outcome(model.fit, numbers, numbers[:, 0])
    assert model.best_iter_ == 0 and np.isnan(model.validation_scores_).all()
    assert np.isfinite(model.coefs_[0]).all()  # those of the start


def test_own_samples_of_other_kinds(numbers, classes):
    plain = small("MLPClassifier", **EARLY)
    (X, y), validation = halves(numbers, classes)
    plain.fit(X, y, **validation)
    for convert in (
        scipy.sparse.csr_array,
        scipy.sparse.csc_array,
        np.ndarray.tolist,
        np.asfortranarray,
        np.float128 if hasattr(np, "float128") else np.float64,
    ):
        model = small("MLPClassifier", **EARLY)
        X_val, y_val = convert(validation["X_val"]), validation["y_val"].tolist()
        model.fit(X, y, X_val=X_val, y_val=y_val)
        np.testing.assert_allclose(
            model.validation_loss_curve_, plain.validation_loss_curve_, rtol=1e-12
        )


def test_own_samples_have_the_precision_of_training(numbers, classes):
    (X, y), validation = halves(numbers.astype(np.float32), classes)
    curves = []
    for dtype in (np.float32, np.float64):
        model = small("MLPClassifier", **EARLY)
        model.fit(X, y, X_val=numbers[40:].astype(dtype), y_val=validation["y_val"])
        curves.append(model.validation_loss_curve_)
    assert curves[0] == curves[1]


def test_own_targets_may_be_a_column_with_scikit_learns_warning(numbers, classes):
    (X, y), validation = halves(numbers, classes)
    flat, column = (small("MLPClassifier", **EARLY) for _ in range(2))
    expected = outcome(flat.fit, X, y, **validation)
    seen = outcome(column.fit, X, y, **validation | {"y_val": validation["y_val"][:, np.newaxis]})
    assert column.validation_loss_curve_ == flat.validation_loss_curve_
    (warning,) = set(seen.warnings) - set(expected.warnings)
    assert warning.startswith("DataConversionWarning: A column-vector y was passed")


def test_weights_of_classes_count_in_validation_too(numbers, classes):
    (X, y), validation = halves(numbers, classes)
    only_first = {name: part[validation["y_val"] == 1] for name, part in validation.items()}
    for class_weight in ({1: 1.0, 2: 7.0, 3: 2.0}, {1: 1.0, 2: 7.0}, "balanced"):
        for own in (validation, only_first):
            model = small("MLPClassifier", class_weight=class_weight, **EARLY)
            model.fit(X, y, **own)
            X_val, y_val = own.values()
            # What classes weigh goes by the samples of training.
            weight = np.array([compute_sample_weight(class_weight, y)[y == k][0] for k in y_val])
            assert model.score(X_val, y_val, weight) == model.best_validation_score_
            best = model.validation_loss_curve_[model.best_iter_ - 1]
            loss = log_loss(
                y_val, model.predict_proba(X_val), sample_weight=weight, labels=[1, 2, 3]
            )
            assert best == pytest.approx(loss, rel=1e-12)


def test_names_of_columns_are_compared(numbers, classes):
    names = list("abcd")
    (X, y), validation = halves(pd.DataFrame(numbers, columns=names), classes)
    model = small("MLPClassifier", **EARLY)
    model.fit(X, y, **validation)
    validation["X_val"] = validation["X_val"][list("bacd")]
    seen = outcome(model.fit, X, y, **validation)
    assert "The feature names should match those that were passed during fit" in seen.error


REFUSED = [
    ({}, {"X_val": None}, "X_val and y_val must be given together, got X_val=None"),
    ({}, {"y_val": None}, "X_val and y_val must be given together, got y_val=None"),
    ({"early_stopping": False}, {}, "X_val and y_val need early_stopping=True"),
    (
        {"solver": "lbfgs"},
        {},
        "the solver 'sgd' or 'adam', got early_stopping=True, solver='lbfgs'",
    ),
    ({}, {"X_val": np.ones((20, 3))}, "X has 3 features, but MLPClassifier is expecting 4"),
    ({}, {"X_val": np.full((20, 4), np.nan)}, "X_val and y_val do not fit: Input X contains NaN"),
    ({}, {"y_val": np.ones(3)}, "inconsistent numbers of samples: [20, 3]"),
    ({}, {"y_val": np.arange(20) % 5}, "y_val must have classes of y, [1 2 3], got [0 4]"),
    ({}, {"X_val": np.ones((1, 4)), "y_val": [1]}, "X_val must have at least 2 rows, got 1"),
    ({}, {"y_val": np.eye(20, 3, dtype=int)}, "X_val and y_val do not fit"),
]


@pytest.mark.parametrize(("parameters", "changed", "text"), REFUSED)
def test_own_samples_that_do_not_fit(parameters, changed, text, numbers, classes):
    model = small("MLPClassifier", **EARLY | parameters)
    training, validation = halves(numbers, classes)
    seen = outcome(model.fit, *training, **validation | changed)
    assert seen.error.startswith("ValueError") and text in seen.error
    assert "_call" not in vars(model)


def test_own_targets_have_as_many_columns(numbers):
    training, validation = halves(numbers, numbers[:, :2])
    model = small("MLPRegressor", **EARLY)
    seen = outcome(model.fit, *training, X_val=numbers[40:], y_val=numbers[40:, 0])
    assert seen.error == "ValueError: y_val must have 2 columns, as y, got 1"


@pytest.mark.parametrize("convert", [scipy.sparse.csr_array, lambda y: y.astype(str)])
def test_own_targets_are_an_array_of_numbers(convert, numbers):
    training, _ = halves(numbers, numbers[:, :2])
    model = small("MLPRegressor", **EARLY)
    seen = outcome(model.fit, *training, X_val=numbers[40:], y_val=convert(numbers[40:, :2]))
    assert "ValueError: X_val and y_val do not fit: y_val must be an array of" in seen.error
