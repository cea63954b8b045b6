"""Files of estimators: the same predictions, bit for bit; what is damaged or foreign is refused."""

import json
import os
import random
import zipfile

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from bp_numba import (
    MLPClassifier,
    MLPRegressor,
    ModelFormatError,
    NeuralNetwork,
    load_many,
    save_many,
)
from bp_numba.estimators.model_files import load_perceptron, read_perceptron, save_perceptron
from bp_numba.runs.archives import MANY, ONE, PERCEPTRON, kind_of
from tests.conftest import run_python
from tests.runs.hostile import Harmful, mutated, refused_or_harmless, rewritten

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

TARGETS = {
    "integers": lambda classes: classes * 10,
    "floats": lambda classes: classes.astype(float),
    "texts": lambda classes: np.array(["größer", "", "a b", "no"])[classes],
    "objects": lambda classes: np.array(["é", "b", "cc", "d"], dtype=object)[classes],
    "two": lambda classes: classes > 1,
    "two texts": lambda classes: np.where(classes > 1, "yes", "no"),
    "many": lambda classes: np.arange(len(classes)) % 25,
    "one": lambda classes: np.zeros_like(classes),
    "labels": lambda classes: np.column_stack([classes > 1, classes != 2, classes < 3]).astype(int),
}


def fitted(kind, X, y, **parameters):
    parameters = {"hidden_layer_sizes": (5, 3), "max_iter": 4, "random_state": 0} | parameters
    return kind(**parameters).fit(X, y)


def reloaded(model, tmp_path, metadata=None):
    save_perceptron(tmp_path / "model.npz", model, metadata)
    return load_perceptron(tmp_path / "model.npz")[0]


def bits(array):
    return array.dtype, array.shape, array.tolist() if array.dtype == object else array.tobytes()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("target", TARGETS)
def test_a_classifier_predicts_the_same(target, dtype, numbers, classes, tmp_path):
    X = numbers.astype(dtype)
    model = fitted(MLPClassifier, X, TARGETS[target](classes))
    loaded = reloaded(model, tmp_path)
    assert type(loaded) is MLPClassifier and loaded.coefs_[0].dtype == dtype
    for method in ("predict", "predict_proba", "predict_log_proba"):
        assert bits(getattr(loaded, method)(X)) == bits(getattr(model, method)(X)), method
    assert bits(loaded.classes_) == bits(model.classes_)


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_regressor_predicts_the_same(dtype, outputs, loss, numbers, tmp_path):
    X = numbers.astype(dtype)
    model = fitted(MLPRegressor, X, np.abs(X[:, :outputs]).squeeze(), loss=loss)
    loaded = reloaded(model, tmp_path)
    assert type(loaded) is MLPRegressor
    assert bits(loaded.predict(X)) == bits(model.predict(X))


@pytest.mark.parametrize(
    "parameters",
    [{"early_stopping": True}, {"solver": "sgd"}, {"solver": "lbfgs"}, {"activation": "tanh"}],
    ids=str,
)
def test_what_fit_has_left_is_there(parameters, numbers, classes, tmp_path):
    model = fitted(MLPClassifier, numbers, classes, class_weight="balanced", **parameters)
    loaded = reloaded(model, tmp_path)
    assert loaded.get_params() == model.get_params()
    gone = {"_optimizer", "_random_state", "_coef_indptr", "_intercept_indptr"}
    if not model.early_stopping:  # they are the initial weights
        gone |= {"_best_coefs", "_best_intercepts"}
    assert set(vars(model)) - gone == set(vars(loaded))
    for name, value in vars(loaded).items():
        if name not in ("_label_binarizer", *model.get_params()):
            np.testing.assert_equal(value, vars(model)[name], name)


def test_weights_of_another_byte_order_and_memory_order(numbers, tmp_path):
    model = fitted(MLPRegressor, numbers, numbers[:, 0])
    expected = model.predict(numbers)
    model.coefs_ = [np.asfortranarray(coef.astype(">f8")) for coef in model.coefs_]
    loaded = reloaded(model, tmp_path)
    for coef in loaded.coefs_:
        assert coef.dtype.isnative and coef.flags.f_contiguous
    np.testing.assert_allclose(loaded.predict(numbers), expected, rtol=1e-12)


