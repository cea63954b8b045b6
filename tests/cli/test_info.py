"""`bp-numba info MODEL`: what a person reads of a model file, whatever it holds."""

import re

import pytest

from bp_numba.cli.main import main
from tests.cli.conftest import noisy, run, stopping_command, write
from tests.cli.test_stopping import interrupting, networks_of

ROWS = 30
COLUMNS = {
    "a": [i % 7 + 0.5 for i in range(ROWS)],
    "gaps": ["" if i % 5 == 0 else i % 3 for i in range(ROWS)],
    "plan": [("free", "größer")[i % 2] for i in range(ROWS)],
    "paid": [("yes", "no")[i % 4 // 2] for i in range(ROWS)],
    "same": [3] * ROWS,
    "share": [f"{i % 9}%" for i in range(ROWS)],
    "label": [("u", "v")[i % 2] for i in range(ROWS)],
    "y": [i * 1.5 for i in range(ROWS)],
}


@pytest.fixture
def data(tmp_path):
    return write(tmp_path / "data.csv", COLUMNS)


@pytest.mark.parametrize("network", ["sigmoid", "mlp"])
def test_columns_and_classes(network, data, tmp_path, capsys):
    model = tmp_path / "model.npz"
    options = ["--network", network, "--layers", 5, "--epochs", 9, "--test-size", 0]
    run(capsys, "train", data, "--target", "label", *options, "--ignore", "y", "--save", model)
    lines = run(capsys, "info", model).out.splitlines()
    kind = "layers 8-5-2, 66 weights" if network == "sigmoid" else "MLPClassifier: 8-5-1, relu, a"
    assert lines[0].startswith(kind)
    assert lines[1].endswith(", trained for 9 epochs") and lines[2].startswith("loss ")
    start = lines.index("inputs: 8, from 6 columns")
    assert lines[start + 1 : start + 8] == [
        "  a: numbers with mean 3.33333 and standard deviation 2.03443; gaps become 3.5",
        "  gaps: numbers with mean 1 and standard deviation 0.816497; gaps become 1, marked by an "
        "indicator",
        "  plan: 2 categories: free, größer; gaps become 'free'",
        "  paid: booleans; gaps become True",
        "  same: numbers, 3, the same in all rows trained on: ignored; gaps become 3",
        "  share: numbers in % with mean 3.7 and standard deviation 2.62234; gaps become 3.5",
        "target: label, 2 classes: u, v",
    ]


@pytest.mark.parametrize("network", ["sigmoid", "mlp"])
def test_numbers_and_options(network, data, tmp_path, capsys):
    model = tmp_path / "model.npz"
    options = ["--network", network, "--epochs", 9, "--stop-at-loss", 0, "--scale", "minmax"]
    options += ["--ignore", "label", "--ignore", "gaps", "--save", model, "--restarts", 2]
    run(capsys, "train", data, "--target", "y", "--target", "a", *options)
    shown = run(capsys, "info", model).out
    scaled = "numbers from" if network == "sigmoid" else "numbers with mean"
    assert f"target: y, {scaled}" in shown and f"target: a, {scaled}" in shown
    assert ("0.1 to 0.9 at the output" in shown) == (network == "sigmoid")
    assert "share: numbers in % from 0 to 8; gaps become" in shown
    assert "split seed 0, restarts 2, stop at loss 0.0, test size 0.25, " in shown


@pytest.mark.parametrize("network", ["sigmoid", "mlp"])
def test_no_dict_is_shown(network, tmp_path, capsys, monkeypatch):
    """Neither of a checkpoint in which early stopping waits, nor of one that has ended."""
    data, kept = noisy(tmp_path / "data.csv"), tmp_path / "kept.npz"
    command = list(map(str, [*stopping_command(data, kept), "--network", network, "--resume"]))
    with monkeypatch.context() as patched:
        interrupting(patched, after=90 if network == "sigmoid" else 5)
        assert main([*command, "--alpha", "0.01"]) == 130
    capsys.readouterr()
    shown = [run(capsys, "info", kept).out]
    assert main([*command, "--alpha", "0.01"]) == 0
    capsys.readouterr()
    shown.append(run(capsys, "info", kept).out)
    for text in shown:
        assert not set("{}[]") & set(text) and "None" not in text and "True" not in text
        assert max(map(len, text.splitlines())) < 200
        assert "early stopping yes" in text
    assert "early stopping: stopped epoch " in shown[1] or "\nrun: updates " in shown[1]


@pytest.mark.parametrize("network", ["sigmoid", "mlp"])
def test_the_losses_are_those_of_the_weights_kept(network, tmp_path, capsys, monkeypatch):
    data, kept = noisy(tmp_path / "data.csv"), tmp_path / "kept.npz"
    command = list(map(str, [*stopping_command(data, kept), "--network", network, "--resume"]))
    command += ["--alpha", "0.2" if network == "sigmoid" else "0.003", "--display-update", "1"]
    with monkeypatch.context() as patched:
        interrupting(patched, after=6)
        assert main(command) == 130
    capsys.readouterr()
    waiting = run(capsys, "info", kept).out
    for epochs in ("8", "3000"):
        told = run(capsys, *command, "--epochs", epochs).out
        best = re.search(r"weights are those of epoch (\d+), whose validation loss was the", told)[
            1
        ]
        shown = run(capsys, "info", kept).out
        (model,) = networks_of(kept)
        losses = model.history.losses if network == "sigmoid" else model.losses
        assert f"\nloss {losses[int(best) - 1]:.7f} after epoch {best}, lowest " in shown
        validated = re.search(
            rf"\nvalidation loss (.*); the weights are those of epoch {best}\n", shown
        )
        history = model.history if network == "sigmoid" else model
        assert validated[1] == f"{min(history.validation_losses):.7f}"
    assert ("the weights are those of epoch" in waiting) == (network == "mlp")
