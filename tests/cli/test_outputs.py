"""Files that a command will write: what prevents it is known before the work begins."""

import os

import pytest

from bp_numba.cli.main import main
from tests.cli.conftest import numbered, run, two_groups
from tests.conftest import PYTHON, run_command


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--save", "data.csv"], "--save and DATA must be different files"),
        (["--save", "new", "--plot", "new"], "--plot and --save must be different files"),
        (["--save", "missing/m"], "--save missing/m cannot be written: "),
        (["--save", "folder"], "folder must be a file, or new"),
        (["--save", os.devnull], "null must be a file, or new"),
        (["--save", "diary"], "--save must be a new file or that of a network"),
        (["--checkpoint", "diary"], "or --resume be given to go on from it"),
        (["--checkpoint", "diary", "--resume"], "diary: not a network, or"),
        (["--checkpoint", "missing/c"], "--checkpoint missing/c cannot be"),
        (["--plot", "loss.strange"], "--plot must end in one of "),
        (["--plot", "missing/p.png"], "--plot missing/p.png cannot be written"),
    ],
)
def test_files_that_train_cannot_write(options, message, refused):
    assert message in refused(numbered([0, 1] * 4), options)


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
    result = run_command([*PYTHON, "-c", code])
    assert result.returncode == 1
    assert result.stderr.endswith(
        f"needs {module}, which is not installed: pip install 'bp_numba[{extra}]'\n"
    )
    assert result.stderr.count("\n") == 1 and "epoch=" not in result.stdout


def test_a_disk_that_is_full_is_known_before_training(tmp_path, capsys, monkeypatch):
    """A file of the final size is tried, not only an empty one."""
    data, path = two_groups(tmp_path / "data.csv"), tmp_path / "model.npz"
    sizes, fsync = [], os.fsync

    def limited(descriptor):
        sizes.append(os.fstat(descriptor).st_size)
        if sizes[-1] > 5000:
            raise OSError(28, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", limited)
    assert main(["train", str(data), "--target", "label", "--save", str(path)]) == 1
    captured = capsys.readouterr()
    assert "epoch=" not in captured.out and "No space left on device" in captured.err
    assert os.listdir(tmp_path) == ["data.csv"]
    monkeypatch.undo()
    run(capsys, "train", data, "--target", "label", "--save", path)
    assert path.stat().st_size <= sizes[-1]
