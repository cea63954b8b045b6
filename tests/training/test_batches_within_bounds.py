"""Two of the perceptrons' kernels, dense and sparse: in CI with every index checked."""

import numpy as np
import pytest

from tests.conftest import needs_jit
from tests.training.test_batches import LAYERS, OTHERS, Case

pytestmark = needs_jit


@pytest.mark.parametrize("variant", OTHERS[:2], ids=lambda v: ".".join(v))
def test_batches_within_bounds(variant):
    for units in [units for units in LAYERS if len(units) > 2]:
        for size in (7, 43):
            Case(variant, units, size).epoch(np.random.default_rng(2).permutation(43))
