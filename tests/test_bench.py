"""The benchmarks run, and the README shows what they measured."""

import json
import platform
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.conftest import not_bounds_checked, run_command

pytestmark = not_bounds_checked

TOP = Path(__file__).parents[1]


def run_in_top_folder(*arguments):
    """Run Python where bench/ is, the kernels compiled; return the process."""
    return run_command([sys.executable, *arguments], cwd=TOP, NUMBA_DISABLE_JIT="0")


def test_modules_can_be_imported():
    """In a process of their own: some change settings, and what compiles."""
    names = [".".join(path.relative_to(TOP).parts) for path in sorted(TOP.glob("bench/**/*.py"))]
    code = """
        import sys
        from importlib import import_module
        for name in sys.argv[1:]:
            try:
                import_module(name)
            except ModuleNotFoundError as error:
                assert error.name.split(".")[0] not in ("bench", "bp_numba"), error
    """
    modules = [name.removesuffix(".py").removesuffix(".__init__") for name in names]
    result = run_in_top_folder("-c", dedent(code), *modules)
    assert result.returncode == 0, result.stderr


@pytest.fixture(scope="module")
def xor_run(tmp_path_factory):
    """Standard output, results and chart of a quick run of XOR beside scalar loops."""
    folder = tmp_path_factory.mktemp("bench")
    files = ["--json", folder / "xor.json", "--plot", folder / "xor.png"]
    options = ["--quick", "--case", "xor", "--rival", "loops", *files]
    result = run_in_top_folder("-m", "bench", *options)
    assert result.returncode == 0, result.stderr
    return result.stdout, json.loads((folder / "xor.json").read_text()), folder / "xor.png"


def test_a_run_measures_every_rival(xor_run):
    output, results, _ = xor_run
    rows = {row["rival"]: row for row in results["rows"]}
    assert list(rows) == ["NeuralNetwork", "Numba, scalar loops", "ReferenceNetwork"]
    for row in rows.values():
        assert (row["case"], row["unit"], row["rounds"]) == ("xor", "us per sample", 3)
        assert 0 < row["lowest"] <= row["median"] <= row["highest"]
        assert row["percent_of_floor"] > 0 and row["exact"] and row["training"]
        ratio = rows["ReferenceNetwork"]["median"] / row["median"]
        assert row["times_reference"] == pytest.approx(ratio)
        assert f"{row['median']:.4g} us per sample" in output
    assert rows["ReferenceNetwork"]["times_reference"] == 1


def test_a_run_names_machine_versions_and_command(xor_run):
    output, results, _ = xor_run
    assert results["command"].startswith("python -m bench --quick --case xor")
    assert results["quick"] is True and results["gfmas_per_second"] > 0
    described = results["machine"]
    assert {"Python", "bp_numba", "numpy", "numba"} <= set(described["versions"])
    for text in (results["command"], described["cpu"], *described["versions"].values()):
        assert text in output


def test_a_run_draws_a_chart(xor_run):
    assert xor_run[2].read_bytes().startswith(b"\x89PNG")


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="levels of x86")
def test_kernels_for_an_older_cpu_are_measured_beside(tmp_path):
    options = ["--quick", "--case", "xor", "--rival", "reference", "--level", "x86-64-v2"]
    result = run_in_top_folder("-m", "bench", *options, "--json", tmp_path / "levels.json")
    assert result.returncode == 0, result.stderr
    results = json.loads((tmp_path / "levels.json").read_text())
    rows = {row["rival"]: row for row in results["rows"]}
    assert list(rows) == ["NeuralNetwork", "ReferenceNetwork", "NeuralNetwork, x86-64-v2"]
    ours, older = rows["NeuralNetwork"], rows["NeuralNetwork, x86-64-v2"]
    assert older["rounds"] == ours["rounds"] and older["exact"] and older["median"] > 0
    # Each has its own floor: without fused multiply-adds and with vectors of two it is another.
    floors = [row["percent_of_floor"] * row["median"] for row in (ours, older)]
    assert floors[0] != pytest.approx(floors[1], rel=1e-6)


def test_rivals_that_are_not_installed_are_listed(tmp_path):
    path = tmp_path / "results.json"
    code = f"""
import sys
from dataclasses import replace
from bench import __main__ as command, rivals
missing = replace(rivals.RIVALS[1], is_installed=lambda: None)
command.RIVALS = (rivals.OURS, missing, rivals.REFERENCE)
sys.argv[1:] = ["--quick", "--case", "xor", "--json", {str(path)!r}]
command.main()
"""
    result = run_in_top_folder("-c", code)
    assert result.returncode == 0, result.stderr
    results = json.loads(path.read_text())
    assert results["not_installed"] == {"C": "apt-get install gcc libc6-dev"}
    assert {row["rival"] for row in results["rows"]} == {"NeuralNetwork", "ReferenceNetwork"}


def test_a_rival_that_does_other_work_is_not_timed():
    code = """
from bench.cases import CASES
from bench.measure import QUICK
from bench.rivals import OURS, REFERENCE
from bench.rivals.compiled import Network
Network.train = lambda self, X, y, epochs: self.fit(X, y, epochs + 1, epochs + 2)
CASES[0].timers([OURS], QUICK)
"""
    result = run_in_top_folder("-c", code)
    assert result.returncode == 1
    assert "AssertionError: NeuralNetwork, xor: differs by" in result.stderr


