"""Weights of classes: scikit-learn's classes with the same weights as weights of samples."""

import numpy as np
import pytest
import sklearn.linear_model
import sklearn.neural_network
from sklearn.utils.class_weight import compute_sample_weight

import bp_numba
from tests.estimators.twins import assert_same_state, outcome, small

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

EARLY = {"early_stopping": True, "validation_fraction": 0.3}
WEIGHTS = [{1: 0.1, 2: 1.0, 3: 10.0}, {1: 5.0}, "balanced"]


@pytest.mark.parametrize("sample_weight", [None, np.linspace(0.5, 2, 60)], ids=["alone", "both"])
@pytest.mark.parametrize("parameters", [{}, EARLY, {"solver": "lbfgs"}], ids=str)
@pytest.mark.parametrize("class_weight", WEIGHTS, ids=str)
def test_class_weights_are_weights_of_samples(
    class_weight, parameters, sample_weight, numbers, classes
):
    weighted = small("MLPClassifier", class_weight=class_weight, **parameters)
    theirs = small("MLPClassifier", sklearn.neural_network, **parameters)
    weight = compute_sample_weight(class_weight, classes)
    weighted.fit(numbers, classes, sample_weight)
    theirs.fit(numbers, classes, weight if sample_weight is None else weight * sample_weight)
    assert_same_state(weighted, theirs)
    plain = small("MLPClassifier", **parameters)
    assert (plain.fit(numbers, classes).coefs_[0] != weighted.coefs_[0]).any()


@pytest.mark.parametrize("class_weight", [[{0: 1, 1: 5}, {0: 2, 1: 1}], "balanced"], ids=str)
def test_labels_are_weighted_each(class_weight, numbers):
    y = (numbers[:, :2] > 0.5).astype(int)
    weighted = small("MLPClassifier", class_weight=class_weight)
    theirs = small("MLPClassifier", sklearn.neural_network)
    theirs.fit(numbers, y, compute_sample_weight(class_weight, y))
    assert_same_state(weighted.fit(numbers, y), theirs)


def test_text_and_booleans_are_classes_too(numbers):
    booleans = numbers[:, 0] > 0.5
    for y, class_weight in [
        (booleans, {True: 3}),
        (np.where(booleans, "yes", "no"), {"yes": 3}),
        (np.where(booleans, "yes", "no").astype(object), {"yes": 3}),
    ]:
        weighted = small("MLPClassifier", class_weight=class_weight)
        theirs = small("MLPClassifier", sklearn.neural_network)
        theirs.fit(numbers, y, np.where(booleans, 3, 1))
        assert_same_state(weighted.fit(numbers, y), theirs)


def test_weights_know_classes_that_a_batch_of_partial_fit_lacks(numbers, classes):
    weighted = small("MLPClassifier", class_weight={1: 2.0, 3: 5.0})
    theirs = small("MLPClassifier", sklearn.neural_network)
    for present in ([1, 2, 3], [1, 2], [2]):
        rows = np.isin(classes, present)
        weight = compute_sample_weight({1: 2.0, 2: 1.0, 3: 5.0}, classes)[rows]
        weighted.partial_fit(numbers[rows], classes[rows], classes=[1, 2, 3])
        theirs.partial_fit(numbers[rows], classes[rows], weight, classes=[1, 2, 3])
    assert_same_state(weighted, theirs)


def test_weights_know_the_other_of_two_classes(numbers, classes):
    for weighted_class, present in [(1, 2), (2, 1)]:
        model = small("MLPClassifier", class_weight={weighted_class: 2.0})
        rows = classes == present
        model.partial_fit(numbers[rows], classes[rows], classes=[1, 2])
        plain = small("MLPClassifier").partial_fit(numbers[rows], classes[rows], classes=[1, 2])
        np.testing.assert_array_equal(model.coefs_[0], plain.coefs_[0])


