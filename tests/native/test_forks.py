"""Forks while other threads compile or load, and while kernels are compiled in the background."""

import os
import sys

import pytest

from tests.conftest import needs_jit, not_bounds_checked, run_python
from tests.native.test_background import START, environment, kept

__all__ = ["environment"]

pytestmark = [
    needs_jit,
    not_bounds_checked,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
]

FORKS = (
    START
    + """
import warnings
import numpy as np
from bp_numba import NeuralNetwork
warnings.simplefilter("ignore")  # of forks beside threads, which this is about
X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0], [1], [1], [0]])

def fit(seed=0):
    np.random.seed(seed)
    nn = NeuralNetwork([2, 2, 1], alpha=0.5)
    nn.fit(X, y, epochs=20, verbose=False)
    assert any("train_blocks" in key for key in loading._functions)  # it was not done in NumPy
    return nn.W[0].tobytes().hex()

def in_child(work):
    # Return what a child exits with, killed if it hangs.
    child = os.fork()
    if not child:
        try:
            signal.alarm(300)
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1]
"""
)


def test_forks_while_other_threads_load(environment):
    code = """
expected = fit()
loading.load("predict")
stop = False

def load():
    while not stop:
        loading._functions.clear()
        for name in ("train_blocks", "predict"):
            loading.load(name)
        time.sleep(0.005)

threads = [threading.Thread(target=load) for _ in range(2)]
for thread in threads:
    thread.start()

def work():
    loading._functions.clear()
    assert fit() == expected

print({in_child(work) for _ in range(10)})
stop = True
"""
    assert run_python(FORKS + code, **environment) == "{0}\n"


def test_a_fork_while_another_thread_compiles(environment, tmp_path):
    (tmp_path / "held" / "train_blocks").touch()
    code = """
thread = threading.Thread(target=fit)
thread.start()
wait_for(lambda: background._compilers)

def work():
    (folder / "train_blocks").unlink()
    fit()

print(in_child(work))
thread.join()
"""
    assert run_python(FORKS + code, **environment) == "0\n"


def test_a_fork_of_a_thread_that_is_waiting_for_a_kernel(environment, tmp_path):
    (tmp_path / "held" / "train_blocks").touch()
    code = """
def fork(*_):
    def work():
        (folder / "train_blocks").unlink()
        fit()
    print(in_child(work))

signal.signal(signal.SIGUSR1, fork)

def interrupt():
    wait_for(lambda: background._compilers)
    time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGUSR1)

threading.Thread(target=interrupt).start()
fit()
"""
    assert run_python(FORKS + code, **environment) == "0\n"


@pytest.mark.parametrize("first", ["load('predict_one')", "prepare('predict')"])
def test_a_pool_while_kernels_are_compiled_in_the_background(first, environment, tmp_path):
    (tmp_path / "held" / "predict").touch()
    code = f"""
import multiprocessing
loading.{first}
kernel = compiler.Kernel.of("predict")
wait_for(lambda: background._compilers and background._compilers[0].is_at(kernel))
with multiprocessing.get_context("fork").Pool(2) as pool:
    results = pool.map_async(fit, range(4)).get(300)
assert results == [fit(seed) for seed in range(4)]
(folder / "predict").unlink()
loading.load("predict")
print(len(set(results)))
"""
    assert run_python(FORKS + code, **environment) == "4\n"


def test_a_child_forgets_what_its_parent_compiles(environment, tmp_path):
    (tmp_path / "held" / "predict").touch()
    code = """
loading.prepare("predict")
wait_for(lambda: background._compilers)
pipe = background._compilers[0]._process.stdout.fileno()

def work():
    assert not background._compilers and not loading._prepared
    (folder / "predict").unlink()
    try:
        os.fstat(pipe)
    except OSError:
        loading.prepare("predict")
        wait_for(lambda: background._compilers)
        loading.load("predict")
    else:
        raise AssertionError("holds its parent's pipe")

print(in_child(work))
loading.load("predict")
"""
    assert run_python(FORKS + code, **environment) == "0\n"


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_no_process_outlives_its_parent_for_a_child_that_holds_its_pipe(environment, tmp_path):
    (tmp_path / "held" / "predict").touch()
    code = """
import ctypes
loading.load("predict_one")
wait_for(lambda: background._compilers[0].is_at(compiler.Kernel.of("predict")))
child = ctypes.PyDLL(None).fork()  # behind Python's back
if not child:
    for standard in range(3):
        os.close(standard)
    time.sleep(1000)
print(started[0].pid, child)
"""
    compiler, child = map(int, run_python(FORKS + code, **environment).split())
    try:
        (tmp_path / "held" / "predict").unlink()
        ended = f"wait_for(lambda: not os.path.exists('/proc/{compiler}'))"
        run_python(START + ended, **environment)
        assert kept(tmp_path) == ["predict", "predict_one"]
    finally:
        os.kill(child, 9)
