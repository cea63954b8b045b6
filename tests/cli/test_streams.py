"""Output that cannot be written: no computed result is lost with it."""

import contextlib
import os
import shutil
import subprocess

import pytest

from bp_numba import NeuralNetwork
from tests.cli.conftest import COMMAND, SHORT, bp_numba, two_groups
from tests.conftest import HANG, assert_same_weights, read_until, running

FULL = "/dev/full"
NO_SPACE = "bp-numba: standard output cannot be written: No space left on device\n"

needs_full = pytest.mark.skipif(not os.path.exists(FULL), reason="there is no /dev/full")

NAMES = ("né", "日本")
ESCAPED = ("n\\xe9", "\\u65e5\\u672c")


def train(data, *options):
    """Return the arguments of a training whose output is more than a pipe holds."""
    shown = ["--epochs", 3000, "--display-update", 1]
    return ["train", data, "--target", "label", *shown, *options]


def into_full(*arguments, stream="stdout"):
    """Run a command, one of its streams a full disk; return exit code and the other's text."""
    with open(FULL, "w") as full:
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | {stream: full}
        result = subprocess.run(
            list(map(str, [*COMMAND, *arguments])), **streams, text=True, timeout=HANG
        )
    return result.returncode, result.stderr if stream == "stdout" else result.stdout


def assert_like(path, whole):
    """Assert that a network in a file is that of another."""
    assert_same_weights(NeuralNetwork.load(path), NeuralNetwork.load(whole), atol=0)


@pytest.fixture
def whole(tmp_path):
    """Return the file of a network whose training nothing disturbed, data.csv beside it."""
    data = two_groups(tmp_path / "data.csv", rows=80)
    assert bp_numba(*train(data, "--save", tmp_path / "whole.npz")).returncode == 0
    return tmp_path / "whole.npz"


@pytest.mark.parametrize("encoding", ["ascii", "ascii:strict", "latin-1"])
def test_names_that_the_output_cannot_encode(encoding, tmp_path):
    data, path = two_groups(tmp_path / "data.csv", names=NAMES), tmp_path / "model.npz"
    data.write_bytes(data.read_text().encode("utf-8"))
    for command in (
        ["train", data, "--target", "label", "--save", path],
        ["predict", path, data],
        ["info", path],
    ):
        result = subprocess.run(
            list(map(str, [*COMMAND, *command])),
            env={**os.environ, "PYTHONIOENCODING": encoding},
            capture_output=True,
            timeout=HANG,
        )
        assert result.returncode == 0, result.stderr
        assert ESCAPED[1].encode() in result.stdout
        assert (ESCAPED[0].encode() in result.stdout) == (encoding != "latin-1")


@pytest.mark.parametrize("line", ["[INFO] ", "epoch=1,"])
def test_training_goes_on_where_nobody_reads_on(line, whole, tmp_path):
    path, plot = tmp_path / "model.npz", tmp_path / "loss.png"
    command = train(tmp_path / "data.csv", "--save", path, "--plot", plot)
    with running([*COMMAND, *command]) as process:
        read_until(process, line)
        process.stdout.close()
        assert process.wait(timeout=HANG) == 1
        assert process.stderr.read() == ""
    assert_like(path, whole)
    assert plot.read_bytes().startswith(b"\x89PNG")


@needs_full
def test_training_goes_on_where_the_output_is_full(whole, tmp_path):
    path, kept = tmp_path / "model.npz", tmp_path / "kept.npz"
    command = train(tmp_path / "data.csv", "--save", path, "--checkpoint", kept)
    assert into_full(*command) == (1, NO_SPACE)
    assert_like(path, whole)
    assert_like(kept, whole)


@needs_full
def test_a_run_for_nothing_but_its_output_ends_with_it(tmp_path):
    data = two_groups(tmp_path / "data.csv")
    endless = ["--epochs", 10**12, "--display-update", 10**12]
    assert into_full("train", data, "--target", "label", *endless) == (1, NO_SPACE)
    assert into_full("xor", *endless) == (1, NO_SPACE)


@needs_full
@pytest.mark.parametrize("arguments", [["info"], ["--help"], ["cache", "--path"]])
def test_output_of_other_commands_that_is_full(arguments):
    assert into_full(*arguments) == (1, NO_SPACE)


@needs_full
def test_predictions_that_are_full(model, tmp_path):
    out, data = tmp_path / "out.csv", tmp_path / "data.csv"
    code, errors = into_full("predict", model, data)
    assert code == 1 and errors.endswith(NO_SPACE)
    assert into_full("predict", model, data, "--out", out, stream="stderr") == (1, "")
    assert out.read_text().count("\n") == 25


