"""Scaling, classes, splits and scores: from tables to samples and back."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import mean_squared_error, precision_recall_fscore_support, r2_score

from bp_numba.cli import scores
from bp_numba.cli.errors import CommandError
from bp_numba.cli.preprocessing import (
    HIGH,
    LOW,
    Preprocessing,
    guess_task,
    probabilities,
    scaling,
)
from bp_numba.cli.reporting import score_lines
from bp_numba.cli.samples import make_samples
from bp_numba.cli.splitting import split
from bp_numba.cli.tables import Table

CLASSES = Preprocessing(
    columns=["a", "b"], target="t", task="classify", scale="minmax",
    offsets=[1.0, -2.0], divisors=[2.0, 0.5], classes=["u", "v", "w"], target_range=[],
)  # fmt: skip
NUMBERS = Preprocessing(
    columns=["a"], target="t", task="regress", scale="none",
    offsets=[0.0], divisors=[1.0], classes=[], target_range=[-10.0, 30.0],
)  # fmt: skip


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


def test_split_takes_a_share_of_each_group():
    groups = np.array([0] * 40 + [1] * 8 + [2] * 2 + [3])
    rows = np.random.default_rng(0).permutation(len(groups))
    remaining, taken = split(rows, groups, 0.25)
    assert np.bincount(groups[taken]).tolist() == [10, 2, 1]
    assert np.bincount(groups[remaining]).tolist() == [30, 6, 1, 1]
    assert sorted([*remaining, *taken]) == list(range(len(groups)))
    order = {row: place for place, row in enumerate(rows)}
    assert sorted(remaining, key=order.get) == list(remaining)


@pytest.mark.parametrize(("share", "count"), [(0, 0), (0.001, 1), (0.45, 5), (0.999, 9)])
def test_sizes_of_a_split(share, count):
    remaining, taken = split(np.arange(10), np.zeros(10), share)
    assert (len(remaining), len(taken)) == (10 - count, count)


def test_scores_are_those_of_scikit_learn():
    generator = np.random.default_rng(0)
    predicted, actual = generator.integers(0, 3, (2, 50))
    assert scores.accuracy(predicted, actual) == np.mean(predicted == actual)
    lines = scores.class_table(predicted, actual, ["u", "v", "w"])
    expected = precision_recall_fscore_support(actual, predicted)
    for number, line in enumerate(lines[1:]):
        label, precision, recall, rows = line.split()
        assert label == "uvw"[number] and int(rows) == expected[3][number]
        assert float(precision) == pytest.approx(expected[0][number], abs=5e-4)
        assert float(recall) == pytest.approx(expected[1][number], abs=5e-4)
    a, b = generator.random((2, 50))
    assert scores.r_squared(a, b) == pytest.approx(r2_score(b, a))
    error = scores.root_mean_squared_error(a, b)
    assert error == pytest.approx(mean_squared_error(b, a) ** 0.5)


def test_scores_that_are_not_defined():
    lines = scores.class_table(np.array([0, 0]), np.array([1, 1]), ["u", "v", "w"])
    assert [line.split() for line in lines[1:]] == [
        ["u", "0.000", "-", "0"], ["v", "-", "0.000", "2"], ["w", "-", "-", "0"],
    ]  # fmt: skip
    assert math.isnan(scores.r_squared([1.0, 2.0], [3.0, 3.0]))
    assert score_lines(NUMBERS, np.array([[0.5]]), [10.0], "rows") == [
        "[INFO] R2 not defined for equal targets, RMSE 0 on 1 rows"
    ]


def test_unknown_classes_and_outputs_that_are_no_numbers():
    lines = score_lines(CLASSES, np.eye(3), ["u", "?", "w"], "rows")
    assert lines[:2] == [
        "[INFO] accuracy 0.6667 on 3 rows",
        "[INFO] 1 of them are of classes unknown to the model, as '?'",
    ]
    with pytest.raises(CommandError, match="outputs are not numbers: use a smaller alpha"):
        score_lines(CLASSES, np.full((1, 3), math.nan), ["u"], "rows")


@pytest.mark.parametrize("scale", ["minmax", "standard"])
def test_scaling_is_learned_from_the_rows_trained_on_only(scale):
    values = np.random.default_rng(0).permutation(40.0 * np.arange(40))
    columns = {"a": lambda: values, "b": lambda: values[::-1], "y": lambda: values}
    table = Table(Path("table.csv"), 40, columns, header=1)
    options = {"scale": scale, "test_size": 0.3, "validation_size": 0.2, "seed": 0}
    samples = make_samples(table, "y", "regress", **options)
    trained_on = len(samples.X)
    assert trained_on < 40
    if scale == "minmax":
        np.testing.assert_allclose([samples.X.min(axis=0), samples.X.max(axis=0)], [[0, 0], [1, 1]])
    else:
        np.testing.assert_allclose(samples.X.mean(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(samples.X.std(axis=0), 1)
    np.testing.assert_allclose([samples.y.min(), samples.y.max()], [0.1, 0.9])
    assert samples.validation is not None
    others = np.concatenate([samples.validation[0], samples.X_test])
    assert len(others) == 40 - trained_on and (others.min() < 0 or others.max() > 1)
