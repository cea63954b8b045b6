"""The driver: slices, the compiled kernels, and what happens between slices."""

import threading
import tracemalloc

import numpy as np
import pytest

from bp_numba import NeuralNetwork, ReferenceNetwork
from bp_numba.kernels import inputs
from bp_numba.kernels.layout import BLOCK
from bp_numba.native import loading as native
from bp_numba.training import trainer as training
from bp_numba.training.prediction import CHUNK
from bp_numba.training.trainer import SLICE_SECONDS, Trainer
from tests.conftest import assert_same_weights, make, needs_jit, twins, weights_copy

KINDS = ["samples", "blocks"]
"""What the lists of inputs are for; up to the density of X, unless a test forces it."""


def data(rows, columns, outputs, density=1.0, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, columns)) * (rng.random((rows, columns)) < density)
    return X, rng.uniform(size=(rows, outputs))


@pytest.fixture
def force(monkeypatch):
    """Return a function that has lists made for blocks or for single samples only."""
    listed = inputs.list_inputs

    def forced(kind):
        def list_inputs(X, lanes, blocks=True):
            return listed(X, lanes, blocks and kind == "blocks")

        monkeypatch.setattr(inputs, "SINGLE_COST", 1e9 if kind == "blocks" else 0.0)
        monkeypatch.setattr(training, "list_inputs", list_inputs)

    return forced


def count_slices(trainer, slices):
    """Let a trainer note the number of blocks in each of its slices."""
    function = trainer._function

    def counted(*arguments):
        slices.append(arguments[-2])
        return function(*arguments)

    trainer._function = counted


# Slices


