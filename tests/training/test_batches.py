"""Perceptrons trained in kernels, against the same in NumPy."""

import numpy as np
import pytest
from scipy import sparse

from bp_numba.kernels import perceptron
from bp_numba.kernels.variants import Variant
from bp_numba.native import loading
from bp_numba.training import batches
from bp_numba.training.batches import BatchTraining, Data, Settings
from bp_numba.training.gradient import Gradient
from tests.conftest import needs_jit, not_bounds_checked
from tests.training import perceptrons
from tests.training.flushing import HAS_MXCSR, flushed

# With bounds checked a kernel takes half a minute to compile: see test_batches_within_bounds.
pytestmark = [needs_jit, not_bounds_checked]

WIDTHS = [4, 8]
LAYERS = [[5, 7, 2], [20, 33, 1], [3, 10, 6, 3], [1, 1, 1], [9, 4], [13, 24, 17, 12], [20, 95, 2]]

HIDDEN = [Variant(hidden, "identity", "adam", "dense", "float64") for hidden in perceptrons.HIDDEN]
OUTPUT = [Variant("relu", output, "plain", "dense", "float64") for output in perceptrons.OUTPUT]
OTHERS = [
    Variant("tanh", "softmax", "momentum", "dense", "float64"),
    Variant("logistic", "logistic", "nesterov", "sparse", "float64"),
    Variant("relu", "softmax", "adam", "dense", "float32"),
    Variant("tanh", "identity", "nesterov", "sparse", "float32"),
    Variant("tanh", "softmax", "plain", "dense", "float64"),
    Variant("logistic", "identity", "plain", "sparse", "float64"),
    Variant("relu", "logistic", "plain", "dense", "float32"),
]
VARIANTS = [*HIDDEN, *OUTPUT, *OTHERS]


@pytest.fixture(scope="module", autouse=True)
def compiled():
    """All kernels, compiled in one process: one by one it would take twice as long."""
    names = [(v.kernel("train_batches"), 4) for v in VARIANTS]
    names += [(v.kernel("train_singles"), 4) for v in [*OTHERS, HIDDEN[3]]]
    wide = [HIDDEN[1], *OTHERS[2:]]
    names += [(v.kernel(base), 8) for v in wide for base in ("train_batches", "train_singles")]
    none = [v._replace(optimizer="none") for v in (HIDDEN[2], OTHERS[1])]
    names += [(v.kernel("train_batches"), 4) for v in none]
    return [*loading.load_all(names)]


