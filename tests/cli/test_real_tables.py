"""Tables with the faults of real ones: each gives what tables/expected.md says, as a user runs it.

The test reads both: how many rows and inputs, whether it trains or is refused, is taken from the
words of expected.md; what else it says of a file is checked by a function of that file's name.
"""

import re
from pathlib import Path

import numpy as np
import pytest

from bp_numba.cli.main import main
from tests.cli.conftest import predictions, run, score

TABLES = Path(__file__).parent / "tables"
ROWS = re.findall(
    r"^\| ([\w.]+\.\w+.*?) \| .*? \| (.*) \|$", TABLES.joinpath("expected.md").read_text(), re.M
)
OPTIONS = {"latin1.csv": ["--encoding", "latin-1"], "spaces.data": ["--no-header"]}
OPTIONS |= {"no_header.csv": ["--no-header"]}


class Trial:
    """A table that is trained on, or refused; then predicted from."""

    def __init__(self, capsys, tmp_path):
        self._capsys, self.model = capsys, tmp_path / "model.npz"

    def train(self, name, *options, target="last"):
        """Return what is printed before training, and after it."""
        arguments = ["train", TABLES / name, *options, "--seed", 0, "--save", self.model]
        asked = [] if target is None else ["--target", target]
        captured = run(self._capsys, *arguments, *asked)
        assert captured.err == ""
        return captured.out.split("[INFO] training")

    def refuse(self, name, *options, target="last"):
        """Return the one line of its error."""
        code = main(["train", str(TABLES / name), "--target", target, *options])
        captured = self._capsys.readouterr()
        assert code == 1 and captured.err.count("\n") == 1, captured
        return captured.err

    def predict(self, name, *options):
        """Return the predictions, the rows without their header, and what is said of them."""
        captured = run(self._capsys, "predict", self.model, TABLES / name, *options)
        return predictions(captured.out)[1], captured.err


@pytest.fixture
def trial(capsys, tmp_path):
    return Trial(capsys, tmp_path)


def test_each_file_has_a_row():
    named = {name for key, _ in ROWS for name in re.findall(r"\w+\.\w+", key)}
    assert named == {path.name for path in TABLES.glob("[a-z]*.*")} - {"expected.md"}


@pytest.mark.parametrize(("key", "must"), ROWS, ids=[key for key, _ in ROWS])
def test_it_gives_what_is_expected(key, must, trial):
    name = re.match(r"\S+\.\w+", key)[0].rstrip(",")
    options = OPTIONS.get(name, [])
    if must.startswith("refused"):
        trial.refuse(name)
    elif found := re.search(r"trains on (\d+) rows(?:, (\d+) inputs)?", must):
        first = trial.train(name, *options)[0].splitlines()[0]
        assert f": {found[1]} rows, " in first
        assert found[2] is None or f"inputs: {found[2]}" in first
        rows, said = trial.predict(name, *options)
        assert len(rows) == int(found[1]) and score(said) >= 0.85
    elif found := re.match(r"regression, R2 at least ([\d.]+)", must):
        assert "task: regress" in trial.train(name)[0]
        assert score(trial.predict(name)[1]) >= float(found[1])
    else:
        assert name in CHECKS, "nothing checks it"
    if name in CHECKS:
        CHECKS[name](trial, name)


def decimal_comma(trial, name):
    assert re.search(r"a: numbers .*mean", describe(trial))
    trial.train(name, "--scale", "minmax")
    assert "numbers from 0.04 to" in describe(trial)


def describe(trial):
    return run(trial._capsys, "info", trial.model).out


def spaces(trial, name):
    assert "--no-header" in trial.refuse(name)


def headerless(trial, name):
    trial.train(name, "--no-header", target="c3")
    error = trial.refuse(name, target="kind")
    assert "first row looks like data" in error and "--no-header" in error


def inch(trial, name):
    assert "inputs: 11" in trial.train(name)[0]
    described = describe(trial)
    assert "9 categories" in described and '4" bolt' in described


def backslash(trial, name):
    assert ": 60 rows" in trial.train(name)[0]
    assert '2" pipe' in describe(trial)


def space_quote(trial, name):
    assert {row[0] for row in trial.predict(name)[0]} == {"hi", "lo"}


