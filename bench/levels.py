"""The same cases with kernels for an older x86 CPU, side by side with those for this one.

A process is told which CPU it compiles for before it starts, so these kernels run in one of their
own, which measures a round whenever it is asked. Run ``python -m bench --level x86-64-v3``.
"""

import argparse
import os
import subprocess
import sys

from bench.cases import CASES
from bench.machine import fmas_per_second
from bench.measure import FULL, QUICK
from bench.rivals import OURS

V2 = "+sse3,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16"
FEATURES = {
    "x86-64-v2": V2,
    "x86-64-v3": f"{V2},+avx,+avx2,+fma,+bmi,+bmi2,+f16c,+lzcnt,+movbe",
}
"""What the CPUs of a level have."""


def label(level):
    """Return what the tables call kernels of a level."""
    return f"{OURS.label}, {level}"


class Process:
    """A process whose kernels are compiled for a level, and which measures a case."""

    def __init__(self, level, case, quick):
        self._level = level
        command = [sys.executable, "-m", "bench.levels", case, *["--quick"] * quick]
        told = {"NUMBA_CPU_NAME": level, "NUMBA_CPU_FEATURES": FEATURES[level]}
        self._process = subprocess.Popen(
            command,
            env=os.environ | told,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.gfmas_per_second = self.measure() / 1e9

    def measure(self):
        """Return the value of one more round."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:  # a CPU without what the level has, for one
            raise RuntimeError(f"the process for {self._level} has ended, see above")
        return float(line)

    def __enter__(self):
        """Return the process, which ends with the `with`."""
        return self

    def __exit__(self, *_):
        """End the process."""
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def main():
    """Print, for each line of standard input, the rate of multiply-adds, then a round's value."""
    parser = argparse.ArgumentParser(prog="python -m bench.levels", description=__doc__)
    parser.add_argument("case")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    (case,) = (case for case in CASES if case.name == options.case)
    values = rounds(case, QUICK if options.quick else FULL)
    for _ in sys.stdin:
        print(next(values), flush=True)


def rounds(case, effort):
    """Yield the rate, once all is compiled and verified, then one value after the other."""
    (timer,) = case.timers([OURS], effort).values()
    yield fmas_per_second()
    while True:
        yield timer()


if __name__ == "__main__":
    main()
