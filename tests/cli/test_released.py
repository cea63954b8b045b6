"""Model files of release 0.1.0: they predict the same, are shown, and refuse what they refused.

released/NAME.npz was trained by that release on released/NAME.csv, and it wrote the predictions in
released/NAME_predicted.csv.
"""

import shutil
from pathlib import Path

import numpy as np
import pytest

from bp_numba.cli.main import main
from bp_numba.simd.width import NARROWEST, widest
from tests.cli.conftest import predictions, run

RELEASED = Path(__file__).parent / "released"
DESCRIBED = {
    "texts": [
        "inputs: 4, from 4 columns",
        "  a: numbers from -1.732 to 1.6; gaps are refused",
        "  b: numbers from 0 to 8; gaps are refused",
        "  flag: numbers from 0 to 1; gaps are refused",
        "  same: numbers from 7 to 8; gaps are refused",
        "target: size, 3 classes: =, größer, klein",
    ],
    "integers": [
        "  b: numbers with mean 3.93333 and standard deviation 2.67; gaps are refused",
        "  a: numbers with mean -0.317367 and standard deviation 0.844576; gaps are refused",
        "target: code, 2 classes: -1, 7",
    ],
    "numbers": ["target: price, numbers from -2943 to 800, 0.1 to 0.9 at the output"],
}


def rows_of(name):
    """Return header and rows of a file."""
    return predictions(RELEASED.joinpath(name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", DESCRIBED)
def test_they_predict_the_same(name, capsys):
    model, data = RELEASED / f"{name}.npz", RELEASED / f"{name}.csv"
    options = [] if name == "numbers" else ["--proba"]
    captured = run(capsys, "predict", model, data, *options)
    (header, rows), (expected_header, expected) = (
        predictions(captured.out),
        rows_of(f"{name}_predicted.csv"),
    )
    assert header == expected_header and len(rows) == len(expected) == 40
    assert len({row[0] for row in expected}) > 1, "they all say the same"
    if name != "numbers":
        assert [row.pop(0) for row in rows] == [row.pop(0) for row in expected]
    np.testing.assert_allclose(
        np.array(rows, dtype=float), np.array(expected, dtype=float), rtol=1e-12, atol=1e-14
    )
    assert captured.err.startswith("[INFO] ") and "on 40 rows" in captured.err


@pytest.mark.parametrize(("name", "described"), DESCRIBED.items())
def test_they_are_shown(name, described, capsys):
    lines = run(capsys, "info", RELEASED / f"{name}.npz").out.splitlines()
    assert set(described) <= set(lines)
    assert "{" not in "".join(lines)


@pytest.mark.parametrize("name", DESCRIBED)
def test_gaps_are_refused(name, tmp_path, capsys):
    header, rows = rows_of(f"{name}.csv")
    rows[4][header.index("b")] = "?"
    data = tmp_path / "gap.csv"
    data.write_text("\n".join(map(",".join, [header, *rows])), encoding="utf-8")
    assert main(["predict", str(RELEASED / f"{name}.npz"), str(data)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    place = "in row 6 (the header is row 1)"
    assert captured.err == f"bp-numba: {data}: column 'b' has a missing value (or NaN) {place}\n"


def test_their_runs_are_gone_on_with(tmp_path, capsys):
    """Where the samples are the same; a model file is a checkpoint too."""
    kept = shutil.copy(RELEASED / "numbers.npz", tmp_path / "kept.npz")
    command = ["train", RELEASED / "numbers.csv", "--target", "price", "--alpha", 1]
    command += ["--scale", "minmax", "--layers", 5, "--epochs", 60, "--checkpoint"]
    run(capsys, *command, tmp_path / "whole.npz")
    assert "after epoch 30\n" in run(capsys, *command, kept, "--resume").out
    found = [
        [*map(float, run(capsys, "predict", path, RELEASED / "numbers.csv").out.split()[1:])]
        for path in (kept, tmp_path / "whole.npz")
    ]
    assert len(found[0]) > 1
    # It was begun on a CPU with AVX2; in longer vectors sums are taken in another order.
    apart = 0.0 if widest() == NARROWEST else 1e-9
    assert found[0] == pytest.approx(found[1], rel=apart, abs=0.0)
    refused = [*command, kept, "--resume", "--scale", "none"]
    assert main([*map(str, refused)]) == 1
    assert 'scale "minmax" there, "none" here' in capsys.readouterr().err
