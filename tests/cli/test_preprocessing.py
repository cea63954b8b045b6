"""Scaling, classes and tasks: from columns to inputs and targets, and back."""

import json
import math

import numpy as np
import pytest

from bp_numba.cli.preprocessing import HIGH, LOW, Preprocessing, guess_task, probabilities, scaling
from tests.cli.conftest import CLASSES, NUMBERS


def test_scales():
    X = np.array([[1.0, 5.0, 0.1], [3.0, 5.0, 0.1], [8.0, 5.0, 0.1]])
    assert scaling(X, "none", "abc") == ([0, 0, 0], [1, 1, 1])
    assert scaling(X, "minmax", "abc") == ([1, 5, 0.1], [7, 1, 1])
    offsets, divisors = scaling(X, "standard", "abc")
    np.testing.assert_allclose(offsets, X.mean(axis=0))
    np.testing.assert_allclose(divisors, [X[:, 0].std(), 1, 1])  # not the rounding of 0.1


def test_a_tiny_spread_divides_by_no_zero():
    X = np.array([[0.0], [5e-324]])
    for scale in ("minmax", "standard"):
        offsets, divisors = scaling(X, scale, "a")
        assert divisors[0] > 0 and np.isfinite((X - offsets) / divisors).all()


@pytest.mark.parametrize("scale", ["minmax", "standard"])
def test_numbers_that_are_too_large_to_scale(scale):
    with pytest.raises(OverflowError, match="'b' has numbers that are too large to be"):
        scaling(np.array([[1.0, -1.7e308], [2.0, 1.7e308]]), scale, "ab")


def test_inputs():
    X = np.array([[1.0, -2.0], [3.0, -1.5], [1e308, 1e308]])
    scaled = CLASSES.inputs(X)
    assert scaled[:2].tolist() == [[0, 0], [1, 1]] and scaled[2, 1] == math.inf


def test_classes_and_back():
    targets = CLASSES.targets(["w", "u"])
    assert targets.tolist() == [[0, 0, 1], [1, 0, 0]]
    assert CLASSES.decode(targets) == ["w", "u"] and CLASSES.outputs == 3
    assert CLASSES.class_numbers(["v", "?", 1]).tolist() == [1, -1, -1]


def test_numbers_and_back():
    targets = NUMBERS.targets([-10.0, 30.0, 10.0])
    np.testing.assert_allclose(targets, [[LOW], [HIGH], [0.5]])
    np.testing.assert_allclose(NUMBERS.decode(targets), [-10, 30, 10], atol=1e-12)
    assert NUMBERS.outputs == 1


def test_probabilities():
    outputs = np.array([[0.2, 0.6], [0.0, 0.0]])
    np.testing.assert_allclose(probabilities(outputs), [[0.25, 0.75], [0.5, 0.5]])


@pytest.mark.parametrize("preprocessing", [CLASSES, NUMBERS])
def test_json_and_back(preprocessing):
    text = json.dumps(preprocessing.to_dict())
    assert Preprocessing.from_dict(json.loads(text)) == preprocessing


@pytest.mark.parametrize(
    ("original", "changes", "message"),
    [
        (CLASSES, {"more": 1}, "must hold target, task, columns"),
        (CLASSES, {"columns": []}, "columns must be a list of different names"),
        (CLASSES, {"columns": ["a", "a"]}, "columns must be"),
        (CLASSES, {"columns": ["a", 1]}, "columns must be"),
        (CLASSES, {"columns": "ab"}, "columns must be"),
        (CLASSES, {"target": None}, "target must be the name of a column"),
        (CLASSES, {"task": "guess"}, "task must be one of"),
        (CLASSES, {"task": ["classify"]}, "task must be one of"),
        (CLASSES, {"scale": "log"}, "task must be one of"),
        (CLASSES, {"offsets": [0.0]}, "offsets must be a finite number for each"),
        (CLASSES, {"offsets": [0.0, math.nan]}, "offsets must be"),
        (CLASSES, {"divisors": [1.0, "1"]}, "divisors must be a finite number for each"),
        (CLASSES, {"divisors": [1.0, 0.0]}, "divisors must not be 0"),
        (CLASSES, {"classes": ["u"]}, "classes must be two or more different values"),
        (CLASSES, {"classes": ["u", "u"]}, "classes must be"),
        (CLASSES, {"classes": [1, True]}, "classes must be"),
        (CLASSES, {"classes": [["u"], ["v"]]}, "classes must be"),
        (CLASSES, {"classes": {"u": 1, "v": 2}}, "classes must be"),
        (CLASSES, {"target_range": [0.0, 1.0]}, "classes must be"),
        (NUMBERS, {"classes": ["u", "v"]}, "target_range must be two finite numbers"),
        (NUMBERS, {"target_range": [1.0, 1.0]}, "target_range must be"),
        (NUMBERS, {"target_range": [1.0]}, "target_range must be"),
        (NUMBERS, {"target_range": [0.0, math.inf]}, "target_range must be"),
    ],
)
def test_dicts_of_others(original, changes, message):
    with pytest.raises(ValueError, match=message):
        Preprocessing.from_dict(original.to_dict() | changes)


@pytest.mark.parametrize("values", [None, [], {}, "table"])
def test_what_is_no_dict_of_ours(values):
    with pytest.raises(ValueError, match="must hold target, task"):
        Preprocessing.from_dict(values)


@pytest.mark.parametrize(
    ("values", "task", "reason"),
    [
        (["a", "b", "c"], "classify", "text"),
        ([True, False], "classify", "booleans"),
        ([0, 1, 1, 0], "classify", "2 different whole numbers"),
        ([0.0, 1.0, 1.0, 0.0], "classify", "2 different whole numbers"),
        ([0, 1, 2, 1], "regress", "3 different whole numbers"),
        ([0.5, 1.0] * 9, "regress", "2 different numbers"),
        (list(range(21)) * 9, "regress", "21 different whole numbers"),
    ],
)
def test_guesses(values, task, reason):
    assert guess_task(values) == (task, reason)
