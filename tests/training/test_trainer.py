"""The driver: slices, the compiled kernels, and what happens between slices."""

import itertools
import threading
import tracemalloc

import numpy as np
import pytest

from bp_numba import NeuralNetwork, ReferenceNetwork
from bp_numba.kernels import inputs
from bp_numba.kernels.calls import PACK, TRAIN, UNPACK
from bp_numba.kernels.layout import BLOCK
from bp_numba.native import loading
from bp_numba.training import known_units, packed, plan
from bp_numba.training import trainer as trainer_module
from bp_numba.training.choice import Reason
from bp_numba.training.in_numpy import CHUNK
from bp_numba.training.run import Run
from bp_numba.training.samples import Samples
from bp_numba.training.trainer import SLICE_SECONDS, Trainer
from tests.conftest import assert_same_weights, make, needs_jit, twins, weights_copy

KINDS = ["samples", "blocks"]
"""What the lists of inputs are for; up to the density of X, unless a test forces it."""


@pytest.fixture(autouse=True)
def general_kernels(monkeypatch):
    """Have none for known units, which would take the place of those that are replaced here."""
    monkeypatch.setattr(known_units, "MOST", 0)
    monkeypatch.setattr(packed.local, "last", None)


def data(rows, columns, outputs, density=1.0, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, columns)) * (rng.random((rows, columns)) < density)
    return X, rng.uniform(size=(rows, outputs))


@pytest.fixture
def force(monkeypatch):
    """Return a function that has lists made for blocks or for single samples only."""

    def forced(kind):
        monkeypatch.setattr(inputs, "SINGLE_COST", 1e9 if kind == "blocks" else 0.0)
        plan._remembered.cache_clear()

    yield forced
    plan._remembered.cache_clear()


def run(trainer, epochs):
    """Train for some epochs without display points."""
    epoch, end = 1, epochs + 1  # the first is a display point
    while epoch < end:
        epoch = trainer.advance(Run(1, end, None), epoch).epoch


def count_slices(trainer, slices):
    """Let a trainer note the number of blocks in each of its slices."""
    function = trainer._function

    def counted(*arguments):
        *_, count, task, _ = arguments
        if task == TRAIN:
            slices.append(count)
        return function(*arguments)

    trainer._function = counted


# Slices


