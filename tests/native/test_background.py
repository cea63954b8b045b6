"""Kernels that are compiled before anybody waits for them: all in processes of their own."""

import os
import shutil
from pathlib import Path

import pytest

from bp_numba.kernels.calls import ARGUMENTS
from bp_numba.native.background import AHEAD
from tests.conftest import PYTHON, needs_jit, not_bounds_checked, run_command, run_python
from tests.native.new_process import PACKAGE

pytestmark = [needs_jit, not_bounds_checked]

posix = pytest.mark.skipif(os.name != "posix", reason="sends a signal")

HELD = """
import os, sys
if "LOW_PRIORITY" not in os.environ:
    os.sched_setscheduler = lambda *_: None
if any("native.server" in argument for argument in sys.orig_argv):
    import pathlib, time
    from bp_numba.native import compiling
    folder, compile_here = pathlib.Path(os.environ["HELD"]), compiling.compile_here

    def held(name, width, alone):
        while (folder / name).exists():
            time.sleep(0.01)
        return compile_here(name, width, alone)

    compiling.compile_here = held
"""
"""In the process that compiles: a kernel waits as long as there is a file of its name.

No process has low priority unless a test is about that: on a busy machine it might not run for
minutes.
"""

START = """
import os, pathlib, signal, subprocess, sys, threading, time
from bp_numba.native import background, compiler, files, loading
folder = pathlib.Path(os.environ["HELD"])
compiler.PATIENCE = 600
background.AHEAD = tuple(name for name in background.AHEAD if name != "train_samples")
started = []
Popen = subprocess.Popen

class Recorded(Popen):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        started.append(self)

subprocess.Popen = Recorded

def wait_for(condition):
    deadline = time.monotonic() + 600
    while not condition():
        assert time.monotonic() < deadline, "hung"
        time.sleep(0.01)
"""
"""Compiles ahead what does not take long, which is all but one."""

SHORT = [name for name in AHEAD if name != "train_samples"]
LOW_PRIORITY = {"LOW_PRIORITY": "1"}


@pytest.fixture
def environment(tmp_path):
    """Return what makes kernels wait for the tests: a folder for that, and an empty cache."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(HELD)
    (tmp_path / "held").mkdir()
    yield {
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "site"), str(PACKAGE.parent)]),
        "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
        "HELD": str(tmp_path / "held"),
    }
    shutil.rmtree(tmp_path / "held")  # no process waits on


def kept(tmp_path):
    """Return the names of the kernels that are kept, and of all else in the cache."""
    return sorted(path.name.partition("-")[0] for path in tmp_path.glob("cache/*/*"))


def test_every_kernel_is_compiled_ahead():
    assert sorted(AHEAD) == sorted(ARGUMENTS)


@pytest.mark.parametrize("first", ["load", "prepare"])
def test_one_process_compiles_all_and_keeps_them(first, environment, tmp_path):
    code = (
        f"background.AHEAD = {AHEAD}\nloading.{first}('train_samples')\n"
        + """
wait_for(lambda: all(map(loading.is_kept, background.AHEAD)))
for name in background.AHEAD:
    loading.prepare(name)
    assert loading.load(name) is loading.load(name)
time.sleep(0.1)
print(len(started))
"""
    )
    assert run_python(START + code, **environment) == "1\n"
    assert kept(tmp_path) == sorted(ARGUMENTS)


def test_one_process_compiles_a_list_that_is_waited_for(environment, tmp_path):
    code = """
names = ["activate", "predict_one", "train_one"]
loading.load("predict_one")
started[0].kill()
started[0].wait()
functions = [*loading.load_all((name, None) for name in names)]
print(len(started), functions == [loading.load(name) for name in names])
"""
    assert run_python(START + code, **environment) == "2 True\n"


ORDER = """
name = "train_blocks.3x3x1"
loading.order(name, 4)
loading.order(name, 4)
"""


@pytest.mark.parametrize("kept_at", ["a folder", "nowhere"])
def test_what_is_ordered_is_loaded_once_it_is_there(kept_at, environment, tmp_path):
    (tmp_path / "held" / "train_blocks.3x3x1").touch()
    if kept_at == "nowhere":
        (tmp_path / "cache").touch()
    code = """
wait_for(lambda: background._compilers)
time.sleep(0.2)
print(loading.loaded(name, 4))
(folder / name).unlink()
wait_for(lambda: loading.loaded(name, 4))
print(loading.load(name, 4) is loading.loaded(name, 4), len(started), started[0].stdin.closed)
"""
    assert run_python(START + ORDER + code, **environment) == "None\nTrue 1 True\n"
    if kept_at == "a folder":
        assert kept(tmp_path) == ["train_blocks.3x3x1"]
        code = "wait_for(lambda: loading.loaded(name, 4))\nprint(len(started))"
        assert run_python(START + ORDER + code, **environment) == "0\n"


@posix
def test_what_is_ordered_of_a_process_that_is_killed_never_comes(environment, tmp_path):
    (tmp_path / "held" / "train_blocks.3x3x1").touch()
    code = """
