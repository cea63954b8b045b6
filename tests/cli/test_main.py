"""The command line: errors in one line, exit codes, Ctrl-C, and output that nobody reads."""

import signal
import sys

import pytest

from bp_numba.cli import train
from bp_numba.cli.main import main
from tests.cli.conftest import COMMAND, bp_numba
from tests.conftest import HANG, needs_jit, read_until, running


def test_errors_of_the_real_command(tmp_path):
    (tmp_path / "empty.csv").touch()
    result = bp_numba("train", tmp_path / "empty.csv", "--target", "y")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"bp-numba: {tmp_path / 'empty.csv'} is empty\n"


@pytest.mark.parametrize("before", [True, False])
def test_debug_shows_the_traceback(before, tmp_path):
    command = ["predict", tmp_path / "missing.npz", tmp_path / "data.csv"]
    arguments = ["--debug", *command] if before else [*command, "--debug"]
    result = bp_numba(*arguments)
    assert result.returncode == 1
    assert "Traceback" in result.stderr and "FileNotFoundError" in result.stderr


def test_bugs_show_their_traceback(tmp_path, monkeypatch):
    monkeypatch.setattr(train, "train", lambda options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["train", "d.npz"])


@needs_jit
def test_ctrl_c_and_live_output_through_a_pipe():
    endless = 10**12
    command = [*COMMAND, "xor", "--epochs", endless, "--display-update", endless]
    with running(command, PYTHONUNBUFFERED="") as process:
        read_until(process, "epoch=1,")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=HANG)
    assert process.returncode == 130
    assert errors == "bp-numba: interrupted\n"


def test_the_line_that_resumes(monkeypatch, tmp_path, capsys):
    def interrupted(options):
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "train", interrupted)
    kept = tmp_path / "kept.npz"
    command = ["train", "my data.npz", "--checkpoint", str(kept)]
    assert main(command) == 130
    assert capsys.readouterr().err == "bp-numba: interrupted\n"  # there is no checkpoint
    kept.touch()
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "bp-numba")])
    assert main([*command, "--resume"]) == 130
    line = capsys.readouterr().err.splitlines()[1]
    assert line == (
        f"bp-numba: to go on: {tmp_path}/bp-numba train 'my data.npz' --checkpoint {kept} --resume"
    )


def test_output_that_nobody_reads():
    with running([*COMMAND, "xor", "--display-update", 1]) as process:  # more than the pipe holds
        read_until(process, "epoch=1,")
        process.stdout.close()
        assert process.wait(timeout=HANG) == 1
        assert process.stderr.read() == ""
