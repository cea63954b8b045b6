"""A block of samples, once their net inputs are known: up to corrections where they train."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from bp_numba.kernels.first_layer import activate_sample
from bp_numba.kernels.layout import BLOCK
from bp_numba.kernels.second_layer import (
    Block,
    activate_two_layers,
    step_back,
    update_second,
)
from bp_numba.kernels.squared_errors import add_squared_errors
from bp_numba.kernels.upper_layers import backward_upper, forward_upper
from bp_numba.kernels.variants import is_for_large, known_units
from bp_numba.simd.loops import loop, when
from bp_numba.simd.memory import Memory
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index, Scalar

TINY = 16
"""Weights above the first layer up to which each sample of a block has code of its own, where units
are known: the steps of those before it stay in registers. On AVX2 XOR took 5% less time, 4-8-3 as
long, 64-16-10 6% more."""


@operation
def take_block(
    training: Any, listed: Any, first: Index, count: Index, trains: Index, alpha: Scalar
) -> None:
    """Train on up to BLOCK samples from number `first` on, or add their errors, if `trains` is 0.

    W_0 is left as it is; the block's net inputs of layer 1 are there.
    """
    network, targets = training.network, listed.targets
    # A branch around two operations in the entry points would take longer to compile.
    for _ in when(trains, "!=", 0):
        _take_in_turn(Block(network, listed.inputs, first), count, targets, alpha)
    for _ in when(trains, "==", 0):
        add_squared_errors(network, targets, first, count, training.errors)


def _take_in_turn(block: Block, count: Index, targets: Memory, alpha: Scalar) -> None:
    """Train on one sample after the other."""
    network = block.network
    stride, lowest = network.padded[network.units.size - 1], 2 if is_for_large() else 1
    for t in _each_sample(count):
        if is_for_large():
            activate_two_layers(block, t)
        else:
            activate_sample(network, block.inputs, block.first, t)
        forward_upper(network, lowest)
        backward_upper(network, t, targets, (block.first + t) * stride, alpha, lowest)
        if is_for_large():
            step_back(block, t, count)
    if is_for_large():
        update_second(block, count)


def _each_sample(count: Index) -> Iterator[Index]:
    """Yield the numbers below a count for a loop, or, for a tiny network, one after the other."""
    if not _is_tiny():
        yield from loop(0, count)
        return
    for t in map(count.constant, range(BLOCK)):
        for _ in when(t, "<", count):
            yield t


def _is_tiny() -> bool:
    units = known_units()
    return units is not None and sum(a * b for a, b in pairwise(units[1:])) <= TINY