wait_for(lambda: background._compilers)
started[0].kill()
for thread in threading.enumerate()[1:]:
    thread.join(600)
print(loading.loaded(name, 4), len(started))
"""
    assert run_python(START + ORDER + code, **environment) == "None 1\n"


VARIANTS = """
variants = [f"train_batches.{hidden}.identity.plain.dense.float64" for hidden in ("relu", "tanh")]
"""


def test_a_process_that_stands_by_compiles_one_variant_after_the_other(environment, tmp_path):
    code = """
loading.expect("train_*.*")
wait_for(lambda: started)
print(len(started), started[0].poll(), files.cache_folder())
for name in variants:
    loading.load(name)
print(len(started), started[0].poll())
loading.expect("train_*.*")  # which is there now
loading.load("activate")
wait_for(lambda: all(map(loading.is_kept, background.AHEAD)))  # in the same process, as ever
wait_for(lambda: len(background._compilers[0]._codes) == 2 + len(background.AHEAD))
print(len(started))
loading.load(variants[0].replace("relu", "logistic"))  # not there: it takes no more orders
print(len(started))
"""
    output = run_python(START + VARIANTS + code, **environment)
    assert output == f"1 None {tmp_path / 'cache' / 'bp_numba'}\n1 None\n1\n2\n"
    assert len(kept(tmp_path)) == 3 + len(SHORT)


@posix
def test_a_process_that_stood_by_and_has_ended_is_replaced(environment):
    code = """
loading.expect("train_*.*")
started[0].kill()
started[0].wait()
loading.load(variants[0])
print(bool(loading.loaded(variants[0])), started[1].poll(), 2 <= len(started) <= 3)
"""
    assert run_python(START + VARIANTS + code, **environment) == "True None True\n"


def test_nothing_stands_by_where_a_variant_is_kept_or_nothing_compiles(environment):
    run_python(START + VARIANTS + "loading.load(variants[0])", **environment)
    code = "loading.expect('train_*.*')\nprint(len(started))"
    assert run_python(START + code, **environment) == "0\n"
    assert (
        run_python(START + "loading.expect('train_none.*')\nprint(len(started))", **environment)
        == "1\n"
    )
    off = {"NUMBA_DISABLE_JIT": "1", "NUMBA_CACHE_DIR": environment["HELD"]}
    assert run_python(START + code, **environment | off) == "0\n"
    nowhere = {"NUMBA_CACHE_DIR": __file__}  # or each process that only predicts would start one
    assert run_python(START + code, **environment | nowhere) == "0\n"


def test_what_nobody_asks_anything_ends(environment):
    idle = "import bp_numba.native.server\nbp_numba.native.server.IDLE = 0.1\n"
    site = Path(environment["PYTHONPATH"].split(os.pathsep)[0]) / "sitecustomize.py"
    site.write_text(idle)
    code = """
loading.expect("train_*.*")
print(started[0].wait(600))
wait_for(lambda: background._compilers[0].ended)
loading.expect("train_*.*")
loading.load("train_one")
print(len(started))
"""
    assert run_python(START + code, **environment) in ("0\n2\n", "0\n3\n")


@pytest.mark.parametrize("first", ["load", "prepare"])
def test_where_nothing_can_be_kept_all_are_handed_over(first, environment, tmp_path):
    (tmp_path / "cache").touch()
    code = f"""
loading.{first}(background.AHEAD[0])
wait_for(lambda: background._compilers)
for name in background.AHEAD:
    wait_for(lambda: background._compilers[0].is_at(compiler.Kernel.of(name)))
    loading.load(name)
print(len(started), files.cache_folder())
"""
    assert run_python(START + code, **environment) == "1 None\n"


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="priorities as Linux has them")
@pytest.mark.parametrize("first", ["load", "prepare"])
def test_what_nobody_waits_for_has_low_priority(first, environment, tmp_path):
    (tmp_path / "held" / "predict_one").touch()
    (tmp_path / "held" / "predict").touch()
    code = f"""
thread = threading.Thread(target=loading.{first}, args=("predict_one",))
thread.start()
wait_for(lambda: background._compilers)
print(os.sched_getscheduler(started[0].pid) == os.SCHED_IDLE)
(folder / "predict_one").unlink()
thread.join()
wait_for(lambda: os.sched_getscheduler(started[0].pid) == os.SCHED_IDLE)
"""
    expected = f"{first == 'prepare'}\n"
    assert run_python(START + code, **environment, **LOW_PRIORITY) == expected


@pytest.mark.parametrize("broken", ["", "os.sched_setscheduler = refuse"])
def test_a_process_that_never_gets_a_cpu_is_not_waited_for(broken, environment, tmp_path):
    (tmp_path / "held" / "predict").touch()
    code = f"""
