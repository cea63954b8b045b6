"""What the commands say about predictions."""

import math

import numpy as np
import pytest

from bp_numba.cli.errors import CommandError
from bp_numba.cli.reporting import score_lines
from bp_numba.preprocessing.preprocessing import Preprocessing
from tests.cli.conftest import CLASSES, CLASSES_TABLE, NUMBERS


def test_r2_that_is_not_defined():
    assert score_lines(NUMBERS, np.array([[0.5]]), np.array([[10.0]]), "rows") == [
        "[INFO] R2 not defined for equal targets, RMSE 0 on 1 rows"
    ]


def test_classes_that_are_confused():
    lines = score_lines(CLASSES, np.eye(3)[[0, 0, 2, 2, 2]], np.array([0, 1, 2, 2, 0]), "rows")
    assert lines == [
        "[INFO] accuracy 0.6000 on 5 rows, balanced accuracy 0.5000",
        "class  precision  recall  rows",
        "    u      0.500   0.500     2",
        "    v          -   0.000     1",
        "    w      0.667   1.000     2",
        "[INFO] rows of each class, by what was predicted:",
        "   u  v  w",
        "u  1  0  1",
        "v  1  0  0",
        "w  0  0  2",
    ]


def test_more_classes_than_a_confusion_matrix_is_read_of():
    for count, lines in ((20, 2 + 20 + 2 + 20), (21, 2 + 21)):
        table = {"target": "t", "classes": list(range(count))}
        many = Preprocessing.from_dict(CLASSES_TABLE | table)
        assert len(score_lines(many, np.eye(count), np.arange(count), "rows")) == lines


def test_several_numbers_have_a_score_each():
    columns = [{"name": name, "factor": 1.0, "offset": 0.0, "divisor": 1.0} for name in "yz"]
    pair = Preprocessing.from_dict(NUMBERS.to_dict() | {"targets": columns})
    outputs = np.array([[0.1, 0.9], [0.9, 0.5]])
    assert score_lines(pair, outputs, np.array([[0.0, 1.0], [1.0, 0.0]]), "rows") == [
        "[INFO] y: R2 1.0000, RMSE 0 on 2 rows",
        "[INFO] z: R2 0.5000, RMSE 0.353553 on 2 rows",
    ]


def test_outputs_that_are_no_numbers():
    with pytest.raises(CommandError, match="outputs are not numbers: train with a smaller --alpha"):
        score_lines(CLASSES, np.full((1, 3), math.nan), np.array([0]), "rows")
