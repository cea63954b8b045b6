"""The command line, as a user runs it."""

import os
import re
import signal
import subprocess
import sys
import threading

import pytest

from bp_numba import ReferenceNetwork, __version__
from bp_numba.cli import published
from bp_numba.cli.main import main
from bp_numba.examples import xor
from tests.conftest import assert_same_weights, make, needs_jit


def bp_numba(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-P", "-m", "bp_numba", *map(str, arguments)],
        capture_output=True, text=True, timeout=300, env={**os.environ, **environment},
    )  # fmt: skip


def test_xor_in_full(tmp_path):
    plot = tmp_path / "loss.png"
    result = bp_numba("xor", "--display-update", 10_000, "--plot", plot, "--reference")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert "[INFO] epoch=1, loss=0.5541668" in lines
    assert "[INFO] epoch=20000, loss=0.0002300" in lines
    table = [line for line in lines if line.startswith("[INFO] data=")]
    assert [line.rpartition("=")[2] for line in table] == ["0", "1", "1", "0"]
    assert re.search(r"80,000 samples in [\d.]+ s, [\d,]+ per second", lines[-1])
    assert re.search(r"ReferenceNetwork: [\d.]+ s, .* [\d.]+ times as long$", lines[-1])
    assert plot.read_bytes().startswith(b"\x89PNG") and plot.stat().st_size > 5000


def test_digits(capsys):
    assert main(["digits", "--epochs", "60", "--display-update", "20"]) == 0
    output = capsys.readouterr().out
    assert [f"epoch={i}," in output for i in (1, 20, 40, 60)] == [True] * 4
    assert "[INFO] samples: 1347 to train on, 450 to test" in output
    assert float(re.search(r"accuracy\s+([\d.]+)", output)[1]) >= 0.9
    assert output.splitlines()[-1].startswith("[INFO] 80,820 samples in ")


def test_options_reach_the_network(capsys):
    arguments = ["xor", "--epochs", "3", "--layers", "2-5-1", "--seed", "7", "--alpha", "0.25"]
    assert main([*arguments, "--display-update", "1"]) == 0
    first = capsys.readouterr().out
    assert "NeuralNetwork: 2-5-1" in first and "epoch=3," in first
    assert main([*arguments, "--display-update", "1", "--alpha", "0.5"]) == 0
    assert first != capsys.readouterr().out


def test_no_epochs(capsys, tmp_path):
    assert main(["xor", "--epochs", "0", "--plot", str(tmp_path / "empty.svg")]) == 0
    assert "[INFO] 0 samples in" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["mnist"], "invalid choice: 'mnist'"),
        (["xor", "--epochs", "-1"], "epochs must be a non-negative integer, got -1"),
        (["xor", "--epochs", "many"], "invalid int value: 'many'"),
        (["xor", "--alpha", "nan"], "alpha must be a finite number, got nan"),
        (["xor", "--display-update", "-5"], "displayUpdate must be a number of epochs >= 0"),
        (["xor", "--layers", "2-x-1"], "invalid layer_sizes value: '2-x-1'"),
        (["xor", "--layers", "2-0-1"], "layers must be two or more positive integers"),
        (["xor", "--layers", "3-2-1"], "layers must begin with 2 and end with 1 for xor"),
        (["digits", "--layers", "64-32"], "layers must begin with 64 and end with 10 for digits"),
        (["xor", "--seed", "-1"], "seed must be between 0 and"),
    ],
)
def test_wrong_usage(arguments, message, capsys):
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("plot", ["", "missing/loss.png", "loss.strange"])
def test_plot_that_cannot_be_written(plot, tmp_path, capsys):
    assert main(["xor", "--epochs", "1", "--plot", str(tmp_path / plot)]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("bp-numba: --plot ") and captured.err.count("\n") == 1
    if plot != "loss.strange":
        assert "epoch=" not in captured.out  # refused before the training, not after it


@pytest.mark.parametrize(
    ("module", "extra", "arguments"),
    [("sklearn", "examples", ["digits"]), ("matplotlib", "plot", ["xor", "--plot", "loss.png"])],
)
def test_missing_extra_names_the_command_that_installs_it(module, extra, arguments):
    code = f"""
import sys
sys.modules[{module!r}] = None
from bp_numba.cli import published
from bp_numba.cli.main import main
sys.exit(main({arguments!r}))
"""
    result = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr.endswith(
        f"needs {module}, which is not installed: pip install 'bp_numba[{extra}]'\n"
    )
    assert result.stderr.count("\n") == 1 and "epoch=" not in result.stdout


def test_version(capsys):
    with pytest.raises(SystemExit) as exit_:
        main(["--version"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"bp-numba {__version__}\n"


@needs_jit
def test_ctrl_c_and_live_output_through_a_pipe():
    options = ["--epochs", "100000000", "--display-update", "100000000"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "bp_numba", "xor", *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    deadline = threading.Timer(60, process.kill)
    deadline.start()
    while "epoch=1," not in (line := process.stdout.readline()):
        assert line, "the first loss was not shown while it trained"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    deadline.cancel()
    assert process.returncode == 130
    assert errors == "bp-numba: interrupted\n"


def test_reference_makes_the_same_run_with_the_reference(capsys, monkeypatch):
    runs = []

    class Watched(ReferenceNetwork):
        def fit(self, X, y, **options):
            super().fit(X, y, **options)
            runs.append((self, options))

    monkeypatch.setattr(published, "ReferenceNetwork", Watched)
    assert main(["xor", "--epochs", "3", "--seed", "5", "--reference"]) == 0
    ((reference, options),) = runs
    assert options == {"epochs": 3, "displayUpdate": 100}
    expected = make(ReferenceNetwork, [2, 2, 1], alpha=0.5, seed=5)
    expected.fit(*xor.load(0)[:2], epochs=3)
    assert_same_weights(reference, expected, 0)


def test_output_that_nobody_reads():
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "bp_numba", "xor", "--display-update", "1"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=60) == 1
        assert process.stderr.read() == ""
