"""Many small networks of the same layers, one in each lane of a vector; no Numba here.

Network k is in lane k % v of vector k // v, for vectors of `v` numbers. `TOGETHER` vectors, or the
one or two of a group that is smaller, have one piece of memory, in which element (i, j) of matrix
l, of `units[l + 1]` columns, of the first of their m networks is

    (weight_offsets[l] + i * units[l + 1] + j) * m

from the beginning, and next to it those of the others. Nothing is padded and nothing left out, so
that infinity and NaN go where NumPy would take them, and stay in their lanes.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np

from bp_numba.simd.arrays import Array, Floats, Offsets, aligned_parts, aligned_zeros

TOGETHER = 4
"""Vectors of networks that lie together, and go through a sample side by side, so that latencies
overlap. With two XOR took a third longer, others as long."""

FEW_WEIGHTS = 16
"""Networks of so many go side by side in eight vectors where their units are known: XOR took 0.85
times as long in vectors of four lanes, 0.96 of eight, larger ones as long or up to 1.13 times."""


def most_vectors(known_units: Sequence[int] | None) -> int:
    """Return how many vectors of networks go side by side in a kernel for these units, or for any.

    It is a matter of speed alone: they lie in memory as `in_groups` says, and no bit depends on it.
    """
    if known_units is None or lane_sizes(known_units)["weight_offsets"][-1] > FEW_WEIGHTS:
        return TOGETHER
    return 2 * TOGETHER


class Lanes(NamedTuple):
    """Networks as the kernels see them, in `vectors` vectors of `v` networks.

    Attributes
    ----------
    weights : (vectors * weight_offsets[L] * v,) float64
        All matrices of the networks that lie together, then those of the next.
    rates : (vectors * v,) float64
        Their learning rates.
    errors : (vectors * v,) float64
        Their sums of squared errors.
    activations, steps : (most_vectors(units) * unit_offsets[L + 1] * v,) float64
        Scratch space for as many as go side by side: those of layer l from `unit_offsets[l] * m`
        on.
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
    X : ((n + 1) * inputs,) or (vectors * (n + 1) * inputs * v,) float64
        Samples without the 1 of the bias, one after the other, then one of zeros; each network's
        own are in its lane, and lie together as the weights do.
    targets : ((n + 1) * units[L],) or (vectors * (n + 1) * units[L] * v,) float64
    present : (0,) or (vectors * (n + 1) * v,) float64
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


def in_groups(elements: Floats, vectors: int, width: int) -> list[Floats]:
    """Return what belongs to the networks that lie together, of so many vectors in all.

    They are as many as they can be, `TOGETHER` vectors first, then two, then one.

    Returns
    -------
    list of (elements of a network, networks) float64 views
    """
    sizes, size = list[int](), TOGETHER
    while size:
        sizes += [size] * ((vectors - sum(sizes)) // size)
        size //= 2
    ends = np.cumsum(sizes) * (elements.size // vectors)
    parts = np.split(elements, ends[:-1])
    return [part.reshape(-1, size * width) for part, size in zip(parts, sizes, strict=True)]


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
    slots = most_vectors(units) * sizes["unit_offsets"][-1] * width
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
    inputs, wanted = np.zeros((n + 1, X.shape[1])), np.zeros((n + 1, outputs))
    inputs[:n], wanted[:n] = X, targets
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
    parts = [
        aligned_zeros(vectors * (n + 1) * k * width) for k in (sets[0][0].shape[1], outputs, 1)
    ]
    of_each = [
        [own.reshape(n + 1, -1) for group in in_groups(part, vectors, width) for own in group.T]
        for part in parts
    ]
    for (X, targets), own_X, own_targets, present in zip(sets, *of_each, strict=False):
        own_X[: len(X)], own_targets[: len(X)], present[: len(X)] = X, targets, 1.0
    X, targets, present = parts
    return LaneSamples(X=X, targets=targets, present=present, size=np.array([n]), longest=longest)
