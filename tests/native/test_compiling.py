"""The process that compiles, and what becomes of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bp_numba.kernels.calls import ARGUMENTS
from bp_numba.native import compiler, compiling, files
from bp_numba.simd.width import NARROWEST, widest
from tests.conftest import PYTHON, UNMEASURED, needs_jit, run_command, run_python
from tests.native.new_process import IN_NUMPY, PACKAGE, TRAIN, load

AT_THE_COMPILER = """
import sys
if any("native.server" in argument for argument in sys.orig_argv):
    {what}
"""

FAILURES = {
    "import sys; sys.modules['numba'] = None": "ModuleNotFoundError: import of numba halted",
    "import os; os.kill(os.getpid(), 9)": "the process that compiles ended with -9",
    "import os; os.write(2, b'no mood'); os._exit(3)": "no mood",
    "import os; os._exit(0)": "the process that compiles ended with 0",
    "import llvmlite.binding as b; b.get_host_cpu_name = lambda: 1 / 0": "ZeroDivisionError",
}

LOAD = "from bp_numba.native import loading; loading.load('activate')"

OLD_LLVMLITE = """
    import builtins, warnings
    original = builtins.__import__
    def imported(name, *arguments):
        if name == "llvmlite":
            warnings.warn("old", DeprecationWarning)
        return original(name, *arguments)
    builtins.__import__ = imported
"""


@needs_jit
@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
@pytest.mark.parametrize("what", FAILURES)
def test_where_nothing_can_be_compiled_numpy_trains(what, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(AT_THE_COMPILER.format(what=what))
    output = run_python(IN_NUMPY, PYTHONPATH=str(tmp_path), NUMBA_CACHE_DIR=str(tmp_path / "c"))
    lines = output.splitlines()
    assert lines[0] == lines[1] == lines[2] and len(lines) == 4
    assert lines[3].startswith("networks are trained in NumPy") and FAILURES[what] in lines[3]
    assert not list((tmp_path / "c").rglob("*.o"))


@needs_jit
def test_where_no_process_can_be_started_it_is_compiled_in_this_one(tmp_path):
    code = (
        """
import errno, subprocess, sys

def refused(*arguments, **options):
    raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

subprocess.Popen = refused
"""
        + TRAIN
        + "print('numba' in sys.modules)"
    )
    output = run_python(code, NUMBA_CACHE_DIR=str(tmp_path))
    assert output.splitlines()[-1] == "True"
    assert not list(tmp_path.rglob("*.o"))  # LLVM was not tuned
    weights = run_python(TRAIN, NUMBA_CACHE_DIR=str(tmp_path))
    assert output.splitlines()[:-1] == weights.splitlines()


@needs_jit
def test_an_unknown_cpu_has_narrow_vectors(monkeypatch):
    from llvmlite import binding

    def unknown():
        raise RuntimeError("failed to get host cpu features.")

    monkeypatch.delenv("NUMBA_CPU_FEATURES", raising=False)
    monkeypatch.setattr(binding, "get_host_cpu_features", unknown)
    files._key.cache_clear()
    assert widest.__wrapped__() == NARROWEST
    assert files.file_of("activate", None) is None
    files._key.cache_clear()


@needs_jit
def test_entries_of_the_path_that_are_not_text(compilations, monkeypatch):
    monkeypatch.setattr(sys, "path", [Path("elsewhere"), *sys.path, b"bytes"])
    load()


@needs_jit
@pytest.mark.parametrize("place", ["script", "present"])
def test_modules_of_users_with_names_of_standard_ones(place, tmp_path):
    """They lie beside the script, or in the present folder, which is not on the script's path."""
    names = ["calendar", "email", "html", "heapq", "array", "csv"]  # not those that NumPy imports
    for name in names if place == "script" else [*names, "signal", "gc", "queue", "random"]:
        (tmp_path / f"{name}.py").write_text("raise SystemExit('this is not for Numba')")
    script = tmp_path / "train.py" if place == "script" else tmp_path / "folder" / "train.py"
    script.parent.mkdir(exist_ok=True)
    script.write_text(LOAD)
    folders = {"PYTHONPATH": str(PACKAGE.parent), "NUMBA_CACHE_DIR": str(tmp_path / "c")}
    result = run_command([sys.executable, script], cwd=tmp_path, **folders)
    assert (result.returncode, result.stderr) == (0, "")
    assert list((tmp_path / "c").rglob("activate-*.o"))


@needs_jit
def test_a_present_folder_that_is_gone(tmp_path):
    gone = "import os, tempfile; os.chdir(tempfile.mkdtemp()); os.rmdir(os.getcwd())\n"
    run_python(gone + LOAD, NUMBA_CACHE_DIR=str(tmp_path))
    assert list(tmp_path.rglob("activate-*.o"))