@needs_jit
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layers", [[5, 3], [5, 4, 3], [5, 9, 2, 3]])
@pytest.mark.parametrize("rows", [1, 8, 35])
def test_any_slicing_gives_the_same_bits(kind, layers, rows, force, monkeypatch):
    force(kind)
    monkeypatch.setattr(training, "SLICE_SECONDS", 0.0)  # slices never grow
    X, y = data(rows, 5, 3)
    blocks = -(-rows // BLOCK)
    whole = make(NeuralNetwork, layers)
    trainer, slices = Trainer(whole, X, y), []
    count_slices(trainer, slices)
    trainer.run(20)
    assert slices == [20 * blocks]

    for length in (1, 2, 3, 7, 1000):
        sliced, slices = make(NeuralNetwork, layers), []
        trainer = Trainer(sliced, X, y)
        count_slices(trainer, slices)
        for epochs in (1, 4, 0, 15):
            trainer._slice = length
            trainer.run(epochs)
        assert sum(slices) == 20 * blocks and max(slices) <= length
        assert_same_weights(whole, sliced, 0)


@needs_jit
@pytest.mark.parametrize("kind", KINDS)
def test_float32_weights_however_sliced(kind, force, monkeypatch):
    force(kind)
    monkeypatch.setattr(training, "SLICE_SECONDS", 0.0)
    X, y = data(19, 5, 3)
    *networks, reference = (make(NeuralNetwork, [5, 4, 3]) for _ in range(3))
    for nn in (*networks, reference):
        nn.W = [w.astype(np.float32) for w in nn.W]
    for nn, length in zip(networks, (1, 1000), strict=True):
        trainer = Trainer(nn, X, y)
        assert not trainer._in_blocks  # rounded after each sample
        trainer._slice = length
        trainer.run(10)
    ReferenceNetwork.fit(reference, X, y, epochs=10, displayUpdate=100)
    assert_same_weights(*networks, 0)
    for ours, expected in zip(networks[0].W, reference.W, strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-7)
        assert (ours == expected).mean() > 0.8  # 0.1 if they are rounded after each block


@needs_jit
def test_slices_grow_to_the_target_and_not_beyond():
    nn = make(NeuralNetwork, [2, 2, 1])
    trainer = Trainer(nn, np.eye(2), np.eye(2)[:, :1])
    first = trainer._slice
    trainer.run(2_000_000)
    assert trainer._slice > first
    seconds_per_block = 1e-8  # faster than any CPU: an upper bound on the blocks of a slice
    assert trainer._slice < 2 * SLICE_SECONDS / seconds_per_block


@pytest.mark.parametrize("density", [0.1, 1.0])
@pytest.mark.parametrize("rows", [1, 9, 24])
def test_displays_do_not_change_a_bit(rows, density, monkeypatch):
    monkeypatch.setattr("builtins.print", lambda line: None)
    X, y = data(rows, 30, 3, density)
    networks = [make(NeuralNetwork, [30, 7, 3]) for _ in range(4)]
    for nn, update in zip(networks, (1, 3, 0, 1000), strict=True):
        nn.fit(X, y, epochs=12, displayUpdate=update)
        assert_same_weights(nn, networks[0], 0)


# The reference


@pytest.mark.parametrize("layers", [[30, 3], [30, 7, 3], [30, 16, 9, 3]])
@pytest.mark.parametrize("density", [0.0, 0.05, 0.3, 1.0])
@pytest.mark.parametrize("rows", [8, 50])
def test_twenty_epochs_are_the_references(layers, density, rows):
    X, y = data(rows, 30, 3, density)
    nn, reference = twins(layers)
    nn.fit(X, y, epochs=20, displayUpdate=100)
    reference.fit(X, y, epochs=20, displayUpdate=100)
    assert_same_weights(nn, reference, 1e-12)


@needs_jit
@pytest.mark.parametrize("density", [0.05, 0.3, 1.0])
def test_blocks_and_single_samples_agree(density, force):
    X, y = data(50, 30, 3, density)
    networks = [make(NeuralNetwork, [30, 7, 3]) for _ in KINDS]
    reference = make(ReferenceNetwork, [30, 7, 3])
    for nn, kind in zip(networks, KINDS, strict=True):
        force(kind)
        trainer = Trainer(nn, X, y)
        assert trainer._in_blocks == (kind == "blocks")
        trainer.run(20)
    reference.fit(X, y, epochs=20, displayUpdate=100)
    assert_same_weights(*networks, 1e-12)
    for nn in networks:
        assert_same_weights(nn, reference, 1e-12)


@needs_jit
def test_density_decides_between_blocks_and_single_samples():
    nn = make(NeuralNetwork, [100, 4, 1])
    for density, in_blocks in ((0.02, False), (1.0, True)):
        X, y = data(80, 100, 1, density)
        assert Trainer(nn, X, y)._in_blocks == in_blocks


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [0, 1, 2, 7, 9])
def test_few_rows(rows, kind, force):
    force(kind)
    X, y = data(rows, 5, 3)
    nn, reference = twins([5, 4, 3])
    nn.fit(X, y, epochs=5, displayUpdate=2)
    reference.fit(X, y, epochs=5, displayUpdate=2)
    assert_same_weights(nn, reference, 1e-14 if rows else 0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8, bool])
@pytest.mark.parametrize(
    ("outputs", "shape"),
    [(3, (11, 3)), (3, (11, 1)), (1, (11, 1)), (1, (11,)), (1, (13,))],
)
def test_targets_of_every_shape(outputs, shape, dtype, kind, force):
    force(kind)
    X, _ = data(11, 5, 1)
    y = (np.arange(np.prod(shape)).reshape(shape) % 2).astype(dtype)
    nn, reference = twins([5, 4, outputs])
    for network in (nn, reference):
        network.fit(X, y, epochs=5, displayUpdate=100)
    assert_same_weights(nn, reference, 1e-13)


# Numbers that are not finite


SPOILED = {
    "1e200 in all of X": lambda X, y: X.__imul__(1e200),
    "some 1e160 in X": lambda X, y: X.__setitem__((slice(0, None, 2), 1), 1e160),
    "NaN in X": lambda X, y: X.__setitem__((12, 2), np.nan),
    "NaN in row 0": lambda X, y: X.__setitem__((0, 0), np.nan),
    "NaN in the last row": lambda X, y: X.__setitem__((-1, -1), np.nan),
    "inf in X": lambda X, y: X.__setitem__((12, 2), np.inf),
    "-inf in X": lambda X, y: X.__setitem__((12, 2), -np.inf),
    "a row of inf": lambda X, y: X.__setitem__(12, np.inf),
    "1e308 in X": lambda X, y: X.__setitem__((12, 2), 1e308),
    "1e200 in X": lambda X, y: X.__setitem__((slice(8, 16), slice(None)), 1e200),
    "NaN in y": lambda X, y: y.__setitem__((12, 1), np.nan),
    "inf in y": lambda X, y: y.__setitem__((12, 1), np.inf),
    "-inf in y": lambda X, y: y.__setitem__((-1, 0), -np.inf),
    "1e308 in y": lambda X, y: y.__setitem__((12, 1), 1e308),
    "1e308 and -1e308 in y": lambda X, y: y.__setitem__(12, [1e308, -1e308, 0.0]),
}


