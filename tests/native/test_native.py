"""The machine code on disk: whatever happens to it, training works."""

import ast
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import bp_numba
from bp_numba import NeuralNetwork
from bp_numba.kernels.layout import address_table
from bp_numba.native import loading as native
from bp_numba.simd.width import FEWEST_LANES, most_lanes
from tests.conftest import make, needs_jit, not_bounds_checked, run_python, weights_copy

PACKAGE = Path(bp_numba.__file__).parent

TRAIN = """
import sys
import numpy as np
from bp_numba import NeuralNetwork
np.random.seed(0)
nn = NeuralNetwork([2, 2, 1], alpha=0.5)
nn.fit([[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]], epochs=100)
print(nn.W[0].tobytes().hex())
"""


@pytest.fixture
def compilations(tmp_path, monkeypatch):
    """Start as a new process with an empty cache folder; return the list of what is compiled."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(native, "_functions", {})
    native._key.cache_clear()
    names, compile_one = [], native._compile

    def recorded(name, lanes):
        names.append(name)
        return compile_one(name, lanes)

    monkeypatch.setattr(native, "_compile", recorded)
    yield names
    native._key.cache_clear()


@pytest.fixture(scope="session")
def activate_code():
    """Return the machine code of `activate`, compiled once for all tests of this file."""
    return native._compile("activate", None)


@pytest.fixture
def quick(compilations, monkeypatch, activate_code):
    """Compile in no time: what happens to files does not depend on what is in them."""

    def recorded(name, lanes):
        assert (name, lanes) == ("activate", None)
        compilations.append(name)
        return activate_code

    monkeypatch.setattr(native, "_compile", recorded)
    return compilations


def new_process():
    """Forget what this process has loaded."""
    native._functions.clear()
    native._key.cache_clear()


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def assert_works(function):
    nets = np.linspace(-1, 1, 100)
    outputs = np.full(100, np.nan)
    function(address_table([nets, outputs]).ctypes.data)
    np.testing.assert_allclose(outputs, 1 / (1 + np.exp(-nets)), rtol=6e-16)


def load():
    """Have `activate` as a new process would, loaded or compiled, and check what it computes."""
    new_process()
    assert_works(native.entry_point("activate"))


# Files


@needs_jit
def test_second_process_loads_what_the_first_compiled(compilations, tmp_path):
    load()
    assert compilations == ["activate"] and len(files(tmp_path)) == 1
    load()
    assert compilations == ["activate"] and len(files(tmp_path)) == 1


@needs_jit
def test_a_function_is_loaded_once(quick, tmp_path):
    load()
    first = native.entry_point("activate")
    for file in files(tmp_path):
        file.unlink()
    assert native.entry_point("activate") is first
    assert quick == ["activate"]


@needs_jit
@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:20],
        lambda content: content[:32],
        lambda content: content[: len(content) // 2],
        lambda content: os.urandom(len(content)),
        lambda content: content[:-100] + bytes([content[-100] ^ 1]) + content[-99:],
        lambda content: bytes([content[0] ^ 1]) + content[1:],
        lambda content: content + b"more",
    ],
)
def test_damaged_file_is_compiled_anew(quick, tmp_path, damage):
    load()
    (file,) = files(tmp_path)
    intact = file.read_bytes()
    file.write_bytes(damage(intact))
    load()
    assert len(quick) == 2 and file.read_bytes() == intact
    load()
    assert len(quick) == 2


@needs_jit
@pytest.mark.parametrize("source", native.SOURCES)
def test_a_changed_source_is_not_served_stale(quick, tmp_path, monkeypatch, source):
    load()
    get_data = native.pkgutil.get_data
    monkeypatch.setattr(
        native.pkgutil,
        "get_data",
        lambda package, name: get_data(package, name) + (b"#" if name == source else b""),
    )
    load()
    assert len(quick) == 2 and len(files(tmp_path)) == 2


def test_machine_code_depends_on_all_its_sources_and_on_no_other():
    needed, found = {"native", "entry_points"}, set()
    while needed - found:
        name = (needed - found).pop()
        found.add(name)
        for node in ast.walk(ast.parse((PACKAGE / f"{name}.py").read_text())):
            # native imports the others to compile them.
            if isinstance(node, ast.ImportFrom) and node.module.startswith("bp_numba"):
                module = node.module.removeprefix("bp_numba").removeprefix(".")
                needed |= {module} if module else {alias.name for alias in node.names}
    assert sorted(f"{name}.py" for name in found) == sorted(native.SOURCES)


@needs_jit
@pytest.mark.parametrize("setting", ["NUMBA_BOUNDSCHECK", "NUMBA_OPT", "NUMBA_CPU_NAME"])
def test_other_settings_of_numba_are_kept_apart(quick, tmp_path, monkeypatch, setting):
    load()
    monkeypatch.setenv(setting, "1" if os.environ.get(setting) != "1" else "0")
    load()
    assert len(quick) == 2 and len(files(tmp_path)) == 2
    load()
    assert len(quick) == 2


@needs_jit
def test_folder_that_vanishes_while_it_compiles(compilations, tmp_path, monkeypatch, activate_code):
    folder = tmp_path / "bp_numba"

    def vanish(name, lanes):
        shutil.rmtree(folder)
        folder.write_text("a file where the folder was")
        return activate_code

    monkeypatch.setattr(native, "_compile", vanish)
    load()
    assert files(tmp_path) == [folder]


@needs_jit
def test_disk_that_fills_up(quick, tmp_path, monkeypatch):
    def full(path, content):
        with path.open("wb") as stream:
            stream.write(content[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    load()
    assert quick == ["activate"] and files(tmp_path) == []  # no half of a file is left behind


@needs_jit
def test_file_that_cannot_be_replaced(quick, tmp_path):
    load()
    (file,) = files(tmp_path)
    file.unlink()
    file.mkdir()
    load()
    assert len(quick) == 2 and files(tmp_path) == []


@needs_jit
@pytest.mark.skipif(os.name != "posix", reason="permission bits")
def test_folder_that_anyone_can_write_is_not_trusted(quick, tmp_path):
    load()
    (file,) = files(tmp_path)
    file.parent.chmod(0o777)
    assert native.cache_folder() is None
    load()
    assert len(quick) == 2
    file.parent.chmod(0o755)
    load()
    assert len(quick) == 2


def test_folder_is_beside_the_package_else_in_the_users_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(native, "__file__", str(tmp_path / "package" / "native.py"))
    assert native.cache_folder() == tmp_path / "package" / "__pycache__"
    shutil.rmtree(tmp_path / "package")
    (tmp_path / "package").touch()
    assert native.cache_folder() == tmp_path / "home" / "bp_numba"


@needs_jit
def test_no_folder_at_all(tmp_path):
    package = tmp_path / "bp_numba"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "__pycache__").touch()
    (tmp_path / "home").touch()
    home = str(tmp_path / "home")
    environment = {"HOME": home, "XDG_CACHE_HOME": home, "LOCALAPPDATA": home, "USERPROFILE": home}
    code = TRAIN + "from bp_numba import native\nprint(native.__file__, native.cache_folder())"
    output = run_python(code, PYTHONPATH=str(tmp_path), NUMBA_CACHE_DIR="", **environment)
    assert output.splitlines()[-1] == f"{package / 'native.py'} None"


@needs_jit
def test_sources_that_cannot_be_read(quick, tmp_path, monkeypatch):
    def unreadable(package, name):
        raise FileNotFoundError(name)

    monkeypatch.setattr(native.pkgutil, "get_data", unreadable)
    load()
    assert quick == ["activate"] and files(tmp_path) == []


@needs_jit
def test_versions_that_cannot_be_told(quick, tmp_path, monkeypatch):
    def unknown(package):
        raise native.importlib.metadata.PackageNotFoundError(package)

    monkeypatch.setattr(native.importlib.metadata, "version", unknown)
    load()
    assert quick == ["activate"] and files(tmp_path) == []


@needs_jit
@not_bounds_checked
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
    code = TRAIN + "print('numba' in sys.modules)"
    assert run_python(code, NUMBA_CACHE_DIR=str(tmp_path)) == results[0][0] + "False\n"


@needs_jit
def test_threads_compile_once(quick):
    functions = []

    def get():
        functions.append(native.entry_point("activate"))

    threads = [threading.Thread(target=get) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert quick == ["activate"] and len(set(map(id, functions))) == 1 and len(functions) == 8


# The process that compiles


@needs_jit
def test_a_failure_to_compile_is_raised_where_it_is_needed_and_not_for_ever(tmp_path):
    package = tmp_path / "bp_numba"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    code = """