@needs_jit
def test_settings_in_a_file_change_no_kernel(tmp_path, activate_code):
    (tmp_path / ".numba_config.yaml").write_text("cpu_name: generic\n")
    folders = {"PYTHONPATH": str(PACKAGE.parent), "NUMBA_CACHE_DIR": str(tmp_path)}
    result = run_command([*PYTHON, "-c", LOAD], cwd=tmp_path, **folders)
    assert result.returncode == 0, result.stderr
    (file,) = tmp_path.rglob("activate-*.o")
    assert len(files.read(file)) == len(activate_code)


EXTENSION = """
from pathlib import Path
def init():
    Path(__file__).with_name("was_loaded").touch()
"""


@needs_jit
def test_extensions_of_numba_are_not_loaded(tmp_path):
    (tmp_path / "extension.py").write_text(EXTENSION)
    metadata = tmp_path / "extension-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: extension\nVersion: 1.0\n")
    points = "[numba_extensions]\ninit = extension:init\n"
    (metadata / "entry_points.txt").write_text(points)
    path = os.pathsep.join([str(tmp_path), str(PACKAGE.parent)])
    run_python(LOAD, PYTHONPATH=path, NUMBA_CACHE_DIR=str(tmp_path))
    assert list(tmp_path.rglob("activate-*.o"))
    assert not (tmp_path / "was_loaded").exists()
    run_python("import numba; numba.njit(lambda: 1)()", PYTHONPATH=path)  # it would have been
    assert (tmp_path / "was_loaded").exists()


@needs_jit
def test_what_the_compiling_process_leaves_out_changes_no_kernel():
    code = """
from bp_numba.native import compiling
from bp_numba.simd import internals
{first}
print(compiling.compile_here("predict_one", None, True).hex())
"""
    first = "compiling.get_ready([])", "internals.load_compiler = lambda: None"
    quick, whole = (run_python(code.format(first=each)) for each in first)
    assert quick == whole


@needs_jit
@pytest.mark.parametrize(("name", "count"), [("train_blocks", 0), ("train_blocks.3x3x1", 2)])
def test_functions_are_optimized_first_for_known_units_alone(name, count):
    code = f"""
from numba.core.codegen import CPUCodeLibrary
from bp_numba.native import compiling
optimize, calls = CPUCodeLibrary._optimize_functions, []
def counted(library, module):
    calls.extend(f for f in module.functions if not f.is_declaration)
    optimize(library, module)
compiling.get_ready([])
CPUCodeLibrary._optimize_functions = counted
compiling.compile_here({name!r}, 4, True)
print(len(calls))
"""
    assert run_python(code) == f"{count}\n"  # the kernel, and what C calls


@needs_jit
def test_warnings_of_the_compiler_are_no_errors(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(AT_THE_COMPILER.format(what=OLD_LLVMLITE))
    folders = [str(tmp_path), str(PACKAGE.parent)]
    run_python(
        LOAD,
        PYTHONPATH=os.pathsep.join(folders),
        PYTHONWARNINGS="error",
        NUMBA_CACHE_DIR=str(tmp_path / "c"),
    )
    assert list((tmp_path / "c").rglob("activate-*.o"))


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
    monkeypatch.setattr(compiler, "_CODE", "import os; os.write(2, b'no mood'); os._exit(0)")
    with pytest.raises(compiling.NotCompiled, match="no mood"):
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
    assert compiling.compile_entry_point("activate", 4) == (b"activate 4", True)


@needs_jit
@pytest.mark.parametrize("width", sorted({NARROWEST, widest()}))
@pytest.mark.parametrize("name", ARGUMENTS)
def test_every_entry_point_compiles_here_too(name, width):
    symbol, _, code = compiling.compile_here(name, width).partition(b"\0")
    assert name.encode() in symbol and len(code) > 1000


COMPILING = """
import os, signal, subprocess, sys, threading, time
from bp_numba import NeuralNetwork
from bp_numba.native import background
nn = NeuralNetwork([2, 2, 1])
before = [w.copy() for w in nn.W]

def interrupt():
    while not background._compilers:
        time.sleep(0.01)
    time.sleep(0.05)
    # To this process only: nobody else tells the other one to stop.
    os.kill(os.getpid(), signal.SIGINT)

try:
    threading.Thread(target=interrupt).start()
    nn.fit([[0, 1]], [[1]])
except KeyboardInterrupt:
    print("interrupted", all((w == old).all() for w, old in zip(nn.W, before)))
process = background._compilers[0]._process
print(process.returncode is not None)
try:
    os.kill(process.pid, 0)
except ProcessLookupError:
    print("gone")
print(os.listdir(sys.argv[1]))
nn.fit([[0, 1]], [[1]])
"""


@needs_jit
@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_ctrl_c_while_it_compiles_leaves_no_process_behind(tmp_path):
    environment = {**UNMEASURED, "NUMBA_CACHE_DIR": str(tmp_path)}
    output = run_python(COMPILING, tmp_path / "bp_numba", **environment)
    lines = output.splitlines()
    assert lines[:4] == ["interrupted True", "True", "gone", "[]"]
    assert lines[4].startswith("[INFO] epoch=1, loss=")
