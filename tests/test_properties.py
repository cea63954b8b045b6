"""Properties over random layers, dtypes, memory orders and slicings."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bp_numba import NeuralNetwork, ReferenceNetwork
from bp_numba.training.run import Run
from bp_numba.training.samples import Samples
from bp_numba.training.trainer import Trainer
from bp_numba.validation import check_display_update
from tests.conftest import assert_same_weights, make, needs_jit

sizes = st.lists(st.integers(1, 40), min_size=2, max_size=6)
dtypes = st.sampled_from([np.float64, np.float32, np.int16, np.uint8, bool, ">f8"])
orders = st.sampled_from("CF")
relaxed = settings(max_examples=60, derandomize=True)


def data(layers, rows, dtype, order, seed):
    """Return samples of small numbers, a third of them zero, and targets."""
    rng = np.random.default_rng(seed)
    shape = rows, layers[0]
    lowest = 0 if np.dtype(dtype).kind == "u" else -2
    X = rng.uniform(lowest, 3, size=shape) * (rng.random(shape) < 0.7)
    return X.astype(dtype, order=order), rng.uniform(size=(rows, layers[-1]))


@relaxed
@given(sizes, st.integers(1, 12), dtypes, orders, st.integers(0, 1000), st.floats(0.001, 1.0))
def test_training_is_the_references(layers, rows, dtype, order, seed, alpha):
    X, y = data(layers, rows, dtype, order, seed)
    nn, reference = (make(kind, layers, alpha, seed) for kind in (NeuralNetwork, ReferenceNetwork))
    with np.errstate(over="ignore"):
        nn.fit(X, y, epochs=3, displayUpdate=10)
        reference.fit(X, y, epochs=3, displayUpdate=10)
        assert_same_weights(nn, reference, 1e-12)
        np.testing.assert_allclose(nn.predict(X), reference.predict(X), rtol=1e-9, atol=1e-12)


@relaxed
@given(sizes, st.integers(1, 12), st.integers(0, 1000), st.lists(st.integers(1, 7), max_size=6))
def test_training_in_parts_is_training_as_a_whole(layers, rows, seed, parts):
    X, y = data(layers, rows, np.float64, "C", seed)
    whole, parted, shown = (make(NeuralNetwork, layers, 0.3, seed) for _ in range(3))
    whole.fit(X, y, epochs=sum(parts), displayUpdate=1000)
    for part in parts:
        parted.fit(X, y, epochs=part, displayUpdate=1000)
    shown.fit(X, y, epochs=sum(parts), displayUpdate=1)
    assert_same_weights(whole, parted, 0)
    assert_same_weights(whole, shown, 0)


@needs_jit
@relaxed
@given(sizes, st.integers(1, 12), st.integers(0, 1000), st.integers(1, 50))
def test_slices_of_any_length_give_the_same_bits(layers, rows, seed, samples):
    X, y = data(layers, rows, np.float64, "C", seed)
    whole, sliced = (make(NeuralNetwork, layers, 0.3, seed) for _ in range(2))
    whole.fit(X, y, epochs=4, displayUpdate=1000)
    trainer = Trainer(sliced, Samples(X, y))
    trainer._slice_blocks = samples
    epoch = 0
    while epoch < 4:
        epoch = trainer.advance(Run(0, 4, None), epoch).epoch
    assert_same_weights(whole, sliced, 0)


@relaxed
@given(
    st.one_of(
        st.integers(0, 60),
        st.floats(0, 60),
        st.integers(0, 480).map(lambda eighths: eighths / 8),
        st.just(np.inf),
    )
)
def test_displays_are_where_the_remainder_is_zero(update):
    interval = check_display_update(update)
    expected = [e for e in range(1, 200) if update == 0 or e % update == 0]
    assert [e for e in range(1, 200) if interval and e % interval == 0] == expected