import sys
from pathlib import Path
import numpy as np
from bp_numba import NeuralNetwork
from bp_numba.native import loading as native
from bp_numba.training import trainer as training
assert native.__file__.startswith(sys.argv[1])
source = Path(native.__file__).with_name("kernels.py")
intact = source.read_text()
source.write_text(intact + "\\nraise OSError('out of order')\\n")
nn = NeuralNetwork([2, 2, 1])
before = [w.copy() for w in nn.W]
for _ in range(2):
    try:
        nn.fit([[0, 1]], [[1]])
    except RuntimeError as error:
        print("cannot be compiled" in str(error), "OSError: out of order" in str(error))
training.charge(1000.0)
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
    monkeypatch.setattr(native, "_COMPILE", "import os; os.write(2, b'no mood'); os._exit(0)")
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
    monkeypatch.setattr(native, "compile_here", lambda name, lanes: f"{name} {lanes}".encode())
    assert native._compile("activate", 4) == b"activate 4"


@needs_jit
@pytest.mark.parametrize("lanes", sorted({FEWEST_LANES, most_lanes()}))
@pytest.mark.parametrize("name", native.ARGUMENTS)
def test_every_entry_point_compiles_here_too(name, lanes):
    symbol, _, code = native.compile_here(name, lanes).partition(b"\0")
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
        # To this process only: nobody else tells the other one to stop.
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()

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


