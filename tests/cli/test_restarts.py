"""`bp-numba train --restarts`: networks from many seeds, the best of them, and files of all."""

import os
import re
import shlex
import signal
import subprocess
import sys

import numpy as np
import pytest

from bp_numba import EarlyStopping, NeuralNetwork, load_many, save_many
from bp_numba.cli import restarts
from bp_numba.cli.main import main
from bp_numba.cli.stopping import ResumableStopping
from bp_numba.preprocessing.samples import Wanted, make_samples
from bp_numba.tables.reading import read_table
from tests.cli.conftest import (
    COMMAND,
    SHORT,
    bp_numba,
    noisy,
    run,
    stopping_command,
    two_groups,
    write,
)
from tests.conftest import (
    HANG,
    PYTHON,
    assert_same_weights,
    make,
    needs_jit,
    read_until,
    run_command,
    running,
)

ENDLESS = ["--epochs", 10**9, "--display-update", 10**9]


def samples_of(path, target, validation_size, seed=0, scale="standard"):
    """Return the samples that a run trains on."""
    wanted = Wanted([target], scale=scale, validation_size=validation_size, seed=seed)
    return make_samples(read_table(path), wanted)


def one_by_one(samples, seeds, hidden=32, alpha=0.05, callback=None, **options):
    """Return networks that were trained one after the other."""
    layers = [samples.X.shape[1], hidden, samples.y.shape[1]]
    networks = [make(NeuralNetwork, layers, alpha, seed) for seed in seeds]
    for network in networks:
        watching = callback() if callback else None
        network.fit(samples.X, samples.y, verbose=False, callback=watching, **options)
    return networks


def loss_of(network, X, y):
    """Return half the sum of squared errors."""
    return np.sum((network.predict(X) - y) ** 2) / 2


def assert_all_the_same(left, right):
    """Assert that networks have the same weights, bit for bit, losses and metadata."""
    for a, b in zip(left, right, strict=True):
        assert_same_weights(a, b, atol=0)
        assert a.epochs_trained == b.epochs_trained and a.metadata == b.metadata
        assert a.history.epochs == b.history.epochs and a.history.losses == b.history.losses


@pytest.mark.parametrize("share", [0.0, 0.25])
def test_the_best_of_all_is_kept(share, tmp_path, capsys):
    data, path, kept = noisy(tmp_path / "d.csv"), tmp_path / "best.npz", tmp_path / "all.npz"
    options = ["--seed", 3, "--epochs", 95, "--display-update", 10, "--validation-size", share]
    command = ["train", data, "--target", "y", *options, "--restarts", 12]
    output = run(capsys, *command, "--save", path, "--checkpoint", kept).out
    samples = samples_of(data, "y", share, seed=3)
    expected = one_by_one(samples, range(3, 15), epochs=95)
    trained = load_many(kept)
    for network, other in zip(trained, expected, strict=True):
        assert_same_weights(network, other, atol=1e-11)
    kind, judged = "loss", (samples.X, samples.y)
    if share:
        kind, judged = "validation loss", samples.validation
    losses = [loss_of(network, *judged) for network in expected]
    best = int(np.argmin(losses))
    assert 0 < best < 11, "the first or the last could be kept for another reason"
    assert_same_weights(NeuralNetwork.load(path), trained[best], atol=0)
    assert f"[INFO] best of 12 seeds: seed {best + 3}, {kind} {min(losses):.7f}\n" in output
    spread = f"lowest {min(losses):.7f}, median {np.median(losses):.7f}, highest {max(losses):.7f}"
    assert f"[INFO] {kind} of all: {spread}\n[INFO] R2 " in output
    assert re.search(r"\[INFO\] epoch=90, networks=12, loss=[\d.]+ to [\d.]+, median", output)
    shown = run(capsys, "info", path).out
    assert f"training: seed {best + 3}, split seed 3, restarts 12, " in shown


def test_one_restart_is_what_there_was(tmp_path, capsys):
    data, paths = two_groups(tmp_path / "data.csv"), [tmp_path / "a.npz", tmp_path / "b.npz"]
    outputs = []
    for path, options in zip(paths, ([], ["--restarts", 1, "--jobs", 5]), strict=True):
        output = run(capsys, "train", data, "--target", "label", *SHORT, "--save", path, *options)
        outputs.append(re.sub(r"in [\d.]+ s, [\d,]+ per", "", output.out.replace(str(path), "")))
    assert outputs[0] == outputs[1] and "best" not in outputs[0]
    left, right = map(NeuralNetwork.load, paths)
    assert_all_the_same([left], [right])
    assert set(left.metadata["training"]) == {
        "seed",
        "test_size",
        "validation_size",
        "early_stopping",
        "display_update",
    }