@needs_jit
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layers", [[5, 3], [5, 4, 3], [5, 9, 2, 3], [5, 170, 100, 3]])
@pytest.mark.parametrize("rows", [1, 8, 35])
def test_any_slicing_gives_the_same_bits(kind, layers, rows, force, monkeypatch):
    force(kind)
    monkeypatch.setattr(trainer_module, "SLICE_SECONDS", 0.0)  # slices never grow
    monkeypatch.setattr(trainer_module, "FIRST_SLICE", 10**9)
    X, y = data(rows, 5, 3)
    blocks = -(-rows // BLOCK)
    whole = make(NeuralNetwork, layers)
    trainer, slices = Trainer(whole, Samples(X, y)), []
    count_slices(trainer, slices)
    run(trainer, 20)
    assert slices == [20 * blocks]

    for length in (1, 2, 3, 7, 1000):
        sliced, slices = make(NeuralNetwork, layers), []
        trainer = Trainer(sliced, Samples(X, y))
        count_slices(trainer, slices)
        for epochs in (1, 4, 0, 15):
            trainer._slice_blocks = length
            run(trainer, epochs)
        assert sum(slices) == 20 * blocks and max(slices) <= length
        assert_same_weights(whole, sliced, 0)


@needs_jit
@pytest.mark.parametrize("kind", KINDS)
def test_float32_weights_however_sliced(kind, force, monkeypatch):
    force(kind)
    monkeypatch.setattr(trainer_module, "SLICE_SECONDS", 0.0)
    X, y = data(19, 5, 3)
    *networks, reference = (make(NeuralNetwork, [5, 4, 3]) for _ in range(3))
    for nn in (*networks, reference):
        nn.W = [w.astype(np.float32) for w in nn.W]
    for nn, length in zip(networks, (1, 1000), strict=True):
        trainer = Trainer(nn, Samples(X, y))
        assert not trainer._plan.in_blocks  # rounded after each sample
        trainer._slice_blocks = length
        run(trainer, 10)
    ReferenceNetwork.fit(reference, X, y, epochs=10, displayUpdate=100)
    assert_same_weights(*networks, 0)
    for ours, expected in zip(networks[0].W, reference.W, strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-7)
        assert (ours == expected).mean() > 0.8  # 0.1 if they are rounded after each block


@needs_jit
def test_slices_grow_to_the_target_and_not_beyond(monkeypatch):
    trainer = Trainer(make(NeuralNetwork, [2, 2, 1]), Samples(np.eye(2), np.eye(2)[:, :1]))
    function, slices, now, seconds_per_block = trainer._function, [], [0.0], [1e-5]

    def timed(*arguments):
        *_, count, task, _ = arguments
        if task == TRAIN:
            slices.append(count)
            now[0] += seconds_per_block[0] * count
        return function(*arguments)

    trainer._function, trainer._slice_blocks = timed, 100
    monkeypatch.setattr(trainer_module, "perf_counter", lambda: now[0])
    target = round(SLICE_SECONDS / 1e-5)
    doubled = [100, 200, 400, 800, 1600, 3200]
    run(trainer, sum(doubled) + 3 * target)  # an epoch is a block
    assert slices[:6] == doubled and slices[6:] == pytest.approx([target] * 3, rel=1e-3)
    seconds_per_block[0] = 1e-3  # a busy machine
    run(trainer, 2 * target)
    assert slices[9] == pytest.approx(target, rel=1e-3)
    assert slices[10:-1] == pytest.approx([target / 100] * (len(slices) - 11), abs=1)


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


@pytest.mark.parametrize("layers", [[30, 3], [30, 7, 3], [30, 16, 9, 3], [30, 170, 100, 3]])
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
        trainer = Trainer(nn, Samples(X, y))
        assert trainer._plan.in_blocks == (kind == "blocks")
        run(trainer, 20)
    reference.fit(X, y, epochs=20, displayUpdate=100)
    assert_same_weights(*networks, 1e-12)
    for nn in networks:
        assert_same_weights(nn, reference, 1e-12)


@needs_jit
def test_density_decides_between_blocks_and_single_samples():
    nn = make(NeuralNetwork, [100, 4, 1])
    for density, in_blocks in ((0.02, False), (1.0, True)):
        X, y = data(80, 100, 1, density)
        assert Trainer(nn, Samples(X, y))._plan.in_blocks == in_blocks


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
@pytest.mark.parametrize("layers", [[5, 3], [5, 9, 6, 3], [5, 170, 100, 3]])
@pytest.mark.parametrize("spoiled", SPOILED)
def test_special_values_go_where_the_reference_takes_them(
    spoiled, layers, kind, length, force, monkeypatch
):
    force(kind)
    monkeypatch.setattr(trainer_module, "FIRST_SLICE", length)
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
    trainer = Trainer(nn, Samples(X, y))
    clean = weights_copy(nn)
    for w in nn.W:
        w[...] = np.nan
    run(trainer, 1)
    assert all(np.isnan(w).all() for w in nn.W)
    nn.W = clean

    def never(*arguments):
        raise AssertionError("trained in NumPy")

    monkeypatch.setattr(trainer_module, "train_batch", never)
    run(trainer, 2)
    reference.fit(X, y, epochs=2)
    assert_same_weights(nn, reference, 1e-14)


@needs_jit
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("spoiled", [*SPOILED, "a huge learning rate"])
def test_where_numpy_takes_over_does_not_depend_on_slices(spoiled, kind, force, monkeypatch):
    """Bit for bit; after one epoch some weights may be finite still."""
    force(kind)
    X, y = data(35, 5, 3, 0.7)
    SPOILED.get(spoiled, lambda X, y: y.__imul__(1e3))(X, y)
    alpha = 1e200 if spoiled.startswith("a huge") else 0.5
    results = {1: [], 6: []}
    for length, epochs in itertools.product((1, 100, 400, 10**6), results):
        monkeypatch.setattr(trainer_module, "FIRST_SLICE", length)
        nn = make(NeuralNetwork, [5, 9, 3], alpha)
        with np.errstate(all="ignore"):
            nn.fit(X, y, epochs, displayUpdate=1, verbose=False, validation=(X[:9], y[:9]))
        seen = [*nn.W, nn.history.losses, nn.history.validation_losses]
        # Of NaN the sign does not count: NumPy 1.24 gives either.
        bits = [np.where(np.isnan(values), np.nan, values).tobytes() for values in seen]
        results[epochs].append(bits)
    for each in results.values():
        assert each == each[:1] * 4


# Losses


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layers", [[30, 3], [30, 7, 3], [30, 33, 9, 3], [30, 170, 100, 3]])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("length", [1, 10**6])
def test_losses_at_the_display_points(length, dtype, layers, kind, force, monkeypatch):
    force(kind)
    monkeypatch.setattr(trainer_module, "FIRST_SLICE", length)
    X, y = data(35, 30, 3, 0.5)
    others = data(50, 30, 3, 0.05 if kind == "blocks" else 1.0, seed=1)  # of the other density
    nn, reference = twins(layers)
    for network in (nn, reference):
        network.W = [w.astype(dtype) for w in network.W]
    nn.fit(X, y, 9, 4, verbose=False, validation=others)
    expected = []
    for epochs in (1, 3, 4):
        reference.fit(X, y, epochs, displayUpdate=100)
        losses = [
            reference.calculate_loss(np.c_[a, np.ones(len(a))], b) for a, b in ((X, y), others)
        ]
        expected.append(losses)
    found = list(zip(nn.history.losses, nn.history.validation_losses, strict=True))
    np.testing.assert_allclose(found, expected, rtol=1e-12 if dtype == np.float64 else 1e-5)
    assert nn.history.epochs == [1, 4, 8] and nn.epochs_trained == 9


@pytest.mark.parametrize(
    ("outputs", "shape"), [(3, (11, 3)), (3, (11, 1)), (1, (11, 1)), (1, (11,)), (1, (13,))]
)
def test_losses_of_targets_of_every_shape(outputs, shape):
    """Those that are a row for each sample are measured by the kernel, others in NumPy."""
    X, _ = data(11, 5, 1)
    y = np.random.default_rng(0).uniform(size=shape)
    nn, reference = twins([5, 4, outputs], alpha=0.0)
    nn.fit(X, y, epochs=1, verbose=False)
    expected = reference.calculate_loss(np.c_[X, np.ones(11)], y)
    np.testing.assert_allclose(nn.losses, [expected], rtol=1e-13)


@needs_jit
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e308])
def test_a_loss_that_is_not_finite_stops_nothing(value):
    X, y = data(11, 5, 3)
    bad = X[:9].copy(), y[:9].copy()
    bad[1][4, 1] = value
    nn, reference = twins([5, 4, 3])
    with np.errstate(all="ignore"):
        nn.fit(X, y, epochs=3, displayUpdate=1, verbose=False, validation=bad)
        reference.fit(X, y, epochs=3)
        expected = reference.calculate_loss(np.c_[bad[0], np.ones(9)], bad[1])
    assert_same_weights(nn, reference, 1e-13)
    np.testing.assert_allclose(nn.history.validation_losses[-1], expected)
    assert np.isfinite(nn.history.losses).all()


