"""The example scripts, as a reader of the README runs them."""

import copy
import functools
import os
import pickle
import re
import statistics
import struct
import subprocess
import sys
from pathlib import Path
from textwrap import indent

import numpy as np
import pytest

from bp_numba import NeuralNetwork
from bp_numba.examples import (
    breast_cancer,
    diabetes,
    digits,
    imbalanced,
    iris,
    local_sgd,
    restarts,
    xor,
)
from bp_numba.examples.script import run
from bp_numba.native import loading
from tests.conftest import (
    HANG,
    PYTHON,
    assert_same_weights,
    make,
    needs_jit,
    read_until,
    run_command,
    run_python,
    running,
)

SCORES = {
    "xor": (r"data=\[1 0\], ground-truth=1, pred=([\d.]+)", 0.9),
    "digits": (r"accuracy\s+([\d.]+)", 0.95),
    "iris": (r"accuracy=([\d.]+)", 0.93),
    "breast_cancer": (r"accuracy=([\d.]+)", 0.93),
    "diabetes": (r"R2=([\d.]+)", 0.35),
    "resumed": (r"equal to those of a whole run: (True)", True),
    "pipeline": (r"test accuracy=([\d.]+)", 0.93),
    "imbalanced": (r"'balanced'[^=]+ rare class=([\d.]+)", 0.65),
    "restarts": (r"(\d+) of 1000 networks learned XOR", 750),
    "local_sgd": (r"workers: test accuracy=([\d.]+)", 0.94),
}
"""How each script prints its score, and what it must reach."""


def score(name, output):
    pattern, _ = SCORES[name]
    text = re.search(pattern, output)[1]
    return text == "True" or float(text)


def trained(name, path):
    """Return what a script has saved."""
    if name in ("pipeline", "imbalanced"):
        return pickle.loads(path.read_bytes())
    return NeuralNetwork.load(path)


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    """Return a function that runs a script, once: the process, and what it has drawn and saved."""

    @functools.cache
    def run_script(name):
        folder = tmp_path_factory.mktemp(name)
        plot, model = folder / "plot.png", folder / "model.npz"
        options = ["--plot", plot, "--save", model]
        return run_command([*PYTHON, "-m", f"bp_numba.examples.{name}", *options]), plot, model

    return run_script


@pytest.mark.parametrize("name", SCORES)
def test_script(name, script):
    if name in ("digits", "restarts") and not loading.enabled():
        pytest.skip("half a minute in NumPy, or an hour")
    if name == "local_sgd":
        pytest.importorskip("distributed")
    result, plot, model = script(name)
    assert (result.returncode, result.stderr) == (0, "")
    assert score(name, result.stdout) >= SCORES[name][1]
    header = plot.read_bytes()[:24]
    assert header.startswith(b"\x89PNG") and plot.stat().st_size > 15_000
    width, height = struct.unpack(">2I", header[16:])
    assert width >= 900 and height >= 600
    model = trained(name, model)
    if isinstance(model, NeuralNetwork):
        assert model.epochs_trained > 0
    else:
        assert set(model.predict(np.zeros((1, model.n_features_in_)))) <= {0, 1}


def assert_in_readme(text):
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    assert indent(text, " " * 4) in readme


@needs_jit
@pytest.mark.parametrize("name", ["breast_cancer", "resumed", "imbalanced"])
def test_readme_shows_what_a_script_prints(name, script):
    result, *_ = script(name)
    assert_in_readme(result.stdout)


@needs_jit
def test_readme_shows_what_restarts_prints_but_the_time(script):
    result, *_ = script("restarts")
    *lines, time = result.stdout.splitlines(keepends=True)
    assert_in_readme("".join(lines))
    assert re.fullmatch(r"\[INFO\] trained for 20000 epochs each, in [\d.]+ s together\n", time)


