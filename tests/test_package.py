"""The package as a whole: imports, public names, structure, versions."""

import ast
import graphlib
import importlib.metadata
from pathlib import Path

import pytest

import bp_numba
from tests.conftest import needs_jit, run_python

PACKAGE = Path(bp_numba.__file__).parent

ALLOWED = {
    "__init__": {"history", "network", "plotting", "reference", "stopping", "storage"},
    "__main__": {"cli.main"},
    "batch": {"jit", "layout", "sigmoid", "simd", "tiles", "tracing"},
    "checkpoint": {"storage"},
    "cli.__init__": set(),
    "cli.errors": set(),
    "cli.machine": {"", "cli.preprocessing", "cli.tables", "cpu", "native"},
    "cli.main": {
        "", "cli.errors", "cli.machine", "cli.predict", "cli.preprocessing", "cli.published",
        "cli.train", "native",
    },
    "cli.outputs": {"cli.errors", "files", "storage"},
    "cli.predict": {
        "", "cli.errors", "cli.outputs", "cli.preprocessing", "cli.readers", "cli.reporting",
        "cli.tables", "files",
    },
    "cli.preprocessing": set(),
    "cli.published": {
        "", "cli.outputs", "examples", "examples.digits", "examples.xor", "plotting",
        "validation",
    },
    "cli.readers": {"cli.errors", "cli.tables"},
    "cli.reporting": {"cli.errors", "cli.preprocessing", "cli.scores"},
    "cli.resuming": {"", "cli.errors"},
    "cli.samples": {"cli.errors", "cli.preprocessing", "cli.splitting", "cli.tables"},
    "cli.scores": set(),
    "cli.splitting": set(),
    "cli.tables": {"cli.errors"},
    "cli.train": {
        "", "cli.errors", "cli.outputs", "cli.preprocessing", "cli.readers", "cli.reporting",
        "cli.resuming", "cli.samples", "cli.tables", "plotting", "validation",
    },
    "column_tiles": {"inputs", "layout", "simd", "tiles", "tracing"},
    "cpu": set(),
    "entry_points": {"batch", "inputs", "jit", "kernels", "layout", "rows", "simd", "tiles"},
    "examples.__init__": set(),
    "examples.breast_cancer": {"", "examples.script"},
    "examples.diabetes": {"", "examples.script"},
    "examples.digits": {"", "examples", "examples.script"},
    "examples.iris": {"", "examples.script"},
    "examples.resumed": {"", "examples.script", "examples.xor"},
    "examples.script": set(),
    "examples.xor": {"", "examples", "examples.script"},
    "files": set(),
    "history": set(),
    "html": set(),
    "input_tiles": {"cpu", "inputs", "layout", "simd", "tiles", "tracing"},
    "inputs": {"layout"},
    "jit": set(),
    "kernels": {"column_tiles", "input_tiles", "inputs", "jit", "layout", "tiles"},
    "layout": set(),
    "loss": set(),
    "monitor": {"checkpoint"},
    "native": {"cpu", "entry_points", "jit"},
    "network": {
        "history", "html", "loss", "monitor", "native", "prediction", "reference", "storage",
        "training", "validation",
    },
    "plotting": {"files"},
    "prediction": {"layout", "native", "scratch"},
    "reference": set(),
    "rows": {"jit", "layout", "sigmoid", "simd", "tiles", "tracing"},
    "scratch": {"cpu", "layout"},
    "sigmoid": {"jit", "simd", "tracing"},
    "simd": {"jit", "tracing"},
    "stopping": set(),
    "storage": {"files", "history", "validation"},
    "tiles": {"sigmoid", "simd", "tracing"},
    "tracing": {"cpu"},
    "training": {
        "cpu", "inputs", "layout", "native", "prediction", "reference", "scratch", "validation",
    },
    "validation": set(),
}  # fmt: skip
"""Modules of the package that each module may import; "" is the package itself."""

COMPILED = {
    "batch",
    "column_tiles",
    "entry_points",
    "input_tiles",
    "jit",
    "kernels",
    "rows",
    "sigmoid",
    "simd",
    "tiles",
    "tracing",
}
"""Modules that only the compiler imports; `native` does so in the process that compiles."""


