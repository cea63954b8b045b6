"""An estimator of each package with the same parameters, what happens to them, and their state."""

import contextlib
import io
import warnings
from typing import NamedTuple

import numpy as np
import scipy.sparse
import sklearn.neural_network

import bp_numba


def small(name, package=bp_numba, **parameters):
    """Return an estimator of this package, or another, that is quick to train."""
    quick = {"hidden_layer_sizes": (5,), "max_iter": 4, "random_state": 0}
    return getattr(package, name)(**quick | parameters)


def twins(name, **parameters):
    """Return an estimator of this package and one of scikit-learn."""
    return small(name, **parameters), small(name, sklearn.neural_network, **parameters)


class Outcome(NamedTuple):
    """What a user sees of a call."""

    error: str | None
    warnings: list[str]
    output: str


def outcome(call, *args, **kwargs):
    """Call, and return what a user sees."""
    error = None
    with (
        warnings.catch_warnings(record=True) as caught,
        contextlib.redirect_stdout(io.StringIO()) as output,
    ):
        warnings.simplefilter("always")
        try:
            call(*args, **kwargs)
        except Exception as raised:
            error = f"{type(raised).__name__}: {raised}"
    seen = [f"{warning.category.__name__}: {warning.message}" for warning in caught]
    return Outcome(error, seen, output.getvalue())


def assert_same_outcome(ours, theirs, method, *args, **kwargs):
    """Call a method of both; assert that a user sees the same, and return that."""
    outcomes = [outcome(getattr(twin, method), *args, **kwargs) for twin in (ours, theirs)]
    if TOLERANCE:  # NumPy warns of overflows, which kernels do not see
        for each in outcomes:
            each.warnings[:] = [text for text in each.warnings if " encountered in " not in text]
    assert outcomes[0] == outcomes[1]
    return outcomes[0]


TOLERANCE = 1e-9
"""How much the numbers may differ: kernels add in another order. With 0 they are the same bits."""


def assert_same_state(ours, theirs):
    """Assert that ours has every attribute of theirs, private ones too."""
    coefs = getattr(theirs, "coefs_", [])
    is_narrow = bool(coefs) and coefs[0].dtype == np.float32
    for name, value in vars(theirs).items():
        assert_same(
            getattr(ours, name), value, name, 1e-3 if TOLERANCE and is_narrow else TOLERANCE
        )


def assert_same(ours, theirs, name, tolerance=None):
    """Assert that two values are the same, in types and shapes too, numbers within a tolerance."""
    tolerance = TOLERANCE if tolerance is None else tolerance
    if isinstance(theirs, list | tuple):
        assert type(ours) is type(theirs) and len(ours) == len(theirs), name
        for left, right in zip(ours, theirs, strict=True):
            assert_same(left, right, name, tolerance)
    elif isinstance(theirs, np.random.RandomState):
        assert_same(ours.get_state(), theirs.get_state(), name, tolerance)
    elif hasattr(theirs, "__dict__") and not scipy.sparse.issparse(theirs):
        assert type(ours) is type(theirs), name
        for key, value in vars(theirs).items():
            # Without momentum nothing depends on them, and kernels have none.
            if not tolerance or key != "velocities" or theirs.momentum:
                assert_same(getattr(ours, key), value, key, tolerance)
    else:
        # Kernels give a loss in double precision where scikit-learn's code gives one in single.
        is_loss = bool(tolerance) and isinstance(ours, np.floating) and np.ndim(theirs) == 0
        assert is_loss or type(ours) is type(theirs), name
        if tolerance and np.asarray(theirs).dtype.kind == "f":
            assert is_loss or np.asarray(ours).dtype == np.asarray(theirs).dtype, name
            tolerance = 1e-3 if np.asarray(theirs).dtype == np.float32 else tolerance
            finite = np.isfinite(theirs)  # where it is not, another order may give infinity or NaN
            np.testing.assert_array_equal(np.isfinite(ours), finite, name)
            ours, theirs = np.asarray(ours)[finite], np.asarray(theirs)[finite]
            np.testing.assert_allclose(ours, theirs, tolerance, tolerance, err_msg=name)
        else:
            np.testing.assert_array_equal(ours, theirs, name)