def latin1(trial, name):
    trial.train(name, "--encoding", "latin-1")
    rows, _ = trial.predict(name, "--encoding", "latin-1")
    assert {row[0] for row in rows} == {"größer", "kleiner"}
    assert "--encoding" in trial.refuse(name)


def index(trial, name):
    assert re.search(r"\[INFO\] column 1 .*left out as an index\n", trial.train(name)[0])


def ids(trial, name):
    warning = next(line for line in trial.train(name)[0].splitlines() if "'Id'" in line)
    assert "--ignore Id" in warning
    assert "inputs: 2" in trial.train(name, "--ignore", "Id")[0]


def missing(trial, name):
    assert "inputs: 2 and 2 indicators" in trial.train(name)[0]
    assert len(trial.predict(name)[0]) == 60


def na_words(trial, name):
    assert "inputs: 2 and 1 indicator\n" in trial.train(name)[0]


def text(trial, name, tmp_path=None):
    assert "inputs: 7" in trial.train(name)[0]
    gold = trial.model.parent / "gold.csv"
    gold.write_text("sex,plan,a,b\nm,gold,2.91,1.36\n")
    rows, said = trial.predict(gold)
    assert len(rows) == 1 and said.count("\n") == 1 and "'plan'" in said and "gold" in said


def yes_no(trial, name):
    assert "inputs: 3 " in trial.train(name)[0].replace("\n", " ")
    assert "paid: booleans" in describe(trial)


def boolean_gap(trial, name):
    assert "inputs: 3 and 1 indicator\n" in trial.train(name)[0]


def prices(trial, name):
    found = np.array(trial.predict(name)[0], dtype=float)
    assert 1000 < found.min() < found.max() < 20000


def one_missing_target(trial, name):
    said = trial.train(name)[0]
    assert "task: regress" in said and len(re.findall("row 33 .*has no target", said)) == 1
    rows = re.search(r"rows: (\d+) to train on, (\d+) to validate with, (\d+) to test with", said)
    assert sum(map(int, rows.groups())) == 59
    assert "on 59 rows" in trial.predict(name)[1]


def counts(trial, name):
    error = trial.refuse(name)
    assert "10 different whole numbers" in error and "--task regress" in error
    assert "task: regress" in trial.train(name, "--task", "regress")[0]


def codes(trial, name):
    trial.train(name)
    assert score(trial.predict("codes_new.csv")[1]) >= 0.9


def unknown(trial, name):
    trial.train(name)
    rows, said = trial.predict("unknown_new.csv")
    assert len(rows) == 60 and "on 53 rows" in said and "7 rows" in said


def two_targets(trial, name):
    before, after = trial.train(name, "--target", "y1", target="y2")
    assert "inputs: 2" in before and "task: regress" in before
    assert re.search(r"y1: R2 .*\n.*y2: R2 ", after)
    rows, said = trial.predict(name)
    assert np.shape(rows) == (60, 2) and said.count(" R2 ") == 2
    assert "inputs: 2\n" in trial.train(name, "--ignore", "y2", target="y1")[0]


def constant(trial, name):
    trial.train(name)
    assert trial.predict(name)[0] == trial.predict("constant_new.csv")[0]


def dates(trial, name):
    assert "--ignore day" in trial.refuse(name)
    assert "inputs: 2\n" in trial.train(name, "--ignore", "day")[0]


def duplicates(trial, name):
    error = trial.refuse(name)
    assert "'a'" in error and "1 and 2" in error


def short_row(trial, name):
    assert "row 22 " in trial.refuse(name)


CHECKS = {
    "semicolon_decimal_comma.csv": decimal_comma,
    "spaces.data": spaces,
    "no_header.csv": headerless,
    "inch.csv": inch,
    "backslash.csv": backslash,
    "space_quote.csv": space_quote,
    "latin1.csv": latin1,
    "index.csv": index,
    "id.csv": ids,
    "missing.csv": missing,
    "na_words.csv": na_words,
    "text.csv": text,
    "yesno.csv": yes_no,
    "bool_gap.csv": boolean_gap,
    "thousands.csv": prices,
    "one_na_target.csv": one_missing_target,
    "counts.csv": counts,
    "codes_train.csv": codes,
    "semicolon.csv": unknown,
    "two_targets.csv": two_targets,
    "constant.csv": constant,
    "dates.csv": dates,
    "duplicate_names.csv": duplicates,
    "short_row.csv": short_row,
}
"""What else expected.md says of a file."""
