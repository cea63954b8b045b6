"""Ctrl-C and SIGTERM: what a training has reached is saved, and no traceback is shown."""

import os
import re
import signal
import sys
import threading
import time

import numpy as np
import pytest

from bp_numba import History, NeuralNetwork
from bp_numba.cli.main import main
from bp_numba.cli.signals import SIGNALS, Interrupted, Signals
from tests.cli.conftest import COMMAND, noisy, run, two_groups
from tests.conftest import HANG, PYTHON, needs_jit, read_until, run_command, running, wait_until

ENDLESS = ["--epochs", 10**12, "--display-update", 10**12]
ENDINGS = [(signal.SIGINT, ""), (signal.SIGTERM, " by SIGTERM")]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="sends signals that Windows does not have")


def ended(process, number):
    """Send a signal to a process and return its exit code and the lines on its stderr."""
    process.send_signal(number)
    _, errors = process.communicate(timeout=HANG)
    return process.returncode, errors.splitlines()


def hammered(process, number, seconds):
    """Send a signal again and again, until the process has ended; return the same."""
    stop = time.monotonic() + HANG
    while process.poll() is None and time.monotonic() < stop:
        process.send_signal(number)
        time.sleep(seconds)
    return process.returncode, process.stderr.read().splitlines()


@needs_jit
@pytest.mark.parametrize(("number", "by"), [*ENDINGS, (signal.SIGHUP, " by SIGHUP")])
def test_what_was_reached_is_saved(number, by, tmp_path):
    data, path = two_groups(tmp_path / "data.csv"), tmp_path / "model.npz"
    with running(
        [*COMMAND, "train", data, "--target", "label", *ENDLESS, "--save", path]
    ) as process:
        read_until(process, "epoch=1,")
        time.sleep(0.5)  # beyond the recording of that epoch
        code, (first, second) = ended(process, number)
    assert code == 128 + number and first == f"bp-numba: interrupted{by}"
    network = NeuralNetwork.load(path)
    assert network.epochs_trained > 1
    assert second == f"bp-numba: saved after {network.epochs_trained} epochs: {path}"
    assert sorted(os.listdir(tmp_path)) == ["data.csv", "model.npz"]


@needs_jit
@pytest.mark.parametrize(("number", "by"), ENDINGS)
def test_nothing_says_where_to_save(number, by, tmp_path):
    data = two_groups(tmp_path / "data.csv")
    with running([*COMMAND, "train", data, "--target", "label", *ENDLESS]) as process:
        read_until(process, "epoch=1,")
        code, lines = ended(process, number)
    assert code == 128 + number
    saved = "bp-numba: nothing was saved: --save names no file"
    assert lines == [f"bp-numba: interrupted{by}", saved]


@needs_jit
def test_sigterm_with_a_checkpoint(tmp_path):
    data, kept, path = two_groups(tmp_path / "d.csv"), tmp_path / "k.npz", tmp_path / "m.npz"
    options = ["--checkpoint", kept, "--save", path]
    with running([*COMMAND, "train", data, "--target", "label", *ENDLESS, *options]) as process:
        read_until(process, "epoch=1,")
        code, (first, second) = ended(process, signal.SIGTERM)
    assert code == 143 and first == "bp-numba: interrupted by SIGTERM"
    assert second.startswith("bp-numba: to go on: ") and second.endswith(" --resume")
    assert not path.exists()  # the run is to go on


IMPORTING = """
import signal, sys
class Finder:
    def find_spec(self, name, *_):
        if name == "numpy":
            signal.raise_signal(int(sys.argv.pop()))
sys.meta_path.insert(0, Finder())
"""
START = "from bp_numba.cli.main import main; sys.exit(main())"
MODULE = "import runpy; runpy.run_module('bp_numba', run_name='__main__')"


@pytest.mark.parametrize("start", [START, MODULE], ids=["script", "module"])
@pytest.mark.parametrize(("number", "by"), ENDINGS)
def test_while_modules_are_imported(number, by, start):
    ended = run_command([*PYTHON, "-c", IMPORTING + start, "info", int(number)])
    assert ended.returncode == 128 + number
    assert (ended.stdout, ended.stderr) == ("", f"bp-numba: interrupted{by}\n")