def test_jobs_change_nothing(tmp_path, capsys):
    data, found = noisy(tmp_path / "data.csv"), []
    for jobs in (1, 2, -1):
        path = tmp_path / f"{jobs}.npz"
        options = ["--restarts", 40, "--jobs", jobs, "--checkpoint", path]
        run(capsys, "train", data, "--target", "y", *SHORT, *options)
        found.append(load_many(path))
    assert_all_the_same(found[0], found[1])
    assert_all_the_same(found[0], found[2])


def test_jobs_without_joblib(tmp_path):
    data = two_groups(tmp_path / "data.csv")
    code = """
import sys
sys.modules["joblib"] = None
from bp_numba.cli.main import main
sys.exit(main(["train", sys.argv[1], "--target", "label", "--epochs", "9", *sys.argv[2:]]))
"""
    result = run_command([*PYTHON, "-c", code, data, "--restarts", "3", "--jobs", "2"])
    assert result.returncode == 1 and "epoch=" not in result.stdout
    assert result.stderr == (
        "bp-numba: --jobs 2 needs joblib, which is not installed: pip install 'bp_numba[jobs]'\n"
    )
    for fine in (["--restarts", "3"], ["--jobs", "2"]):
        assert run_command([*PYTHON, "-c", code, data, *fine]).returncode == 0


def test_networks_that_diverge(tmp_path, capsys):
    """Steps that overflow for some seeds, of which one is the first."""
    x = [12 + i % 3 for i in range(24)]
    data, path = write(tmp_path / "d.csv", {"x": x, "y": ["a", "b"] * 12}), tmp_path / "best.npz"
    how = ["--scale", "none", "--layers", "none", "--alpha", 1.7e308, "--seed", 2]
    command = ["train", data, "--target", "y", *SHORT, *how, "--restarts", 6]
    kept, plot = tmp_path / "all.npz", tmp_path / "p.png"
    with np.errstate(all="ignore"), pytest.warns(RuntimeWarning, match="no longer finite"):
        output = run(capsys, *command, "--save", path, "--checkpoint", kept, "--plot", plot).out
    epochs = [network.epochs_trained for network in load_many(kept)]
    lost = epochs.count(0)
    assert epochs[0] == 0 and 0 < lost < 6 and epochs.count(30) == 6 - lost
    assert f"best of 6 seeds: seed {2 + epochs.index(30)}, " in output
    assert f"[INFO] loss of {6 - lost} networks, {lost} did not stay finite: lowest" in output
    assert all(np.isfinite(w).all() for w in NeuralNetwork.load(path).W)
    assert plot.exists()
    before = path.read_bytes()
    with np.errstate(all="ignore"):  # now there is no other
        assert main([*map(str, command), "--restarts", "1", "--save", str(path)]) == 1
        command[-1] = [i for i, n in enumerate(epochs) if n][0] or 1
        assert main([*map(str, command), "--save", str(path)]) == 1
    assert path.read_bytes() == before


def test_none_stays_finite(tmp_path):
    networks = [NeuralNetwork([2, 2, 1]) for _ in range(3)]
    for network in networks:
        network.W[1][0] = np.nan
    samples = samples_of(two_groups(tmp_path / "data.csv"), "label", 0)
    ranking = restarts.ranking_of(networks, samples)
    assert ranking.best == 0 and ranking.lines(7) == ["[INFO] none of 3 networks stayed finite"]


@pytest.mark.parametrize("network", ["sigmoid", "mlp"])
def test_more_weights_than_memory(network, refused):
    columns = {"x": [*range(8)], "y": [0, 1] * 4}
    command = ["--network", network]
    message = "--restarts must give networks that fit in memory ("
    assert message in refused(columns, [*command, "--restarts", "4000000000"])
    message = "bp-numba: --layers must give weights that fit in memory ("
    assert message in refused(columns, [*command, "--layers", "1000000-1000000"])