def assert_alike(nn, reference):
    for ours, expected in zip(nn.W, reference.W, strict=True):
        np.testing.assert_array_equal(np.isnan(ours), np.isnan(expected))
        np.testing.assert_array_equal(np.isinf(ours), np.isinf(expected))
        np.testing.assert_allclose(ours, expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("length", [1, 10**6])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layers", [[5, 3], [5, 9, 6, 3]])
@pytest.mark.parametrize("spoiled", SPOILED)
def test_special_values_go_where_the_reference_takes_them(
    spoiled, layers, kind, length, force, monkeypatch
):
    force(kind)
    monkeypatch.setattr(training, "FIRST_SLICE", length)
    X, y = data(21, 5, 3, 0.7)
    SPOILED[spoiled](X, y)
    nn, reference = twins(layers)
    with np.errstate(all="ignore"):
        nn.fit(X, y, epochs=3, displayUpdate=10)
        reference.fit(X, y, epochs=3, displayUpdate=10)
    assert_alike(nn, reference)
    if spoiled.startswith(("NaN", "inf in y")):
        assert not all(np.isfinite(w).all() for w in nn.W)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("alpha", [1e10, 1e200, -1e200, 1e308])
def test_overflow_by_a_huge_learning_rate(alpha, kind, force):
    force(kind)
    X, y = data(21, 5, 3, 0.7)
    nn, reference = twins([5, 9, 6, 3], alpha)
    with np.errstate(all="ignore"):
        nn.fit(X * 1e3, y * 1e3, epochs=3, displayUpdate=10)
        reference.fit(X * 1e3, y * 1e3, epochs=3, displayUpdate=10)
    assert_alike(nn, reference)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e308])
def test_weights_that_are_not_finite_to_begin_with(value, kind, force):
    force(kind)
    X, y = data(21, 5, 3, 0.5)
    for l in (0, 1):
        nn, reference = twins([5, 9, 3])
        for network in (nn, reference):
            network.W[l][2, 1] = value
        with np.errstate(all="ignore"):
            nn.fit(X, y, epochs=2, displayUpdate=10)
            reference.fit(X, y, epochs=2, displayUpdate=10)
        assert_alike(nn, reference)


@needs_jit
@pytest.mark.parametrize("kind", KINDS)
def test_padding_poisoned_by_one_slice_does_not_reach_the_next(kind, force, monkeypatch):
    force(kind)
    X, y = data(9, 3, 2)
    nn, reference = twins([3, 2, 2])
    trainer = Trainer(nn, X, y)
    clean = weights_copy(nn)
    for w in nn.W:
        w[...] = np.nan
    trainer.run(1)
    assert all(np.isnan(w).all() for w in nn.W)
    nn.W = clean

    def never(*arguments):
        raise AssertionError("trained in NumPy")

    monkeypatch.setattr(training, "train_batch", never)
    trainer.run(2)
    reference.fit(X, y, epochs=2)
    assert_same_weights(nn, reference, 1e-14)


# What happens between slices


@needs_jit
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layers", [[3, 6, 2], [3, 2], [3, 4, 4, 2]])
def test_weights_replaced_between_slices_are_trained(layers, kind, force):
    force(kind)
    nn = make(NeuralNetwork, [3, 2, 2])
    X, y = data(11, 3, 2)
    trainer = Trainer(nn, X, y)
    trainer.run(2)
    old = nn.W
    before = weights_copy(nn)
    other = make(NeuralNetwork, layers, seed=5)
    nn.W = weights_copy(other)
    trainer.run(2)
    Trainer(other, X, y).run(2)
    assert_same_weights(nn, other, 1e-15)  # maybe in other vectors
    for w, expected in zip(old, before, strict=True):
        np.testing.assert_array_equal(w, expected)