def test_partial_fit_refuses_what_needs_all_samples(numbers, classes):
    """With the text of scikit-learn's SGDClassifier, before there are any weights."""
    model = bp_numba.MLPClassifier(class_weight="balanced")
    sgd = sklearn.linear_model.SGDClassifier(class_weight="balanced")
    errors = {
        outcome(each.partial_fit, numbers, classes, classes=[1, 2, 3]).error
        for each in (model, sgd)
    }
    assert len(errors) == 1 and "class_weight 'balanced' is not supported" in errors.pop()
    assert not hasattr(model, "coefs_")


@pytest.mark.parametrize(
    ("class_weight", "text"),
    [
        ("blanced", "The 'class_weight' parameter of MLPClassifier must be a str among"),
        (2.0, "The 'class_weight' parameter of MLPClassifier must be"),
        ({7: 2.0}, "The classes, [1, 2, 3], are not in class_weight"),
        (
            [0, 1, 1, 5],
            "class_weight must be a dict, 'balanced' or None unless y has several labels",
        ),
    ],
)
def test_class_weights_that_do_not_fit(class_weight, text, numbers, classes):
    seen = outcome(bp_numba.MLPClassifier(class_weight=class_weight).fit, numbers, classes)
    assert text in seen.error


@pytest.mark.parametrize("parameters", [{}, {"solver": "lbfgs"}], ids=str)
@pytest.mark.parametrize("weight", [np.nan, np.inf, -1, 10**400, None, "2"], ids=str)
def test_weights_that_are_none_are_refused(weight, parameters, numbers, classes):
    model = small("MLPClassifier", class_weight={1: 2.0, 3: weight}, **parameters)
    seen = outcome(model.fit, numbers, classes)
    text = f"class_weight must have finite numbers of at least 0, got {weight!r} for class 3"
    assert seen == (f"ValueError: {text}", [], "")
    labels = small("MLPClassifier", class_weight=[{0: 1}, {1: weight}], **parameters)
    seen = outcome(labels.fit, numbers, (numbers[:, :2] > 0.5).astype(int))
    assert seen == (f"ValueError: {text.removesuffix('3')}1", [], "")


def test_in_batches_of_one_a_weight_counts_against_the_mean(numbers):
    """Plain steps from one sample each: gradient times weight over mean weight, by hand."""
    X, y, alpha, rate = numbers[:6], np.array([0, 1, 0, 0, 1, 0]), 0.5, 0.1
    parameters = {"solver": "sgd", "momentum": 0, "batch_size": 1, "max_iter": 1, "alpha": alpha}
    parameters |= {"shuffle": False, "learning_rate_init": rate, "hidden_layer_sizes": ()}
    model, start = (
        small("MLPClassifier", class_weight={0: 1.0, 1: 4.0}, **parameters) for _ in range(2)
    )
    start.set_params(learning_rate_init=1e-300).fit(X, y)
    (W,), (b,) = ([array.copy() for array in pair] for pair in (start.coefs_, start.intercepts_))
    losses = []
    for x, target in zip(X, y, strict=True):
        weight, mean = 1.0 + 3 * target, 2.0
        output = 1 / (1 + np.exp(-(x @ W + b)))
        error = -np.log(output if target else 1 - output).item()
        losses.append((weight * error + alpha / 2 * (W**2).sum()) / mean)
        W -= rate * (weight * np.outer(x, output - target) + alpha * W) / mean
        b -= rate * weight * (output - target) / mean
    model.fit(X, y)
    np.testing.assert_allclose(model.coefs_[0], W, rtol=1e-12)
    np.testing.assert_allclose(model.intercepts_[0], b, rtol=1e-12)
    assert model.loss_ == pytest.approx(np.mean(losses), rel=1e-12)


def test_in_batches_of_one_a_class_of_weight_0_is_left_out(numbers, classes):
    model = small("MLPClassifier", batch_size=1, class_weight={1: 0.0, 2: 1.0, 3: 1.0})
    assert 1 not in model.fit(numbers, classes).predict(numbers)
    nothing = small("MLPClassifier", batch_size=1, class_weight=dict.fromkeys([1, 2, 3], 0.0))
    assert nothing.fit(numbers, classes).loss_curve_[0] == 0
