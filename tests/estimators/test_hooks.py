"""A scikit-learn whose private methods have changed: one warning, its own code, its numbers."""

import inspect

import numpy as np
import pytest
import sklearn
import sklearn.neural_network
from sklearn.utils.class_weight import compute_sample_weight

from bp_numba.estimators import hooks, stochastic
from tests.conftest import run_python
from tests.estimators.twins import assert_same_state, outcome, small, twins


@pytest.fixture
def changed(monkeypatch):
    """Return a function that gives a hook another signature; all is found anew."""
    hooks.are_known.cache_clear()

    def change(path):
        owner, name = path.rsplit(".", 1)
        owner = hooks.get(owner)
        original = getattr(owner, name)

        def with_another_argument(*args, **kwargs):
            return original(*args, **kwargs)

        parameters = [*inspect.signature(original).parameters.values()]
        parameters.append(inspect.Parameter("more", inspect.Parameter.KEYWORD_ONLY, default=None))
        with_another_argument.__signature__ = inspect.Signature(parameters)
        monkeypatch.setattr(owner, name, with_another_argument)

    yield change
    hooks.are_known.cache_clear()


def test_all_are_known():
    """Fails with the name of the part that a new scikit-learn has changed."""
    found = {path: hooks._signature(path) for path in hooks.SIGNATURES}
    assert found == hooks.SIGNATURES
    hooks.are_known.cache_clear()
    assert hooks.are_known()


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize(
    "path",
    [
        "MLPClassifier._fit_stochastic",
        "MLPRegressor._backprop",
        "_stochastic_optimizers.SGDOptimizer.iteration_ends",
        "_base.log_loss",
    ],
)
def test_scikit_learns_code_trains_where_one_has_changed(
    path, solver, changed, numbers, classes, monkeypatch
):
    monkeypatch.setattr(stochastic, "fit", None)  # is not called
    changed(path)
    for twin in range(2):
        ours, theirs = twins("MLPClassifier", max_iter=6, solver=solver)
        seen = outcome(ours.fit, numbers, classes)
        expected = outcome(theirs.fit, numbers, classes)
        assert seen.error is None
        assert_same_state(ours, theirs)
        new = [text for text in seen.warnings if text not in expected.warnings]
        if twin == 0:
            (warning,) = new
            assert warning.startswith(f"RuntimeWarning: sklearn.neural_network.{path} is ")
            assert f"in scikit-learn {sklearn.__version__}" in warning
            assert f"in {hooks.RELEASES}, which bp_numba knows" in warning
            assert ", *, more=None)" in warning and hooks.SIGNATURES[path] in warning
        else:
            assert not new  # once in a process


def test_a_hook_that_is_missing_is_named(monkeypatch, numbers, classes):
    hooks.are_known.cache_clear()
    monkeypatch.setitem(hooks.SIGNATURES, "_base.gone", "(y)")
    seen = outcome(small("MLPClassifier").fit, numbers, classes)
    assert "sklearn.neural_network._base.gone is gone missing in" in seen.warnings[0]
    hooks.are_known.cache_clear()


def test_weights_of_classes_count_all_the_same(changed, numbers, classes):
    expected = small("MLPClassifier", sklearn.neural_network)
    outcome(expected.fit, numbers, classes, compute_sample_weight("balanced", classes))
    changed("MLPClassifier._fit_stochastic")
    model = small("MLPClassifier", class_weight="balanced")
    assert outcome(model.fit, numbers, classes).error is None
    np.testing.assert_array_equal(model.coefs_[0], expected.coefs_[0])


def test_own_validation_samples_are_refused_and_not_left_out(changed, numbers, classes):
    changed("MLPClassifier._backprop")
    model = small("MLPClassifier", early_stopping=True)
    seen = outcome(model.fit, numbers, classes, X_val=numbers, y_val=classes)
    assert seen.error == (
        f"NotImplementedError: X_val and y_val need scikit-learn {hooks.RELEASES}, "
        f"got {sklearn.__version__}"
    )


def test_the_classes_are_imported_without_looking():
    """Signatures are compared in the first fit: importing takes no time and warns of nothing."""
    code = """
import bp_numba
bp_numba.MLPClassifier, bp_numba.MLPRegressor
from bp_numba.estimators import hooks
print(hooks.are_known.cache_info().currsize)
"""
    assert run_python(code) == "0\n"
