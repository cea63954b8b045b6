"""The contract of the drop-in, one test or more for each of its points."""

import _thread
import copy
import os
import pickle
import signal
import sys
import threading

import joblib
import numpy as np
import pandas as pd
import pytest

from bp_numba import NeuralNetwork, ReferenceNetwork
from tests.conftest import (
    HANG,
    PYTHON,
    assert_same_weights,
    make,
    needs_jit,
    read_until,
    running,
    twins,
    wait_until,
    weights_copy,
)

CLASSES = [NeuralNetwork, ReferenceNetwork]

pytestmark = pytest.mark.usefixtures("either_way")

ONCE = pytest.mark.parametrize("either_way", ["in_numpy"], indirect=True)
"""For tests in processes of their own, which the fixture does not reach."""


def shown(capsys):
    return capsys.readouterr().out


# 1: repr, str, format


@pytest.mark.parametrize("layers", [[2, 2, 1], (2, 2, 1), np.array([2, 2, 1])])
def test_01_repr(layers):
    nn = NeuralNetwork(layers)
    assert repr(nn) == str(nn) == format(nn) == f"{nn}" == "NeuralNetwork: 2-2-1"


# 2: initial weights


@pytest.mark.parametrize("layers", [[2, 1], [2, 2, 1], [64, 32, 16, 10], (5, 4, 3, 2, 1)])
def test_02_initial_weights_and_generator_state(layers):
    np.random.seed(7)
    nn = NeuralNetwork(layers)
    after = np.random.get_state()

    np.random.seed(7)
    units = [n + 1 for n in layers[:-1]] + [layers[-1]]
    for l, w in enumerate(nn.W):
        expected = np.random.randn(units[l], units[l + 1]) / np.sqrt(layers[l])
        assert w.tobytes() == expected.tobytes() and w.shape == expected.shape
    for ours, numpys in zip(after, np.random.get_state(), strict=True):
        np.testing.assert_array_equal(ours, numpys)


def test_02_training_and_predicting_draw_nothing(xor_data):
    nn = make(NeuralNetwork, [2, 2, 1])
    before = np.random.get_state()[1].copy(), np.random.get_state()[2]
    nn.fit(*xor_data, epochs=3)
    nn.fit_partial([0, 1, 1], [1])
    nn.predict([0, 1])
    np.testing.assert_array_equal(np.random.get_state()[1], before[0])
    assert np.random.get_state()[2] == before[1]


# 3: layers


@pytest.mark.parametrize(
    "layers",
    [[2, 2, 1], (2, 2, 1), np.array([2, 2, 1]), [np.int64(2), np.uint8(2), 1], range(2, 0, -1)],
)
def test_03_layers_may_be_any_sequence_of_integers(layers):
    nn = NeuralNetwork(layers)
    assert nn.layers is layers
    assert [w.shape[0] for w in nn.W] == [3] * len(nn.W)


def test_03_small_integer_types_do_not_overflow():
    nn = NeuralNetwork(np.array([255, 255, 1], dtype=np.uint8))
    assert [w.shape for w in nn.W] == [(256, 256), (256, 1)]


def test_03_layers_are_stored_by_reference():
    layers = [2, 2, 1]
    nn = NeuralNetwork(layers)
    layers[1] = 9
    assert repr(nn) == "NeuralNetwork: 2-9-1"
    nn.fit([[0, 1]], [[1]], epochs=1)  # sizes come from the weights, not from the changed list


def test_03_no_hidden_layer(xor_data):
    nn, reference = twins([2, 1])
    nn.fit(*xor_data, epochs=500)
    reference.fit(*xor_data, epochs=500)
    assert_same_weights(nn, reference, 1e-13)
    np.testing.assert_allclose(nn.predict(xor_data[0]), 0.5, atol=0.1)


TOO_FEW = [[], [2]]
NO_SIZES = [[2, 0], [2, -1, 1], [2, 2.0, 1], [2, "2", 1], [2, None], [True, 1], [[2, 2], [1, 1]]]
NO_INTEGERS = ["22", np.array([2.0, 1.0])]
NO_SEQUENCES = [5, None, {2, 1}, np.array(5)]


@pytest.mark.parametrize("layers", [*TOO_FEW, *NO_SIZES, *NO_INTEGERS, *NO_SEQUENCES])
def test_03_bad_layers(layers):
    with pytest.raises(ValueError, match="layers must be .* got"):
        NeuralNetwork(layers)


# 4: W is updated in place


def test_04_weights_are_a_list_of_arrays_changed_in_place(xor_data):
    nn = NeuralNetwork([2, 2, 1])
    assert type(nn.W) is list
    assert all(type(w) is np.ndarray and w.dtype == np.float64 and w.ndim == 2 for w in nn.W)
    identities, shallow, before = [id(w) for w in nn.W], list(nn.W), weights_copy(nn)
    nn.fit(*xor_data, epochs=5)
    nn.fit_partial([0, 1, 1], [1])
    assert [id(w) for w in nn.W] == identities
    for seen, now, old in zip(shallow, nn.W, before, strict=True):
        assert seen is now and not np.array_equal(now, old)