@needs_jit
@pytest.mark.parametrize("main", [iris.main, breast_cancer.main, diabetes.main])
def test_the_score_is_no_luck(main, capsys):
    name = main.__module__.rpartition(".")[2]
    scores = []
    for seed in range(10):
        main(seed)
        scores.append(score(name, capsys.readouterr().out))
    assert statistics.mean(scores) >= SCORES[name][1] and len(set(scores)) > 1


@needs_jit
def test_weights_of_classes_find_more_of_a_rare_class(capsys):
    for seed in range(3):
        imbalanced.main(seed)
        output = capsys.readouterr().out
        for measure in ("recall of the rare class", "balanced accuracy"):
            without, balanced = map(float, re.findall(rf"{measure}=([\d.]+)", output))
            assert balanced > without + 0.02


@needs_jit
@pytest.mark.parametrize("has_joblib", [True, False])
def test_restarts_counts_what_fit_teaches_xor(has_joblib, monkeypatch, capsys, tmp_path):
    if not has_joblib:
        monkeypatch.setitem(sys.modules, "joblib", None)
    monkeypatch.setattr(restarts, "COUNT", 24)
    seed = 2**32 - 4  # the next but three is 0
    restarts.main(seed, save=tmp_path / "best.npz")
    output = capsys.readouterr().out

    X, y = xor.load(0)[:2]
    needed, losses = [], []
    for k in range(24):
        first = []
        nn = make(NeuralNetwork, [2, 2, 1], seed=(seed + k) % 2**32)

        def note(nn, epoch, loss, first=first):
            if ((nn.predict(X) > 0.5) == y).all() and loss < 0.125:
                first.append(epoch)

        nn.fit(X, y, 20_000, 100, verbose=False, callback=note)
        needed += first[:1]
        losses.append(nn.losses[-1])
    assert f"{len(needed)} of 24 networks learned XOR" in output
    assert f"50% by {np.median(needed):.0f}" in output and f"first by {min(needed)}\n" in output
    others = re.findall(r"(\d+) still have a loss of ([\d.]+)", output)
    assert sum(int(count) for count, _ in others) == 24 - len(needed) > 0
    best = NeuralNetwork.load(tmp_path / "best.npz")
    assert abs(best.losses[-1] - min(losses)) < 1e-11


def test_workers_of_local_sgd_have_all_samples_between_them():
    X, y = digits.load(3)[:2]
    shards = [local_sgd._shard(3, number) for number in range(local_sgd.WORKERS)]
    sizes = [len(part) for part, _ in shards]
    assert sum(sizes) == len(X) and max(sizes) - min(sizes) <= 1
    rows = {x.tobytes() + t.tobytes() for part in shards for x, t in zip(*part, strict=True)}
    assert rows == {x.tobytes() + t.tobytes() for x, t in zip(X, y, strict=True)}


ON_ONE_CPU = """
import os, sys
os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
from bp_numba.examples import local_sgd
local_sgd._train_on_shards = lambda client, *_: sys.exit(print(len(client.ncores())))
local_sgd.main()
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="a CPU cannot be chosen")
def test_local_sgd_has_its_workers_on_any_number_of_cpus():
    pytest.importorskip("distributed")
    assert run_python(ON_ONE_CPU) == f"{local_sgd.WORKERS}\n"


def test_local_sgd_goes_on_from_the_average():
    pytest.importorskip("distributed")
    from dask.distributed import Client, LocalCluster

    X, y, *test = digits.load(3)
    options = {"threads_per_worker": 1, "processes": False, "dashboard_address": "127.0.0.1:0"}
    with LocalCluster(n_workers=local_sgd.WORKERS, **options) as cluster, Client(cluster) as client:
        averaged, losses, _ = local_sgd._train_on_shards(client, 3, test)

    nn = make(NeuralNetwork, [64, 32, 16, 10], alpha=0.1, seed=3)
    for _ in range(local_sgd.ROUNDS):
        parts = [copy.deepcopy(nn) for _ in range(2)]
        for number, part in enumerate(parts):
            part.fit(X[number::2], y[number::2], local_sgd.EPOCHS, verbose=False)
        nn.W = [(a + b) / 2 for a, b in zip(*(part.W for part in parts), strict=True)]
    assert_same_weights(averaged, nn, 0)
    assert averaged.epochs_trained == len(losses) * local_sgd.EPOCHS
    assert losses[-1] < losses[0] / 5


@pytest.mark.parametrize(
    ("module", "name", "options", "extras"),
    [
        ("sklearn", "iris", [], "examples"),
        ("sklearn", "imbalanced", [], "examples"),
        ("matplotlib", "xor", ["--plot", "xor.png"], "examples"),
        ("dask", "local_sgd", [], "examples,dask"),
        ("distributed", "local_sgd", [], "examples,dask"),
    ],
)
def test_missing_extra_names_the_command_that_installs_it(module, name, options, extras):
    if module == "distributed":
        pytest.importorskip("dask")
    code = f"""
