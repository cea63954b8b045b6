"""Numbers at the ends of what floats hold: no warning is shown, in processes of their own."""

import numpy as np
import pytest

from tests.cli.conftest import SHORT, bp_numba, predictions, write
from tests.conftest import PYTHON, run_command

ROWS = 40
GENERATOR = np.random.default_rng(0)
PLAIN = GENERATOR.normal(size=ROWS).round(3).tolist()
HUGE = GENERATOR.permutation([1e308, -1e308] * (ROWS // 2)).tolist()
TABLES = {
    "inputs": {
        "a": PLAIN,
        "huge": HUGE,
        "tiny": [(5e-324, 0.0, 1e-310)[i % 3] for i in range(ROWS)],
        "same": [1e308] * ROWS,
        "y": [i % 2 for i in range(ROWS)],
    },
    "huge targets": {"a": PLAIN, "huge": HUGE, "y": (1.7e308 * np.linspace(-1, 1, ROWS)).tolist()},
    "tiny targets": {"a": PLAIN, "same": [5e-324] * ROWS, "y": [5e-324 * i for i in range(ROWS)]},
    "outliers": {"a": [1e308, *PLAIN[1:]], "y": [*PLAIN[:-1], 1e300]},
}


@pytest.mark.parametrize(
    ("network", "name"),
    [*[("sigmoid", name) for name in TABLES], ("mlp", "inputs"), ("mlp", "huge targets")],
)
def test_nothing_is_shown_of_overflows(network, name, tmp_path):
    columns = TABLES[name]
    data, model = write(tmp_path / "data.csv", columns), tmp_path / "model.npz"
    extremes = {key: [1.7e308, -1.7e308, 5e-324, 0.0] for key in columns if key != "y"}
    new = write(tmp_path / "new.csv", extremes)
    scale = "none" if name == "inputs" else "standard"
    options = ["--network", network, "--scale", scale, *SHORT, "--early-stopping", "--save", model]
    if name != "inputs":
        options += ["--task", "regress"]
    result = bp_numba("train", data, "--target", "y", *options)
    assert (result.returncode, result.stderr) == (0, "")
    result = bp_numba("predict", model, new)
    assert (result.returncode, result.stderr) == (0, "")
    found = np.array(predictions(result.stdout)[1], dtype=float)
    assert found.shape == (4, 1) and np.isfinite(found).all()


def test_warnings_are_lines_without_their_source():
    code = """
import sys, warnings
from bp_numba.cli import train
from bp_numba.cli.main import main
train.train = lambda options: warnings.warn("what is\\n  wrong", RuntimeWarning)
sys.exit(main(["train", "d.npz"]))
"""
    result = run_command([*PYTHON, "-c", code])
    assert (result.returncode, result.stderr) == (0, "bp-numba: what is wrong\n")