# 5: replaced weights


def replacements(nn):
    """Return the weights in every form that users load them in."""
    stacked = np.empty(len(nn.W), dtype=object)
    for i, w in enumerate(nn.W):
        stacked[i] = w.copy()
    wide = [np.repeat(w, 2, axis=1)[:, ::2] for w in nn.W]
    return {
        "float32": [w.astype(np.float32) for w in nn.W],
        "float16": [w.astype(np.float16) for w in nn.W],
        "mixed": [w.astype(t) for w, t in zip(nn.W, (np.float32, np.float64), strict=True)],
        "longdouble": [w.astype(np.longdouble) for w in nn.W],
        "big-endian": [w.astype(">f8") for w in nn.W],
        "fortran": [np.asfortranarray(w) for w in nn.W],
        "strided": wide,
        "object array": stacked,
        "pickled list": pickle.loads(pickle.dumps(nn.W)),
        "tuple": tuple(w.copy() for w in nn.W),
    }


FORMS = list(replacements(NeuralNetwork([2, 3, 1])))


@pytest.mark.parametrize("form", FORMS)
def test_05_replaced_weights_are_the_weights(form, xor_data, capsys):
    nn, reference = twins([2, 3, 1])
    nn.W, reference.W = replacements(nn)[form], replacements(reference)[form]
    arrays, before = list(nn.W), [w.copy() for w in nn.W]
    np.testing.assert_allclose(nn.predict(xor_data[0]), reference.predict(xor_data[0]), rtol=1e-15)

    nn.fit(*xor_data, epochs=200)
    ours = shown(capsys)
    reference.fit(*xor_data, epochs=200)
    assert ours == shown(capsys)
    nn.fit_partial([1, 0, 1], [1])
    reference.fit_partial([1, 0, 1], [1])

    for array, old, expected in zip(arrays, before, reference.W, strict=True):
        assert array.dtype == old.dtype and not np.array_equal(array, old)
        np.testing.assert_allclose(array.astype(float), expected.astype(float), rtol=0, atol=1e-12)
    assert all(a is b for a, b in zip(arrays, nn.W, strict=True))


def test_05_one_matrix_replaced_between_calls(xor_data):
    nn, reference = twins([2, 2, 1])
    for network in (nn, reference):
        network.fit(*xor_data, epochs=10, displayUpdate=100)
        network.W[1] = np.ones((3, 1))
        network.fit(*xor_data, epochs=10, displayUpdate=100)
    assert_same_weights(nn, reference, 1e-13)


def test_05_weights_of_another_architecture(xor_data):
    nn, wider = make(NeuralNetwork, [2, 2, 1]), make(ReferenceNetwork, [2, 7, 1])
    nn.W = weights_copy(wider)
    nn.fit(*xor_data, epochs=10)
    wider.fit(*xor_data, epochs=10)
    assert_same_weights(nn, wider, 1e-13)


def test_05_matrices_that_share_memory_train_as_in_numpy():
    nn, reference = twins([2, 2, 2, 2])
    for network in (nn, reference):
        network.W[1] = network.W[0]
        network.fit(np.eye(2), np.eye(2)[::-1], epochs=10)
    assert_same_weights(nn, reference, 0)


def test_05_views_on_one_vector_of_parameters(xor_data):
    nn, reference = twins([2, 2, 1])
    parameters = np.concatenate([w.ravel() for w in nn.W])
    nn.W = [parameters[:9].reshape(3, 3), parameters[9:].reshape(3, 1)]
    nn.fit(*xor_data, epochs=10)
    reference.fit(*xor_data, epochs=10)
    expected = np.concatenate([w.ravel() for w in reference.W])
    np.testing.assert_allclose(parameters, expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    ("index", "replacement", "error", "message"),
    [
        (1, np.ones((4, 1)), ValueError, r"W\[1\] must have 3 rows.*\(4, 1\)"),
        (0, np.ones((3, 3), dtype=int), TypeError, r"W\[0\] must be a 2-D array of floats.*int64"),
        (0, np.ones((3, 3), dtype=complex), TypeError, r"W\[0\] must be .* complex128"),
        (1, [[1.0], [1.0], [1.0]], TypeError, r"W\[1\] must be a 2-D array of floats, got list"),
        (1, np.ones(3), TypeError, r"W\[1\] must be a 2-D array of floats.*\(3,\)"),
        (1, None, TypeError, r"W\[1\] must be a 2-D array of floats, got NoneType"),
        (1, np.broadcast_to(1.0, (3, 1)), ValueError, r"W\[1\] must be writeable"),
    ],
)
def test_05_unusable_weights(index, replacement, error, message, xor_data):
    nn = make(NeuralNetwork, [2, 2, 1])
    nn.W[index] = replacement
    other, before = nn.W[1 - index], nn.W[1 - index].copy()
    with pytest.raises(error, match=message):
        nn.fit(*xor_data, epochs=1)
    with pytest.raises(error, match=message):
        nn.fit_partial([0, 1, 1], [1])
    np.testing.assert_array_equal(other, before)