import runpy, sys
sys.modules[{module!r}] = None
sys.argv[0] = "{name}.py"
runpy.run_module("bp_numba.examples.{name}", run_name="__main__")
"""
    result = run_command([*PYTHON, "-c", code, *options])
    assert result.returncode == 1 and result.stdout == ""
    assert result.stderr == (
        f"{name}: needs {module}, which is not installed: pip install 'bp_numba[{extras}]'\n"
    )


def test_a_scikit_learn_that_is_too_old():
    code = """
import runpy, sys
import sklearn
sklearn.__version__ = "1.6.1"
sys.argv[0] = "pipeline.py"
runpy.run_module("bp_numba.examples.pipeline", run_name="__main__")
"""
    result = run_command([*PYTHON, "-c", code])
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        "pipeline: MLPClassifier and MLPRegressor need scikit-learn 1.7 or later, got 1.6.1\n"
    )


@pytest.mark.parametrize("plot", ["missing/plot.png", "plot.strange", "plot"])
def test_plot_that_cannot_be_written(plot, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["iris.py", "--plot", str(tmp_path / plot)])
    assert run(pytest.fail, "") == 1
    assert capsys.readouterr().err.startswith("iris: --plot must be a picture like loss.png in a")


def test_ctrl_c_and_options(monkeypatch, capsys):
    def interrupted(*options):
        assert options == (3, None, None)
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "argv", ["iris.py", "--seed", "3"])
    assert run(interrupted, "") == 130
    assert capsys.readouterr().err == "iris: interrupted\n"


@pytest.mark.parametrize("name", ["xor", "diabetes", "resumed", "imbalanced", "restarts"])
def test_output_that_is_full(name, tmp_path):
    model, plot = tmp_path / "model.npz", tmp_path / "plot.png"
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full")
    with open("/dev/full", "w") as full:
        command = [*PYTHON, "-m", f"bp_numba.examples.{name}", "--save", model, "--plot", plot]
        result = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=HANG
        )
    assert result.returncode == 1
    assert result.stderr == (
        f"{name}: standard output cannot be written: No space left on device\n"
    )
    assert trained(name, model) is not None
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_output_that_nobody_reads():
    with running([*PYTHON, "-m", "bp_numba.examples.resumed"]) as process:
        read_until(process, "epoch=1,")
        process.stdout.close()
        assert process.wait(timeout=HANG) == 1
        assert process.stderr.read() == ""


def test_help_says_what_a_script_does(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["iris.py", "--help"])
    with pytest.raises(SystemExit):
        run(iris.main, iris.__doc__)
    output = capsys.readouterr().out
    assert output.startswith("usage: python -m bp_numba.examples.iris")
    assert "three kinds of flowers" in output


def test_seed_out_of_range(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["iris.py", "--seed", "-1"])
    with pytest.raises(SystemExit) as exit_:
        run(pytest.fail, "")
    assert exit_.value.code == 2
    assert "seed must be between 0 and 2**32 - 1, got -1" in capsys.readouterr().err
