"""Three of the perceptrons' kernels, dense, sparse and of single samples: in CI with every index
checked.
"""

import numpy as np
import pytest

from tests.conftest import needs_jit
from tests.training.test_batches import LAYERS, OTHERS, Case

pytestmark = needs_jit


@pytest.mark.parametrize(
    ("variant", "sizes"), [(OTHERS[0], [7, 43]), (OTHERS[1], [7, 43]), (OTHERS[5], [1])]
)
def test_batches_within_bounds(variant, sizes):
    for units in [units for units in LAYERS if len(units) > 2]:
        for size in sizes:
            Case(variant, units, size).epoch(np.random.default_rng(2).permutation(43))