def refuse(*_):
    raise PermissionError
compiler.PATIENCE = 0.05
{broken}
loading.prepare("predict")
wait_for(lambda: background._compilers)
thread = threading.Thread(target=loading.load, args=("predict",))
thread.start()
wait_for(lambda: len(started) == 2)
(folder / "predict").unlink()
thread.join()
print(bool(loading.loaded("predict")), len(started))
"""
    assert run_python(START + code, **environment, **LOW_PRIORITY) == "True 2\n"


def test_what_is_far_back_is_compiled_at_once_what_is_at_work_is_waited_for(environment, tmp_path):
    (tmp_path / "held" / "predict").touch()
    code = """
loading.load("predict_one")
wait_for(lambda: background._compilers[0].is_at(compiler.Kernel.of("predict")))
loading.load("activate")  # not after predict, which is held
threads = [threading.Thread(target=loading.load, args=("predict",)) for _ in range(2)]
for thread in threads:
    thread.start()
time.sleep(0.1)
print(bool(loading.loaded("predict")), bool(loading.loaded("activate")), len(started))
(folder / "predict").unlink()
for thread in threads:
    thread.join()
print(bool(loading.loaded("predict")), len(started))
"""
    assert run_python(START + code, **environment) == "False True 2\nTrue 2\n"


@posix
@pytest.mark.parametrize("first", ["load('predict_one')", "prepare('predict')"])
def test_a_process_that_is_killed_is_not_waited_for(first, environment, tmp_path):
    (tmp_path / "held" / "predict").touch()
    code = (
        f"loading.{first}"
        + """
kernel = compiler.Kernel.of("predict")
wait_for(lambda: background._compilers and background._compilers[0].is_at(kernel))
thread = threading.Thread(target=loading.load, args=("predict",))
thread.start()
time.sleep(0.1)
(folder / "predict").unlink()
started[0].kill()
thread.join()
print(bool(loading.loaded("predict")), len(started), started[0].returncode)
"""
    )
    assert run_python(START + code, **environment) == "True 2 -9\n"


@posix
def test_ctrl_c_is_heard_at_once_and_not_by_the_background(environment, tmp_path):
    (tmp_path / "held" / "predict").touch()
    code = """
loading.load("predict_one")
wait_for(lambda: background._compilers[0].is_at(compiler.Kernel.of("predict")))
started[0].send_signal(signal.SIGINT)  # as a terminal does, to all
threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    loading.load("predict")
except KeyboardInterrupt:
    print("heard", started[0].poll())
(folder / "predict").unlink()
loading.load("predict")
print(len(started))
"""
    assert run_python(START + code, **environment) == "heard None\n1\n"


STRICT = [*PYTHON, "-X", "dev", "-W", "error", "-c"]


@posix
def test_a_process_that_ends_waits_for_nothing_and_loses_nothing(environment, tmp_path):
    (tmp_path / "held" / "predict").touch()
    code = """
loading.load("predict_one")
wait_for(lambda: background._compilers[0].is_at(compiler.Kernel.of("predict")))
print(started[0].pid)
"""
    result = run_command([*STRICT, START + code], **environment)  # reads its pipes to their end
    assert (result.returncode, result.stderr) == (0, "")
    os.kill(int(result.stdout), 0)  # it is there still
    assert kept(tmp_path) == ["predict_one"]
    (tmp_path / "held" / "predict").unlink()
    wait = f"{START}wait_for(lambda: not os.path.exists('/proc/{int(result.stdout)}'))"
    if os.path.exists("/proc"):
        run_python(wait, **environment)
        assert kept(tmp_path) == ["predict", "predict_one"]  # and no more


@pytest.mark.parametrize("delay", [0, 0.003, 0.01, 0.03, 0.1, 0.3])
def test_a_process_that_ends_soon_prints_nothing(delay, environment):
    code = f"""
import time
from bp_numba.native import loading
loading.prepare("predict")
time.sleep({delay})
"""
    result = run_command([*STRICT, code], **environment)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize(
    "broken",
    [
        "subprocess.Popen = None",
        "threading.Thread.start = lambda thread: exec('raise RuntimeError')",
        "sys.executable = None",
        "files.file_of = None",
        "os.environ['NUMBA_DISABLE_JIT'] = '1'",
        "sys.path[:] = []",
    ],
)
def test_prepare_raises_and_prints_nothing(broken, environment):
    code = f"""
{broken}
for name in ("predict", "predict", "nothing of this name"):
    loading.prepare(name)
time.sleep(0.2)
for each in background._compilers:
    each._process.wait()
"""
    result = run_command([*STRICT, START + code], **environment)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