def imports_of(path):
    """Return the modules that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} has a relative import"
            folder = PACKAGE.parent.joinpath(*node.module.split("."))
            for alias in node.names:
                is_module = (folder / f"{alias.name}.py").exists()
                yield f"{node.module}.{alias.name}" if is_module else node.module


def package_imports():
    """Return a dict from the package's modules to those of the package that they import."""
    graph = {}
    for path in PACKAGE.rglob("*.py"):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        own = [module for module in imports_of(path) if module.split(".")[0] == "bp_numba"]
        graph[name] = {module.removeprefix("bp_numba").removeprefix(".") for module in own}
    return graph


def test_imports_run_one_way():
    graph = package_imports()
    assert set(graph) == set(ALLOWED)
    for name, modules in graph.items():
        assert modules <= ALLOWED[name], name
    without_names = {name: ALLOWED[name] - {""} for name in ALLOWED if name != "__init__"}
    graphlib.TopologicalSorter(without_names).prepare()  # raises CycleError


def test_the_compiler_is_imported_by_what_it_compiles_only():
    for path in PACKAGE.rglob("*.py"):
        found = {module.split(".")[0] for module in imports_of(path)} & {"numba", "llvmlite"}
        assert not found or path.stem in COMPILED | {"cpu", "machine", "native"}, path.name
    for name, modules in ALLOWED.items():
        assert name in COMPILED | {"native"} or not modules & COMPILED, name


LOADED = """
import sys
def loaded(*more):
    return sorted({"numba", "llvmlite", "sklearn", "matplotlib", "scipy", *more} & set(sys.modules))
"""


def test_importing_and_single_calls_load_neither_the_compiler_nor_extras():
    code = (
        LOADED
        + """
import bp_numba
print(loaded("numpy"))
from bp_numba import NeuralNetwork, ReferenceNetwork
nn = NeuralNetwork([2, 2, 1])
nn.predict([0, 1]); nn.predict([[0, 1]] * 5); nn.fit_partial([0, 1, 1], [1]); repr(nn)
nn.fit_partial([[0, 1, 1]] * 5, [1]); nn.calculate_loss([[0, 1, 1]], [1])
print(loaded())
"""
    )
    assert run_python(code, NUMBA_DISABLE_JIT="0").split() == ["[]", "[]"]


@needs_jit
def test_numba_is_never_imported_by_who_trains(tmp_path):
    code = (
        LOADED
        + """
import numpy as np
from bp_numba import NeuralNetwork
from bp_numba.training import prediction
from bp_numba.training import trainer as training
for deferred in (prediction._predict, prediction._predict_one, prediction._activate):
    deferred.charge(1000.0)
training.charge(1000.0)
nn = NeuralNetwork([2, 2, 1])
nn.fit([[0, 1]], [[1]], epochs=2)
nn.predict([0, 1]); nn.predict([[0, 1]] * 5); nn.fit_partial([0, 1, 1], [1])
nn.sigmoid(np.zeros(100_000))
assert training._train_one._function and prediction._predict._function
print(loaded())
"""
    )
    for _ in range(2):  # compiled, then loaded
        output = run_python(code, NUMBA_CACHE_DIR=str(tmp_path))
        assert output.splitlines()[-1] == "['llvmlite']"


def test_public_names():
    assert set(bp_numba.__all__) <= set(dir(bp_numba))
    for name in bp_numba.__all__:
        assert getattr(bp_numba, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'Network'"):
        bp_numba.Network  # noqa: B018


def test_version_is_the_installed_one():
    assert bp_numba.__version__ == importlib.metadata.version("bp_numba")


def test_type_information_is_shipped():
    assert (PACKAGE / "py.typed").exists()


def test_without_jit_the_reference_trains():
    code = """
import numpy as np
from bp_numba import NeuralNetwork, ReferenceNetwork
X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0], [1], [1], [0]])
networks = []
for kind in (NeuralNetwork, ReferenceNetwork):
    np.random.seed(0)
    networks.append(kind([2, 2, 1], alpha=0.5))
    networks[-1].fit(X, y, epochs=50)
nn, reference = networks
assert all((a == b).all() for a, b in zip(nn.W, reference.W))
big = np.tile(X, (5000, 1))
assert (nn.predict(big) == reference.predict(big)).all()
"""
    lines = run_python(code, NUMBA_DISABLE_JIT="1").splitlines()
    assert len(lines) == 2 and lines[0] == lines[1]
