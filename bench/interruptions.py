"""Interrupt runs again and again; nothing may be lost. Run ``python -m bench.interruptions``.

A run trains a network with a checkpoint, in a process that is interrupted at a random moment of its
life: while Python starts, while a kernel is compiled, between two savings, in the middle of one, at
the exit; every second time after it has saved something. Then a new process goes on from the file
as users do, and is interrupted in turn, until one comes to its end. After each interruption the
file must load, and must hold the weights and the display points that a run without interruptions
has after as many epochs, bit for bit.

SIGINT goes to all processes of the run, as from a terminal, and for some twice; SIGTERM and SIGKILL
go to the one that trains, which in some turns SIGTERM into SystemExit. One run in seven begins with
an empty cache of machine code. The seed chooses all that, not what a machine does at a moment.
"""

import argparse
import copy
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bp_numba import NeuralNetwork

SIGNALS = ["SIGINT", "SIGTERM", "SIGKILL"] if os.name == "posix" else ["SIGTERM"]

EVERY = [0.0, 0.0, 0.01, 60.0]
"""Seconds from one saving to the next."""

COLD = 0.15
"""The share of runs that begin with an empty cache."""

MOST = 12
"""Interruptions of a run; then it is left alone, for it need not have saved anything yet."""

HANG = 120
"""Seconds after which a process that should end is called hung."""

CHILD = "import sys; from bench.interruptions import train; train(*sys.argv[1:])"


class Problem(NamedTuple):
    """A network and its samples: a run of half a second, most of it for a hundred savings."""

    layers: list[int]
    rows: int
    density: float
    epochs: int
    dtype: str = "float64"

    def samples(self):
        """Return X and y."""
        generator = np.random.default_rng(0)
        X = generator.random((self.rows, self.layers[0]))
        X *= generator.random(X.shape) < self.density
        return X, generator.random((self.rows, self.layers[-1]))

    def network(self):
        """Return the network before training."""
        np.random.seed(0)
        network = NeuralNetwork(self.layers)
        network.W = [w.astype(self.dtype) for w in network.W]
        return network

    def fit(self, network, epochs, **options):
        """Train up to the end of an epoch."""
        done, interval = network.epochs_trained, self.epochs // 100
        network.fit(*self.samples(), epochs, interval, verbose=False, initial_epoch=done, **options)


PROBLEMS = {
    "sparse": Problem([64, 32, 16, 10], 64, 0.5, epochs=3000),
    "dense": Problem([24, 16, 4], 40, 1.0, epochs=6000),
    "float32": Problem([12, 10, 3], 40, 1.0, epochs=6000, dtype="float32"),
    "xor": Problem([2, 2, 1], 4, 1.0, epochs=50_000),
}


def train(name, path, every, sigterm):
    """Train on, from the checkpoint if there is one: what a process does that is interrupted."""
    if sigterm == "raises":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    problem = PROBLEMS[name]
    network = NeuralNetwork.load(path) if os.path.exists(path) else problem.network()
    problem.fit(network, problem.epochs, checkpoint=path, checkpoint_every=float(every))


def start(options, cache, log):
    """Start a process that trains, in a group of its own; what it has to say is in a file."""
    cache.mkdir(exist_ok=True)
    with open(log, "w") as file:
        return subprocess.Popen(
            [sys.executable, "-c", CHILD, *map(str, options)],
            env={**os.environ, "NUMBA_CACHE_DIR": str(cache), "PYTHONFAULTHANDLER": "1"},
            cwd=Path(__file__).parents[1],
            stdout=file,
            stderr=file,
            start_new_session=True,
        )


