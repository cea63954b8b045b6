"""The process that compiles, and what becomes of it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bp_numba.kernels.calls import ARGUMENTS
from bp_numba.native import compiling
from bp_numba.simd.width import NARROWEST, widest
from tests.conftest import needs_jit, run_python
from tests.native.new_process import PACKAGE, TRAIN, load


@needs_jit
def test_a_failure_to_compile_is_raised_where_it_is_needed_and_not_for_ever(tmp_path):
    package = tmp_path / "bp_numba"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    code = """
import sys
from pathlib import Path
import numpy as np
from bp_numba import NeuralNetwork, network
from bp_numba.training.choice import TRAIN_ONE
assert network.__file__.startswith(sys.argv[1])
source = Path(network.__file__).with_name("kernels") / "forward.py"
intact = source.read_text()
source.write_text(intact + "\\nraise OSError('out of order')\\n")
nn = NeuralNetwork([2, 2, 1])
before = [w.copy() for w in nn.W]
for _ in range(2):
    try:
        nn.fit([[0, 1]], [[1]])
    except RuntimeError as error:
        print("cannot be compiled" in str(error), "OSError: out of order" in str(error))
TRAIN_ONE.charge(1000.0)
try:
    nn.fit_partial([0, 1, 1], [1])
except RuntimeError as error:
    print("kernel train_one cannot be compiled" in str(error))
assert all((w == old).all() for w, old in zip(nn.W, before))
source.write_text(intact)
nn.fit([[0, 1]], [[1]], epochs=2)
nn.fit_partial([0, 1, 1], [1])
assert all((w != old).any() for w, old in zip(nn.W, before))
"""
    output = run_python(
        code, tmp_path, PYTHONPATH=str(tmp_path), NUMBA_CACHE_DIR=str(tmp_path / "cache")
    )
    assert output.split()[:5] == ["True"] * 5 and output.count("epoch=1") == 1


@needs_jit
def test_entries_of_the_path_that_are_not_text(compilations, monkeypatch):
    monkeypatch.setattr(sys, "path", [Path("elsewhere"), *sys.path, b"bytes"])
    load()


@needs_jit
@pytest.mark.parametrize("flush", [False, True])
def test_what_else_a_process_prints_is_no_machine_code(flush, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(f"print('Welcome', flush={flush})\n")
    output = run_python(
        TRAIN + "sys.stdout.flush()",
        PYTHONPATH=os.pathsep.join([str(tmp_path), str(PACKAGE.parent)]),
        NUMBA_CACHE_DIR=str(tmp_path),
        NUMBA_DUMP_OPTIMIZED="1",
    )
    assert output.startswith("Welcome\n[INFO] epoch=1, loss=") and output.count("\n") == 4


@needs_jit
def test_a_process_that_ends_without_a_result(compilations, monkeypatch):
    monkeypatch.setattr(compiling, "_CODE", "import os; os.write(2, b'no mood'); os._exit(0)")
    with pytest.raises(RuntimeError, match="(?s)activate cannot be compiled.*no mood"):
        load()


@needs_jit
@pytest.mark.parametrize("executable", ["", None, "/usr/bin/blender"])
def test_without_a_python_to_start_it_is_compiled_in_this_process(
    executable, compilations, monkeypatch
):
    def never(*arguments, **options):
        raise AssertionError("started a process")

    monkeypatch.setattr(sys, "executable", executable)
    monkeypatch.setattr(subprocess, "Popen", never)
    load()
    assert compilations == ["activate"]


@needs_jit
def test_in_a_frozen_program_it_is_compiled_in_this_process(monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(compiling, "compile_here", lambda name, width: f"{name} {width}".encode())
    assert compiling.compile_entry_point("activate", 4) == b"activate 4"


@needs_jit
@pytest.mark.parametrize("width", sorted({NARROWEST, widest()}))
@pytest.mark.parametrize("name", ARGUMENTS)
def test_every_entry_point_compiles_here_too(name, width):
    symbol, _, code = compiling.compile_here(name, width).partition(b"\0")
    assert name.encode() in symbol and len(code) > 1000


COMPILING = """
import os, signal, subprocess, sys, threading
from bp_numba import NeuralNetwork
nn = NeuralNetwork([2, 2, 1])
before = [w.copy() for w in nn.W]
started = []

class Recorded(subprocess.Popen):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        started.append(self)

    def communicate(self):
        # To this process only: nobody else tells the other one to stop.
        threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGINT)).start()
        return super().communicate()

subprocess.Popen = Recorded
try:
    nn.fit([[0, 1]], [[1]])
except KeyboardInterrupt:
    print("interrupted", all((w == old).all() for w, old in zip(nn.W, before)))
(process,) = started
print(process.returncode is not None)
try:
    os.kill(process.pid, 0)
except ProcessLookupError:
    print("gone")
print(os.listdir(sys.argv[1]))
subprocess.Popen = Recorded.__base__
nn.fit([[0, 1]], [[1]])
"""


@needs_jit
@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_ctrl_c_while_it_compiles_leaves_no_process_behind(tmp_path):
    output = run_python(COMPILING, tmp_path / "bp_numba", NUMBA_CACHE_DIR=str(tmp_path))
    lines = output.splitlines()
    assert lines[:4] == ["interrupted True", "True", "gone", "[]"]
    assert lines[4].startswith("[INFO] epoch=1, loss=")
