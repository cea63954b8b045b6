"""Interruptions wherever they strike: at any bytecode of `fit`, at any moment of a process."""

import contextlib
import dis
import functools
import os
import signal
import sys
import zipfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

import bp_numba
from bp_numba import EarlyStopping, NeuralNetwork
from bp_numba.native import loading
from bp_numba.training import trainer
from tests.conftest import make, not_bounds_checked, run_command, weights_copy

# A file that `open` has returned and nobody has yet is closed by its destructor, which warns.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")

PACKAGE, TOP = Path(bp_numba.__file__).parent, Path(__file__).parents[2]

LAYERS, SAMPLES, EPOCHS = [3, 4, 2], 20, 3
BLOCK = 8
"""Samples between which a kernel does not return."""

GENERATOR = np.random.default_rng(0)
X, y = GENERATOR.random((SAMPLES, 3)), GENERATOR.random((SAMPLES, 2))


@functools.cache
def calls_of_exit(code):
    """Return where `with` statements call `__exit__` when their blocks have ended.

    No signal is handled there, between a block and the call. An exception, which could come from
    nowhere else, would leave a lock locked.
    """
    found, run = set(), []
    for instruction in dis.get_instructions(code):
        is_none = instruction.opname == "LOAD_CONST" and instruction.argval is None
        if is_none or (len(run) >= 3 and instruction.opname in ("PRECALL", "CALL")):
            run.append(instruction.offset)
            continue
        if len(run) > 3:
            found.update(run)
        run = []
    return found


class Interruption:
    """A context that raises KeyboardInterrupt before bytecode number `at` of the package.

    With `within` it is of that file only, in the package or anywhere.

    Attributes
    ----------
    seen : list of (code, int)
        Where the bytecodes stand that were reached.
    place : str or None
        The line where it was raised.
    """

    def __init__(self, at=None, within=""):
        self.at, self.seen, self.place = at, [], None
        self._within = os.path.normpath(os.path.join(PACKAGE, within))

    def __enter__(self):
        self._before = sys.gettrace()
        sys._getframe().f_trace_opcodes = True  # else Python 3.12 reports no bytecodes at all
        sys.settrace(self._called)
        return self

    def __exit__(self, *_):
        sys.settrace(self._before)

    def _called(self, frame, event, argument):
        code = frame.f_code
        if not code.co_filename.startswith(self._within):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        seen, at, not_here = self.seen, self.at, calls_of_exit(code)

        def reached(frame, event, argument):
            if event == "opcode" and frame.f_lasti not in not_here:
                seen.append((code, frame.f_lasti))
                if len(seen) == at:
                    self._strike(frame)
            return reached

        return reached

    def _strike(self, frame):
        file = os.path.relpath(frame.f_code.co_filename, PACKAGE)
        self.place = f"{file}:{frame.f_lineno}, {frame.f_code.co_name}"
        raise KeyboardInterrupt


def bits(network):
    """Return the bytes of all weights."""
    return b"".join(w.tobytes() for w in network.W)


