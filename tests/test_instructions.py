"""Instructions are counted, and a case that takes more than it did is an error."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from bench import instructions
from tests.conftest import not_bounds_checked, run_command

pytestmark = not_bounds_checked

needs_valgrind = pytest.mark.skipif(not shutil.which("valgrind"), reason="needs valgrind")

TOP = Path(__file__).parents[1]


def count(*arguments, **environment):
    """Run the module in the top folder and return the process."""
    command = [sys.executable, "-m", "bench.instructions", *arguments]
    return run_command(command, cwd=TOP, **environment)


def written(path, **earlier):
    """Return a file with results of this machine."""
    path.write_text(json.dumps({"setting": instructions.setting(), "instructions": earlier}))
    return path


@needs_valgrind
def test_more_instructions_than_before_are_an_error(tmp_path):
    earlier, new = written(tmp_path / "earlier.json", xor=100.0), tmp_path / "new.json"
    options = ["--case", "xor", "--case", "predict-1", "--against", earlier, "--json", new]
    result = count(*options)
    assert result.returncode == 1
    assert result.stderr == f"more than 1% above {earlier}: xor\n"
    found = json.loads(new.read_text())["instructions"]
    assert list(found) == ["xor", "predict-1"]  # which has nothing to be compared with
    assert 100 < found["xor"] < 1_000 < found["predict-1"] < 100_000
    _, xor, predict = map(str.split, result.stdout.splitlines())
    assert xor == ["xor", f"{found['xor']:.1f}", f"{found['xor'] / 100:.4f}"]
    assert predict == ["predict-1", f"{found['predict-1']:.1f}"]


@needs_valgrind
def test_counts_of_other_versions_are_not_compared(tmp_path):
    path = tmp_path / "earlier.json"
    path.write_text(json.dumps({"setting": {"numpy": "1.0"}, "instructions": {"xor": 100.0}}))
    result = count("--against", path)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"{path} is of {{'numpy': '1.0'}}, not ")


def test_without_valgrind_there_is_one_line():
    result = count(PATH="")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "valgrind is not installed: apt-get install valgrind\n"