def test_05_no_weights(xor_data):
    nn = NeuralNetwork([2, 1])
    nn.W = []
    with pytest.raises(ValueError, match="W must hold at least one weight matrix"):
        nn.fit(*xor_data)
    with pytest.raises(ValueError, match="W must hold at least one weight matrix"):
        nn.fit_partial([0, 1, 1], [1])


# 6: fit


@pytest.mark.parametrize("update", [0, 1, 2, 3, 7, 10, 100, 2.5, 5.0, 0.5, np.inf, np.int64(4)])
def test_06_printed_lines_are_the_references(update, xor_data, capsys):
    nn, reference = twins([2, 2, 1])
    assert nn.fit(*xor_data, epochs=20, displayUpdate=update) is None
    ours = shown(capsys)
    reference.fit(*xor_data, epochs=20, displayUpdate=update)
    assert ours == shown(capsys)
    assert ours.startswith("[INFO] epoch=1, loss=0.5541668\n")


def test_06_data_are_not_changed(xor_data):
    X, y = xor_data
    X_before, y_before = X.copy(), y.copy()
    NeuralNetwork([2, 2, 1]).fit(X, y, epochs=3)
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(y, y_before)


def test_06_second_fit_goes_on_and_counts_from_one(xor_data, capsys):
    nn, reference = twins([2, 2, 1])
    for _ in range(2):
        nn.fit(*xor_data, 30, 10)
    ours = shown(capsys)
    for _ in range(2):
        reference.fit(*xor_data, 30, 10)
    assert ours == shown(capsys)
    assert ours.count("epoch=1,") == 2
    assert_same_weights(nn, reference, 1e-13)


def test_06_no_epochs_do_nothing(xor_data, capsys):
    nn = make(NeuralNetwork, [2, 2, 1])
    before = weights_copy(nn)
    nn.fit(*xor_data, epochs=0)
    assert shown(capsys) == ""
    for w, old in zip(nn.W, before, strict=True):
        np.testing.assert_array_equal(w, old)


def test_06_lines_go_through_print_while_it_trains(xor_data, monkeypatch):
    nn = make(NeuralNetwork, [2, 2, 1])
    seen, weights = [], set()

    def stop_after_some(line):
        seen.append(line)
        weights.add(nn.W[0][0, 0])
        if len(weights) == 3:
            raise BrokenPipeError

    monkeypatch.setattr("builtins.print", stop_after_some)
    with pytest.raises(BrokenPipeError):  # lines come a slice of 0.05 s at a time
        nn.fit(*xor_data, epochs=10**9, displayUpdate=1)
    lines = [f"[INFO] epoch={i + 1}" for i in range(len(seen))]
    assert [line.split(",")[0] for line in seen] == lines


# 7: kinds of X


INPUTS = {
    "int": lambda X, folder: X.astype(int),
    "uint8": lambda X, folder: X.astype(np.uint8),
    "bool": lambda X, folder: X.astype(bool),
    "float32": lambda X, folder: X.astype(np.float32),
    "float16": lambda X, folder: X.astype(np.float16),
    "big-endian": lambda X, folder: X.astype(">f8"),
    "fortran": lambda X, folder: np.asfortranarray(X),
    "strided": lambda X, folder: np.repeat(np.repeat(X, 3, 0), 2, 1)[::3, ::2],
    "reversed": lambda X, folder: X[::-1][::-1],
    "read-only": lambda X, folder: np.broadcast_to(X, X.shape),
    "memory-mapped": lambda X, folder: mapped(X, folder),
    "DataFrame": lambda X, folder: pd.DataFrame(X, columns=["a", "b"]),
    "mixed DataFrame": lambda X, folder: pd.DataFrame({"a": X[:, 0], "b": X[:, 1].astype(bool)}),
    "objects": lambda X, folder: X.astype(object),
    "nested lists": lambda X, folder: X.tolist(),
    "nested tuples": lambda X, folder: tuple(map(tuple, X)),
}


def mapped(X, folder):
    np.save(folder / "X.npy", X)
    return np.load(folder / "X.npy", mmap_mode="r")


@pytest.mark.parametrize("kind", INPUTS)
def test_07_kinds_of_input(kind, xor_data, tmp_path, capsys):
    X, y = xor_data
    expected = make(NeuralNetwork, [2, 2, 1])
    expected.fit(X, y, epochs=20, displayUpdate=10)
    lines = shown(capsys)
    convert = INPUTS[kind]
    nn = make(NeuralNetwork, [2, 2, 1])
    targets = {"nested lists": y.tolist(), "DataFrame": pd.DataFrame(y)}.get(kind, y)
    nn.fit(convert(X, tmp_path), targets, epochs=20, displayUpdate=10)
    assert shown(capsys) == lines
    assert_same_weights(nn, expected, 0)
    np.testing.assert_array_equal(nn.predict(convert(X, tmp_path)), expected.predict(X))