# What happens between slices


@needs_jit
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layers", [[3, 6, 2], [3, 2], [3, 4, 4, 2], [3, 120, 150, 2]])
def test_weights_replaced_between_slices_are_trained(layers, kind, force):
    force(kind)
    nn = make(NeuralNetwork, [3, 2, 2])
    X, y = data(11, 3, 2)
    trainer = Trainer(nn, Samples(X, y))
    run(trainer, 2)
    old = nn.W
    before = weights_copy(nn)
    other = make(NeuralNetwork, layers, seed=5)
    nn.W = weights_copy(other)
    run(trainer, 2)
    run(Trainer(other, Samples(X, y)), 2)
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
    trainer = Trainer(nn, Samples(np.eye(3), np.eye(3)[:, :2]))
    run(trainer, 1)
    nn.W = make(NeuralNetwork, layers).W
    before = weights_copy(nn)
    for _ in range(2):
        with pytest.raises(ValueError, match=message):
            run(trainer, 1)
    for w, old in zip(nn.W, before, strict=True):
        np.testing.assert_array_equal(w, old)


@needs_jit
def test_a_failure_to_fetch_the_kernel_changes_nothing(monkeypatch):
    def fail(name, width):
        raise RuntimeError("no kernel")

    nn = make(NeuralNetwork, [3, 2, 2])
    before = weights_copy(nn)
    with monkeypatch.context() as patched:
        patched.setattr(loading, "load", fail)
        with pytest.raises(RuntimeError, match="no kernel"):
            nn.fit(np.eye(3), np.eye(3)[:, :2])
    for w, old in zip(nn.W, before, strict=True):
        np.testing.assert_array_equal(w, old)
    nn.fit(np.eye(3), np.eye(3)[:, :2], epochs=1)


def fit_and_change(network, X, y, changes, monkeypatch):
    """Train for an epoch before each of the changes, which are made where the loss is displayed."""
    remaining = iter(changes)
    if isinstance(network, NeuralNetwork):
        seen = {"callback": lambda *_: next(remaining)(network), "verbose": False}
        network.fit(X, y, len(changes), 1, **seen)
    else:
        with monkeypatch.context() as patched:
            patched.setattr("builtins.print", lambda line: next(remaining)(network))
            network.fit(X, y, len(changes), 1)


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
        fit_and_change(network, X, y, steps, monkeypatch)
    assert_same_weights(nn, reference, 1e-13)

    for network in (nn, reference):
        fit_and_change(network, X, y, [CHANGES[change], lambda network: None], monkeypatch)
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
    trainer = Trainer(nn, Samples(*data(19, 5, 3)))
    run(trainer, 1)
    nn.W[1] = replacement
    others = [nn.W[0].copy(), nn.W[2].copy()]
    with pytest.raises(error, match=message):
        run(trainer, 1)
    np.testing.assert_array_equal(nn.W[0], others[0])
    np.testing.assert_array_equal(nn.W[2], others[1])


