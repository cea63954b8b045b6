"""The cases of many networks and their data."""

from functools import lru_cache

import numpy as np

from bench.many import Growing, Many, Peak, Seeds, samples
from bp_numba.examples.digits import DIGITS
from bp_numba.examples.xor import XOR


@lru_cache
def iris():
    """Return the 150 flowers, scaled, in random order, with a target for each class."""
    from sklearn.datasets import load_iris

    X, labels = load_iris(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))
    return ((X - X.min(axis=0)) / np.ptp(X, axis=0))[order], np.eye(3)[labels[order]]


def _random(inputs, outputs, rows=200):
    random = np.random.default_rng(0)
    return random.random((rows, inputs)), random.random((rows, outputs))


def _own(inputs, outputs, count=64):
    """Return sets of 20 to 100 samples, one for each network."""
    sizes = np.linspace(20, 100, count).astype(int)
    X, y = _random(inputs, outputs, sizes.sum())
    return [list(np.split(part, sizes.cumsum()[:-1])) for part in (X, y)]


def _each(layers, epochs):
    """Return cases of one, seven, eight and 64 networks of some layers."""
    name = "-".join(map(str, layers))
    return [
        Many(
            f"many-{name}-{count}",
            f"{count} network{'s' * (count > 1)} {name}",
            layers,
            count,
            lambda: _random(layers[0], layers[-1]),
            epochs,
        )
        for count in (1, 7, 8, 64)
    ]


MANY_CASES = (
    Many("many-xor", "64 networks 2-2-1, XOR", XOR.layers, 64, lambda: samples(XOR), 20_000, True),
    Many("many-xor-512", "512 networks 2-2-1", XOR.layers, 512, lambda: samples(XOR), 20_000, True),
    Many("many-iris", "64 networks 4-8-3, iris", (4, 8, 3), 64, iris, 200),
    Many(
        "many-digits",
        "64 networks 64-32-16-10, digits",
        DIGITS.layers,
        64,
        lambda: samples(DIGITS),
        30,
        jobs=2,
    ),
    Many(
        "many-own",
        "64 networks 8-12-4, each its own 20 to 100 samples",
        (8, 12, 4),
        64,
        lambda: _own(8, 4),
        300,
    ),
    Seeds("many-seeds", "1,000 networks 2-2-1, 20,000 epochs of XOR"),
    Growing("many-growing", "networks 2-2-1, 1,000 epochs of XOR"),
    Peak("many-peak", "networks 8-16-4, peak memory"),
    *_each((1, 1), 500),
    *_each((2, 4, 1), 300),
    *_each((8, 8, 1), 300),
    *_each((8, 12, 4), 200),
    *_each((8, 16, 4), 200),
    *_each((16, 16, 4), 100),
    *_each((32, 8, 2), 100),
    *_each((10, 100, 1), 30),
)