def test_07_one_dimensional_X_is_one_column():
    X, y = np.linspace(0, 1, 5), np.linspace(0, 1, 5)[:, np.newaxis]
    nn, reference = twins([1, 3, 1])
    nn.fit(X, y, epochs=10)
    reference.fit(X, y, epochs=10)
    assert_same_weights(nn, reference, 1e-14)


# 8: shapes of y


@pytest.mark.parametrize("rows", [4, 5])
def test_08_one_dimensional_targets(rows, xor_data, capsys):
    X, y = xor_data
    y = np.append(y[:, 0], [1] * (rows - 4))
    nn, reference = twins([2, 2, 1])
    nn.fit(X, y, epochs=50, displayUpdate=10)
    ours = shown(capsys)
    reference.fit(X, y, epochs=50, displayUpdate=10)
    assert ours == shown(capsys)
    assert_same_weights(nn, reference, 1e-13)
    if rows == 4:
        assert ours.startswith("[INFO] epoch=1, loss=2.2314034\n")


@pytest.mark.parametrize("y", [[1.0, np.inf], [np.nan, 1.0], [np.inf, -np.inf], [1e200, 0.5]])
def test_08_sum_over_pairs_with_special_targets(y):
    nn, reference = twins([2, 2, 1])
    X = [[0, 1, 1], [1, 0, 1], [1, 1, 1]]
    with np.errstate(over="ignore"):
        assert repr(nn.calculate_loss(X, y)) == repr(reference.calculate_loss(np.array(X), y))


def test_08_sum_over_pairs_is_that_of_the_broadcast():
    nn, reference = twins([3, 5, 1])
    rng = np.random.default_rng(0)
    X, y = np.c_[rng.normal(size=(300, 3)), np.ones(300)], rng.normal(size=300) * 1e3
    np.testing.assert_allclose(nn.calculate_loss(X, y), reference.calculate_loss(X, y), rtol=1e-13)


def test_08_sum_over_pairs_of_no_rows():
    assert NeuralNetwork([2, 1]).calculate_loss(np.zeros((0, 3)), [1, 2]) == 0.0


def test_08_one_column_serves_all_outputs(capsys):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(6, 3)), rng.uniform(size=(6, 1))
    nn, reference = twins([3, 4, 5])
    nn.fit(X, y, epochs=20, displayUpdate=5)
    ours = shown(capsys)
    reference.fit(X, y, epochs=20, displayUpdate=5)
    assert ours == shown(capsys)
    assert_same_weights(nn, reference, 1e-14)


# 9: shapes that do not fit


@pytest.mark.parametrize(
    ("X_shape", "y_shape", "message"),
    [
        ((4, 3), (4, 1), r"X must have 2 columns \(layers\[0\] = 2\), got shape \(4, 3\)"),
        ((4,), (4, 1), r"X must have 2 columns .* got shape \(4,\)"),
        ((4, 2, 1), (4, 1), r"X must have 2 columns .* got shape \(4, 2, 1\)"),
        ((), (4, 1), r"X must have 2 columns .* got shape \(\)"),
        ((4, 2), (3, 1), r"got X with shape \(4, 2\) and y with shape \(3, 1\)"),
        ((4, 2), (1, 1), r"got X with shape \(4, 2\) and y with shape \(1, 1\)"),
        ((4, 2), (3,), r"got X with shape \(4, 2\) and y with shape \(3,\)"),
        ((4, 2), (), r"got X with shape \(4, 2\) and y with shape \(\)"),
        ((4, 2), (4, 1, 1), r"got X with shape \(4, 2\) and y with shape \(4, 1, 1\)"),
        ((4, 2), (4, 2), r"y must have 1 columns .* got shape \(4, 2\)"),
        ((4, 2), (5, 1), r"y must match predictions of shape \(4, 1\) .* got shape \(5, 1\)"),
    ],
)
def test_09_shapes_that_do_not_fit(X_shape, y_shape, message, capsys):
    nn = make(NeuralNetwork, [2, 2, 1])
    before = weights_copy(nn)
    with pytest.raises(ValueError, match=message):
        nn.fit(np.ones(X_shape), np.ones(y_shape))
    assert shown(capsys) == ""
    for w, old in zip(nn.W, before, strict=True):
        np.testing.assert_array_equal(w, old)


def test_09_class_labels_for_several_outputs():
    with pytest.raises(ValueError, match=r"y must match predictions of shape \(4, 3\).*\(4,\)"):
        NeuralNetwork([2, 3]).fit(np.ones((4, 2)), [0, 1, 2, 0])


# 10: fit_partial