def test_short_calls_are_timed_with_kernels():
    code = """
from bench.cases import chosen
from bench.measure import QUICK
from bench.rivals import OURS
from bp_numba.training import in_numpy, single_step
in_numpy.predict = single_step.train_batch = None  # what has no kernel now fails
for case in chosen(["predict-1", "predict-450", "partial-xor"]):
    assert case.timers([OURS], QUICK)["NeuralNetwork"]() > 0
"""
    result = run_in_top_folder("-c", code)
    assert result.returncode == 0, result.stderr


def test_training_is_timed_with_the_kernel_for_its_layers():
    code = """
from bench.cases import CASES
from bench.measure import QUICK
from bench.rivals import OURS
from bp_numba.native import loading
CASES[0].timers([OURS], QUICK)
assert loading.loaded("train_blocks.3x3x1", 4) is not None
"""
    result = run_in_top_folder("-c", code)
    assert result.returncode == 0, result.stderr


def test_first_calls_are_timed_in_new_processes(tmp_path):
    path = tmp_path / "results.json"
    result = run_in_top_folder(
        "-m", "bench", "--quick", "--case", "first-partial-xor", "--json", path
    )
    assert result.returncode == 0, result.stderr
    ours, reference = json.loads(path.read_text())["rows"]
    assert (ours["rival"], reference["rival"]) == ("NeuralNetwork", "ReferenceNetwork")
    assert (ours["unit"], ours["rounds"], ours["training"]) == ("us per call", 3, False)
    assert ours["times_reference"] == pytest.approx(reference["median"] / ours["median"])


def test_estimators_are_measured_beside_scikit_learn(tmp_path):
    path = tmp_path / "results.json"
    cases = {"mlp-iris": "ms per fit", "mlp-lbfgs": "ms per fit", "mlp-proba-1": "us per call"}
    patterns = [word for name in cases for word in ("--case", name)]
    result = run_in_top_folder("-m", "bench", "--quick", *patterns, "--json", path)
    assert result.returncode == 0, result.stderr
    rows = json.loads(path.read_text())["rows"]
    assert [row["case"] for row in rows[::2]] == list(cases)
    for ours, theirs in zip(rows[::2], rows[1::2], strict=True):
        assert (ours["rival"], theirs["rival"]) == ("bp_numba", "sklearn.neural_network")
        assert ours["unit"] == theirs["unit"] == cases[ours["case"]]
        assert ours["times_reference"] == pytest.approx(theirs["median"] / ours["median"])
        assert theirs["times_reference"] == 1 and not ours["training"]


@pytest.mark.parametrize("case", ["mlp-iris", "mlp-proba-1"])
def test_an_estimator_with_other_numbers_is_not_timed(case):
    code = f"""
from bench.cases import chosen
from bench.estimators import Estimators
from bench.measure import QUICK
model = Estimators.model
def changed(self, module, effort):
    return model(self, module, effort).set_params(alpha=2e-4 if module == "bp_numba" else 1e-4)
Estimators.model = changed
chosen([{case!r}])[0].timers([], QUICK)
"""
    result = run_in_top_folder("-c", code)
    assert result.returncode == 1
    assert f"AssertionError: bp_numba, {case}: differs by" in result.stderr


@pytest.mark.parametrize("arguments", [["--case", "nor"], ["--rival", "fortran"]])
def test_unknown_names_are_refused(arguments):
    result = run_in_top_folder("-m", "bench", *arguments)
    assert result.returncode == 2
    assert f"is named {arguments[1]}" in result.stderr


def test_defaults_beside_scikit_learn(tmp_path):
    path = tmp_path / "tables.json"
    result = run_in_top_folder(
        "-m",
        "bench.tables",
        "--table",
        "iris",
        "--table",
        "diabetes",
        "--splits",
        1,
        "--json",
        path,
    )
    assert result.returncode == 0, result.stderr
    iris, diabetes = json.loads(path.read_text())["tables"]
    assert (iris["rows"], iris["columns"], iris["score"]) == (150, 4, "accuracy")
    assert min(iris["ours"], iris["theirs"]) > 0.8 and min(diabetes["ours"], diabetes["theirs"]) > 0
    assert "on average" in result.stdout and result.stdout.count("\n") == 3


ALL_RESULTS = sorted((TOP / "bench").glob("*.json"))
RESULTS = [path for path in ALL_RESULTS if not path.name.startswith("results-")]
"""Those that the README is made from; of the others it shows a column beside."""


@pytest.mark.parametrize("path", RESULTS)
def test_the_readme_shows_the_results(path):
    result = run_in_top_folder("-m", "bench.report", "--check", path)
    assert result.returncode == 0, result.stderr
    assert (TOP / "bench" / "performance.png").stat().st_size > 0


@pytest.mark.parametrize("path", RESULTS)
def test_a_stale_readme_is_noticed(path, tmp_path):
    results = json.loads(path.read_text())
    if "rows" in results:
        results["rows"][0]["median"] *= 1.5
    else:
        results["tables"][0]["ours"] += 0.01
    changed = tmp_path / "results.json"
    changed.write_text(json.dumps(results))
    result = run_in_top_folder("-m", "bench.report", "--check", changed)
    assert result.returncode == 1
    assert "README.md does not show the figures of results.json" in result.stderr