class Whole:
    """Runs of a problem without interruptions, to compare with."""

    def __init__(self, name, folder):
        self._problem, self._begun = PROBLEMS[name], PROBLEMS[name].network()
        self.cache = folder / name
        self.cold, self.warm = (self._life(name, folder / f"{name}-{i}.npz") for i in range(2))
        print(f"[INFO] {name}: {self.cold:.1f} s, compiled before {self.warm:.1f} s", flush=True)

    def _life(self, name, path):
        """Return how many seconds a process of a whole run takes."""
        log, started = path.with_suffix(".txt"), time.perf_counter()
        with start((name, path, 0.0, "default"), self.cache, log) as process:
            assert process.wait(HANG) == 0, log.read_text()
        seconds = time.perf_counter() - started
        assert (fault := self.fault(self.twin(), NeuralNetwork.load(path))) is None, fault
        return seconds

    def twin(self):
        """Return a new network that has not begun."""
        return copy.deepcopy(self._begun)

    def fault(self, twin, network):
        """Train the twin for as long as a network was; return how they differ, or None."""
        if not all(np.isfinite(w).all() for w in network.W):
            return "weights that are not finite"
        if network.epochs_trained < twin.epochs_trained:
            return f"{network.epochs_trained} epochs, but it had {twin.epochs_trained} before"
        self._problem.fit(twin, network.epochs_trained)
        if any((a != b).any() for a, b in zip(twin.W, network.W, strict=True)):
            return f"other weights than a whole run has after {twin.epochs_trained} epochs"
        if network.history.epochs != twin.history.epochs:
            missing = sorted(set(twin.history.epochs) ^ set(network.history.epochs))
            return f"other display points than a whole run: not in both are {missing}"
        return None


class Strike(NamedTuple):
    """How a process is interrupted.

    `delay` seconds after it was started or, if `saving`, after it has saved for the first time; and
    once more `again` seconds later, unless that is None.
    """

    signal: str
    saving: bool
    delay: float
    again: float | None
    sigterm: str

    def hit(self, process, path):
        """Wait, send the signal if the process still runs, and tell if it did."""
        if self.saving:
            before, deadline = stamp(path), time.monotonic() + HANG
            while process.poll() is None and stamp(path) == before and time.monotonic() < deadline:
                time.sleep(0.002)
        try:
            process.wait(self.delay)
            return False
        except subprocess.TimeoutExpired:
            self._send(process)
        if self.again is not None:
            time.sleep(self.again)
            self._send(process)
        return True

    def _send(self, process):
        number = getattr(signal, self.signal)
        if self.signal != "SIGINT":
            process.send_signal(number)
        elif process.poll() is None:
            os.killpg(process.pid, number)


def stamp(path):
    """Return what changes when a file is replaced, None if there is none."""
    return path.stat().st_mtime_ns if path.exists() else None


class Run:
    """One run of a problem, its processes one after the other, until one comes to its end."""

    def __init__(self, number, seed, folder, wholes):
        self._random = random.Random(f"{seed}/{number}")
        self._name = list(PROBLEMS)[number % len(PROBLEMS)]
        self._whole = wholes[self._name]
        self._folder = folder / f"run{number}"
        self._folder.mkdir()
        self._path = self._folder / "network.npz"
        self._every = self._random.choice(EVERY)
        self._cold = self._random.random() < COLD
        self._cache = folder / f"cache{number}" if self._cold else self._whole.cache
        self._strikes = []

    def go(self, tally):
        """Interrupt and go on until the run ends or has a fault."""
        twin, code, fault = self._whole.twin(), None, None
        while code != 0 and fault is None:
            strike, before = self._strike(), stamp(self._path)
            hit, code, ending = self._interrupt(strike)
            self._strikes.append(f"{strike}, {'hit' if hit else 'came too late'}: {ending}")
            if hit:
                tally.add(self._kind(strike, stamp(self._path) != before), ending)
            fault = self._fault(twin, hit, code)
        if fault is None:
            tally.end(len(list(self._folder.glob(".network.npz.*.tmp"))))
        else:
            title = f"{self._folder}, {self._name}, checkpoint_every={self._every}: {fault}"
            tally.fail("\n    ".join([title, *self._strikes[-3:]]))

    def _strike(self):
        # While it compiles for the first time a process lives longer.
        empty = self._cold and not any(self._cache.glob("*"))
        life = self._whole.cold if empty else self._whole.warm
        choose = self._random
        name, saving = choose.choice(SIGNALS), choose.random() < 0.5
        delay = choose.uniform(0, 0.7 * self._whole.warm if saving else 1.1 * life)
        return Strike(
            name,
            saving,
            delay if len(self._strikes) < MOST else HANG,
            choose.uniform(0, 0.02) if name == "SIGINT" and choose.random() < 0.3 else None,
            choose.choice(["default", "raises"]),
        )

    def _interrupt(self, strike):
        """Return whether a process was hit, its exit code if it has ended, and how."""
        log = self._folder / "output.txt"
        options = self._name, self._path, self._every, strike.sigterm
        with start(options, self._cache, log) as process:
            hit = strike.hit(process, self._path)
            try:
                code = process.wait(HANG)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGABRT)  # to print where it hangs
                process.wait(HANG)
                return hit, None, log.read_text()
        *_, last = log.read_text().strip().splitlines() or ["nothing printed"]
        return hit, code, f"exit code {code}, {last:.80}"

    def _kind(self, strike, saved):
        cache = "empty" if self._cold else "filled"
        return f"{strike.signal}, {cache} cache, {'while' if saved else 'before'} it saves"

    def _fault(self, twin, hit, code):
        if code is None:
            return f"a process that had not ended after {HANG} s"
        if code != 0 and not hit:
            return "a process that failed without being interrupted"
        if not self._path.exists():
            return "no file" if code == 0 or twin.epochs_trained else None
        try:
            network = NeuralNetwork.load(self._path)
        except (OSError, ValueError) as error:
            return f"a file that does not load: {error}"
        if code == 0 and network.epochs_trained != PROBLEMS[self._name].epochs:
            return f"a run that ended after {network.epochs_trained} epochs"
        return self._whole.fault(twin, network)


