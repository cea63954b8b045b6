"""The package as a whole: imports, public names, structure, versions."""

import ast
import graphlib
import importlib.metadata
import re
from pathlib import Path

import pytest

import bp_numba
from tests.conftest import needs_jit, run_python

PACKAGE = Path(bp_numba.__file__).parent

ROOMS = {
    "simd": set(),
    "kernels": {"simd"},
    "native": {"kernels", "simd"},
    "reals": set(),
    "validation": {"reals"},
    "training": {"native", "kernels", "simd", "validation"},
    "runs": {"training", "validation", "reals"},
    "plotting": {"runs"},
    "reference": set(),
    "fitting": {"runs", "training", "validation"},
    "network": {"fitting", "training", "runs", "plotting", "reference", "validation"},
    "estimators": {"training", "runs", "plotting", "native", "kernels", "simd", "validation"},
    "many": {
        "network",
        "fitting",
        "runs",
        "training",
        "native",
        "kernels",
        "simd",
        "validation",
    },
    "bp_numba": {"network", "many", "estimators", "reference", "runs", "plotting", "native"},
    "examples": {"bp_numba"},
    "tables": set(),
    "preprocessing": {"tables"},
    "cli": {
        "tables",
        "preprocessing",
        "estimators",
        "bp_numba",
        "examples",
        "plotting",
        "runs",
        "native",
        "kernels",
        "simd",
        "validation",
    },
    "__main__": {"cli"},
}
"""The rooms that each room may import beside itself: none above it."""


def imports_of(path):
    """Yield the modules that a file imports, wherever in the file."""
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
        name = ".".join(["bp_numba", *path.relative_to(PACKAGE).with_suffix("").parts])
        own = {module for module in imports_of(path) if module.split(".")[0] == "bp_numba"}
        graph[name.removesuffix(".__init__")] = own
    return graph


def room_of(module):
    """Return the room of a module: its package, or itself if it lies in front."""
    return (module.split(".") + [""])[1] or "bp_numba"


def test_imports_run_one_way_between_rooms():
    seen = set()
    for name, modules in package_imports().items():
        seen.add(room_of(name))
        beyond = {room_of(module) for module in modules} - {room_of(name)}
        assert beyond <= ROOMS[room_of(name)], name
    assert seen == set(ROOMS)
    graphlib.TopologicalSorter(ROOMS).prepare()  # raises CycleError


def test_imports_run_one_way_within_rooms():
    graph = package_imports()
    for room in ROOMS:
        members = {name for name in graph if room_of(name) == room}
        within = {name: graph[name] & members - {"bp_numba"} for name in members}
        graphlib.TopologicalSorter(within).prepare()  # raises CycleError


def test_few_modules_lie_in_front_and_none_is_long():
    assert len(list(PACKAGE.glob("*.py"))) <= 8
    lengths = {path: len(path.read_text().splitlines()) for path in PACKAGE.rglob("*.py")}
    long = {path.name: lines for path, lines in lengths.items() if lines > 250}
    # Two thirds of network.py are the documentation of the one class that users read.
    assert set(long) <= {"network.py"}, long


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*/__init__.py")), ids=lambda p: p.parent.name)
def test_each_room_tells_of_all_its_modules(path):
    words = set(re.findall(r"`(?:[a-z]+\.)*(\w+)`", ast.get_docstring(ast.parse(path.read_text()))))
    modules = {module.stem for module in path.parent.glob("*.py")} - {"__init__"}
    assert modules <= words, modules - words


COMPILER = {"simd", "kernels", "native.compiling"}
"""The rooms whose modules may import Numba; those that training needs are tested not to."""


def test_the_compiler_is_imported_by_what_it_compiles_only():
    for path in PACKAGE.rglob("*.py"):
        found = {module.split(".")[0] for module in imports_of(path)}
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        if "numba" in found:
            assert {name, room_of(f"bp_numba.{name}")} & COMPILER, name
        if "llvmlite" in found:
            assert room_of(f"bp_numba.{name}") in {"simd", "kernels"} or name.startswith(
                ("native.files", "cli.machine")
            ), name


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


def test_rooms_that_train_import_no_compiler():
    code = (
        LOADED
        + """
import importlib, pkgutil
import bp_numba
for room in ("native", "training", "runs", "plotting", "many"):
    package = importlib.import_module(f"bp_numba.{room}")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"bp_numba.{room}.{module.name}")
import bp_numba.network
print(loaded())
"""
    )
    assert run_python(code).split() == ["[]"]


def test_the_garbage_collector_is_left_as_it_was():
    code = """
import gc, bp_numba
from bp_numba.native import files
{first}
bp_numba.NeuralNetwork
files._key()
try:
    bp_numba.MLPClassifier
except ImportError:
    pass
print(gc.isenabled())
"""
    assert run_python(code.format(first="gc.enable()")) == "True\n"
    assert run_python(code.format(first="gc.disable()")) == "False\n"


@needs_jit
def test_numba_is_never_imported_by_who_trains(tmp_path):
    code = (
        LOADED
        + """
import numpy as np
from bp_numba import NeuralNetwork
from bp_numba.training import choice
choice.ENOUGH = 0
nn = NeuralNetwork([2, 2, 1])
nn.fit([[0, 1]], [[1]], epochs=2)
nn.predict([0, 1]); nn.predict([[0, 1]] * 5); nn.fit_partial([0, 1, 1], [1])
nn.sigmoid(np.zeros(100_000))
from bp_numba.native import loading
loaded_kernels = {name for name, _ in loading._functions}
assert {"train_one", "predict_one", "predict", "activate"} < loaded_kernels
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