@needs_jit
@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([4, 2, 2], r"X must have 4 columns .* got shape \(3, 3\)"),
        ([200, 2, 2], r"X must have 200 columns"),
        ([1, 2, 2], r"X must have 1 columns"),
        ([3, 2, 50], r"W\[1\] must keep 2 columns while it is trained, got shape \(3, 50\)"),
        ([3, 2, 1], r"W\[1\] must keep 2 columns"),
    ],
)
def test_weights_replaced_between_slices_must_fit_the_samples(layers, message):
    nn = make(NeuralNetwork, [3, 2, 2])
    trainer = Trainer(nn, np.eye(3), np.eye(3)[:, :2])
    trainer.run(1)
    nn.W = make(NeuralNetwork, layers).W
    before = weights_copy(nn)
    for _ in range(2):
        with pytest.raises(ValueError, match=message):
            trainer.run(1)
    for w, old in zip(nn.W, before, strict=True):
        np.testing.assert_array_equal(w, old)


@needs_jit
def test_a_failure_to_fetch_the_kernel_changes_nothing(monkeypatch):
    def fail(name, lanes):
        raise RuntimeError("no kernel")

    nn = make(NeuralNetwork, [3, 2, 2])
    before = weights_copy(nn)
    with monkeypatch.context() as patched:
        patched.setattr(native, "entry_point", fail)
        with pytest.raises(RuntimeError, match="no kernel"):
            nn.fit(np.eye(3), np.eye(3)[:, :2])
    for w, old in zip(nn.W, before, strict=True):
        np.testing.assert_array_equal(w, old)
    nn.fit(np.eye(3), np.eye(3)[:, :2], epochs=1)


def replace_when_printing(network, monkeypatch, changes):
    """At the n-th printed line of `network.fit` the n-th change is made."""
    remaining = iter(changes)
    monkeypatch.setattr("builtins.print", lambda line: next(remaining)(network))


def converted(*dtypes):
    def change(network):
        network.W = [w.astype(t) for w, t in zip(network.W, dtypes, strict=True)]

    return change


def share(network):
    network.W[1] = network.W[0][:3, :3]


def halve(network):
    for w in network.W:
        w *= 0.5


def replaced(layers, seed):
    def change(network):
        network.W = make(ReferenceNetwork, layers, seed=seed).W

    return change


