"""The two classes as scikit-learn's estimators: parameters, copies, files, requests, imports."""

import copy
import inspect
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
import sklearn.neural_network
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import bp_numba
from tests.conftest import run_python
from tests.estimators.twins import (
    assert_same,
    assert_same_outcome,
    assert_same_state,
    outcome,
    small,
    twins,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

NAMES = ["MLPClassifier", "MLPRegressor"]


@pytest.mark.parametrize("name", NAMES)
def test_the_constructor_is_scikit_learns(name):
    ours, theirs = getattr(bp_numba, name), getattr(sklearn.neural_network, name)
    own, known = ({**inspect.signature(kind).parameters} for kind in (ours, theirs))
    own.pop("class_weight", None)
    assert [*own] == [*known]
    for key, parameter in known.items():
        assert (own[key].default, own[key].kind) == (parameter.default, parameter.kind)
    assert isinstance(ours(), theirs)
    extra = {"class_weight": None} if name == "MLPClassifier" else {}
    assert ours().get_params() == theirs().get_params() | extra
    values = {"hidden_layer_sizes": (3, 2), "alpha": 0.5, "max_fun": 7, "early_stopping": True}
    assert repr(ours(**values)) == repr(theirs(**values))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", ["__init__", "fit", "partial_fit"])
def test_errors_about_arguments_are_scikit_learns(name, method, numbers):
    ours, theirs = (
        outcome(getattr(twin, method), numbers, numbers[:, 0], unknown=1).error
        for twin in twins(name)
    )
    assert ours == theirs
    assert f".{method}() got" in ours


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_arrives(name):
    """Each with a value that is not its default, which no other has."""
    kind = getattr(bp_numba, name)
    values = {key: object() for key in inspect.signature(kind).parameters}
    assert kind(**values).get_params() == values
    cloned = small(name, alpha=0.5, random_state=3).set_params(beta_1=0.5)
    assert clone(cloned).get_params() == cloned.get_params()


COPIES = {
    "pickle": lambda model, path: pickle.loads(pickle.dumps(model)),
    "copy": lambda model, path: copy.copy(model),
    "deepcopy": lambda model, path: copy.deepcopy(model),
    "joblib": lambda model, path: joblib.load(joblib.dump(model, path)[0]),
}


@pytest.mark.parametrize("make", COPIES.values(), ids=COPIES)
def test_copies_predict_and_train_on(make, numbers, classes, tmp_path):
    model, theirs = twins("MLPClassifier", random_state=3)
    model.fit(numbers, classes)
    copied = make(model, tmp_path / "model.joblib")
    np.testing.assert_array_equal(copied.predict_proba(numbers), model.predict_proba(numbers))
    copied.partial_fit(numbers, classes)
    assert_same_state(copied, theirs.fit(numbers, classes).partial_fit(numbers, classes))


def test_a_pickled_estimator_predicts_where_nothing_is_compiled(numbers, classes, tmp_path):
    model = small("MLPClassifier").fit(numbers, classes)
    joblib.dump((model, numbers), tmp_path / "model.joblib")
    code = f"""
import joblib
model, X = joblib.load({str(tmp_path / "model.joblib")!r})
print(model.predict_proba(X).tolist())
"""
    predicted = eval(run_python(code, NUMBA_DISABLE_JIT="1"))
    np.testing.assert_allclose(predicted, model.predict_proba(numbers), rtol=0, atol=1e-12)


def test_nothing_of_a_fit_stays_but_what_was_learned(numbers, classes):
    model, theirs = twins("MLPClassifier")
    model.fit(numbers, classes), theirs.fit(numbers, classes)
    more = {"class_weight", "validation_loss_curve_", "best_iter_"}
    assert set(vars(model)) - set(vars(theirs)) == more
    assert type(model)._call is None


def test_arguments_of_fit_can_be_requested(numbers, classes):
    more = {"sample_weight": np.arange(1, 41), "X_val": numbers[40:], "y_val": classes[40:]}
    with sklearn.config_context(enable_metadata_routing=True):
        model = small("MLPClassifier", early_stopping=True)
        model.set_fit_request(sample_weight=True, X_val=True, y_val=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(scaler, model, transform_input=["X_val"])
        pipeline.fit(numbers[:40], classes[:40], **more)
    scaler = StandardScaler().fit(numbers[:40])
    alone = small("MLPClassifier", early_stopping=True)
    more["X_val"] = scaler.transform(more["X_val"])
    alone.fit(scaler.transform(numbers[:40]), classes[:40], **more)
    assert pipeline[-1].validation_scores_ == alone.validation_scores_
    assert pipeline[-1].loss_curve_ == alone.loss_curve_


def test_cross_validation_passes_weights_on(numbers, classes):
    more = {"params": {"sample_weight": np.linspace(0.1, 5, 60)}, "return_estimator": True}
    ours, theirs = (
        [model.loss_curve_ for model in cross_validate(twin, numbers, classes, **more)["estimator"]]
        for twin in twins("MLPClassifier")
    )
    assert_same(ours, theirs, "loss_curve_")
    assert ours[0] != small("MLPClassifier").fit(numbers[12:], classes[12:]).loss_curve_


def test_searches_and_frames(numbers, classes):
    X = pd.DataFrame(numbers, columns=list("abcd"))
    pipelines = [make_pipeline(StandardScaler(), twin) for twin in twins("MLPClassifier")]
    grid = {"mlpclassifier__alpha": [0.1, 10.0], "mlpclassifier__early_stopping": [True, False]}
    ours, theirs = (GridSearchCV(pipeline, grid, cv=2).fit(X, classes) for pipeline in pipelines)
    assert ours.best_params_ == theirs.best_params_ and ours.best_score_ == theirs.best_score_
    best, known = (search.best_estimator_[-1] for search in (ours, theirs))
    assert_same(best.loss_curve_, known.loss_curve_, "loss_curve_")
    models = twins("MLPClassifier")
    assert_same_outcome(*models, "fit", X, classes)
    assert list(models[0].feature_names_in_) == list("abcd")
    seen = assert_same_outcome(*models, "predict", numbers)
    assert "X does not have valid feature names, but MLPClassifier was" in seen.warnings[0]


def test_lbfgs_is_scikit_learns():
    X, y = load_iris(return_X_y=True)
    models = twins("MLPClassifier", solver="lbfgs", max_iter=20)
    assert_same_outcome(*models, "fit", X, y)
    assert_same_state(*models)


def test_notebooks_show_an_estimator():
    assert "MLPClassifier" in bp_numba.MLPClassifier()._repr_html_()


def test_without_scikit_learn_all_else_works():
    code = """
import sys
sys.modules["sklearn"] = None  # importing it raises ModuleNotFoundError
import bp_numba
from bp_numba import *
print(NeuralNetwork([2, 1]), "MLPClassifier" in dir(bp_numba))
try:
    bp_numba.MLPClassifier
except ModuleNotFoundError as error:
    print(error)
"""
    assert run_python(code).splitlines() == [
        "NeuralNetwork: 2-1 False",
        "MLPClassifier and MLPRegressor need scikit-learn, which is not installed: "
        "pip install 'bp_numba[sklearn]'",
    ]


def test_a_scikit_learn_that_is_too_old_is_named():
    code = """
import sklearn
sklearn.__version__ = "1.6.1"
try:
    from bp_numba import MLPRegressor
except ImportError as error:
    print(error)
"""
    assert run_python(code) == (
        "MLPClassifier and MLPRegressor need scikit-learn 1.7 or later, got 1.6.1\n"
    )


def test_importing_the_package_imports_no_scikit_learn():
    code = "import sys, bp_numba; dir(bp_numba); print('MLPRegressor' in dir(bp_numba))"
    assert run_python(f"{code}; print('sklearn' in sys.modules)").split() == ["True", "False"]
