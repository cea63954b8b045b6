"""The commands about machine code, this machine and model files."""

import os

import numpy as np
import pytest

from bp_numba import NeuralNetwork, __version__
from bp_numba.cli.machine import OF_DEFAULTS
from bp_numba.cli.main import main
from bp_numba.kernels.calls import ARGUMENTS, FOR_LARGE, OF_LANES
from bp_numba.native.files import cache_folder, file_of
from bp_numba.simd.width import NARROWEST, widest
from tests.cli.conftest import COMMAND, bp_numba
from tests.conftest import HANG, make, needs_jit, next_line, not_bounds_checked, run_python, running


def test_info(capsys):
    assert main(["info"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"bp_numba {__version__}, Python 3.")
    assert f"numpy {np.__version__}" in lines
    assert any(line.startswith("vectors of ") for line in lines)
    assert any(line.startswith(f"cache: {cache_folder()}, ") for line in lines)


def test_info_about_a_model(xor_data, tmp_path, capsys):
    nn, path = make(NeuralNetwork, [2, 2, 1]), tmp_path / "xor.npz"
    nn.metadata = {"note": "mine"}
    nn.save(path)
    assert main(["info", str(path)]) == 0
    untrained = capsys.readouterr().out.splitlines()
    facts = ["layers 2-2-1, 12 weights", "alpha 0.5, trained for 0 epochs", "note: mine"]
    assert untrained == facts
    nn.fit(*xor_data, epochs=150, verbose=False, validation=xor_data)
    nn.save(path)
    assert main(["info", str(path)]) == 0
    trained = capsys.readouterr().out
    assert "trained for 150 epochs" in trained
    assert f"loss {nn.losses[-1]:.7f} after epoch 100" in trained
    assert f"validation loss {nn.losses[-1]:.7f}" in trained


def test_info_about_one_epoch(xor_data, tmp_path, capsys):
    nn, path = make(NeuralNetwork, [2, 2, 1]), tmp_path / "xor.npz"
    nn.fit(*xor_data, epochs=1, verbose=False)
    nn.save(path)
    assert main(["info", str(path)]) == 0
    assert "trained for 1 epoch\n" in capsys.readouterr().out


@pytest.mark.parametrize("content", [None, b"", b"no network"])
def test_info_about_what_is_no_model(content, tmp_path, capsys):
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content)
    assert main(["info", str(path)]) == 1
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith("bp-numba: ")
    assert str(path) in captured.err and captured.err.count("\n") == 1


FITS_WITH_DEFAULTS = """
import warnings
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from bp_numba import MLPClassifier, MLPRegressor
warnings.simplefilter("ignore", ConvergenceWarning)
X = np.random.default_rng(0).random((30, 4))
for solver in ("adam", "sgd"):
    for classes in (2, 3):
        MLPClassifier(solver=solver, max_iter=2).fit(X, np.arange(30) % classes).predict(X)
    MLPRegressor(solver=solver, max_iter=2).fit(X, X[:, 0]).predict(X)
"""


def test_info_lists_the_kernels_of_this_machine_only(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    folder = tmp_path / "bp_numba"
    folder.mkdir()
    name = "train_batches.tanh.exp.plain.sparse.float32"
    (folder / f"{name}-1-other_release.o").touch()
    assert main(["info"]) == 0
    output = capsys.readouterr().out
    assert ", 1 files, " in output and name not in output
    file_of(name, None).touch()
    file_of("activate", None).touch()
    assert main(["info"]) == 0
    assert capsys.readouterr().out.endswith(f"  activate\n  {name}\n")


@needs_jit
def test_warmup_leaves_the_estimators_out_unless_they_are_asked_for(capsys):
    assert main(["warmup"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.partition(",")[0] for line in lines} == {*ARGUMENTS, *FOR_LARGE, *OF_LANES}


@needs_jit
@not_bounds_checked
def test_warmup_and_the_cache(tmp_path):
    environment = {"NUMBA_CACHE_DIR": str(tmp_path)}
    command = [*COMMAND, "warmup", "--estimators"]
    with running(command, **environment) as process:  # takes long: wait line by line
        names = [line.partition(":")[0] for line in iter(lambda: next_line(process), "")]
        _, errors = process.communicate(timeout=HANG)
    assert process.returncode == 0, errors
    kernels = {name.partition(",")[0] for name in names}
    assert kernels == {*ARGUMENTS, *FOR_LARGE, *OF_LANES, *OF_DEFAULTS}
    for lanes in (NARROWEST, widest()):
        assert {f"train_blocks, {lanes} lanes", f"train_samples, {lanes} lanes"} <= set(names)
    folder = bp_numba("cache", "--path", **environment).stdout.strip()
    assert folder == str(tmp_path / "bp_numba")
    (tmp_path / "bp_numba" / "mine.o").touch()
    run_python(FITS_WITH_DEFAULTS, **environment)
    assert len(os.listdir(folder)) == len(names) + 1  # they have compiled nothing more
    info = bp_numba("info", **environment).stdout
    assert f", {len(names)} files, " in info
    assert {line.strip() for line in info.splitlines() if line.startswith("  ")} == kernels
    cleared = bp_numba("cache", "--clear", **environment)
    assert cleared.stdout == f"{len(names)} files deleted from {folder}\n"
    assert os.listdir(folder) == ["mine.o"]


def test_warmup_without_compiler():
    result = bp_numba("warmup", NUMBA_DISABLE_JIT="1")
    assert (result.returncode, result.stdout) == (
        0,
        "NUMBA_DISABLE_JIT leaves nothing to compile\n",
    )


def test_metadata_that_only_look_like_ours(tmp_path, capsys):
    nn = make(NeuralNetwork, [2, 2, 1])
    nn.metadata = {"table": "round"}
    nn.save(tmp_path / "model.npz")
    assert main(["info", str(tmp_path / "model.npz")]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "table: round"
