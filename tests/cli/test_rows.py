"""Rows in are rows out, in the order of the file, and each has the prediction that it has alone."""

import contextlib
import csv
import gzip
import io
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bp_numba.cli.main import main
from tests.cli.conftest import predictions

GAPS = st.sampled_from(["", "NA", "?", "null"])
NUMBERS = st.one_of(
    st.integers(-1000, 1000).map(str), st.floats(-1e6, 1e6).map(lambda value: f"{value:.4f}")
)
WORDS = st.sampled_from(["red", "Größe", "01", "1", "yes", 'a "quoted" one', "a;b, c|d", "1e5x"])
OTHERS = st.sampled_from(["green", "007", "two\nlines", "no"])
KINDS = {
    "numbers": (NUMBERS, NUMBERS),
    "gaps": (st.one_of(NUMBERS, GAPS), st.one_of(NUMBERS, GAPS)),
    "words": (st.one_of(WORDS, GAPS), st.one_of(WORDS, OTHERS, GAPS)),
    "truths": (st.sampled_from(["Yes", "no", ""]), st.sampled_from(["yes", "NO", "NA"])),
    "percents": (NUMBERS.map(lambda text: text + "%"), NUMBERS.map(lambda text: text + "%")),
    "same": (st.just("3"), st.one_of(NUMBERS, GAPS)),
}
"""Cells to train on and cells of new tables, among them what was not there before."""

CLASSES = st.sampled_from([("u", "v"), ("01", "10"), ("7", "-1", "0"), ("True", "False")])


class Writing:
    """How a table is written."""

    def __init__(self, draw):
        self._separator = draw(st.sampled_from(",;\t|"))
        self._quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
        self._end = draw(st.sampled_from(["\n", "\r\n", "\n\n"]))
        self._encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
        self._packed = draw(st.booleans())
        self.options = ["--separator", self._separator] if draw(st.booleans()) else []
        self.options += ["--decimal", "."]

    def write(self, path, header, rows):
        """Write a table and return its file."""
        text = io.StringIO()
        how = {"delimiter": self._separator, "quoting": self._quoting}
        csv.writer(text, lineterminator=self._end, **how).writerows([header, *rows])
        content = text.getvalue().encode(self._encoding)
        path.write_bytes(gzip.compress(content) if self._packed else content)
        return path


@st.composite
def tables(draw, target):
    """Draw rows to train on and new rows, their header, and the names of the targets."""
    kinds = [KINDS["numbers"], *draw(st.lists(st.sampled_from([*KINDS.values()]), max_size=4))]
    trained, new = draw(st.integers(8, 20)), draw(st.integers(1, 7))
    names, columns, added = [f"x{i}" for i in range(len(kinds))], [], []
    for cells, later in kinds:
        columns.append(draw(st.lists(cells, min_size=trained, max_size=trained)))
        added.append(draw(st.lists(later, min_size=new, max_size=new)))
    labels = draw(CLASSES)
    for number in range({"classes": 1, "numbers": 1, "several": 2}[target]):
        names.append(f"y{number}")
        known = st.sampled_from(labels) if target == "classes" else NUMBERS
        drawn = st.lists(st.one_of(known, GAPS, st.just("other")), min_size=new, max_size=new)
        added.append(draw(drawn))
        if target == "classes":
            columns.append([labels[i % len(labels)] for i in range(trained)])
        else:
            columns.append([f"{3.5 * i - number * i % 4:.1f}" for i in range(trained)])
    # Rows of which all cells are gaps would be blank lines.
    return names, [*zip(*columns, strict=True)], [*zip(*added, strict=True)]


def said(*arguments):
    """Run a command that succeeds, and return what it prints."""
    out, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        code = main(list(map(str, arguments)))
    assert code == 0, errors.getvalue()
    return out.getvalue()


@pytest.mark.parametrize("target", ["classes", "numbers", "several"])
@pytest.mark.parametrize("network", ["sigmoid", "mlp"])
@settings(
    max_examples=12,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(drawn=st.data())
def test_each_row_has_the_prediction_that_it_has_alone(network, target, drawn):
    writing = Writing(drawn.draw)
    header, rows, new = drawn.draw(tables(target))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data, model = writing.write(folder / "data.csv", header, rows), folder / "model.npz"
        options = [f"--target=y{number}" for number in range(2) if f"y{number}" in header]
        options += ["--task", "classify" if target == "classes" else "regress", "--alpha", 0.02]
        options += ["--network", network, "--epochs", 20, "--test-size", 0, "--save", model]
        said("train", data, *options, *writing.options)

        def predicted(path, part):
            output = said("predict", model, writing.write(path, header, part), *writing.options)
            names, found = predictions(output)
            assert names == [name for name in header if name.startswith("y")]
            assert len(found) == len(part)
            return found

        whole = predicted(folder / "new.csv", new)
        alone = [predicted(folder / "one.csv", [row])[0] for row in new]
    if target == "classes":
        assert whole == alone
    else:
        np.testing.assert_allclose(
            np.array(whole, dtype=float), np.array(alone, dtype=float), rtol=1e-9, atol=1e-9
        )
