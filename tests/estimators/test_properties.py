"""Random parameters and data: the numbers, texts and attributes of scikit-learn's classes."""

import numpy as np
import pytest
import scipy.sparse
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bp_numba.native import loading
from tests.estimators.twins import assert_same_outcome, assert_same_state, twins

pytestmark = pytest.mark.skipif(not loading.enabled(), reason="NUMBA_DISABLE_JIT: no kernels")

PARAMETERS = st.fixed_dictionaries(
    {
        "solver": st.sampled_from(["sgd", "adam"]),
        "activation": st.sampled_from(["identity", "logistic", "tanh", "relu"]),
        "hidden_layer_sizes": st.lists(st.integers(1, 10), max_size=3).map(tuple),
        "batch_size": st.integers(1, 70),
        "alpha": st.sampled_from([0.0, 1e-4, 0.5]),
        "learning_rate": st.sampled_from(["constant", "invscaling", "adaptive"]),
        "learning_rate_init": st.sampled_from([1e-3, 0.03]),
        "momentum": st.sampled_from([0.0, 0.5, 0.9]),
        "nesterovs_momentum": st.booleans(),
        "shuffle": st.booleans(),
        "early_stopping": st.booleans(),
        "n_iter_no_change": st.integers(1, 10),
        "max_iter": st.integers(1, 8),
        "random_state": st.integers(0, 99),
    }
)

KINDS = ["two classes", "four classes", "labels", "a number", "two numbers"]


@st.composite
def samples(draw):
    """Return X, y, weights of the samples or None, and which estimator they are for."""
    generator = np.random.default_rng(draw(st.integers(0, 99)))
    n, kind = draw(st.integers(8, 60)), draw(st.sampled_from(KINDS))
    X = generator.normal(size=(n, draw(st.integers(1, 9))))
    if is_sparse := draw(st.booleans()):
        X *= generator.random(X.shape) < 0.4
    y = {
        "two classes": generator.integers(2, size=n),
        "four classes": generator.integers(4, size=n),
        "labels": generator.integers(2, size=(n, 3)),
        "a number": generator.normal(size=n),
        "two numbers": generator.normal(size=(n, 2)),
    }[kind]
    weights = draw(st.sampled_from([None, generator.integers(1, 4, size=n).astype(float)]))
    name = "MLPRegressor" if kind.endswith(("number", "numbers")) else "MLPClassifier"
    return scipy.sparse.csr_matrix(X) if is_sparse else X, y, weights, name


@given(parameters=PARAMETERS, data=samples(), is_narrow=st.booleans())
@settings(max_examples=40, derandomize=True)
def test_fit(parameters, data, is_narrow):
    X, y, weights, name = data
    # scikit-learn divides by the weight of a batch of one, which then cancels out; here it counts.
    assume(weights is None or parameters["batch_size"] > 1)
    if is_narrow and parameters["solver"] == "sgd":  # Adam makes steps of what is only rounding
        X, weights = X.astype(np.float32), None
        y = y.astype(np.float32) if y.dtype.kind == "f" else y
    ours, theirs = twins(name, **parameters)
    assert_same_outcome(ours, theirs, "fit", X, y, weights)
    assert_same_state(ours, theirs)