def test_names_of_inputs_are_known(numbers, classes, tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(numbers, columns=["a", "b", "c", "ä"])
    loaded = reloaded(fitted(MLPClassifier, frame, classes), tmp_path)
    assert loaded.feature_names_in_.tolist() == ["a", "b", "c", "ä"]
    with pytest.raises(ValueError, match="feature names"):
        loaded.predict(frame.rename(columns={"a": "z"}))


def test_metadata_and_arrays_are_kept_beside_it(numbers, classes, tmp_path):
    model, path = fitted(MLPClassifier, numbers, classes), tmp_path / "model"  # the name as it is
    save_perceptron(path, model, {"table": {"columns": ["a"]}}, {"moments0": np.arange(3.0)})
    saved = read_perceptron(path)
    assert saved.metadata == {"table": {"columns": ["a"]}}
    assert {name: array.tolist() for name, array in saved.arrays.items()} == {
        "moments0": [0.0, 1.0, 2.0]
    }
    assert load_perceptron(path)[1] == saved.metadata
    assert os.listdir(tmp_path) == ["model"]
    with np.load(path, allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["coefs1"], model.coefs_[1])
        assert json.loads(archive["header"].tobytes())["units"] == [4, 5, 3, 3]


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_a_loaded_one_starts_warm_as_the_one_saved(kind, numbers, classes, tmp_path):
    parameters = {"early_stopping": True, "warm_start": True, "learning_rate_init": 0.1}
    model = fitted(kind, numbers, classes, **parameters)
    model.best_validation_score_ = 1.5  # which no epoch beats
    loaded = reloaded(model, tmp_path)
    model.fit(numbers, classes)
    loaded.fit(numbers, classes)
    assert bits(loaded.predict(numbers)) == bits(model.predict(numbers))
    assert loaded.loss_curve_ == model.loss_curve_


def test_a_loaded_one_is_trained_on(numbers, classes, tmp_path):
    loaded = reloaded(fitted(MLPClassifier, numbers, classes), tmp_path)
    loaded.partial_fit(numbers, classes)
    assert len(loaded.loss_curve_) == 5
    assert loaded.set_params(warm_start=True).fit(numbers, classes).n_iter_ == 4


def test_parameters_that_json_cannot_hold_have_their_defaults(numbers, classes, tmp_path):
    weights = {1: 1.0, 2: 2.0, 3: 1.0}
    random_state = np.random.RandomState(0)
    parameters = {"random_state": random_state, "class_weight": weights, "alpha": np.float32(0.5)}
    loaded = reloaded(fitted(MLPClassifier, numbers, classes, **parameters), tmp_path)
    assert (loaded.random_state, loaded.class_weight, loaded.alpha) == (None, None, 0.5)


def test_what_cannot_be_saved_replaces_nothing(numbers, classes, tmp_path):
    path, model = tmp_path / "model.npz", fitted(MLPClassifier, numbers, classes)
    save_perceptron(path, model)
    before = path.read_bytes()

    class Mine(MLPClassifier):
        pass

    for other in (NeuralNetwork([2, 2, 1]), fitted(Mine, numbers, classes), None):
        with pytest.raises(TypeError, match="must be an MLPClassifier or MLPRegressor of bp_numba"):
            save_perceptron(path, other)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        save_perceptron(path, MLPClassifier())
    with pytest.raises(TypeError, match="object .* is not JSON serializable"):
        save_perceptron(path, model, {"no": object()})
    odd = fitted(MLPClassifier, numbers, classes > 1)
    odd.classes_ = np.array(["a\0", "b"], dtype=object)  # an array of texts would drop the zero
    with pytest.raises(TypeError, match="classes must be numbers, booleans or texts, got"):
        save_perceptron(path, odd)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["model.npz"]


def test_each_kind_of_file_says_what_it_is(numbers, classes, tmp_path):
    one, many, perceptron = (tmp_path / f"{name}.npz" for name in ("one", "many", "perceptron"))
    NeuralNetwork([2, 2, 1]).save(one)
    save_many(many, [NeuralNetwork([2, 2, 1])])
    save_perceptron(perceptron, fitted(MLPClassifier, numbers, classes))
    assert [kind_of(path) for path in (one, many, perceptron)] == [ONE, MANY, PERCEPTRON]
    for load in (NeuralNetwork.load, load_many):
        with pytest.raises(ModelFormatError, match="MLPRegressor: use load_perceptron"):
            load(perceptron)
    with pytest.raises(ModelFormatError, match="holds a single network: use NeuralNetwork.load"):
        load_perceptron(one)
    with pytest.raises(ModelFormatError, match="holds a list of networks: use load_many"):
        load_perceptron(many)


@pytest.fixture
def content(numbers, classes, tmp_path):
    """Bytes of a file."""
    save_perceptron(tmp_path / "c.npz", fitted(MLPClassifier, numbers, classes), {"a": [1]})
    return (tmp_path / "c.npz").read_bytes()


def load(content, tmp_path):
    path = tmp_path / "changed.npz"
    path.write_bytes(content)
    return load_perceptron(path)[0]


WRONG = [
    ({"format": "mine"}, "the header is foreign"),
    ({"version": 2}, "written in format 2 by a later release"),
    ({"class": "NeuralNetwork"}, "class must be one of .*got 'NeuralNetwork'"),
    ({"parameters": [1]}, "parameters must be a dict, got"),
    ({"parameters": {"beta_3": 1}}, r"parameters unknown to this scikit-learn: \['beta_3'\]"),
    ({"parameters": {"activation": "os.system"}}, "The 'activation' parameter of MLPClassifier"),
    ({"units": [4, 5, 3]}, r"weights and classes only, got \['coefs2.npy', 'intercepts2.npy'\]"),
    ({"units": [4, 6, 3, 3]}, r"coefs0.npy must hold float64 or float32 of shape \(4, 6\)"),
    ({"units": [4, 5, 3, 3, 3]}, "coefs3.npy is missing"),
    ({"units": [4, 5, 10**12, 3]}, "coefs1.npy must hold float"),
    ({"units": 4}, "units must be two or more positive integers, got 4"),
    ({"out_activation": "identity"}, "out_activation must be one of"),
    ({"out_activation": "logistic"}, "3 outputs must be softmax for 3 classes"),
    ({"n_iter_": -1}, "n_iter_ must be a number >= 0"),
    ({"loss_curve_": ["a"]}, "loss_curve_ must be a list of numbers"),
    ({"best_loss_": "low"}, "best_loss_ must be a number, or null, got 'low'"),
    ({"loss_": 10**400}, "damaged"),
    ({"feature_names": ["a"]}, "feature_names must be null or 4 texts"),
    ({"multilabel": True}, "3 outputs must be logistic for 3 classes"),
    ({"multilabel": 1}, "must be booleans"),
    ({"object_classes": True}, "object_classes must be texts, got int64"),
    ({"metadata": None}, "metadata must be a dict, got None"),
    ({"classes": np.array([1, 2])}, "1 outputs must be logistic for 2 classes"),
    ({"classes": np.array([3, 2, 1])}, "in ascending order"),
    ({"classes": np.array([1, 1, 2])}, "classes must be different"),
    ({"classes": np.array(1)}, "classes must be different"),
    ({"classes": np.array([1, 2, Harmful()], dtype=object)}, "as long as an array of object"),
    ({"classes": np.array([7, 8, 2**31], dtype=np.uint32).view("<U1")}, "damaged"),
    ({"coefs0": np.zeros((4, 5), dtype=np.float16)}, "coefs0.npy must hold float64 or float32"),
    ({"intercepts2": np.zeros(3, dtype=np.float32)}, "weights must be of one type"),
]


@pytest.mark.parametrize(
    ("changes", "error"), WRONG, ids=[f"{n}-{[*w[0]][0]}" for n, w in enumerate(WRONG)]
)
def test_what_a_file_must_be(changes, error, content, tmp_path):
    with pytest.raises(ModelFormatError, match=f"changed.npz: .*{error}"):
        load(rewritten(content, **changes), tmp_path)
    assert not Harmful.trace


def test_other_arrays_and_compression_are_refused(content, tmp_path):
    with pytest.raises(ModelFormatError, match=r"weights and classes only, got \['mine.npy'\]"):
        load(rewritten(content, more={"mine": np.zeros(2)}), tmp_path)
    with pytest.raises(ModelFormatError, match="must not be compressed"):
        load(rewritten(content, compression=zipfile.ZIP_DEFLATED), tmp_path)


@pytest.mark.parametrize("part", range(5))
def test_mutated_files_are_refused_or_harmless(part, content, numbers, tmp_path):
    expected = load(content, tmp_path).predict_proba(numbers)
    for seed in range(100 * part, 100 * part + 100):
        with refused_or_harmless(tmp_path):
            found = load(mutated(content, seed), tmp_path).predict_proba(numbers)
            np.testing.assert_array_equal(found, expected)


ANYTHING = [None, True, False, 0, 1, -1, 2, 3, 10**30, 1e308, float("nan"), float("inf")]
ANYTHING += ["", "a", "softmax", "\ud800", [], [[]], [1, 2], ["a", 1], [None], {}, {"a": 1}]


def any_json(generator, value):
    """Return a value with a part of it replaced by anything."""
    if isinstance(value, dict | list) and value and generator.random() < 0.7:
        changed = value.copy()
        key = generator.choice([*value] if isinstance(value, dict) else range(len(value)))
        changed[key] = any_json(generator, value[key])
        return changed
    return generator.choice(ANYTHING)


@pytest.mark.parametrize("part", range(5))
def test_headers_of_anything_are_refused_or_predict(part, content, numbers, tmp_path):
    (tmp_path / "content.npz").write_bytes(content)
    with np.load(tmp_path / "content.npz") as archive:
        header = json.loads(archive["header"].tobytes())
    for seed in range(100 * part, 100 * part + 100):
        generator = random.Random(seed)
        name = generator.choice([*header])
        with refused_or_harmless(tmp_path):
            model = load(rewritten(content, **{name: any_json(generator, header[name])}), tmp_path)
            assert model.predict(numbers).dtype == np.int64
            assert model.predict_proba(numbers).shape == (60, 3)


def test_without_scikit_learn_it_is_said_what_to_install(content, tmp_path):
    code = """
import sys
sys.modules["sklearn"] = None
import bp_numba
try:
    from bp_numba.estimators.model_files import load_perceptron
except ModuleNotFoundError as error:
    print(error)
"""
    (line,) = run_python(code).splitlines()
    assert line.endswith("scikit-learn, which is not installed: pip install 'bp_numba[sklearn]'")
