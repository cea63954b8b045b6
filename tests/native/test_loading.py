"""Entry points as functions: loaded once, by whoever comes first."""

import os
import threading

import pytest

from bp_numba.native import loading
from tests.conftest import needs_jit, run_python


@needs_jit
def test_threads_compile_once(quick):
    functions = []

    def get():
        functions.append(loading.load("activate"))

    threads = [threading.Thread(target=get) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert quick == ["activate"] and len(set(map(id, functions))) == 1 and len(functions) == 8


FORKING = """
import os, threading, warnings
from bp_numba.native import compiling, loading
warnings.simplefilter("ignore")  # of forks beside threads, which this is about
compiles, forked = threading.Event(), threading.Event()
compile_one = compiling.compile_entry_point

def slow(name, width):
    compiles.set()
    forked.wait()
    return compile_one(name, width)

compiling.compile_entry_point = slow
thread = threading.Thread(target=loading.load, args=("activate",))
thread.start()
compiles.wait()
child = os.fork()
if not child:
    compiling.compile_entry_point = compile_one
    os._exit(0 if loading.load("activate") and loading.load("activate") else 1)
print(os.waitpid(child, 0)[1])  # before the other thread goes on
forked.set()
thread.join()
print(bool(loading.loaded("activate")))
"""


@needs_jit
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_while_another_thread_compiles(tmp_path):
    assert run_python(FORKING, NUMBA_CACHE_DIR=str(tmp_path)).split() == ["0", "True"]
