"""One update, from one sample or a batch, by the kernel and in NumPy."""

import numpy as np
import pytest

from bp_numba import NeuralNetwork
from bp_numba.training import single_step
from bp_numba.training.in_numpy import train_batch
from tests.conftest import assert_same_weights, make, needs_jit, twins, weights_copy


def assert_step(nn, reference, x, y, rtol=1e-14):
    """Assert that a step takes both networks to the same weights, and whatever is not finite."""
    with np.errstate(all="ignore"):
        nn.fit_partial(x, y)
        reference.fit_partial(x, y)
    for ours, expected in zip(nn.W, reference.W, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=rtol, atol=1e-14)


@pytest.mark.parametrize("layers", [[1, 1], [5, 3], [5, 4, 3], [5, 9, 2, 3], [40, 33, 17, 10]])
def test_one_sample(layers, either_way):
    rng = np.random.default_rng(0)
    nn, reference = twins(layers)
    for _ in range(5):
        x, y = np.append(rng.normal(size=layers[0]), 1.0), rng.uniform(size=layers[-1])
        kept = x.copy(), y.copy()
        for network in (nn, reference):
            network.W = weights_copy(reference)
        assert nn.fit_partial(x, y) is None
        reference.fit_partial(x, y)
        assert_same_weights(nn, reference, 1e-14)
        np.testing.assert_array_equal(x, kept[0])
        np.testing.assert_array_equal(y, kept[1])


@needs_jit
def test_one_sample_is_trained_by_the_kernel(compiled, monkeypatch):
    def never(*arguments):
        raise AssertionError("trained in NumPy")

    monkeypatch.setattr(single_step, "train_batch", never)
    nn, reference = twins([5, 4, 3])
    for x in (np.ones(6), np.ones((1, 6)), [1] * 6):
        for y in (np.ones(3), np.ones((1, 3)), np.ones(1), np.ones((1, 1)), 1.0, [0, 1, 0]):
            assert_step(nn, reference, x, y)
    with pytest.raises(AssertionError, match="trained in NumPy"):
        nn.fit_partial(np.ones((2, 6)), 1.0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -0.0, 1e308, -1e308, 5e-324])