@pytest.mark.parametrize("network", ["sigmoid", "mlp"])
def test_more_small_networks_than_memory(network, refused, monkeypatch):
    monkeypatch.setattr(restarts.check, "physical_memory", lambda: 2**20)
    columns = {"x": [*range(8)], "y": [0, 1] * 4}
    command = ["--network", network, "--layers", "none", "--restarts", "2000"]  # 64 kB of weights
    message = "--restarts must give networks that fit in memory (0.0 GiB), got 2000 of"
    assert message in refused(columns, command)


def test_all_curves_are_drawn(tmp_path, capsys):
    data, plot = noisy(tmp_path / "d.csv"), tmp_path / "p.png"
    command = ["train", data, "--target", "y", *SHORT, "--restarts", 5, "--plot", plot]
    assert f"[INFO] loss curves written to {plot}" in run(capsys, *command).out
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert main([*map(str, command), "--epochs", "0"]) == 0


# checkpoints


@pytest.mark.parametrize("command", [["info"], ["predict"]])
def test_a_checkpoint_of_several_is_no_network(command, tmp_path, capsys):
    data, path = two_groups(tmp_path / "data.csv"), tmp_path / "kept.npz"
    run(capsys, *restarted(data, path, epochs=1))
    arguments = [*command, path] + [data] * (command == ["predict"])
    assert main(list(map(str, arguments))) == 1
    message = f"bp-numba: {path} must hold one network, as --save writes the best of --restarts"
    assert capsys.readouterr().err.startswith(message)


def restarted(data, path, epochs=95, count=4):
    """Return the arguments of a run that goes on from a checkpoint."""
    options = ["--epochs", epochs, "--restarts", count, "--display-update", 10]
    return ["train", data, "--target", "label", *options, "--checkpoint", path, "--resume"]


def test_resumed_is_bit_equal_to_uninterrupted(tmp_path, capsys):
    data = two_groups(tmp_path / "data.csv")
    whole, kept = tmp_path / "whole.npz", tmp_path / "checkpoint.npz"
    run(capsys, *restarted(data, whole))
    first = run(capsys, *restarted(data, kept, 45)).out
    assert f"{kept} does not exist: training starts anew" in first
    networks = load_many(kept)
    networks[2] = load_many(whole)[2]  # as if it had come further
    save_many(kept, networks)
    second = run(capsys, *restarted(data, kept)).out
    assert f"[INFO] going on from {kept} after epochs 45 to 95\n" in second
    assert "epoch=50, networks=3" in second and "epoch=1," not in second
    assert_all_the_same(load_many(kept), load_many(whole))
    again = run(capsys, *restarted(data, kept)).out
    assert re.findall("best of.*|accuracy .*", again) == re.findall("best of.*|accuracy .*", second)
    assert main(list(map(str, restarted(data, kept, 50)))) == 1
    assert "--epochs must be at least 95, for which" in capsys.readouterr().err