class Tally:
    """What has happened in all runs; threads take turns."""

    def __init__(self, wanted):
        self._lock, self._wanted = threading.Lock(), wanted
        self._interruptions, self._endings = Counter(), Counter()
        self._ended = self._left = 0
        self.faults = []

    @property
    def is_complete(self):
        """Whether there were as many interruptions as were wanted."""
        return self._interruptions.total() >= self._wanted

    def add(self, kind, ending):
        """Count an interruption, and say so now and then."""
        with self._lock:
            self._interruptions[kind] += 1
            self._endings[ending] += 1
            count = self._interruptions.total()
            if count % 50 == 0:
                faults = f"{self._ended} runs ended, {len(self.faults)} faults"
                print(f"[INFO] {count} of {self._wanted} interruptions, {faults}", flush=True)

    def end(self, left):
        """Count a run that ended as it should, and the temporary files that it left behind."""
        with self._lock:
            self._ended += 1
            self._left += left

    def fail(self, fault):
        """Keep the description of a fault."""
        with self._lock:
            self.faults.append(fault)
            print(f"[FAULT] {fault}", flush=True)

    def lines(self):
        """Yield lines of text."""
        count = self._interruptions.total()
        yield f"{count} interruptions, {self._ended} runs ended bit-equal to a whole one"
        yield from (f"{n:6} {kind}" for kind, n in sorted(self._interruptions.items()))
        yield "how the processes ended:"
        yield from (f"{n:6} {ending}" for ending, n in self._endings.most_common())
        yield f"temporary files left behind, harmless: {self._left}"


def interrupt(count, seed, folder):
    """Interrupt runs, two at a time, until there were so many interruptions; return the tally."""
    tally, numbers = Tally(count), itertools.count()
    wholes = {name: Whole(name, folder) for name in PROBLEMS}

    def go_on():
        while not tally.is_complete:
            Run(next(numbers), seed, folder, wholes).go(tally)

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(go_on) for _ in range(2)]:
            future.result()
    return tally


def main():
    """Print what happened; exit with 1, and keep the files, if anything was lost."""
    parser = argparse.ArgumentParser(prog="python -m bench.interruptions")
    parser.add_argument("--count", type=int, default=1000, help="interruptions (1000)")
    parser.add_argument("--seed", type=int, default=0, help="of what is chosen (0)")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="interruptions-"))
    tally = interrupt(options.count, options.seed, folder)
    print(*tally.lines(), sep="\n")
    if tally.faults:
        print(f"seed {options.seed}: {len(tally.faults)} faults, files in {folder}:")
        print(*tally.faults, sep="\n")
        sys.exit(1)
    shutil.rmtree(folder, ignore_errors=True)  # a compiler whose parent was killed may still write


if __name__ == "__main__":
    main()
