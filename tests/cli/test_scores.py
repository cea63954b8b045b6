"""Scores, beside those of scikit-learn."""

import math

import numpy as np
import pytest
from sklearn.metrics import (
    balanced_accuracy_score,
    confusion_matrix,
    mean_squared_error,
    precision_recall_fscore_support,
    r2_score,
)

from bp_numba.cli import scores
from bp_numba.preprocessing import measures


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
    balanced = balanced_accuracy_score(actual, predicted)
    assert scores.balanced_accuracy(predicted, actual) == pytest.approx(balanced)
    rows = [line.split() for line in scores.confusion_matrix(predicted, actual, ["u", "v", "w"])]
    assert rows[0] == ["u", "v", "w"] and [row[0] for row in rows[1:]] == ["u", "v", "w"]
    counts = np.array([row[1:] for row in rows[1:]], dtype=int)
    np.testing.assert_array_equal(counts, confusion_matrix(actual, predicted))
    a, b = generator.random((2, 50))
    assert measures.r_squared(a, b) == pytest.approx(r2_score(b, a))
    error = measures.root_mean_squared_error(a, b)
    assert error == pytest.approx(mean_squared_error(b, a) ** 0.5)


def test_scores_that_are_not_defined():
    lines = scores.class_table(np.array([0, 0]), np.array([1, 1]), ["u", "v", "w"])
    assert [line.split() for line in lines[1:]] == [
        ["u", "0.000", "-", "0"],
        ["v", "-", "0.000", "2"],
        ["w", "-", "-", "0"],
    ]
    classes = np.array([1, 1, 2])  # of class 0 there is no row: it has no recall to average
    assert scores.balanced_accuracy(np.array([1, 0, 2]), classes) == 0.75
    assert math.isnan(measures.r_squared([1.0, 2.0], [3.0, 3.0]))


def test_classes_of_several_lines_take_one():
    predicted = actual = np.array([0, 1])
    table = scores.class_table(predicted, actual, ["two\nlines", "z"])
    assert [line[:9] for line in table] == ["    class", "two lines", "        z"]
    matrix = scores.confusion_matrix(predicted, actual, ["two\r\nlines", "z"])
    assert [line.split() for line in matrix[1:]] == [["two", "lines", "1", "0"], ["z", "0", "1"]]