@needs_full
def test_the_plot_of_xor_needs_no_output(tmp_path):
    plot = tmp_path / "loss.png"
    assert into_full("xor", *SHORT, "--plot", plot) == (1, NO_SPACE)
    assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.skipif(os.name == "nt", reason="needs a shell that closes streams")
def test_output_that_is_closed_from_the_start(model, tmp_path):
    shell = ["sh", "-c", 'exec "$@" >&- 2>&-', "sh", *COMMAND]
    path = tmp_path / "other.npz"
    command = ["train", tmp_path / "data.csv", "--target", "label", *SHORT, "--save", path]
    with running([*shell, *command]) as process:
        assert process.wait(timeout=HANG) == 0
    assert_like(path, model)
    with running([*shell, "predict", model, tmp_path / "data.csv"]) as process:
        assert process.wait(timeout=HANG) == 1


@contextlib.contextmanager
def half_way(tmp_path, *options):
    """Run a training until it waits for its lines to be read."""
    (tmp_path / "elsewhere").mkdir()
    command = [*COMMAND, *train(tmp_path / "data.csv", *options)]
    with running(command, TMPDIR=str(tmp_path / "elsewhere")) as process:
        read_until(process, "epoch=100,")
        yield process


def finished(process):
    """Return the problems that a training names which prints its scores all the same."""
    output, errors = process.communicate(timeout=HANG)
    assert process.returncode == 1 and "accuracy 1.0000 on 20 test rows" in output, errors
    assert errors.count("\n") == 1
    return errors.removeprefix("bp-numba: ").removesuffix("\n").split("; ")


def elsewhere(tmp_path, name):
    """Return the file that a network was written to where its own could not be."""
    (folder,) = (tmp_path / "elsewhere").iterdir()
    assert os.listdir(folder) == [name]
    return folder / name


@pytest.mark.parametrize("option", ["--checkpoint", "--save"])
def test_a_folder_that_is_gone_at_the_end(option, whole, tmp_path):
    path = tmp_path / "folder" / "kept.npz"
    path.parent.mkdir()
    with half_way(tmp_path, option, path) as process:
        shutil.rmtree(path.parent)
        first, second = finished(process)
    assert first == f"{option} {path} cannot be written: No such file or directory"
    assert second == f"the network is in {elsewhere(tmp_path, 'kept.npz')}"
    assert_like(elsewhere(tmp_path, "kept.npz"), whole)


def test_a_checkpoint_whose_folder_is_gone_beside_save(whole, tmp_path):
    path, folder = tmp_path / "model.npz", tmp_path / "folder"
    folder.mkdir()
    with half_way(tmp_path, "--save", path, "--checkpoint", folder / "kept.npz") as process:
        shutil.rmtree(folder)
        (problem,) = finished(process)
    assert (
        problem
        == f"--checkpoint {folder / 'kept.npz'} cannot be written: No such file or directory"
    )
    assert_like(path, whole)


def test_a_plot_whose_folder_is_gone(whole, tmp_path):
    path, plot = tmp_path / "model.npz", tmp_path / "folder" / "loss.png"
    plot.parent.mkdir()
    with half_way(tmp_path, "--save", path, "--plot", plot) as process:
        plot.parent.rmdir()
        (problem,) = finished(process)
    assert problem == f"--plot {plot} cannot be written: No such file or directory"
    assert_like(path, whole)


def test_a_disk_that_is_full_at_the_end(whole, tmp_path):
    resource = pytest.importorskip("resource")
    if not hasattr(resource, "prlimit"):
        pytest.skip("no limit for the files of another process")
    path = tmp_path / "model.npz"
    path.write_bytes(whole.read_bytes())
    with half_way(tmp_path, "--save", path) as process:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (100, 100))
        (problem,) = finished(process)
    assert problem == f"--save {path} cannot be written: File too large"
    assert path.read_bytes() == whole.read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["data.csv", "elsewhere", "model.npz", "whole.npz"]
    assert os.listdir(tmp_path / "elsewhere") == []


def test_a_plot_of_xor_that_fails_does_not_lose_the_rest(tmp_path):
    plot = tmp_path / "folder" / "loss.png"
    plot.parent.mkdir()
    with running([*COMMAND, "xor", "--display-update", 1, "--plot", plot]) as process:
        read_until(process, "epoch=100,")
        plot.parent.rmdir()
        output, errors = process.communicate(timeout=HANG)
    assert output.splitlines()[-1].startswith("[INFO] 80,000 samples in ")
    assert process.returncode == 1
    assert errors == f"bp-numba: --plot {plot} cannot be written: No such file or directory\n"
