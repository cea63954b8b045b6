"""Time from SIGINT to KeyboardInterrupt in the caller of `fit`. Run ``python -m bench.interrupt``.

Each round is a process of its own with an empty cache of machine code, which trains XOR until it
gets the signal: some time after `fit` was called, while Numba is imported or the kernel compiles,
and some time after the first epoch, however long it took to get there.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time

DELAYS = {
    "ready": [0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6],
    "epoch=1,": [0.0, 0.1, 0.2, 0.5, 1.0, 2.0],
}
"""What the process prints, and how many seconds later it gets the signal, in one round each."""

CODE = """
import time
import numpy as np
from bp_numba import NeuralNetwork
X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0], [1], [1], [0]])
np.random.seed(0)
nn = NeuralNetwork([2, 2, 1], alpha=0.5)
before = [w.copy() for w in nn.W]
try:
    print("ready", flush=True)
    nn.fit(X, y, epochs=10**12, displayUpdate=10**12)  # without an end, but for the signal
except KeyboardInterrupt:
    caught = time.time()
    changed = any((w != old).any() for w, old in zip(nn.W, before))
    nn.fit(X, y, epochs=1000, displayUpdate=2000)  # the weights are usable, the kernels too
    finite = all(np.isfinite(w).all() for w in nn.W)
    print(caught, "changed" if changed else "unchanged", "finite" if finite else "CORRUPT")
"""


def main():
    """Print the latency and the state of the weights for each round, and the worst latency."""
    latencies = []
    for line, delays in DELAYS.items():
        for delay in delays:
            latency, weights = interrupt(line, delay)
            latencies.append(latency)
            moment = f"{delay:.1f} s after {line!r}"
            print(f"SIGINT {moment}: raised in {latency:.3f} s, weights {weights}", flush=True)
    print(f"worst of {len(latencies)}: {max(latencies):.3f} s")


def interrupt(line, delay):
    """Return the latency of a signal sent so long after a line, and the state of the weights."""
    with (
        tempfile.TemporaryDirectory() as cache,
        subprocess.Popen(
            [sys.executable, "-c", CODE],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "NUMBA_CACHE_DIR": cache, "PYTHONUNBUFFERED": "1"},
        ) as process,
    ):
        while line not in process.stdout.readline():
            assert process.poll() is None, f"the process ended before it printed {line!r}"
        time.sleep(delay)
        sent = time.time()
        process.send_signal(signal.SIGINT)
        caught, *weights = process.communicate()[0].splitlines()[-1].split()
    return float(caught) - sent, weights


if __name__ == "__main__":
    main()
