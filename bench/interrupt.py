"""Time from SIGINT to KeyboardInterrupt in the caller. Run ``python -m bench.interrupt``.

The caller is one of `fit`, then one of `fit_many` with 1,000 networks, in one thread and in two.
Each round is a process of its own with an empty cache of machine code, which trains XOR until it
gets the signal: some time after the call, while Numba is imported or the kernel compiles,
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

CALLS = {
    "fit": "networks[0].fit(X, y, {epochs}, {epochs})",
    "fit_many": "fit_many(networks, X, y, {epochs}, {epochs}, verbose=True)",
    "fit_many, 2 threads": "fit_many(networks, X, y, {epochs}, {epochs}, verbose=True, n_jobs=2)",
}

CODE = """
import time
import joblib  # no module survives an interrupt of its import
import numpy as np
from bp_numba import NeuralNetwork, fit_many
X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0], [1], [1], [0]])
np.random.seed(0)
networks = [NeuralNetwork([2, 2, 1], alpha=0.5) for _ in range(1000)]
def weights():
    return [w for nn in networks for w in nn.W]
before = [w.copy() for w in weights()]
try:
    print("ready", flush=True)
    {call}
except KeyboardInterrupt:
    caught = time.time()
    changed = any((w != old).any() for w, old in zip(weights(), before))
    {again}  # the weights are usable, the kernels too
    finite = all(np.isfinite(w).all() for w in weights())
    print(caught, "changed" if changed else "unchanged", "finite" if finite else "CORRUPT")
"""


def main():
    """Print the latency and the state of the weights for each round, and the worst latencies."""
    for name, call in CALLS.items():
        latencies = []
        for line, delays in DELAYS.items():
            for delay in delays:
                latency, weights = interrupt(call, line, delay)
                latencies.append(latency)
                moment = f"{delay:.1f} s after {line!r}"
                print(f"{name}, SIGINT {moment}: {latency:.3f} s, weights {weights}", flush=True)
        print(f"{name}, worst of {len(latencies)}: {max(latencies):.3f} s", flush=True)


def interrupt(call, line, delay):
    """Return the latency of a signal sent so long after a line, and the state of the weights."""
    # Without an end, but for the signal.
    code = CODE.format(call=call.format(epochs=10**12), again=call.format(epochs=1000))
    with (
        tempfile.TemporaryDirectory() as cache,
        subprocess.Popen(
            [sys.executable, "-c", code],
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