@pytest.mark.parametrize("layers", [[2, 1], [2, 2, 1], [64, 32, 16, 10]])
def test_10_one_sample(layers):
    nn, reference = twins(layers)
    x = np.append(np.random.default_rng(0).normal(size=layers[0]), 1.0)
    y = np.linspace(0, 1, layers[-1])
    for sample in (x, x.tolist(), [x.tolist()]):
        assert nn.fit_partial(sample, y) is None
        reference.fit_partial(np.array(sample), y)
    assert_same_weights(nn, reference, 1e-14)


def test_10_a_batch_makes_one_update():
    nn, reference = twins([3, 4, 2])
    rng = np.random.default_rng(0)
    x, y = np.c_[rng.normal(size=(5, 3)), np.ones(5)], rng.uniform(size=(5, 2))
    before = weights_copy(nn)
    nn.fit_partial(x, y)
    reference.fit_partial(x, y)
    assert_same_weights(nn, reference, 0)

    summed = [np.zeros_like(w) for w in before]
    for sample, target in zip(x, y, strict=True):
        single = make(NeuralNetwork, [3, 4, 2])
        single.fit_partial(sample, target)
        for total, w, old in zip(summed, single.W, before, strict=True):
            total += w - old
    for w, old, total in zip(nn.W, before, summed, strict=True):
        np.testing.assert_allclose(w, old + total, rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([0, 1], [1], r"x must have 3 columns .*column of ones\), got shape \(1, 2\)"),
        (np.ones((2, 2, 3)), [1], r"x must have 3 columns"),
        (np.ones((2, 3)), np.ones((3, 1)), r"y must match predictions of shape \(2, 1\)"),
        (np.ones((2, 3)), np.ones((2, 2)), r"y must match predictions of shape \(2, 1\)"),
    ],
)
def test_10_shapes_that_do_not_fit(x, y, message):
    nn = make(NeuralNetwork, [2, 2, 1])
    with pytest.raises(ValueError, match=message):
        nn.fit_partial(x, y)


# 11: alpha


def test_11_alpha_is_read_at_every_call(xor_data):
    nn, reference = twins([2, 2, 1])
    for network in (nn, reference):
        for network.alpha in (0.5, np.float32(0.25), 2, np.array(0.1), -0.1):
            network.fit(*xor_data, epochs=3)
            network.fit_partial([0, 1, 1], [1])
    assert_same_weights(nn, reference, 1e-14)


@pytest.mark.parametrize("overridden", ["calculate_loss", "predict", "fit_partial"])
def test_11_alpha_changed_by_an_overridden_method(overridden, xor_data):
    def decaying(base):
        def method(self, *arguments, **options):
            self.alpha *= 0.99
            return getattr(base, overridden)(self, *arguments, **options)

        return type("Decaying", (base,), {overridden: method})

    nn, reference = (make(decaying(kind), [2, 2, 1]) for kind in CLASSES)
    for network in (nn, reference):
        network.fit(*xor_data, epochs=10, displayUpdate=2)
    assert nn.alpha == reference.alpha < 0.5
    assert_same_weights(nn, reference, 1e-14)


class AsProperty:
    reads = 0

    @property
    def alpha(self):
        type(self).reads += 1
        return 0.5 / type(self).reads

    @alpha.setter
    def alpha(self, value):
        pass


class AsFallback:
    reads = 0

    def __setattr__(self, name, value):
        if name != "alpha":
            super().__setattr__(name, value)

    def __getattr__(self, name):
        if name != "alpha":
            raise AttributeError(name)
        type(self).reads += 1
        return 0.5 / type(self).reads


class AsAnyAttribute:
    reads = 0

    def __getattribute__(self, name):
        if name != "alpha":
            return super().__getattribute__(name)
        type(self).reads += 1
        return 0.5 / type(self).reads


@pytest.mark.parametrize("how", [AsProperty, AsFallback, AsAnyAttribute])
def test_11_alpha_may_be_computed(how, xor_data):
    """It is read at every epoch at least."""
    kind = type("Scheduled", (how, NeuralNetwork), {})
    nn = make(kind, [2, 2, 1])
    kind.reads = 0
    nn.fit(*xor_data, epochs=10, displayUpdate=100)
    assert kind.reads >= 10


# 12: predict and calculate_loss


@pytest.mark.parametrize(
    ("X", "addBias", "shape"),
    [
        ([0, 1], True, (1, 1)),
        ([[0, 1]], True, (1, 1)),
        ([0, 1, 1], False, (1, 1)),
        (np.zeros((5, 2), dtype=np.float32), True, (5, 1)),
        (np.asfortranarray(np.zeros((5, 3), dtype=np.float32)), False, (5, 1)),
        (np.zeros((0, 2)), True, (0, 1)),
        (np.zeros((5000, 2)), True, (5000, 1)),
    ],
)
def test_12_predict(X, addBias, shape):
    nn, reference = twins([2, 2, 1])
    result = nn.predict(X, addBias)
    assert type(result) is np.ndarray and result.dtype == np.float64 and result.shape == shape
    assert result.flags.c_contiguous and result.base is None
    np.testing.assert_allclose(result, reference.predict(X, addBias), rtol=1e-6)
    np.testing.assert_array_equal(result, nn.predict(X, addBias=addBias))


