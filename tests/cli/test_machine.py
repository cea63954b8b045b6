"""The commands about machine code, this machine and model files."""

import os

import numpy as np
import pytest

from bp_numba import NeuralNetwork, __version__
from bp_numba.cli.main import main
from bp_numba.kernels.calls import ARGUMENTS
from bp_numba.native.files import cache_folder
from bp_numba.simd.width import NARROWEST, widest
from tests.cli.conftest import COMMAND, bp_numba
from tests.conftest import HANG, make, needs_jit, next_line, not_bounds_checked, running


def test_info(capsys):
    assert main(["info"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"bp_numba {__version__}, Python 3.")
    assert f"numpy {np.__version__}" in lines
    assert any(line.startswith("vectors of ") for line in lines)
    assert lines[-1].startswith(f"cache: {cache_folder()}, ")


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


@pytest.mark.parametrize("content", [None, b"", b"no network"])
def test_info_about_what_is_no_model(content, tmp_path, capsys):
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content)
    assert main(["info", str(path)]) == 1
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith("bp-numba: ")
    assert str(path) in captured.err and captured.err.count("\n") == 1


@needs_jit
@not_bounds_checked
def test_warmup_and_the_cache(tmp_path):
    environment = {"NUMBA_CACHE_DIR": str(tmp_path)}
    with running([*COMMAND, "warmup"], **environment) as process:  # takes long: wait line by line
        names = [line.partition(":")[0] for line in iter(lambda: next_line(process), "")]
        _, errors = process.communicate(timeout=HANG)
    assert process.returncode == 0, errors
    assert {name.partition(",")[0] for name in names} == set(ARGUMENTS)
    for lanes in (NARROWEST, widest()):
        assert {f"train_blocks, {lanes} lanes", f"train_samples, {lanes} lanes"} <= set(names)
    folder = bp_numba("cache", "--path", **environment).stdout.strip()
    assert folder == str(tmp_path / "bp_numba")
    (tmp_path / "bp_numba" / "mine.o").touch()
    assert len(os.listdir(folder)) == len(names) + 1
    assert f", {len(names)} files, " in bp_numba("info", **environment).stdout
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