# Switched off


@pytest.mark.parametrize(("value", "expected"), [("", True), ("0", True), ("1", False)])
def test_numba_disable_jit(value, expected, monkeypatch, compilations, tmp_path):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", value)
    assert native.enabled() == expected
    if not expected:
        assert native.entry_point("activate") is None
        deferred = native.Deferred("activate")
        deferred.charge(1000.0)
        assert deferred.get() is None
        nn = make(NeuralNetwork, [2, 2, 1])
        before = weights_copy(nn)
        nn.fit([[0, 1]], [[1]], epochs=2)
        assert all((w != old).any() for w, old in zip(nn.W, before, strict=True))
        assert compilations == files(tmp_path) == []


# Deferred


@pytest.fixture
def deferred(quick, monkeypatch):
    """Return an entry point to be had after 1 s from disk, after 10 s compiled."""
    monkeypatch.setattr(native, "LOAD_SECONDS", 1.0)
    monkeypatch.setattr(native, "COMPILE_SECONDS", 10.0)
    return native.Deferred("activate")


@needs_jit
def test_deferred_is_compiled_once_that_pays(deferred, quick):
    for _ in range(8):  # 0 s to 8.75 s
        assert deferred.get() is None
        deferred.charge(1.25)
    assert quick == []
    assert_works(deferred.get())
    assert quick == ["activate"]


@needs_jit
def test_deferred_is_loaded_once_that_pays(deferred, quick):
    load()
    new_process()
    assert deferred.get() is None
    deferred.charge(0.5)
    assert deferred.get() is None and native._functions == {}
    deferred.charge(0.5)
    assert_works(deferred.get())
    assert quick == ["activate"]


@needs_jit
def test_deferred_is_there_when_somebody_else_had_it_loaded(deferred, quick):
    load()
    assert_works(deferred.get())
    assert deferred.get() is native.entry_point("activate")


@needs_jit
def test_deferred_that_fails_to_compile_is_tried_again(deferred, quick, monkeypatch):
    deferred.charge(10.0)
    with monkeypatch.context() as broken:

        def fails(name, lanes):
            raise RuntimeError("the kernel activate cannot be compiled")

        broken.setattr(native, "_compile", fails)
        for _ in range(2):
            with pytest.raises(RuntimeError, match="activate cannot be compiled"):
                deferred.get()
    assert_works(deferred.get())


@needs_jit
def test_deferred_with_no_folder_waits_until_compiling_pays(deferred, quick, monkeypatch):
    monkeypatch.setattr(native, "cache_folder", lambda: None)
    deferred.charge(9.0)
    assert deferred.get() is None
    deferred.charge(1.0)
    assert_works(deferred.get())
