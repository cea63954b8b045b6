"""Count CPU instructions per sample. Run ``python -m bench.instructions`` where valgrind is.

Unlike times, counts are the same on a busy machine, and tell a difference of half a percent.
Valgrind's callgrind writes down what it has counted whenever `os.ctermid` is called, as nothing
else does. Work is done N and 2 N - 1 times between such calls, in turns; the difference of the
lowest counts over the samples of N - 1 times leaves out what `fit` does once in a call.

How much `fit` does before it returns to Python depends on time: so the clock stands still, and each
slice is twice the one before. `predict` and `fit_partial` would be done by NumPy until there was
work enough: here any is enough (`choice.ENOUGH`). All kernels are compiled before the first case,
in a process outside of valgrind.
"""

import argparse
import json
import math
import os
import pickle
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from llvmlite import binding

import bp_numba
from bench.cases import CASES

SIZES = {
    "xor": (4, 4096),
    "show-xor": (4, 1024),
    "digits": (320, 8),
    "dense": (8, 16),
    "sparse": (8, 16),
    "predict-450": (450, 8),
    "predict-1": (1, 256),
    "partial-digits": (1, 256),
    "partial-xor": (4, 64),
}
"""For each case the rows, no more than `fit` takes in its first slice, and N, a power of two: so
there are as many slices in N as in 2 N - 1 epochs."""

TURNS = 3
TOLERANCE = 1.01
"""Ratio to an earlier count up to which all is well."""

ENVIRONMENT = {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
OTHERS = ("NUMBA_", "COVERAGE_")
"""Beginnings of the variables that the counted process does not inherit."""

AVX2 = {
    "NUMBA_CPU_NAME": "x86-64-v3",
    "NUMBA_CPU_FEATURES": "+sse4.2,+sse4.1,+ssse3,+popcnt,+cx16,+avx,+avx2,+fma,+bmi,+bmi2,+f16c",
}
"""What valgrind can run and most x86 CPUs can: all of them are given the same code."""

SCRIPT = """
import gc, os, pickle, sys, threading, time
import numpy as np
time.perf_counter = lambda: 0.0
from bp_numba import NeuralNetwork
from bp_numba.kernels.calls import ARGUMENTS
from bp_numba.native.loading import load
from bp_numba.training import choice
choice.ENOUGH = 0
os.environ["NUMBA_CACHE_DIR"] = os.path.abspath("cache")
for name in ARGUMENTS:
    load(name)
for thread in threading.enumerate()[1:]:  # which reads what is compiled
    thread.join()
def count(name, layers, alpha, X, y, repeats, turns):
    display = 1 if name.startswith("show") else 10**9
    samples = list(zip(np.c_[X, np.ones(len(X))], y))
    np.random.seed(0)
    network = NeuralNetwork(layers, alpha)
    def fit(repeats):  # epoch 1, whose loss is shown, lies behind
        network.fit(X, y, 1 + repeats, display, verbose=False, initial_epoch=1)
    def partial(repeats):
        for _ in range(repeats):
            for x, target in samples:
                network.fit_partial(x, target)
    def predict(repeats):
        for _ in range(repeats):
            network.predict(X)
    work = {"partial": partial, "predict": predict}.get(name.partition("-")[0], fit)
    gc.disable()
    for _ in range(20):  # Python adapts its code to what it sees
        work(1)
    np.exp = None  # what has no kernel now fails
    for times in (repeats, 2 * repeats - 1) * turns:
        os.ctermid()
        work(times)
    os.ctermid()
for case in pickle.load(open("cases", "rb")):
    if not os.fork():
        count(*case)
        os._exit(0)
    pid, status = os.wait()
    if status:
        sys.exit(1)
    print(pid, flush=True)
"""


def counts(cases):
    """Yield for each case its name and the instructions per sample."""
    with tempfile.TemporaryDirectory() as folder, start(folder, cases) as process:
        for case, pid in zip(cases, process.stdout, strict=False):
            rows, repeats = SIZES[case.name]
            # Files are numbered from 1, which has all that comes before the work.
            parts = [total(Path(folder, f"{int(pid)}.{2 + part}")) for part in range(2 * TURNS)]
            yield case.name, (min(parts[1::2]) - min(parts[::2])) / (rows * (repeats - 1))
        if process.wait():
            sys.exit("counting has failed, see above")


def start(folder, cases):
    """Return a process that, one by one, prints the process in which it has counted a case."""
    arguments = []
    for case in cases:
        rows, repeats = SIZES[case.name]
        X, y = (array[:rows].copy() for array in case.data(False))
        arguments.append((case.name, case.layers, case.alpha, X, y, repeats, TURNS))
    Path(folder, "cases").write_bytes(pickle.dumps(arguments))
    command = ["valgrind", "--quiet", "--tool=callgrind", "--dump-before=ctermid"]
    command += [f"--callgrind-out-file={folder}/%p", sys.executable, "-c", SCRIPT]
    kept = {key: os.environ[key] for key in os.environ if not key.startswith(OTHERS)}
    package = {"PYTHONPATH": str(Path(bp_numba.__file__).parents[1])}
    env = {**kept, **ENVIRONMENT, **code(), **package}
    return subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE)


def total(file):
    """Return the instructions in a file of callgrind's."""
    return int(re.search(r"^summary: (\d+)", file.read_text(), re.MULTILINE)[1])


def code():
    """Return the settings for the instructions that the kernels are compiled to."""
    return AVX2 if binding.get_host_cpu_features().get("avx2") else {}


def setting():
    """Return what counts have to have in common to be compared."""
    versions = {name: version(name) for name in ("numpy", "numba", "llvmlite")}
    cpu = code().get("NUMBA_CPU_NAME", binding.get_host_cpu_name())
    return {"Python": platform.python_version(), **versions, "CPU": cpu}


def parse():
    """Return the options of the command line, and the counts to compare with."""
    parser = argparse.ArgumentParser(prog="python -m bench.instructions", description=__doc__)
    parser.add_argument("--case", action="append", choices=SIZES, help="only these cases")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results")
    parser.add_argument("--against", type=Path, metavar="FILE", help="compare with such a file")
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        parser.exit(2, "valgrind is not installed: apt-get install valgrind\n")
    earlier = json.loads(options.against.read_text()) if options.against else {}
    if earlier and earlier["setting"] != setting():
        parser.exit(2, f"{options.against} is of {earlier['setting']}, not {setting()}\n")
    return options, earlier.get("instructions", {})


def main():
    """Count, print, write and compare; the exit code is 1 if a case takes more than it did."""
    options, earlier = parse()
    print(f"instructions per sample, {bp_numba.__file__}")
    results = {}
    for name, count in counts([case for case in CASES if case.name in (options.case or SIZES)]):
        results[name] = count
        ratio = f"{count / earlier[name]:10.4f}" if name in earlier else ""
        print(f"{name:16}{count:12.1f}{ratio}", flush=True)
    if options.json:
        text = json.dumps({"setting": setting(), "instructions": results}, indent=1)
        options.json.write_text(text + "\n")
    worse = [name for name in results if results[name] > TOLERANCE * earlier.get(name, math.inf)]
    if worse:
        sys.exit(f"more than 1% above {options.against}: {', '.join(worse)}")


if __name__ == "__main__":
    main()
