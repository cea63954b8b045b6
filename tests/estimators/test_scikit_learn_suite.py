"""scikit-learn's own tests of its multilayer perceptrons, with the classes of this package."""

import importlib.util

import pytest
import sklearn.neural_network
from sklearn.neural_network.tests import test_mlp

import bp_numba

CLASSES = "MLPClassifier", "MLPRegressor"


def suite():
    """Return a copy of scikit-learn's module of tests that knows the package's classes only.

    Replaced before the module is run: its parametrized tests hold the classes themselves.
    """
    spec = importlib.util.spec_from_file_location("suite", test_mlp.__file__)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        for name in CLASSES:
            patch.setattr(sklearn.neural_network, name, getattr(bp_numba, name))
        spec.loader.exec_module(module)
    return module


_suite = suite()
globals().update({name: found for name, found in vars(_suite).items() if name.startswith("test_")})


@pytest.fixture
def global_random_seed():
    """A fixture of scikit-learn's own configuration of pytest, with its default."""
    return 42


def test_the_suite_is_whole_and_has_the_classes_of_the_package():
    names = {name for name in vars(test_mlp) if name.startswith("test_")}
    assert len(names) > 40 and names <= set(globals())
    for name in CLASSES:
        assert getattr(_suite, name) is getattr(bp_numba, name)
    (mark,) = _suite.test_early_stopping.pytestmark
    assert mark.args[1] == [bp_numba.MLPClassifier, bp_numba.MLPRegressor]
