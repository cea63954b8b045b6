"""scikit-learn's checks of estimators: none fails that does not fail with its own classes."""

import pytest
import sklearn.neural_network
from sklearn.utils.estimator_checks import (
    check_estimator,
    check_regressor_multioutput,
    estimator_checks_generator,
)

import bp_numba

# Of convergence in so few epochs, in all checks.
pytestmark = pytest.mark.filterwarnings("ignore")

PARAMETERS = [
    {},
    pytest.param({"solver": "sgd", "max_iter": 50}, marks=pytest.mark.slow),
    pytest.param({"solver": "lbfgs", "max_iter": 50}, marks=pytest.mark.slow),
    {"batch_size": 1, "max_iter": 3},
]


def fails(check, estimator):
    """Return whether a check fails with an estimator."""
    try:
        check(estimator)
    except Exception:
        return True
    return False


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
@pytest.mark.parametrize("parameters", PARAMETERS, ids=str)
def test_no_check_fails_that_does_not_fail_with_scikit_learns_class(name, parameters):
    estimator = getattr(bp_numba, name)(**parameters)
    results = check_estimator(estimator, on_fail=None, on_skip=None)
    failed = {result["check_name"] for result in results if result["status"] == "failed"}
    assert sum(result["status"] == "passed" for result in results) > 50
    theirs = getattr(sklearn.neural_network, name)(**parameters)
    checks = {check.func.__name__: check for _, check in estimator_checks_generator(theirs)}
    assert not {name for name in failed if name not in checks or not fails(checks[name], theirs)}


def test_the_regressor_says_that_it_takes_several_outputs():
    model = bp_numba.MLPRegressor(max_iter=5)
    assert model.__sklearn_tags__().target_tags.multi_output
    ours = {check.func.__name__ for _, check in estimator_checks_generator(model)}
    assert "check_regressor_multioutput" in ours
    check_regressor_multioutput("MLPRegressor", model)


def test_the_classifier_is_checked_for_weights_of_classes():
    checks = estimator_checks_generator(bp_numba.MLPClassifier())
    assert "check_class_weight_classifiers" in {check.func.__name__ for _, check in checks}