class Case:
    """A run of `fit` that is interrupted, and the states that it may be found in.

    Parameters
    ----------
    folder : Path
        Of its files.
    step : int
        Samples between which it cannot be interrupted.
    slice_epochs : int
        Epochs that are trained between two returns to Python, at most.
    options
        Of `fit`.
    """

    def __init__(self, folder, step=BLOCK, slice_epochs=1, **options):
        self._path, self._other = folder / "run.npz", folder / "other.npz"
        self._slice_epochs = slice_epochs
        self._options = {"verbose": False, "checkpoint": self._path, **options}
        self._samples = {
            bits(after(epoch, sample)): epoch * SAMPLES + sample
            for epoch in range(EPOCHS + 1)
            for sample in range(0, SAMPLES, step)
        }
        self._end = bits(after(EPOCHS))
        self.fit(make(NeuralNetwork, LAYERS))  # with all kernels and modules loaded

    def fit(self, network, **options):
        """Train up to the last epoch, from the one that was reached."""
        done = network.epochs_trained
        network.fit(X, y, EPOCHS, 1, initial_epoch=done, **{**self._options, **options})

    def moments(self, *files):
        """Return numbers of bytecodes, each once: the first, a middle or the last time in turn.

        They are those of some files, or of folders that end in "/"; of all without.
        """
        self._path.unlink()
        network = make(NeuralNetwork, LAYERS)
        with Interruption() as never:
            self.fit(network)
        times = defaultdict(list)
        for number, where in enumerate(never.seen, 1):
            times[where].append(number)
        assert len(times) > 1000, "the package is not traced"
        within = tuple(os.path.join(PACKAGE, *name.split("/")) for name in files or [""])
        return [
            (numbers[0], numbers[len(numbers) // 2], numbers[-1])[i % 3]
            for i, ((code, _), numbers) in enumerate(times.items())
            if code.co_filename.startswith(within)
        ]

    def strike(self, at):
        """Interrupt a run at a bytecode; return a list of what is wrong then, with the place."""
        self._path.unlink(missing_ok=True)
        network, faults = make(NeuralNetwork, LAYERS), []
        with Interruption(at) as interruption:
            try:
                self.fit(network)
                faults += ["the interrupt was lost"] if interruption.place else []
            except KeyboardInterrupt:
                pass
        return [f"{interruption.place}: {fault}" for fault in faults + self.faults_of(network)]

    def faults_of(self, network):
        """Return what is wrong after a run that has been interrupted."""
        return [*self._of_file(network), *self._of_network(network)]

    def _of_file(self, network):
        if not self._path.exists():
            if network.epochs_trained:
                yield "no file"
            return
        saved = NeuralNetwork.load(self._path)
        epochs, shown = saved.epochs_trained, saved.history.epochs
        if self._samples.get(bits(saved)) != epochs * SAMPLES:
            yield f"in the file other weights than after {epochs} epochs"
        if network.epochs_trained - epochs > self._slice_epochs:
            yield f"in the file {epochs} epochs of {network.epochs_trained}"
        if shown != [*range(1, epochs + 1)] or len(saved.losses) != epochs:
            yield f"in the file display points {shown} of {epochs} epochs"
        self.fit(saved, callback=None)
        if bits(saved) != self._end:
            yield "other weights at the end of the resumed run"

    def _of_network(self, network):
        if bits(network) not in self._samples:
            yield "weights between two samples"
        twin = make(NeuralNetwork, LAYERS)
        twin.W = weights_copy(network)
        for each in twin, network:
            each.fit(X, y, 1, verbose=False)
        if bits(network) != bits(twin):
            yield "other weights after the next fit"
        network.save(self._other)
        if NeuralNetwork.load(self._other).history.to_dict() != network.history.to_dict():
            yield "another history in the next file"


def after(epochs, samples=0):
    """Return a network that was trained for some epochs, and on some samples of the next one."""
    network = make(NeuralNetwork, LAYERS)
    network.fit(X, y, epochs, verbose=False)
    network.fit(X[:samples], y[:samples], min(samples, 1), verbose=False)
    return network


CASES = {
    "saved at every epoch": {"checkpoint_every": 0, "callback": lambda *_: None},
    "saved at the end": {"callback": lambda *_: None, "validation": (X[:4], y[:4])},
    "several epochs in a slice": {"slice_epochs": EPOCHS, "validation": (X[:4], y[:4])},
    "one block in a slice": {"slice_epochs": EPOCHS, "checkpoint_every": 0},
    "in NumPy": {"step": 1, "callback": lambda *_: None, "checkpoint_every": 0},
}


@pytest.fixture(params=CASES)
def case(request, tmp_path, monkeypatch):
    """Each case; kernels are loaded already."""
    # Most of the time would be spent waiting for disks. What a power cut leaves is not tested.
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    if request.param == "in NumPy":
        monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    elif not loading.enabled():
        pytest.skip("NUMBA_DISABLE_JIT leaves no kernels to test")
    if request.param == "one block in a slice":
        monkeypatch.setattr(trainer, "FIRST_SLICE", 1)
    return Case(tmp_path, **CASES[request.param])


@not_bounds_checked
def test_an_interrupt_at_bytecodes_of_the_driver(case):
    """Some of those that watch and save; the next test takes all there are."""
    moments = case.moments("runs/checkpoint.py")[::2] + case.moments("network.py", "runs/")[::10]
    assert not [fault for at in moments for fault in case.strike(at)]


@pytest.mark.slow
@pytest.mark.parametrize("case", ["saved at the end"], indirect=True)
def test_an_interrupt_at_every_bytecode_of_fit(case):
    assert not [fault for at in case.moments() for fault in case.strike(at)]


@pytest.mark.slow
@pytest.mark.parametrize("case", ["one block in a slice", "in NumPy"], indirect=True)
def test_an_interrupt_at_bytecodes_of_all_of_fit(case):
    """At every third: the cases differ in little."""
    assert not [fault for at in case.moments()[::3] for fault in case.strike(at)]


def raising(epoch, action):
    """Return a callback that does something at the end of an epoch."""
    return lambda network, reached, loss: action() if reached == epoch else None


def fail():
    """Raise an exception."""
    raise RuntimeError("the callback's own")


def turned_into_an_exception(number, frame):
    """Handle a signal."""
    sys.exit(128 + number)


@pytest.mark.parametrize("epoch", range(1, EPOCHS + 1))
@pytest.mark.parametrize(
    ("action", "error"),
    [
        (fail, RuntimeError),
        (lambda: signal.raise_signal(signal.SIGINT), KeyboardInterrupt),
        (lambda: signal.raise_signal(signal.SIGTERM), SystemExit),
    ],
)
def test_signals_and_errors_in_a_callback(action, error, epoch, tmp_path):
    before = signal.signal(signal.SIGTERM, turned_into_an_exception)
    case, network = Case(tmp_path), make(NeuralNetwork, LAYERS)
    (tmp_path / "run.npz").unlink()
    try:
        with pytest.raises(error):
            case.fit(network, callback=raising(epoch, action))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert bits(network) == bits(after(epoch)) and network.epochs_trained == epoch
    assert case.faults_of(network) == []


@pytest.mark.parametrize(
    ("file", "rows", "epochs", "callback"),
    [
        ("training/in_numpy.py", 3, 1, None),  # trains, as there are no kernels
        ("runs/stopping.py", SAMPLES, EPOCHS, EarlyStopping(min_delta=1e9)),  # the first is best
    ],
)
def test_all_matrices_change_together(file, rows, epochs, callback, monkeypatch):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    states = {bits(after(0, n)) for n in range(rows + 1)} | {
        bits(after(n)) for n in range(epochs + 1)
    }
    at, place = 0, "the first"
    while place is not None:
        at += 1
        network = make(NeuralNetwork, LAYERS)
        with Interruption(at, file) as interruption, contextlib.suppress(KeyboardInterrupt):
            network.fit(X[:rows], y[:rows], epochs, 1, verbose=False, callback=callback)
        place = interruption.place
        assert bits(network) in states, place
    assert at > 100, "nothing was interrupted"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_while_a_file_is_written_is_no_other_error(tmp_path, monkeypatch):
    """`zipfile` closes what it has not finished, which is an error of its own."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    network, path, at, place = after(1), tmp_path / "network.npz", 0, "the first"
    network.save(path)
    before = path.read_bytes()
    while place is not None:
        at += 5
        with Interruption(at, zipfile.__file__) as interruption:
            with contextlib.suppress(KeyboardInterrupt):  # which is not heard in `__del__`
                network.save(path)
        place = interruption.place
        assert path.read_bytes() == before and os.listdir(tmp_path) == [path.name], place
    assert at > 1000, "nothing was interrupted"


@pytest.mark.slow
@not_bounds_checked
def test_a_hundred_interruptions_of_processes():
    command = [sys.executable, "-m", "bench.interruptions", "--count", "100", "--seed", "0"]
    result = run_command(command, cwd=TOP, NUMBA_DISABLE_JIT="0")
    assert result.returncode == 0, result.stdout + result.stderr
