"""The package as a whole: imports, public names, structure, versions."""

import ast
import importlib.metadata
from pathlib import Path

import pytest

import bp_numba
from tests.conftest import run_python

PACKAGE = Path(bp_numba.__file__).parent

ALLOWED = {
    "__init__": {"network", "reference"},
    "__main__": {"cli"},
    "cli": {"", "examples", "examples.digits", "examples.xor", "network", "plotting", "validation"},
    "examples.__init__": set(),
    "examples.digits": {"examples"},
    "examples.xor": {"examples"},
    "jit": set(),
    "kernels": {"jit", "layout", "sigmoid", "simd"},
    "layout": set(),
    "network": {"", "reference", "training", "validation"},
    "plotting": set(),
    "reference": set(),
    "sigmoid": {"jit", "simd"},
    "simd": set(),
    "training": {"", "kernels", "layout", "simd", "validation"},
    "validation": set(),
}
"""Modules of the package that each module may import; "" is the package itself."""


def imports_of(path):
    """Return the modules of the package that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} has a relative import"
            yield node.module


def test_imports_run_one_way():
    found = {}
    for path in PACKAGE.rglob("*.py"):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        own = [module for module in imports_of(path) if module.split(".")[0] == "bp_numba"]
        found[name] = {module.removeprefix("bp_numba").removeprefix(".") for module in own}
    assert set(found) == set(ALLOWED)
    for name, modules in found.items():
        assert modules <= ALLOWED[name], name


def test_importing_loads_neither_numba_nor_extras_and_compiles_nothing():
    code = """
import sys
import bp_numba
assert "numpy" not in sys.modules
from bp_numba import NeuralNetwork, ReferenceNetwork
nn = NeuralNetwork([2, 2, 1])
nn.predict([0, 1]); nn.fit_partial([0, 1, 1], [1]); repr(nn)
print(sorted({"numba", "llvmlite", "sklearn", "matplotlib", "scipy"} & set(sys.modules)))
import bp_numba.kernels
print(len(bp_numba.kernels.train_samples.signatures))
"""
    assert run_python(code, NUMBA_DISABLE_JIT="0").split() == ["[]", "0"]


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