class Case:
    """A perceptron with samples, in NumPy and for the kernels."""

    def __init__(self, variant, units, size, width=4, without=0):
        rng, samples = np.random.default_rng(0), 43
        if variant.output == "softmax":
            units = [*units[:-1], max(units[-1], 2)]
        self.variant, self.dtype = variant, np.dtype(variant.dtype)
        shapes = [*zip(units[:-1], units[1:], strict=True), *((n,) for n in units[1:])]
        self.parts = [rng.uniform(-0.7, 0.7, shape) for shape in shapes]
        self.moments = [[np.zeros(shape) for shape in shapes] for _ in range(variant.moments)]
        X = rng.normal(size=(samples, units[0]))
        if variant.inputs == "sparse":
            X *= rng.random(X.shape) < 0.4
        self.X, self.y = X.astype(self.dtype), targets(variant.output, samples, units[-1], rng)
        self.weights = rng.uniform(0.5, 2.0, samples).astype(self.dtype)
        self.weights[:without] = 0.0
        self.settings = Settings(
            penalty=0.3,
            loss_factor=0.5 / units[-1] if variant.output == "identity" else 1.0,
            mean_weight=1.3,
            momentum=0.8,
            beta_1=0.9,
            beta_2=0.99,
            epsilon=1e-3,  # with a smaller one Adam magnifies the rounding of small gradients
        )
        self.trained = [part.astype(self.dtype) for part in self.parts]
        self.training = BatchTraining(
            variant,
            self.trained,
            Data(
                sparse.csr_matrix(self.X) if variant.inputs == "sparse" else self.X,
                self.y,
                self.weights,
            ),
            size,
            self.settings,
            width,
        )
        self.size = size

    def epoch(self, order):
        """Train both and compare losses, weights and moments."""
        size = self.size
        largest = 0.002 if self.variant.output == "exp" else 0.02  # or it would overflow
        rates = np.linspace(0.4, 1.0, -(-len(order) // size)) * largest
        weights = self.weights.astype(np.float64)
        data = self.X.astype(np.float64), self.y, weights
        expected = perceptrons.epoch(
            self.variant, self.parts, self.moments, data, order, size, rates, self.settings
        )
        tolerance = 1e-12 if self.dtype == np.float64 else 1e-3
        assert self.training.epoch(order, rates) == pytest.approx(expected, rel=tolerance)
        self.training.unpack(self.trained)
        assert_close(self.trained, self.parts, tolerance)
        moments = [
            [np.full(part.shape, np.nan, self.dtype) for part in self.parts] for _ in self.moments
        ]
        self.training.unpack_moments(*moments)
        for found, moment in zip(moments, self.moments, strict=True):
            assert_close(found, moment, tolerance)


def targets(output, samples, outputs, rng):
    if output == "softmax":
        return np.eye(outputs)[rng.integers(outputs, size=samples)]
    if output == "logistic":
        return (rng.random((samples, outputs)) < 0.5).astype(float)
    if output == "exp":
        return rng.poisson(1.0, (samples, outputs)).astype(float)
    return rng.normal(size=(samples, outputs))


def assert_close(found, expected, tolerance):
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda v: ".".join(v))
@pytest.mark.parametrize("units", LAYERS, ids=str)
def test_epochs_in_shuffled_batches(units, variant):
    if variant.inputs == "sparse" and len(units) == 2:
        pytest.skip("sparse inputs need a hidden layer")
    rng, sizes = np.random.default_rng(1), [8, 7, 43, 200]
    for size in [*sizes, 1] if variant in OTHERS else sizes:  # singles have kernels of their own
        case = Case(variant, units, size)
        for _ in range(2):
            case.epoch(rng.permutation(43))


@pytest.mark.parametrize("variant", [HIDDEN[1], *OTHERS[2:]], ids=lambda v: ".".join(v))
def test_longer_vectors(variant):
    for units in [units for units in LAYERS if len(units) > 2]:
        for size in (20, 1):
            Case(variant, units, size, width=8).epoch(np.arange(43))


@pytest.mark.parametrize("variant", [*OUTPUT, OTHERS[1]], ids=lambda v: ".".join(v))
def test_what_slots_held_before_does_not_matter(variant):
    case = Case(variant, [5, 7, 2], 3)
    case.training._network.activations.fill(np.nan)
    case.epoch(np.arange(43))


@pytest.mark.skipif(not HAS_MXCSR, reason="sets a register of x86")
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda v: ".".join(v))
def test_subnormal_numbers_may_be_zeros(variant):
    with flushed():
        Case(variant, [13, 24, 17, 12], 20).epoch(np.arange(43))


