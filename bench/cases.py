"""All cases and their data."""

from fnmatch import fnmatch
from functools import lru_cache, partial

import numpy as np

from bench.case import FITS, PARTIAL_FITS, PREDICT, TRAIN_AND_SHOW, Case
from bench.estimator_cases import ESTIMATOR_CASES
from bench.first_calls import FirstCalls
from bench.many_cases import MANY_CASES
from bench.memory import Memory
from bench.processes import Process
from bench.threads import Threads
from bp_numba.examples.digits import DIGITS
from bp_numba.examples.xor import XOR


@lru_cache
def xor(quick):
    """Return the truth table."""
    return XOR.load(0)[:2]


@lru_cache
def digits(quick, rows=None):
    """Return the digits that are trained on, or the first rows of them."""
    X, y = DIGITS.load(0)[:2]
    return X[:rows], y[:rows]


@lru_cache(maxsize=1)
def random(quick, inputs, rows, density=1.0):
    """Return uniform inputs, of which a fraction is not zero, and one of ten classes for each."""
    generator = np.random.default_rng(0)
    rows = min(rows, 500) if quick else rows
    X = generator.random((rows, inputs))
    if density < 1.0:
        X *= generator.random(X.shape) < density
    return X, np.eye(10)[generator.integers(10, size=rows)]


def mnist(rows=2000, density=1.0):
    """Return the loader of random data with the shape of MNIST's."""
    return partial(random, inputs=784, rows=rows, density=density)


CASES = (
    Case("xor", "XOR, 2-2-1", XOR.layers, XOR.alpha, xor),
    Case("digits", "digits, 64-32-16-10", DIGITS.layers, DIGITS.alpha, digits),
    Case("dense", "784-128-10", (784, 128, 10), 0.1, mnist(), patience=5),
    Case(
        "sparse",
        "784-128-10, 20% non-zero X",
        (784, 128, 10),
        0.1,
        mnist(density=0.2),
        patience=5,
    ),
    Case(
        "wide",
        "1024-64-10, 50,000 rows",
        (1024, 64, 10),
        0.1,
        partial(random, inputs=1024, rows=50_000),
        patience=20,
    ),
    Case("deep", "784-256-128-10", (784, 256, 128, 10), 0.1, mnist(rows=1000), patience=5),
    Case("square", "64-256-256-10", (64, 256, 256, 10), 0.1, partial(random, inputs=64, rows=1000)),
    Case("show-xor", "XOR, displayUpdate=1", XOR.layers, XOR.alpha, xor, TRAIN_AND_SHOW),
    Case(
        "show-digits",
        "digits, displayUpdate=1",
        DIGITS.layers,
        DIGITS.alpha,
        digits,
        TRAIN_AND_SHOW,
    ),
    Case("show-dense", "784-64-10, displayUpdate=1", (784, 64, 10), 0.1, mnist(), TRAIN_AND_SHOW),
    Case("fits-xor", "fit of one epoch, XOR", XOR.layers, XOR.alpha, xor, FITS),
    Case(
        "fits-digits", "fit of one row, digits", DIGITS.layers, 0.1, partial(digits, rows=1), FITS
    ),
    Case("partial-xor", "fit_partial, XOR", XOR.layers, XOR.alpha, xor, PARTIAL_FITS),
    Case("partial-digits", "fit_partial, digits", DIGITS.layers, 0.1, digits, PARTIAL_FITS),
    Case("partial-dense", "fit_partial, 784-128-10", (784, 128, 10), 0.1, mnist(), PARTIAL_FITS),
    Case(
        "predict-1", "predict 1 row, digits", DIGITS.layers, 0.1, partial(digits, rows=1), PREDICT
    ),
    Case(
        "predict-450",
        "predict 450 rows, digits",
        DIGITS.layers,
        0.1,
        partial(digits, rows=450),
        PREDICT,
    ),
    Case(
        "predict-10000",
        "predict 10,000 rows, 784-128-10",
        (784, 128, 10),
        0.1,
        mnist(rows=10_000),
        PREDICT,
    ),
    Process("process-xor", "XOR script", XOR, epochs=20_000),
    Process("process-digits", "digits script", DIGITS, epochs=1_000),
    Process("import", "import", XOR, epochs=1, part="import"),
    Process("first-fit", "first fit, one epoch of XOR", XOR, epochs=1, part="fit"),
    FirstCalls("first-predict-1", "first 2,000 predict, 1 row", DIGITS, rows=1),
    FirstCalls("first-predict-450", "first 2,000 predict, 450 rows", DIGITS, rows=450),
    FirstCalls("first-partial-digits", "first 2,000 fit_partial, digits", DIGITS),
    FirstCalls("first-partial-xor", "first 2,000 fit_partial, XOR", XOR),
    Memory("memory", "fit on 50,000 x 1,024", rows=50_000, inputs=1024),
    Threads("threads", "two networks in two threads, digits"),
    *MANY_CASES,
    *ESTIMATOR_CASES,
)


def chosen(patterns):
    """Return the cases whose names match any of the patterns, all of them if there are none."""
    if not patterns:
        return CASES
    return [case for case in CASES if any(fnmatch(case.name, pattern) for pattern in patterns)]