def test_12_predictions_are_the_references_for_float32_weights():
    nn = NeuralNetwork([2, 1])
    nn.W = [w.astype(np.float32) for w in nn.W]
    assert nn.predict(np.ones((2, 3), dtype=np.float32), addBias=False).dtype == np.float64


@pytest.mark.parametrize("rows", [1, 4, 3000])
def test_12_calculate_loss(rows):
    nn, reference = twins([2, 2, 3])
    rng = np.random.default_rng(0)
    X, y = np.c_[rng.normal(size=(rows, 2)), np.ones(rows)], rng.uniform(size=(rows, 3))
    loss = nn.calculate_loss(X, y)
    assert type(loss) is np.float64
    np.testing.assert_allclose(loss, reference.calculate_loss(X, y), rtol=1e-13)
    np.testing.assert_allclose(loss, 0.5 * ((nn.predict(X, False) - y) ** 2).sum(), rtol=1e-13)


@pytest.mark.parametrize("addBias", [True, False])
def test_12_wrong_number_of_columns(addBias):
    nn = NeuralNetwork([2, 2, 1])
    with pytest.raises(ValueError, match=rf"X must have {3 - addBias} columns .* \(1, 4\)"):
        nn.predict([0, 1, 2, 3], addBias)
    with pytest.raises(ValueError, match=r"X must have 3 columns .* \(2, 2\)"):
        nn.calculate_loss(np.ones((2, 2)), np.ones((2, 1)))
    with pytest.raises(ValueError, match=r"targets must match predictions of shape \(2, 1\)"):
        nn.calculate_loss(np.ones((2, 3)), np.ones((3, 1)))


# 13: overridden methods


def tanh_network(base):
    class Tanh(base):
        def sigmoid(self, x):
            return np.tanh(x)

        def sigmoid_deriv(self, x):
            return 1 - x**2

    return Tanh


def counting_network(base):
    class Counting(base):
        calls = 0

        def fit_partial(self, x, y):
            self.calls += 1
            super().fit_partial(x, y)

    return Counting


def clipping_network(base):
    class Clipping(base):
        def predict(self, X, addBias=True):
            return super().predict(X, addBias).clip(0.4, 0.6)

    return Clipping


def mean_loss_network(base):
    class MeanLoss(base):
        def calculate_loss(self, X, targets):
            return super().calculate_loss(X, targets) / len(X)

    return MeanLoss


@pytest.mark.parametrize(
    "change", [tanh_network, counting_network, clipping_network, mean_loss_network]
)
def test_13_subclasses(change, xor_data, capsys):
    nn, reference = (make(change(kind), [2, 2, 1], alpha=0.1) for kind in CLASSES)
    nn.fit(*xor_data, epochs=30, displayUpdate=10)
    ours = shown(capsys)
    reference.fit(*xor_data, epochs=30, displayUpdate=10)
    assert ours == shown(capsys)
    assert_same_weights(nn, reference, 1e-13)
    np.testing.assert_allclose(nn.predict([0, 1]), reference.predict([0, 1]), rtol=1e-12)
    if change is counting_network:
        assert nn.calls == reference.calls == 120


@pytest.mark.parametrize(
    ("name", "replacement"),
    [
        ("sigmoid", lambda x: 1 / (1 + np.exp(-2 * x))),
        ("sigmoid_deriv", lambda x: 2 * x * (1 - x)),
        ("calculate_loss", lambda X, targets: len(X) / 7),
        ("predict", lambda X, addBias=True: np.full((len(X), 1), 0.25)),
        ("fit_partial", lambda x, y: None),
    ],
)
def test_13_instance_attributes_and_patched_classes(
    name, replacement, xor_data, capsys, monkeypatch
):
    nn, reference = twins([2, 2, 1])
    setattr(nn, name, replacement)
    setattr(reference, name, replacement)
    nn.fit(*xor_data, epochs=10)
    ours = shown(capsys)
    reference.fit(*xor_data, epochs=10)
    assert ours == shown(capsys)
    assert_same_weights(nn, reference, 1e-13)

    patched = make(NeuralNetwork, [2, 2, 1])
    monkeypatch.setattr(NeuralNetwork, name, lambda self, *a, **k: replacement(*a, **k))
    patched.fit(*xor_data, epochs=10)
    assert ours == shown(capsys)
    assert_same_weights(patched, reference, 1e-13)


def test_13_an_overridden_fit_partial_may_see_other_columns(capsys):
    class Squares(NeuralNetwork):
        def fit_partial(self, x, y):
            super().fit_partial(np.concatenate([x, x[:-1] ** 2]), y)

        def predict(self, X, addBias=True):
            X = np.asarray(X)
            return super().predict(np.c_[X, X[:, :-1] ** 2], addBias)

    nn = make(Squares, [4, 1])
    nn.fit([[1, 2], [3, 4]], [[0], [1]], epochs=2)
    assert shown(capsys).startswith("[INFO] epoch=1, loss=")


