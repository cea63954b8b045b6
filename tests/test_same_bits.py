"""The same script gives the same bits, whatever is cached and however busy the machine is."""

import sys
from pathlib import Path

import pytest

from bench import same_bits
from tests.conftest import needs_jit, not_bounds_checked, run_command

pytestmark = not_bounds_checked

TOP = Path(__file__).parents[1]


@needs_jit
@pytest.mark.parametrize("name", same_bits.SCRIPTS)
def test_a_script_gives_the_same_bits_in_every_run(name):
    conditions = [(False, False, "the main thread"), (True, True, "the main thread")]
    found = list(same_bits.hashes(name, conditions))
    assert len({one for one, _ in found}) == 1, found


@pytest.mark.parametrize(
    ("run", "code", "error"),
    [
        ("lambda name, place, folder: name", 0, ""),
        ("lambda name, place, folder: place", 1, "more than one hash: fit: 2, predict: 2\n"),
    ],
)
def test_more_than_one_hash_is_an_error(run, code, error):
    script = f"""
import sys
from bench import same_bits
same_bits.run = {run}
same_bits.PLACES = {{"the main thread": None, "a child": None}}
sys.argv[1:] = ["--runs", "2", "--script", "fit", "--script", "predict"]
same_bits.main()
"""
    result = run_command([sys.executable, "-c", script], cwd=TOP)
    assert (result.returncode, result.stderr) == (code, error)
    assert result.stdout.count("\n") == 6
