"""`bp-numba xor` and `bp-numba digits`, as a user runs them."""

import re

from bp_numba import ReferenceNetwork
from bp_numba.cli import published
from bp_numba.cli.main import main
from bp_numba.examples import xor
from tests.cli.conftest import bp_numba
from tests.conftest import assert_same_weights, make


def test_xor_in_full(tmp_path):
    plot = tmp_path / "loss.png"
    result = bp_numba("xor", "--display-update", 10_000, "--plot", plot, "--reference")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert "[INFO] epoch=1, loss=0.5541668" in lines
    assert "[INFO] epoch=20000, loss=0.0002300" in lines
    table = [line for line in lines if line.startswith("[INFO] data=")]
    assert table == [
        "[INFO] data=[0 0], ground-truth=0, pred=0.0058, step=0",
        "[INFO] data=[0 1], ground-truth=1, pred=0.9876, step=1",
        "[INFO] data=[1 0], ground-truth=1, pred=0.9919, step=1",
        "[INFO] data=[1 1], ground-truth=0, pred=0.0144, step=0",
    ]
    assert re.search(r"80,000 samples in [\d.]+ s, [\d,]+ per second", lines[-1])
    assert re.search(r"ReferenceNetwork: [\d.]+ s, .* [\d.]+ times as long$", lines[-1])
    assert plot.read_bytes().startswith(b"\x89PNG") and plot.stat().st_size > 5000


def test_digits(capsys):
    assert main(["digits", "--epochs", "60", "--display-update", "20"]) == 0
    output = capsys.readouterr().out
    assert [f"epoch={i}," in output for i in (1, 20, 40, 60)] == [True] * 4
    assert [line for line in output.splitlines() if "[INFO]" in line and "=" not in line][:-1] == [
        "[INFO] loading MNIST (sample) dataset...",
        "[INFO] samples: 1797, dim: 64",
        "[INFO] training network...",
        "[INFO] NeuralNetwork: 64-32-16-10",
        "[INFO] evaluating network...",
    ]
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
