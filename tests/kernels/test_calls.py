"""What kernels are called with: arguments that agree, and tables whose order nobody has to keep."""

import importlib
import inspect
import re
import shutil

import pytest

from bp_numba.kernels.calls import (
    ARGUMENTS,
    GROUPS,
    INPUTS,
    OF_LANES,
    OF_PERCEPTRONS,
    module_of,
    prediction_call,
)
from tests.conftest import needs_jit, not_bounds_checked, run_python
from tests.native.new_process import PACKAGE

EVERY_KERNEL = """
import hashlib
import warnings
import numpy as np
from bp_numba import MLPClassifier, NeuralNetwork, fit_many
from bp_numba.training import choice
warnings.simplefilter("ignore")  # two epochs are not many
choice.ENOUGH = 0
rng, results = np.random.default_rng(0), []
for density in (1.0, 0.1):
    X = rng.normal(size=(43, 64)) * (rng.random((43, 64)) < density)
    y = rng.uniform(size=(43, 10))
    np.random.seed(0)
    nn = NeuralNetwork([64, 32, 16, 10])
    nn.fit(X, y, 3, verbose=False)
    nn.fit_partial(np.append(X[0], 1.0), y[0])
    results += [*nn.W, nn.predict(X), nn.predict(X[0]), nn.sigmoid(np.linspace(-5, 5, 20_000))]
networks = [NeuralNetwork([5, 4, 2]) for _ in range(9)]
fit_many(networks, X[:, :5], y[:, :2], 3)
fit_many(networks, [X[k:, :5] for k in range(9)], [y[k:, :2] for k in range(9)], 3)
results += [w for nn in networks for w in nn.W]
model = MLPClassifier(max_iter=2, random_state=0).fit(X, y.argmax(axis=1))
results += model.coefs_
print(hashlib.sha256(b"".join(a.tobytes() for a in results)).hexdigest())
"""


def reverse_fields(source):
    """Return a module's text with the fields of each NamedTuple in the reverse order."""
    kinds = "Floats|Reals|Offsets|FlatNetwork|Inputs|Perceptron|Samples"
    fields = re.compile(rf"(?:^    \w+: (?:{kinds})\n){{2,}}", re.MULTILINE)
    text, count = fields.subn(lambda m: "".join(reversed(m[0].splitlines(True))), source)
    return text, count


@needs_jit
@not_bounds_checked
def test_fields_in_another_order_give_the_same_bits(tmp_path):
    package = tmp_path / "bp_numba"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    reversed_ = 0
    for name in ("layout", "inputs", "lanes", "perceptron", "calls"):
        path = package / "kernels" / f"{name}.py"
        text, count = reverse_fields(path.read_text())
        path.write_text(text)
        reversed_ += count
    assert reversed_ == 12
    expected = run_python(EVERY_KERNEL)
    new = {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    assert run_python(EVERY_KERNEL, **new) == expected
    assert len({path.name for path in (tmp_path / "cache").rglob("*.o")}) == 9


@needs_jit
def test_arguments_are_those_of_the_functions():
    letters = {"table": "p", "samples": "p", "alpha": "d"}
    for name, arguments in {**ARGUMENTS, **OF_LANES, **OF_PERCEPTRONS}.items():
        module = importlib.import_module(f"bp_numba.kernels.{module_of(name)}")
        parameters = inspect.signature(getattr(module, name)).parameters
        assert "".join(letters.get(parameter, "i") for parameter in parameters) == arguments


@pytest.mark.parametrize(("width", "samples"), [(4, 3 * 4), (8, 2 * 8)])
def test_room_for_predictions(width, samples):
    call = prediction_call([1000, 5, 2], matrices=None, width=width)
    even = 6
    assert call.packed.size == INPUTS * even
    assert call.activations.size == samples * (INPUTS + 2 * GROUPS * even)
    assert call.listed[:INPUTS].tolist() == [*range(INPUTS)] and call.listed.size == 2 * INPUTS