@needs_jit
@pytest.mark.skipif(os.name == "nt", reason="sends signals that Windows does not have")
@pytest.mark.parametrize("ending", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_whatever_ends_it_the_run_is_gone_on_with(ending, tmp_path):
    data = two_groups(tmp_path / "my data.csv", rows=80)
    kept, whole, number = tmp_path / "kept.npz", tmp_path / "whole.npz", getattr(signal, ending)
    options = ["train", data, "--target", "label", "--epochs", 3000, "--display-update", 1]
    options += ["--restarts", 9, "--layers", 8]
    assert bp_numba(*options, "--checkpoint", whole).returncode == 0
    with running([*COMMAND, *options, "--checkpoint", kept]) as process:
        read_until(process, "epoch=500,")
        # It cannot end before the signal comes: the pipe does not hold the lines that are left.
        process.send_signal(number)
        _, errors = process.communicate(timeout=HANG)
    line = shlex.join([*COMMAND, *map(str, options), "--checkpoint", str(kept), "--resume"])
    if ending == "SIGKILL":
        assert process.returncode == -number
    else:
        assert process.returncode == 128 + number
        first, second = errors.splitlines()
        assert first.startswith("bp-numba: interrupted")
        line = second.removeprefix("bp-numba: to go on: ")
        assert shlex.split(line)[0] == sys.executable
        assert 500 <= load_many(kept)[0].epochs_trained < 3000
        assert sorted(os.listdir(tmp_path)) == ["kept.npz", "my data.csv", "whole.npz"]
    resumed = subprocess.run(line, shell=True, capture_output=True, timeout=HANG)
    assert resumed.returncode == 0, resumed.stderr
    assert_all_the_same(load_many(kept), load_many(whole))


@needs_jit
@pytest.mark.skipif(os.name == "nt", reason="sends signals that Windows does not have")
def test_without_a_checkpoint_the_best_so_far_is_saved(tmp_path):
    data, path = two_groups(tmp_path / "data.csv"), tmp_path / "model.npz"
    # In lanes, so that all have come as far as the best when they are compared.
    command = [*COMMAND, "train", data, "--target", "label", "--restarts", 9, "--layers", 8]
    with running([*command, "--epochs", 10**9, "--display-update", 100, "--save", path]) as process:
        read_until(process, "epoch=500,")
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=HANG)
    assert process.returncode == 143
    first, second = errors.splitlines()
    network = NeuralNetwork.load(path)
    seed, epochs = network.metadata["training"]["seed"], network.epochs_trained
    assert first == "bp-numba: interrupted by SIGTERM" and epochs >= 500
    named = f"the best of 9 networks, seed {seed}, after {epochs} epochs"
    assert second == f"bp-numba: saved {named}: {path}"
    samples = samples_of(data, "label", 0)
    expected = one_by_one(samples, range(9), hidden=8, epochs=epochs)
    losses = [loss_of(each, samples.X, samples.y) for each in expected]
    assert losses[seed] == pytest.approx(min(losses), rel=1e-6)
    assert sorted(os.listdir(tmp_path)) == ["data.csv", "model.npz"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--restarts", "5"], "restarts 4 there, 5 here"),
        (["--restarts", "1"], "restarts 4 there, 1 here"),
        (["--seed", "1"], "seed 0 there, 1 here"),
        (["--layers", "4"], "layers [3, 32, 2] there, [3, 4, 2] here"),
        (["--alpha", "0.2"], "alpha 0.05 there, 0.2 here"),
        (["ONE"], "restarts 1 there, 4 here"),
        (["OTHER"], "seed 2 there, 1 here"),
        (["DIARY"], "not a network"),
    ],
)
def test_a_checkpoint_of_another_run(change, message, tmp_path, capsys):
    data, kept = two_groups(tmp_path / "data.csv"), tmp_path / "kept.npz"
    run(capsys, *restarted(data, kept))
    networks = load_many(kept)
    match change:
        case ["ONE"]:
            networks[0].save(kept)
        case ["OTHER"]:
            save_many(kept, [networks[k] for k in (0, 2, 1, 3)])
        case ["DIARY"]:
            kept.write_text("mine")
    before = kept.read_bytes()
    options = change if len(change) == 2 else []
    assert main([*map(str, restarted(data, kept)), *options]) == 1
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert kept.read_bytes() == before


def test_a_set_is_no_model_to_be_replaced(tmp_path, capsys):
    data, kept = two_groups(tmp_path / "data.csv"), tmp_path / "kept.npz"
    run(capsys, *restarted(data, kept, epochs=3))
    before = kept.read_bytes()
    assert main(["train", str(data), "--target", "label", "--save", str(kept)]) == 1
    assert "must be a new file or that of a network, got " in capsys.readouterr().err
    assert kept.read_bytes() == before


def test_a_disk_too_small_for_all_is_known_before_training(tmp_path, capsys, monkeypatch):
    data, kept = two_groups(tmp_path / "data.csv"), tmp_path / "kept.npz"
    sizes, fsync = [], os.fsync

    def limited(descriptor):
        sizes.append(os.fstat(descriptor).st_size)
        if sizes[-1] > 100_000:
            raise OSError(28, "No space left on device")
        fsync(descriptor)

    command = list(map(str, restarted(data, kept, count=50)))
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", limited)
        assert main(command) == 1
    captured = capsys.readouterr()
    assert "epoch=" not in captured.out and "No space left on device" in captured.err
    run(capsys, *command)
    assert 100_000 < kept.stat().st_size <= sizes[-1]


# early stopping