CHANGES = {
    "other shapes": replaced([5, 9, 2, 3], 7),
    "no hidden layer": replaced([5, 3], 7),
    "one matrix": lambda network: network.W.__setitem__(1, network.W[1] * 0.5),
    "in place": halve,
    "float32": converted("f4", "f4", "f4"),
    "one of float32": converted("f8", "f4", "f8"),
    "longdouble": converted("f8", "g", "f8"),
    "float16": converted("f2", "f8", "f8"),
    "big-endian": converted(">f8", "f8", "f8"),
    "fortran": lambda network: network.W.__setitem__(0, np.asfortranarray(network.W[0])),
    "shared memory": share,
    "learning rate": lambda network: setattr(network, "alpha", 0.125),
    "tuple": lambda network: setattr(network, "W", tuple(network.W)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", CHANGES)
def test_changes_while_it_trains(change, kind, force, monkeypatch):
    force(kind)
    X, y = data(19, 5, 3)
    nn, reference = twins([5, 2, 2, 3])
    back = replaced([5, 2, 2, 3], 8)
    for network in (nn, reference):
        steps = [CHANGES[change], lambda network: None, back, lambda network: None]
        with monkeypatch.context() as patched:
            replace_when_printing(network, patched, steps)
            network.fit(X, y, epochs=4, displayUpdate=1)
    assert_same_weights(nn, reference, 1e-13)

    with monkeypatch.context() as patched:
        for network in (nn, reference):
            replace_when_printing(network, patched, [CHANGES[change], lambda network: None])
            network.fit(X, y, epochs=2, displayUpdate=1)
    atol = {"float32": 1e-6, "one of float32": 1e-6, "float16": 1e-2}.get(change, 1e-13)
    for ours, expected in zip(nn.W, reference.W, strict=True):
        assert ours.dtype == expected.dtype
        np.testing.assert_allclose(ours.astype(float), expected.astype(float), rtol=0, atol=atol)


@pytest.mark.parametrize(
    ("replacement", "error", "message"),
    [
        (np.ones((3, 3), dtype=int), TypeError, r"W\[1\] must be a 2-D array of floats"),
        (np.broadcast_to(1.0, (3, 3)), ValueError, r"W\[1\] must be writeable"),
        (np.ones((4, 3)), ValueError, r"W\[1\] must have 3 rows"),
        (None, TypeError, r"W\[1\] must be a 2-D array of floats, got NoneType"),
    ],
)
@needs_jit
def test_unusable_weights_while_it_trains(replacement, error, message, monkeypatch):
    nn = make(NeuralNetwork, [5, 2, 2, 3])
    trainer = Trainer(nn, *data(19, 5, 3))
    trainer.run(1)
    nn.W[1] = replacement
    others = [nn.W[0].copy(), nn.W[2].copy()]
    with pytest.raises(error, match=message):
        trainer.run(1)
    np.testing.assert_array_equal(nn.W[0], others[0])
    np.testing.assert_array_equal(nn.W[2], others[1])


@needs_jit
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_interrupt_leaves_the_weights_of_a_whole_slice(kind, moment, force, monkeypatch):
    force(kind)
    monkeypatch.setattr(training, "SLICE_SECONDS", 0.0)
    X, y = data(24, 5, 3)  # three blocks
    nn, expected = make(NeuralNetwork, [5, 4, 3]), make(NeuralNetwork, [5, 4, 3])
    trainer, calls = Trainer(nn, X, y), []
    trainer._slice = 1
    function = trainer._function

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 5 and moment == "before":
            raise KeyboardInterrupt
        function(*arguments)
        if len(calls) == 5:
            raise KeyboardInterrupt

    trainer._function = interrupted
    with pytest.raises(KeyboardInterrupt):
        trainer.run(10)

    whole = Trainer(expected, X, y)
    whole.run(1)
    whole._train(0, 1)
    assert_same_weights(nn, expected, 0)
    nn.fit(X, y, epochs=2)
    expected.fit(X, y, epochs=2)
    assert_same_weights(nn, expected, 0)


@needs_jit
@pytest.mark.parametrize("kind", KINDS)
def test_two_trainers_in_two_threads(kind, force, monkeypatch):
    force(kind)
    monkeypatch.setattr(training, "FIRST_SLICE", 1)
    X, y = data(50, 30, 3)
    together, alone = ([make(NeuralNetwork, [30, 9, 3], seed=s) for s in (0, 1)] for _ in "ab")
    threads = [threading.Thread(target=Trainer(nn, X, y).run, args=(200,)) for nn in together]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for nn, expected in zip(together, alone, strict=True):
        Trainer(expected, X, y).run(200)
        assert_same_weights(nn, expected, 0)


# Memory


@needs_jit
@pytest.mark.parametrize("density", [0.1, 1.0])
def test_small_numbers_need_no_more_memory_than_doubles(density):
    rng = np.random.default_rng(0)
    shape = 5_000, 1024
    X = rng.integers(1, 256, size=shape, dtype=np.uint8) * (rng.random(shape) < density)
    X, y = X.astype(np.uint8), np.zeros((5_000, 1))
    nn = make(NeuralNetwork, [1024, 4, 1], alpha=1e-9)
    nn.W = [w * 1e-3 for w in nn.W]  # no unit saturates
    nn.fit(X[:9], y[:9], epochs=1)
    peaks = []
    for samples in (X.astype(np.float64), X):
        tracemalloc.start()
        try:
            nn.fit(samples, y, epochs=1)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    doubles, bytes_ = peaks
    chunks = 2 * CHUNK * 1024 * 8  # of which `predict` converts one while it has another
    assert bytes_ <= doubles + chunks
    assert doubles < 1.5 * max(X.size * 8 * density * 2, 2**25)  # the lists, and no more copies


# Single steps


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

    monkeypatch.setattr(training, "train_batch", never)
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
    training.train_batch(nn.W, x, y, 0.3)
    reference.fit_partial(x, y)
    assert_same_weights(nn, reference, 1e-15)