@pytest.mark.parametrize("layers", [[5, 3], [5, 4, 3], [5, 9, 6, 3]])
@pytest.mark.parametrize("rows", [1, 3])
def test_special_values_of_single_steps(layers, value, rows, either_way):
    rng = np.random.default_rng(1)
    x = np.c_[rng.normal(size=(rows, layers[0])), np.ones(rows)]
    x[:, 3] = 0.0
    y = rng.uniform(size=(rows, layers[-1]))
    for place in ("x", "y", "first weight", "row of a zero", "last weights", "bias"):
        nn, reference = twins(layers)
        changed_x, changed_y = x.copy(), y.copy()
        if place == "x":
            changed_x[rows // 2, 1] = value
        elif place == "y":
            changed_y[rows // 2, 1] = value
        elif place == "bias":
            changed_x[:, -1] = value
        else:
            for network in (nn, reference):
                l = -1 if place == "last weights" else 0
                network.W[l][3 if place == "row of a zero" else 0, 1] = value
        for _ in range(2):
            assert_step(nn, reference, changed_x, changed_y)


@pytest.mark.parametrize("sign", [1, -1])
def test_zeros_keep_their_sign(sign, either_way):
    nn, reference = twins([2, 2, 1])
    for network in (nn, reference):
        network.W[0][...] = -0.0
        network.W[1][...] = 0.0
    assert_step(nn, reference, np.array([0.0, -0.0, 1.0]) * sign, 0.5)
    for ours, expected in zip(nn.W, reference.W, strict=True):
        np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize(
    "dtype", [np.float64, np.float32, np.float16, np.longdouble, ">f8", np.int64, np.uint8, bool]
)
@pytest.mark.parametrize("rows", [1, 3])
def test_samples_of_every_dtype_and_memory_order(dtype, rows, either_way):
    x = (np.arange(6 * rows).reshape(rows, 6) % 4 % 3).astype(dtype)
    y = (np.arange(3 * rows).reshape(rows, 3) % 2).astype(dtype)
    nn, reference = twins([5, 4, 3])
    for order in (np.ascontiguousarray, np.asfortranarray, lambda a: np.repeat(a, 2, 1)[:, ::2]):
        nn.fit_partial(order(x), order(y))
        reference.fit_partial(x.astype(np.float64), y.astype(np.float64))
    if rows == 1:
        nn.fit_partial(np.repeat(x[0], 3)[::3], y[0])
        reference.fit_partial(x[0].astype(np.float64), y[0].astype(np.float64))
    assert_same_weights(nn, reference, 1e-14)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("rows", [1, 2, 5])
def test_targets_of_single_steps(rows, outputs, either_way):
    rng = np.random.default_rng(0)
    x = np.c_[rng.normal(size=(rows, 5)), np.ones(rows)]
    shapes = {(rows, outputs), (1, outputs), (outputs,), (rows, 1), (1, 1), (1,), ()}
    for shape in shapes:
        nn, reference = twins([5, 4, outputs])
        y = rng.uniform(size=shape)
        for sample in [x, x[0]] if rows == 1 else [x]:
            for network in (nn, reference):
                network.W = weights_copy(reference)
            assert_step(nn, reference, sample, y)


BAD_STEPS = [
    (np.ones(5), np.ones(3), ValueError, r"x must have 6 columns .* got shape \(1, 5\)"),
    (np.ones(7), np.ones(3), ValueError, r"x must have 6 columns .* got shape \(1, 7\)"),
    (np.ones((2, 5)), np.ones(3), ValueError, r"x must have 6 columns .* got shape \(2, 5\)"),
    (np.ones((1, 2, 6)), 1.0, ValueError, r"x must have 6 columns .* got shape \(1, 2, 6\)"),
    (1.0, 1.0, ValueError, r"x must have 6 columns .* got shape \(1, 1\)"),
    (np.ones(6), np.ones(2), ValueError, r"y must match .* \(1, 3\) .* got shape \(2,\)"),
    (np.ones(6), np.ones(4), ValueError, r"y must match .* \(1, 3\) .* got shape \(4,\)"),
    (np.ones(6), np.ones((3, 1)), ValueError, r"y must match .* got shape \(3, 1\)"),
    (np.ones(6), np.ones((2, 3)), ValueError, r"y must match .* got shape \(2, 3\)"),
    (np.ones(6), np.ones((1, 1, 3)), ValueError, r"y must match .* got shape \(1, 1, 3\)"),
    (np.ones(6), np.ones(0), ValueError, r"y must match .* got shape \(0,\)"),
    (np.ones((2, 6)), np.ones((3, 3)), ValueError, r"y must match .* got shape \(3, 3\)"),
    (np.ones(6), np.ones(3) * 1j, TypeError, "y must hold real numbers"),
    (np.ones(6), None, TypeError, "y must hold real numbers"),
    (["a"] * 6, np.ones(3), TypeError, "x must hold real numbers"),
    ([[1, 2], [1]], np.ones(3), ValueError, "x must be a rectangular array of numbers"),
]


@pytest.mark.parametrize(("x", "y", "error", "message"), BAD_STEPS)
def test_errors_of_single_steps(x, y, error, message, either_way):
    nn = make(NeuralNetwork, [5, 4, 3])
    nn.fit_partial(np.ones(6), 1.0)  # the matrices are remembered
    before = weights_copy(nn)
    with pytest.raises(error, match=message):
        nn.fit_partial(x, y)
    for w, old in zip(nn.W, before, strict=True):
        np.testing.assert_array_equal(w, old)


@pytest.mark.parametrize(
    ("alpha", "error"), [(np.nan, ValueError), (np.inf, ValueError), ("1", TypeError)]
)
def test_bad_learning_rates_of_single_steps(alpha, error, either_way):
    nn = make(NeuralNetwork, [5, 4, 3])
    nn.fit_partial(np.ones(6), 1.0)
    before = weights_copy(nn)
    nn.alpha = alpha
    with pytest.raises(error, match="alpha must be a finite number"):
        nn.fit_partial(np.ones(6), 1.0)
    for w, old in zip(nn.W, before, strict=True):
        np.testing.assert_array_equal(w, old)


@pytest.mark.parametrize("alpha", [-0.5, 0, 1e-300, 1e300, np.float32(0.1), np.array(0.25)])
def test_learning_rates_of_single_steps(alpha, either_way):
    nn, reference = twins([5, 4, 3], alpha)
    # A rate of 1e300 shows the rounding of sums of deltas that nearly cancel each other.
    assert_step(nn, reference, np.linspace(-1, 1, 6), [0.0, 0.5, 1.0], rtol=1e-13)


@pytest.mark.parametrize("layers", [[5, 3], [5, 4, 3], [5, 9, 6, 3]])
@pytest.mark.parametrize("rows", [2, 5, 3000])
def test_batches(layers, rows, either_way):
    rng = np.random.default_rng(0)
    x = np.c_[rng.normal(size=(rows, 5)), np.ones(rows)]
    y = rng.uniform(size=(rows, 3))
    nn, reference = twins(layers, 0.5 / rows)
    for _ in range(3):
        nn.fit_partial(x, y)
        reference.fit_partial(x, y)
    assert_same_weights(nn, reference, 1e-14)


def test_a_batch_of_no_rows_changes_nothing(either_way):
    nn = make(NeuralNetwork, [5, 4, 3])
    before = weights_copy(nn)
    nn.fit_partial(np.ones((0, 6)), np.ones((0, 3)))
    for w, old in zip(nn.W, before, strict=True):
        np.testing.assert_array_equal(w, old)


def test_train_batch_is_the_references_step():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(4, 6)), rng.uniform(size=(4, 3))
    nn, reference = twins([5, 9, 6, 3], 0.3)
    train_batch(nn.W, x, y, 0.3)
    reference.fit_partial(x, y)
    assert_same_weights(nn, reference, 1e-15)


CHANGES = {
    "nothing": lambda W: W,
    "read-only": lambda W: [W[0], np.broadcast_to(W[1], W[1].shape)],
    "float32": lambda W: [w.astype(np.float32) for w in W],
    "longdouble": lambda W: [W[0].astype(np.longdouble), W[1]],
    "other byte order": lambda W: [W[0], W[1].astype(W[1].dtype.newbyteorder())],
    "integers": lambda W: [W[0], W[1].astype(np.int64)],
    "objects": lambda W: [W[0].astype(object), W[1]],
    "lists": lambda W: [w.tolist() for w in W],
    "flat": lambda W: [W[0], W[1].ravel()],
    "three dimensions": lambda W: [W[0][None], W[1]],
    "strided": lambda W: [W[0][:, ::-1], W[1]],
    "not chained": lambda W: [W[0][:, :-1], W[1]],
    "fewer inputs": lambda W: [W[0][1:], W[1]],
    "more outputs": lambda W: [W[0], np.tile(W[1], 2)],
    "a subclass": lambda W: [W[0], W[1].view(np.matrix)],
    "a tuple": tuple,
    "an iterator": iter,
    "a dict": lambda W: dict(enumerate(W)),
    "no matrix": lambda W: [],
    "numbers": lambda W: [1.0, 2.0],
    "None": lambda W: None,
}


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("y", [np.array([0.2, 0.7, 0.4]), np.array([[0.3]]), np.array(1)], ids=str)
@pytest.mark.parametrize("change", CHANGES)
def test_matrices_are_looked_at_in_each_step(change, y, monkeypatch):
    x, outcomes = np.array([0.5, -1.0, 1.0]), []
    for closely in (False, True):
        nn = make(NeuralNetwork, [2, 4, 3])
        nn.fit_partial(x, y)  # whose matrices are remembered
        if closely:
            monkeypatch.setattr(single_step, "_train_in_numpy", lambda *call: False)
        matrices = CHANGES[change](nn.W)
        nn.W = matrices if change != "an iterator" else iter(kept := list(matrices))
        try:
            nn.fit_partial(x, y)
        except (ValueError, TypeError) as error:
            outcomes.append(f"{type(error).__name__}: {error}")
        else:
            kept = kept if change == "an iterator" else nn.W
            # As numbers: a long double has bytes that mean nothing.
            outcomes.append([np.asarray(w).tolist() for w in kept])
    assert outcomes[0] == outcomes[1]
    assert (change == "nothing") <= isinstance(outcomes[0], list)
