"""Time from SIGINT to KeyboardInterrupt in the caller of `fit`. Run ``python -m bench.interrupt``.

Each round is a process of its own with an empty cache of machine code, which trains XOR for ten
million epochs and gets the signal after the given time: while Numba is imported, while the kernel
compiles, at the first epoch, and in the middle of the training.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time

DELAYS = [0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.5, 3.0, 4.0, 6.0]

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
    nn.fit(X, y, epochs=10_000_000, displayUpdate=10_000_000)
except KeyboardInterrupt:
    caught = time.time()
    changed = any((w != old).any() for w, old in zip(nn.W, before))
    nn.fit(X, y, epochs=1000, displayUpdate=2000)  # the weights are usable, the kernels too
    finite = all(np.isfinite(w).all() for w in nn.W)
    print(caught, "changed" if changed else "unchanged", "finite" if finite else "CORRUPT")
"""


def main():
    """Print the latency and the state of the weights for each delay, and the worst latency."""
    latencies = []
    for delay in DELAYS:
        with (
            tempfile.TemporaryDirectory() as cache,
            subprocess.Popen(
                [sys.executable, "-c", CODE],
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "NUMBA_CACHE_DIR": cache},
            ) as process,
        ):
            process.stdout.readline()
            time.sleep(delay)
            sent = time.time()
            process.send_signal(signal.SIGINT)
            caught, *weights = process.communicate()[0].splitlines()[-1].split()
        latencies.append(float(caught) - sent)
        print(f"SIGINT after {delay:.1f} s: raised in {latencies[-1]:.3f} s, weights {weights}")
    print(f"worst of {len(latencies)}: {max(latencies):.3f} s")


if __name__ == "__main__":
    main()
