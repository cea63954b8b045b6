"""The same script gives the same bits, whatever is cached and however busy the machine is."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bench import same_bits
from tests.conftest import needs_jit, not_bounds_checked, run_command

pytestmark = not_bounds_checked

TOP = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return two runs of each script: one compiles its kernels, the other has many beside it."""
    folders = {name: tmp_path_factory.mktemp(name) for name in same_bits.SCRIPTS}

    def start(pool, name):
        return pool.submit(same_bits.run, name, "the main thread", folders[name])

    with ThreadPoolExecutor(1) as one_by_one:
        compiling = {name: start(one_by_one, name) for name in folders}
    with ThreadPoolExecutor(len(folders)) as at_once:
        loading = {name: start(at_once, name) for name in folders}
    return compiling, loading


@needs_jit
@pytest.mark.parametrize("name", same_bits.SCRIPTS)
def test_a_script_gives_the_same_bits_in_every_run(name, runs):
    first, second = (each[name].result() for each in runs)
    assert first == second


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
sys.argv[1:] = ["--runs", "4", "--script", "fit", "--script", "predict"]
same_bits.main()
"""
    result = run_command([sys.executable, "-c", script], cwd=TOP)
    assert (result.returncode, result.stderr) == (code, error)
    assert result.stdout.count("\n") == 10
