"""Peak memory of `fit`, each in a process of its own."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.measure import Measurement

SCRIPT = """
import resource, sys
import numpy as np
import bp_numba

kind, dtype, rows, inputs = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
generator = np.random.default_rng(0)
X = np.empty((rows, inputs), dtype)
for row in X:  # in place, so that making X does not set the peak
    row[:] = generator.integers(256, size=inputs)
y = np.eye(10)[generator.integers(10, size=rows)]
network = getattr(bp_numba, kind)([inputs, 64, 10], alpha=0.1)
with np.errstate(over="ignore"):
    network.fit(X, y, epochs=1, displayUpdate=2)
try:  # the peak of this process; on Linux, ru_maxrss remembers that of its parent
    status = open("/proc/self/status").read()
    print(int(status.partition("VmHWM:")[2].split()[0]) / 1024)
except OSError:
    units = 2**20 if sys.platform == "darwin" else 2**10
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / units)
"""


@dataclass(frozen=True)
class Memory(Measurement):
    """Peak resident memory of a process that makes X and fits one epoch."""

    rows: int
    inputs: int
    unit = "MiB"
    in_processes = True

    def timers(self, rivals, effort):
        """Return functions that run a process and return its peak, in MiB."""
        return {
            "NeuralNetwork": lambda: self.peak("NeuralNetwork", "float64", effort),
            "NeuralNetwork, X of uint8": lambda: self.peak("NeuralNetwork", "uint8", effort),
            "ReferenceNetwork": lambda: self.peak("ReferenceNetwork", "float64", effort),
        }

    def peak(self, kind, dtype, effort):
        """Return the peak of one process."""
        rows = self.rows // 10 if effort.quick else self.rows
        result = subprocess.run(
            [sys.executable, "-c", SCRIPT, kind, dtype, str(rows), str(self.inputs)],
            cwd=Path(__file__).parents[1],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return float(result.stdout.splitlines()[-1])
