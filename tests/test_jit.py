"""The cache of machine code: whatever happens to it, training works."""

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

import bp_numba
from tests.conftest import needs_jit, run_python

if numba.config.DISABLE_JIT:
    pytest.skip("NUMBA_DISABLE_JIT leaves nothing to cache", allow_module_level=True)

from bp_numba import jit, kernels

TRAIN = """
import numpy as np
from bp_numba import NeuralNetwork
np.random.seed(0)
nn = NeuralNetwork([2, 2, 1], alpha=0.5)
nn.fit([[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]], epochs=100)
print(nn.W[0].tobytes().hex())
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty cache folder that this process uses for kernels defined from now on."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    return tmp_path


def fresh_kernel():
    """Return `activate` as a new process would see it, compiled or loaded."""
    kernel = jit.entry_point(kernels.activate.py_func)
    kernel.compile(kernels.SIGNATURES[kernels.activate])
    return kernel


def hits(kernel):
    return sum(kernel.stats.cache_hits.values())


def assert_works(kernel):
    z, out = np.linspace(-1, 1, 100), np.empty(100)
    kernel(z, out)
    np.testing.assert_allclose(out, 1 / (1 + np.exp(-z)), rtol=4e-16)


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_second_process_loads_what_the_first_compiled(folder):
    first, second = fresh_kernel(), fresh_kernel()
    assert (hits(first), hits(second)) == (0, 1)
    assert len(files(folder)) == 1
    assert_works(first)
    assert_works(second)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:20],
        lambda content: content[: len(content) // 2],
        lambda content: os.urandom(len(content)),
        lambda content: content[:-100] + bytes([content[-100] ^ 1]) + content[-99:],
        lambda content: content + b"more",
    ],
)
def test_damaged_file_is_compiled_anew(folder, damage):
    fresh_kernel()
    (file,) = files(folder)
    file.write_bytes(damage(file.read_bytes()))
    repaired, after = fresh_kernel(), fresh_kernel()
    assert (hits(repaired), hits(after)) == (0, 1)
    assert_works(repaired)


def test_a_changed_helper_is_not_served_stale(folder, monkeypatch):
    fresh_kernel()
    get_data = jit.pkgutil.get_data
    monkeypatch.setattr(
        jit.pkgutil,
        "get_data",
        lambda package, name: get_data(package, name) + (b"#" if name == "simd.py" else b""),
    )
    assert hits(fresh_kernel()) == 0
    assert len(files(folder)) == 2


def test_bounds_checked_code_is_kept_apart(folder, monkeypatch):
    fresh_kernel()
    monkeypatch.setattr(numba.config, "BOUNDSCHECK", 0 if numba.config.BOUNDSCHECK else 1)
    assert hits(fresh_kernel()) == 0


def test_folder_that_vanishes_or_fills_up_before_saving(folder):
    kernel = jit.entry_point(kernels.activate.py_func)
    shutil.rmtree(folder)
    folder.write_text("a file where the folder was")
    kernel.compile(kernels.SIGNATURES[kernels.activate])
    assert_works(kernel)


@pytest.mark.skipif(os.name != "posix", reason="finds the C library by posix rules")
def test_code_that_holds_addresses_is_not_saved(folder):
    fabs = ctypes.CDLL(None).fabs
    fabs.argtypes, fabs.restype = [ctypes.c_double], ctypes.c_double

    def magnitude(x):
        return fabs(x)

    kernel = jit.entry_point(magnitude)
    with pytest.warns(numba.core.errors.NumbaWarning, match="Cannot cache"):
        assert kernel(-2.0) == 2.0
    assert files(folder) == []


def test_file_that_cannot_be_replaced(folder):
    kernel = fresh_kernel()
    (file,) = files(folder)
    file.unlink()
    file.mkdir()
    again = fresh_kernel()
    assert hits(again) == 0
    assert_works(again)
    assert files(folder) == []  # no temporary file is left behind
    assert_works(kernel)


@pytest.mark.skipif(os.name != "posix", reason="permission bits")
def test_folder_that_anyone_can_write_is_not_trusted(folder):
    fresh_kernel()
    (file,) = files(folder)
    file.parent.chmod(0o777)
    assert hits(fresh_kernel()) == 0
    file.parent.chmod(0o755)
    assert hits(fresh_kernel()) == 1


def test_flush_removes_the_kernel_and_nothing_else(folder):
    kernel = fresh_kernel()
    (file,) = files(folder)
    other = file.with_name("other.nbc")
    other.touch()
    kernel._cache.flush()
    assert files(folder) == [other]


def test_no_folder_at_all(tmp_path):
    package = tmp_path / "bp_numba"
    shutil.copytree(
        Path(bp_numba.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__")
    )
    (package / "__pycache__").touch()
    (tmp_path / "home").touch()
    home = str(tmp_path / "home")
    environment = {"HOME": home, "XDG_CACHE_HOME": home, "LOCALAPPDATA": home, "USERPROFILE": home}
    code = TRAIN + "from bp_numba import kernels\nprint(kernels.train_samples._cache.cache_path)"
    output = run_python(code, PYTHONPATH=str(tmp_path), NUMBA_CACHE_DIR="", **environment)
    assert output.splitlines()[-1] == "None"


def test_sources_that_cannot_be_read(folder, monkeypatch):
    def unreadable(package, name):
        raise FileNotFoundError(name)

    monkeypatch.setattr(jit.pkgutil, "get_data", unreadable)
    assert_works(fresh_kernel())
    assert files(folder) == []


@needs_jit
def test_eight_processes_compile_at_once(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TRAIN], env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for _ in range(8)
    ]  # fmt: skip
    results = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [0] * 8, results
    assert len({output for output, _ in results}) == 1
    assert len(files(tmp_path)) == 1
    assert run_python(TRAIN, NUMBA_CACHE_DIR=str(tmp_path)) == results[0][0]
