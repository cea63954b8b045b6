"""What the commands say about predictions."""

import math

import numpy as np
import pytest

from bp_numba.cli.errors import CommandError
from bp_numba.cli.reporting import score_lines
from tests.cli.conftest import CLASSES, NUMBERS


def test_r2_that_is_not_defined():
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