@needs_jit
@pytest.mark.parametrize(
    ("task", "moment", "blocks"),
    [
        (PACK, "before", 4),
        (PACK, "after", 4),
        (TRAIN, "before", 4),
        (TRAIN, "after", 4),
        (UNPACK, "before", 4),
        (UNPACK, "after", 5),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_an_interrupt_leaves_the_weights_of_a_whole_slice(
    kind, task, moment, blocks, force, monkeypatch
):
    force(kind)
    monkeypatch.setattr(trainer_module, "SLICE_SECONDS", 0.0)
    X, y = data(24, 5, 3)  # three blocks
    nn, expected = make(NeuralNetwork, [5, 4, 3]), make(NeuralNetwork, [5, 4, 3])
    trainer, calls = Trainer(nn, Samples(X, y)), []
    trainer._slice_blocks = 1
    function = trainer._function

    def interrupted(*arguments):
        calls.extend([1] * (arguments[-2] == task))
        strikes = len(calls) == 5 and arguments[-2] == task
        if strikes and moment == "before":
            raise KeyboardInterrupt
        result = function(*arguments)
        if strikes:
            raise KeyboardInterrupt
        return result

    trainer._function = interrupted
    with pytest.raises(KeyboardInterrupt):
        run(trainer, 10)

    whole = Trainer(expected, Samples(X, y))
    run(whole, 1)
    whole._train(0, blocks - 3)
    assert_same_weights(nn, expected, 0)
    nn.fit(X, y, epochs=2)
    expected.fit(X, y, epochs=2)
    assert_same_weights(nn, expected, 0)


@needs_jit
@pytest.mark.parametrize("kind", KINDS)
def test_two_trainers_in_two_threads(kind, force, monkeypatch):
    force(kind)
    monkeypatch.setattr(trainer_module, "FIRST_SLICE", 1)
    X, y = data(50, 30, 3)
    together, alone = ([make(NeuralNetwork, [30, 9, 3], seed=s) for s in (0, 1)] for _ in "ab")
    threads = [
        threading.Thread(target=run, args=(Trainer(nn, Samples(X, y)), 200)) for nn in together
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for nn, expected in zip(together, alone, strict=True):
        run(Trainer(expected, Samples(X, y)), 200)
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


# In NumPy, and why


UNSUITABLE = {
    Reason.OTHER_FLOATS: lambda W: [w.astype(np.float16) for w in W],
    Reason.SHARED_MEMORY: lambda W: [W[0], W[0][:3, :3], *W[2:]],
    Reason.NARROW_IN_BLOCKS: lambda W: [w.astype(np.float32) for w in W],
    Reason.NOT_FINITE: lambda W: [W[0] * np.nan, *W[1:]],
}


@needs_jit
@pytest.mark.parametrize("reason", UNSUITABLE)
def test_the_reason_is_given(reason, force):
    force("blocks")
    nn = make(NeuralNetwork, [5, 2, 2, 3])
    trainer = Trainer(nn, Samples(*data(19, 5, 3)))
    run(trainer, 1)
    assert trainer.reason is None
    intact, nn.W = weights_copy(nn), UNSUITABLE[reason](nn.W)
    with np.errstate(all="ignore"):
        run(trainer, 1)
    assert trainer.reason is reason
    nn.W = intact
    run(trainer, 1)
    assert trainer.reason is None


@needs_jit
def test_weights_whose_squares_overflow_are_finite():
    nn = make(NeuralNetwork, [5, 2, 3])
    nn.W[0] *= 1e200
    trainer = Trainer(nn, Samples(*data(19, 5, 3)))
    run(trainer, 1)
    assert trainer.reason is None


@needs_jit
def test_matrices_are_found_wherever_they_are():
    """Addresses are asked for anew when the arrays are others."""
    X, y = data(9, 5, 3)
    nn, expected = (make(NeuralNetwork, [5, 4, 3]) for _ in range(2))
    for _ in range(3):
        held, nn.W[1] = nn.W[1], nn.W[1].copy()
        before = held.copy()
        for network in (nn, expected):
            network.fit(X, y, epochs=2, verbose=False)
        np.testing.assert_array_equal(held, before)
    assert_same_weights(nn, expected, 0)
    with pytest.raises(ValueError, match="cannot resize"):  # it could come back to its shape
        expected.W[0].resize((8, 8), refcheck=False)