@pytest.mark.parametrize(("number", "by"), ENDINGS)
def test_before_the_table_is_read(number, by, tmp_path):
    data, path = tmp_path / "data.csv", tmp_path / "model.npz"
    os.mkfifo(data)
    writers = []

    def reading():
        try:
            writers.append(os.open(data, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:  # nobody reads yet
            return False
        return True

    with running([*COMMAND, "train", data, "--target", "y", "--save", path]) as process:
        wait_until(reading, process)
        # Again and again: one that comes just before it waits in `read` is heard after that only.
        result = hammered(process, number, 0.1)
    os.close(writers[0])
    assert result == (128 + number, [f"bp-numba: interrupted{by}"])
    assert not path.exists()


@needs_jit
def test_other_commands_end_without_a_traceback():
    with running([*COMMAND, "xor", *ENDLESS]) as process:
        read_until(process, "epoch=1,")
        assert ended(process, signal.SIGTERM) == (143, ["bp-numba: interrupted by SIGTERM"])


@needs_jit
def test_a_second_ctrl_c_while_the_file_is_written(tmp_path):
    """It comes until the process has ended: before, during and after the writing."""
    data, path = two_groups(tmp_path / "data.csv"), tmp_path / "model.npz"
    options = ["--layers", "2000-500", "--save", path]  # 8 MB: to write them takes milliseconds
    with running([*COMMAND, "train", data, "--target", "label", *ENDLESS, *options]) as process:
        read_until(process, "epoch=1,")
        time.sleep(0.5)
        code, errors = hammered(process, signal.SIGINT, 0.0005)
    assert code == 130 and len(errors) == 2, errors
    assert errors[1].startswith("bp-numba: saved after ")
    assert NeuralNetwork.load(path).layers == [3, 2000, 500, 2]


def test_early_stopping_saves_the_best_weights(tmp_path, capsys, monkeypatch):
    data, path, whole = noisy(tmp_path / "d.csv"), tmp_path / "m.npz", tmp_path / "whole.npz"
    command = ["train", data, "--target", "y", "--epochs", 3000, "--early-stopping", "--save"]
    run(capsys, *command, whole)
    expected = NeuralNetwork.load(whole)
    stop, add = expected.epochs_trained - 120, History.add  # when it waits

    def interrupting(history, epoch, *values):
        if epoch > stop:
            raise KeyboardInterrupt
        add(history, epoch, *values)

    monkeypatch.setattr(History, "add", interrupting)
    assert main(list(map(str, [*command, path]))) == 130
    assert "bp-numba: saved after " in capsys.readouterr().err
    network = NeuralNetwork.load(path)
    for w, best in zip(network.W, expected.W, strict=True):
        np.testing.assert_array_equal(w, best)
    assert "early_stopping" not in network.metadata


def test_an_interrupt_before_training_leaves_the_old_model(model, tmp_path, capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    before = model.read_bytes()
    monkeypatch.setattr(NeuralNetwork, "fit", interrupted)
    arguments = ["train", str(tmp_path / "data.csv"), "--target", "label", "--save", str(model)]
    assert main(arguments) == 130
    assert "nothing was saved: training had not begun" in capsys.readouterr().err
    assert model.read_bytes() == before


@pytest.mark.parametrize("kind", [ImportError, SystemError, OSError])
def test_an_interrupt_that_comes_out_as_another_error(kind, tmp_path, capsys, monkeypatch):
    def importing(*_, **__):
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt:
            raise kind("initialization failed") from None

    data = two_groups(tmp_path / "data.csv")
    monkeypatch.setattr(NeuralNetwork, "fit", importing)
    assert main(["train", str(data), "--target", "label"]) == 143
    assert capsys.readouterr().err.splitlines()[0] == "bp-numba: interrupted by SIGTERM"


def test_an_error_in_training_saves_too(tmp_path, capsys, monkeypatch):
    data, path = two_groups(tmp_path / "data.csv"), tmp_path / "model.npz"
    monkeypatch.setattr(History, "add", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError) as caught:
        main(["train", str(data), "--target", "label", "--save", str(path)])
    (note,) = caught.value.__notes__
    saved = re.fullmatch(rf"saved after (\d+) epochs?: {re.escape(str(path))}", note)
    assert NeuralNetwork.load(path).epochs_trained == int(saved[1]) > 0


def test_handlers_are_put_back(capsys):
    before = [signal.getsignal(number) for number in SIGNALS]
    assert main(["info"]) == 0
    assert [signal.getsignal(number) for number in SIGNALS] == before
    thread = threading.Thread(target=lambda: main(["info"]))  # where none can be set
    thread.start()
    thread.join(HANG)
    assert capsys.readouterr().out.count("cache: ") == 2


def test_signals_that_are_ignored_stay_ignored():
    own = signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as nohup does with SIGHUP
    try:
        with Signals(last=False):
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, own)


def test_an_exception_that_is_lost_does_not_make_deaf(monkeypatch):
    lost = []
    monkeypatch.setattr(sys, "unraisablehook", lost.append)

    class Dropped:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    with Signals(last=False):
        Dropped()
        assert [hook.exc_type for hook in lost] == [Interrupted]
        with pytest.raises(Interrupted):
            signal.raise_signal(signal.SIGINT)
        try:
            signal.raise_signal(signal.SIGTERM)
        except Interrupted as interrupt:
            assert interrupt.signum == signal.SIGTERM
            signal.raise_signal(signal.SIGINT)  # not heard while the first is handled
