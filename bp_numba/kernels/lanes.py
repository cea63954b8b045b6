"""Many small networks of the same layers, one in each lane of a vector; no Numba here.

Network k is in lane k % v of vector k // v, for vectors of `v` numbers. Each vector of networks has
its own piece of memory, in which element (i, j) of matrix l, of `units[l + 1]` columns, is a vector

    (weight_offsets[l] + i * units[l + 1] + j) * v

elements from the beginning. Nothing is padded and nothing left out, so that infinity and NaN go
where NumPy would take them, and stay in their lanes.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np

from bp_numba.simd.arrays import Array, Floats, Offsets, aligned_parts, aligned_zeros

SIDE_BY_SIDE = 4
"""Vectors of networks that go through a sample together, so that latencies overlap. With two, XOR
took a third longer, others as long; with eight none gained anything."""


class Lanes(NamedTuple):
    """Networks as the kernels see them, in `vectors` vectors of `v` networks.

    Attributes
    ----------
    weights : (vectors * weight_offsets[L] * v,) float64
        All matrices of a vector of networks, one after the other, then those of the next.
    rates : (vectors * v,) float64
        Their learning rates.
    errors : (vectors * v,) float64
        Their sums of squared errors.
    activations, steps : (SIDE_BY_SIDE * unit_offsets[L + 1] * v,) float64
        Scratch space: those of layer l from `unit_offsets[l] * v` times the vectors that are side
        by side on, each unit's together.
    units : (L + 1,) int64
        Length of each layer, bias unit included.
    unit_offsets, weight_offsets : (L + 2,) and (L + 1,) int64
    """

    weights: Floats
    rates: Floats
    errors: Floats
    activations: Floats
    steps: Floats
    units: Offsets
    unit_offsets: Offsets
    weight_offsets: Offsets


class LaneSamples(NamedTuple):
    """The samples that they go through: the same for all, or each network's own.

    Attributes
    ----------
    X : (n * units[0],) or (vectors * n * units[0] * v,) float64
        Samples with the 1 of the bias, one after the other; each network's own are in its lane.
    targets : (n * units[L],) or (vectors * n * units[L] * v,) float64
    present : (0,) or (vectors * n * v,) float64
        1 where a network has a sample of its own, 0 where only others have so many.
    size : (1,) int64
        n, the most that a network has.
    longest : (0,) or (vectors,) int64
        The most that a network of each vector has, where they have their own.
    """

    X: Floats
    targets: Floats
    present: Floats
    size: Offsets
    longest: Offsets


def lane_sizes(units: Sequence[int]) -> dict[str, list[int]]:
    """Return what `Lanes` holds of sizes, for layers of so many units, by field."""
    return {
        "units": [*units],
        "unit_offsets": [0, *accumulate(units)],
        "weight_offsets": [0, *accumulate(a * b for a, b in pairwise(units))],
    }


def lanes(units: Sequence[int], networks: int, width: int) -> Lanes:
    """Return zeroed networks.

    Parameters
    ----------
    units : sequence of L + 1 ints
        The number of rows of each weight matrix, then the number of columns of the last.
    networks : int
        How many there must be room for.
    width : int
        Doubles in a vector.
    """
    vectors, sizes = -(-networks // width), lane_sizes(units)
    slots = SIDE_BY_SIDE * sizes["unit_offsets"][-1] * width
    weights, rates, errors, activations, steps = aligned_parts(
        vectors * sizes["weight_offsets"][-1] * width,
        *(vectors * width, vectors * width, slots, slots),
    )
    return Lanes(
        weights=weights,
        rates=rates,
        errors=errors,
        activations=activations,
        steps=steps,
        **{name: np.array(numbers, dtype=np.int64) for name, numbers in sizes.items()},
    )


def shared_samples(X: Array, targets: Array, outputs: int) -> LaneSamples:
    """Return samples for all networks; targets of one column serve all outputs."""
    n = len(X)
    inputs, wanted = np.ones((n, X.shape[1] + 1)), np.empty((n, outputs))
    inputs[:, :-1], wanted[...] = X, targets
    return LaneSamples(
        X=inputs.ravel(),
        targets=wanted.ravel(),
        present=np.empty(0),
        size=np.array([n]),
        longest=np.empty(0, np.int64),
    )


def own_samples(sets: Sequence[tuple[Array, Array]], outputs: int, width: int) -> LaneSamples:
    """Return each network's own samples, of the same number of inputs; some may have fewer."""
    lengths = [len(X) for X, _ in sets]
    n, vectors = max(lengths), -(-len(sets) // width)
    longest = np.maximum.reduceat(lengths, range(0, len(sets), width))
    inputs = aligned_zeros(vectors * n * (sets[0][0].shape[1] + 1) * width)
    wanted, present = aligned_zeros(vectors * n * outputs * width), np.zeros(vectors * n * width)
    by_network = inputs.reshape(vectors, n, -1, width)
    targets_by_network = wanted.reshape(vectors, n, outputs, width)
    for k, (X, targets) in enumerate(sets):
        place = (k // width, slice(len(X)), ..., k % width)
        by_network[place][:, :-1] = X
        by_network[place][:, -1] = 1.0
        targets_by_network[place] = targets
        present.reshape(vectors, n, width)[place] = 1.0
    return LaneSamples(
        X=inputs, targets=wanted, present=present, size=np.array([n]), longest=longest
    )