def stopping(data, path, *more):
    """Return the arguments of a run on `noisy` data in which all networks are stopped early."""
    return [*stopping_command(data, path), "--restarts", 5, "--seed", 1, *more]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the data, and the networks that an uninterrupted run ends with."""
    folder = tmp_path_factory.mktemp("whole")
    data = noisy(folder / "data.csv")
    assert main(list(map(str, stopping(data, folder / "whole.npz")))) == 0
    return data, load_many(folder / "whole.npz")


def test_each_network_is_stopped_by_itself(whole):
    data, networks = whole
    samples = samples_of(data, "y", 0.2, seed=1, scale="minmax")
    options = {"epochs": 3000, "displayUpdate": 30, "validation": samples.validation}
    expected = one_by_one(samples, range(1, 6), 16, 0.5, callback=EarlyStopping, **options)
    for network, other in zip(networks, expected, strict=True):
        assert_same_weights(network, other, atol=1e-11)
        assert network.epochs_trained == other.epochs_trained < 3000
        assert network.metadata["early_stopping"] == {"stopped_epoch": network.epochs_trained}
    assert len({network.epochs_trained for network in networks}) > 1, "all stopped at once"


@pytest.mark.parametrize("method", ["__call__", "end"])
@pytest.mark.parametrize("after", [False, True])
def test_early_stopping_resumes_wherever_it_was_interrupted(
    method, after, whole, tmp_path, capsys, monkeypatch
):
    """Before or after early stopping has seen a display point, or has put the best weights back."""
    data, expected = whole
    original, counted = getattr(ResumableStopping, method), [0]

    def interrupting(self, *arguments):
        counted[0] += 1
        if counted[0] == at and not after:
            raise KeyboardInterrupt
        answer = original(self, *arguments)
        if counted[0] == at:
            raise KeyboardInterrupt
        return answer

    calls = sum(len(network.history) for network in expected)
    moments = 1, 2, 6, 33, calls - 8, calls - 3, calls - 1, calls  # some have stopped before 3
    for at in (1, 3, 5) if method == "end" else moments:
        kept, counted[0] = tmp_path / f"{at}.npz", 0
        with monkeypatch.context() as patched:
            patched.setattr(ResumableStopping, method, interrupting)
            assert main(list(map(str, stopping(data, kept)))) == 130
        run(capsys, *stopping(data, kept, "--resume"))
        assert_all_the_same(load_many(kept), expected)


def test_a_run_that_early_stopping_has_ended(whole, tmp_path, capsys):
    data, expected = whole
    kept, path = tmp_path / "kept.npz", tmp_path / "best.npz"
    first = run(capsys, *stopping(data, kept)).out
    epochs = [network.epochs_trained for network in expected]
    stopped = f"early stopping ended 5 of 5 networks, after epochs {min(epochs)} to {max(epochs)}; "
    assert stopped in first
    before = kept.read_bytes()
    output = run(capsys, *stopping(data, kept, "--resume", "--save", path)).out
    assert "early stopping ended the runs of all 5 networks: nothing is left to train" in output
    assert kept.read_bytes() == before
    samples = samples_of(data, "y", 0.2, seed=1, scale="minmax")
    losses = [loss_of(network, *samples.validation) for network in expected]
    assert losses == pytest.approx([min(nn.history.validation_losses) for nn in expected])
    assert_same_weights(NeuralNetwork.load(path), expected[int(np.argmin(losses))], atol=0)


def test_an_interrupt_saves_the_best_weights_of_the_best(whole, tmp_path, capsys, monkeypatch):
    data, expected = whole
    path, original, counted = tmp_path / "best.npz", ResumableStopping.__call__, [0]
    calls = sum(len(network.history) for network in expected)

    def interrupting(self, *arguments):
        counted[0] += 1
        if counted[0] == calls - 1:
            raise KeyboardInterrupt
        return original(self, *arguments)

    command = stopping(data, "")
    del command[command.index("--checkpoint") :][:2]
    command = [part for part in command if part not in ("--checkpoint", "")]
    monkeypatch.setattr(ResumableStopping, "__call__", interrupting)
    assert main([*map(str, command), "--save", str(path)]) == 130
    error = capsys.readouterr().err
    samples = samples_of(data, "y", 0.2, seed=1, scale="minmax")
    best = int(np.argmin([loss_of(network, *samples.validation) for network in expected]))
    assert f"saved the best of 5 networks, seed {best + 1}, after " in error
    assert_same_weights(NeuralNetwork.load(path), expected[best], atol=0)