@pytest.mark.parametrize("variant", [HIDDEN[3], OTHERS[1], OTHERS[5]], ids=lambda v: ".".join(v))
@pytest.mark.parametrize("size", [1, 5, 16, 30, 43])
def test_slices_change_no_bit(size, variant, monkeypatch):
    found = []
    for work in (1, 20_000, 10**9):
        monkeypatch.setattr(batches, "SLICE", work)
        case = Case(variant, [3, 10, 6, 3], size)
        losses = [case.training.epoch(np.arange(43), np.full(-(-43 // size), 0.1))]
        case.training.unpack(case.trained)
        found.append(b"".join(part.tobytes() for part in [*case.trained, np.array(losses)]))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("variant", [HIDDEN[3], OTHERS[1], OTHERS[2]], ids=lambda v: ".".join(v))
def test_blocks_change_no_bit(variant, monkeypatch):
    found = []
    for block in (perceptron.SMALL_BLOCK, perceptron.LARGE_BLOCK):
        monkeypatch.setattr(batches, "block_size", lambda *layers, block=block: block)
        case = Case(variant, [13, 24, 17, 12], 37)
        case.epoch(np.random.default_rng(4).permutation(43))
        found.append(b"".join(part.tobytes() for part in [*case.trained, case.training.losses]))
    assert found[0] == found[1]


def test_blocks_are_large_where_the_gradient_does_not_fit_and_the_samples_do():
    small, large = perceptron.SMALL_BLOCK, perceptron.LARGE_BLOCK
    sizes = {(10, 100, 1): small, (64, 100, 10): large, (784, 32, 10): large, (784, 128, 10): small}
    assert {units: perceptron.block_size(units, 8) for units in sizes} == sizes
    assert perceptron.block_size((64, 28, 10), 8) == perceptron.block_size((64, 56, 10), 4) == large
    assert perceptron.block_size((64, 26, 10), 8) == perceptron.block_size((64, 52, 10), 4) == small


@pytest.mark.parametrize("output", perceptrons.OUTPUT)
@pytest.mark.parametrize("hidden", perceptrons.HIDDEN)
def test_numpys_gradients_by_central_differences(hidden, output):
    """What kernels are compared with is the gradient of the loss that they are compared with."""
    variant = Variant(hidden, output, "plain", "dense", "float64")
    rng = np.random.default_rng(3)
    parts = [rng.uniform(-0.7, 0.7, shape) for shape in [(4, 5), (5, 3), (5,), (3,)]]
    X, y = rng.normal(size=(6, 4)), targets(output, 6, 3, rng)
    weights = rng.uniform(0.5, 2, 6)
    arguments = X, y, weights, weights.sum(), 0.3, variant
    outputs = 3 if output == "identity" else 1  # whose loss is a mean, its gradient that of the sum
    penalty = [0.3 * w / weights.sum() for w in parts[:2]] + [0.0, 0.0]
    found = perceptrons.gradient(parts, *arguments)
    for part, g, penalty_part in zip(parts, found, penalty, strict=True):
        numeric = np.empty_like(part)
        for index in np.ndindex(part.shape):
            kept, losses = part[index], []
            for difference in (1e-6, -1e-6):
                part[index] = kept + difference
                losses.append(perceptrons.loss(parts, *arguments))
            part[index] = kept
            numeric[index] = (losses[0] - losses[1]) / 2e-6
        expected = (g - penalty_part) / outputs + penalty_part
        assert np.abs(expected).max() > 1e-3
        np.testing.assert_allclose(numeric, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("variant", [OTHERS[1], *OTHERS[4:6]], ids=lambda v: ".".join(v))
@pytest.mark.parametrize("size", [1, 5, 20])
def test_a_batch_without_weight_is_left_out(size, variant):
    case = Case(variant, [3, 10, 6, 3], size, without=size)
    before = b"".join(part.tobytes() for part in case.trained)
    rates = np.zeros(-(-43 // size))
    rates[0] = 0.1
    assert np.isfinite(case.training.epoch(np.arange(43), rates))
    case.training.unpack(case.trained)
    assert b"".join(part.tobytes() for part in case.trained) == before


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("variant", [HIDDEN[2], OTHERS[1]], ids=lambda v: ".".join(v))
def test_loss_and_gradient(variant, weighted):
    units = [13, 24, 17, 12]
    case = Case(variant, units, 43)
    weights = case.weights if weighted else None
    X = sparse.csr_matrix(case.X) if variant.inputs == "sparse" else case.X
    data, none = Data(X, case.y, weights), variant._replace(optimizer="none")
    function = Gradient(none, units, data, case.settings, 4)
    w = case.weights if weighted else np.ones(43)
    for scale in (1.0, 0.5):
        parts = [scale * part for part in case.parts]
        loss, gradient = function.at(np.concatenate([part.ravel() for part in parts]))
        arguments = parts, case.X, case.y, w, w.sum(), case.settings.penalty, variant
        assert loss == pytest.approx(perceptrons.loss(*arguments), rel=1e-12)
        expected = np.concatenate([g.ravel() for g in perceptrons.gradient(*arguments)])
        np.testing.assert_allclose(gradient, expected, rtol=1e-12, atol=1e-14)
