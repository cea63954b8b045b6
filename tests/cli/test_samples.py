"""From a table to samples."""

from pathlib import Path

import numpy as np
import pytest

from bp_numba.cli.samples import make_samples
from bp_numba.cli.tables import Table


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
