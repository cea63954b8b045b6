"""Two digits networks in two threads beside one alone. Run ``python -m bench.threads``."""

import contextlib
import io
import threading
from statistics import median
from time import perf_counter

from bench.problems import describe_machine, make
from bp_numba import NeuralNetwork
from bp_numba.examples.digits import DIGITS

ROUNDS = 9
EPOCHS = 300


def seconds(networks, split):
    """Return the seconds until all networks, one thread each, have trained."""
    threads = [
        threading.Thread(target=network.fit, args=(split.X, split.y, EPOCHS, EPOCHS + 1))
        for network in networks
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        started = perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return perf_counter() - started


def main():
    """Print how much longer two threads take than one, for twice the work."""
    print(describe_machine())
    split = DIGITS.load(0)
    networks = [make(NeuralNetwork, DIGITS) for _ in range(2)]
    seconds(networks, split)
    times = [(seconds(networks[:1], split), seconds(networks, split)) for _ in range(ROUNDS)]
    ratios = sorted(two / one for one, two in times)
    print(
        f"one thread {median(one for one, _ in times):.3f} s, two threads "
        f"{median(two for _, two in times):.3f} s, {median(ratios):.2f} times as long "
        f"({ratios[0]:.2f} to {ratios[-1]:.2f} in {ROUNDS} rounds)"
    )


if __name__ == "__main__":
    main()