def test_13_an_overridden_fit_partial_may_keep_its_weights_elsewhere(xor_data):
    class Counter(NeuralNetwork):
        def fit_partial(self, x, y):
            self.W += 1

        def calculate_loss(self, X, targets):
            return float(self.W)

    nn = Counter([2, 1])
    nn.W = 0
    nn.fit(*xor_data, epochs=2)
    assert nn.W == 8


# 14: copies


def through_npy(nn, folder):
    np.save(folder / "nn.npy", nn)
    return np.load(folder / "nn.npy", allow_pickle=True).item()


def through_joblib(nn, folder):
    joblib.dump(nn, folder / "nn.joblib")
    return joblib.load(folder / "nn.joblib")


COPIES = {
    "pickle": lambda nn, folder: pickle.loads(pickle.dumps(nn)),
    "copy": lambda nn, folder: copy.copy(nn),
    "deepcopy": lambda nn, folder: copy.deepcopy(nn),
    "joblib": through_joblib,
    "npy": through_npy,
}


@pytest.mark.parametrize("trained", [False, True])
@pytest.mark.parametrize("way", COPIES)
def test_14_copies_are_networks_of_their_own(way, trained, xor_data, tmp_path):
    nn = make(NeuralNetwork, [2, 2, 1])
    nn.note = "mine"
    if trained:
        nn.fit(*xor_data, epochs=10)
    twin = COPIES[way](nn, tmp_path)
    assert type(twin) is NeuralNetwork and repr(twin) == repr(nn)
    assert twin.alpha == nn.alpha and twin.note == "mine"
    assert_same_weights(twin, nn, 0)

    before = weights_copy(nn)
    twin.fit(*xor_data, epochs=10)
    for w, old in zip(nn.W, before, strict=True):
        np.testing.assert_array_equal(w, old)
    nn.fit(*xor_data, epochs=10)
    assert_same_weights(twin, nn, 0)
    np.testing.assert_array_equal(twin.predict(xor_data[0]), nn.predict(xor_data[0]))


def test_14_nothing_compiled_and_nothing_array_like_on_the_instance(xor_data):
    nn = NeuralNetwork([2, 2, 1])
    nn.fit(*xor_data, epochs=1)
    assert set(vars(nn)) == {"W", "layers", "alpha", "_bp_numba_record"}
    for name in ("__array__", "__len__", "__getitem__"):
        assert not hasattr(nn, name)


# 15: interrupts and exceptions


class Stop(Exception):
    pass


@pytest.mark.parametrize("name", ["calculate_loss", "predict", "fit_partial"])
def test_15_an_exception_leaves_the_weights_of_that_moment(name, xor_data):
    nn, reference = twins([2, 2, 1])
    for network in (nn, reference):
        original, calls = getattr(network, name), []

        def raising(*arguments, original=original, calls=calls, **options):
            calls.append(1)
            if len(calls) == 3:
                raise Stop
            return original(*arguments, **options)

        setattr(network, name, raising)
        with pytest.raises(Stop):
            network.fit(*xor_data, epochs=10, displayUpdate=2)
        delattr(network, name)
    assert_same_weights(nn, reference, 1e-14)
    nn.fit(*xor_data, epochs=1)


def test_15_an_exception_in_the_display_step(xor_data, monkeypatch):
    nn, reference = twins([2, 2, 1])

    def broken_pipe(line):
        raise BrokenPipeError

    with monkeypatch.context() as patched:
        patched.setattr("builtins.print", broken_pipe)
        with pytest.raises(BrokenPipeError):
            nn.fit(*xor_data, epochs=10)
    assert nn.epochs_trained > 0
    reference.fit(*xor_data, epochs=nn.epochs_trained)
    assert_same_weights(nn, reference, 1e-14)


INTERRUPTED = """
import numpy as np
from bp_numba import NeuralNetwork
X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0], [1], [1], [0]])
np.random.seed(0)
nn = NeuralNetwork([2, 2, 1], alpha=0.5)
before = [w.copy() for w in nn.W]
try:
    print("ready", flush=True)
    nn.fit(X, y, epochs=10**9, displayUpdate=10**5)
except KeyboardInterrupt:
    changed = any((w != old).any() for w, old in zip(nn.W, before))
    finite = all(np.isfinite(w).all() for w in nn.W)
    nn.fit(X, y, epochs=5, displayUpdate=10)
    moved = any((w != old).any() for w, old in zip(nn.W, before))
    print("interrupted", changed, finite, moved)
"""

TELLING = """
import sys

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "numba":
            open({path!r}, "w").close()

sys.meta_path.insert(0, Finder)
"""
"""A `sitecustomize` that writes a file when Numba is imported, as only the compiler does."""


def compiler_imports_numba(process, folder):
    wait_until((folder / "numba").exists, process)


def machine_code_is_kept(process, folder):
    wait_until(lambda: any((folder / "bp_numba").glob("train_*")), process)


