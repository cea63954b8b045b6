"""Entry points as functions: loaded once, by whoever comes first."""

import threading

from bp_numba.native import loading
from tests.conftest import needs_jit


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