MOMENTS = {
    "before it compiles": lambda process, _: read_until(process, "ready"),
    "while it compiles": compiler_imports_numba,
    "after it has compiled": machine_code_is_kept,
    "when the first loss is shown": lambda process, _: read_until(process, "epoch=1,"),
    "while it trains": lambda process, _: read_until(process, "epoch=500000,"),
}


@needs_jit
@ONCE
@pytest.mark.parametrize("moment", MOMENTS)
def test_15_ctrl_c_while_it_compiles_and_while_it_trains(moment, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(TELLING.format(path=str(tmp_path / "numba")))
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    environment = {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": path}
    with running([*PYTHON, "-u", "-c", INTERRUPTED], **environment) as process:
        MOMENTS[moment](process, tmp_path)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=HANG)
    assert process.returncode == 0, errors
    _, changed, finite, moved = output.splitlines()[-1].split()
    assert finite == moved == "True"
    if moment in ("when the first loss is shown", "while it trains"):
        assert changed == "True"


@ONCE
def test_15_ctrl_c_inside_a_test_process(xor_data):
    nn = make(NeuralNetwork, [2, 2, 1])
    nn.fit(*xor_data, epochs=1)
    before = weights_copy(nn)
    trains = threading.Event()

    def interrupt():
        if trains.wait(HANG):
            os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        nn.fit(*xor_data, epochs=10**9, displayUpdate=10**9, callback=lambda *_: trains.set())
    thread.join()
    assert all(
        (w != old).any() and np.isfinite(w).all() for w, old in zip(nn.W, before, strict=True)
    )


# 16: extreme inputs


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300, -1e300, 1e5, -1e5])
@pytest.mark.parametrize("layers", [[2, 1], [2, 2, 1], [5, 3], [5, 9, 6, 3]])
def test_16_extreme_values_go_through_as_in_the_reference(value, layers, capsys):
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(6, layers[0])), rng.uniform(size=(6, layers[-1]))
    X[3, 1] = value
    nn, reference = twins(layers)
    with np.errstate(all="ignore"):
        nn.fit(X, y, epochs=3, displayUpdate=1)
        ours = shown(capsys)
        reference.fit(X, y, epochs=3, displayUpdate=1)
    assert ours == shown(capsys)
    if np.isnan(value):
        assert ours.endswith("loss=nan\n")
    for a, b in zip(nn.W, reference.W, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_16_extreme_targets(value, capsys):
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(6, 5)), rng.uniform(size=(6, 3))
    y[3, 1] = value
    nn, reference = twins([5, 9, 6, 3])
    with np.errstate(all="ignore"):
        nn.fit(X, y, epochs=3, displayUpdate=1)
        ours = shown(capsys)
        reference.fit(X, y, epochs=3, displayUpdate=1)
    assert ours == shown(capsys)
    for a, b in zip(nn.W, reference.W, strict=True):
        np.testing.assert_array_equal(np.isnan(a), np.isnan(b))


def test_16_no_rows(capsys):
    nn = make(NeuralNetwork, [2, 2, 1])
    before = weights_copy(nn)
    for y in (np.zeros((0, 1)), np.zeros(0)):
        nn.fit(np.zeros((0, 2)), y, epochs=3, displayUpdate=2)
        assert shown(capsys) == "[INFO] epoch=1, loss=0.0000000\n[INFO] epoch=2, loss=0.0000000\n"
    for w, old in zip(nn.W, before, strict=True):
        np.testing.assert_array_equal(w, old)


# 17: threads


def test_17_two_networks_in_two_threads(digits_split):
    X, y = digits_split.X[:200], digits_split.y[:200]
    together = [make(NeuralNetwork, [64, 32, 10], seed=seed) for seed in (0, 1)]
    alone = copy.deepcopy(together)
    threads = [
        threading.Thread(target=nn.fit, args=(X, y), kwargs={"epochs": 200, "displayUpdate": 50})
        for nn in together
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for nn, expected in zip(together, alone, strict=True):
        expected.fit(X, y, epochs=200, displayUpdate=50)
        assert_same_weights(nn, expected, 0)


@needs_jit
@ONCE
def test_17_python_runs_while_a_kernel_does():
    """No thread can take the interpreter from another here: a kernel has to let it go."""
    # One matrix: whether two of them share memory is a question that lets it go, too.
    nn, epochs, trains = make(NeuralNetwork, [2, 1]), 10**8, threading.Event()
    nn.fit([[0, 1]], [[1]], epochs=1)

    def interrupt():
        if trains.wait(HANG):
            _thread.interrupt_main()

    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(3600)
    try:
        with pytest.raises(KeyboardInterrupt):
            nn.fit([[0, 1]] * 4, [[1]] * 4, epochs, epochs, callback=lambda *_: trains.set())
            thread.join()  # which lets it go, if no kernel has
    finally:
        sys.setswitchinterval(interval)
    assert nn.epochs_trained < epochs
