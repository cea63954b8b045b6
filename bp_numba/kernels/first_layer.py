"""Layer 0 in exact blocks: W_0 is read and written once for several samples.

Their net inputs are taken with the weights before the first of them, and corrected by the updates
that have come since (`activate_sample`), which only takes the inner products of the samples. The
samples list their inputs that are not zero, see `inputs`: all of a block in one list, or each in
its own.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from bp_numba.kernels import block_tiles, list_tiles
from bp_numba.kernels.layout import BLOCK, first_panel
from bp_numba.kernels.places import (
    InputList,
    Lists,
    Network,
    Slots,
    activations_of,
    list_of,
    matrix_of,
    panel_groups,
    panel_groups_backwards,
    steps_of,
)
from bp_numba.kernels.sigmoid import sigmoid
from bp_numba.kernels.single_column import multiply_column, update_column
from bp_numba.simd.arithmetic import first_lanes, fma
from bp_numba.simd.loops import Registers, loop
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index

_TILES = {1: list_tiles, BLOCK: block_tiles}


def _multiplying(samples: int) -> Any:
    tiles = _TILES[samples]

    @operation
    def multiply(network: Network, inputs: Lists, first: Index, count: Index) -> None:
        """Write the net inputs of layer 1, X W_0, of `count` samples from a list on.

        Panel by panel, so that rows which one list has brought to the cache are there for others.
        """
        matrix = matrix_of(network, 0, first_panel(samples, network.weights.lanes))
        net_inputs = Slots(network.net_inputs, network.padded[1])
        lists = partial(_lists, samples, inputs, first, count)
        for j, panels in panel_groups(matrix, [tiles.panels_multiplied(matrix.weights.lanes), 1]):
            for listed, slots in lists(net_inputs.beyond(j)):
                tiles.multiply_panels(listed, panels, slots)
        for listed, slots in lists(net_inputs):
            multiply_column(listed, samples, matrix, slots)

    return multiply


def _updating(samples: int) -> Any:
    tiles = _TILES[samples]

    @operation
    def update(network: Network, inputs: Lists, first: Index, count: Index) -> None:
        """Change W_0[i, j] += sum over t of x_t[i] s_1(t)[j] for `count` samples from a list on.

        The panels come in the opposite order: those that were multiplied last are in a cache.
        """
        matrix = matrix_of(network, 0, first_panel(samples, network.weights.lanes))
        steps = steps_of(network, 1)
        lists = partial(_lists, samples, inputs, first, count)
        size = tiles.panels_updated(matrix.weights.lanes)
        for j, panels in panel_groups_backwards(matrix, size):
            for listed, slots in lists(steps.beyond(j)):
                tiles.update_panels(listed, panels, slots, count)
        for listed, slots in lists(steps):
            update_column(listed, samples, matrix, slots)

    return update


forward_listed, update_listed = _multiplying(1), _updating(1)
forward_block, update_block = _multiplying(BLOCK), _updating(BLOCK)


def _lists(
    samples: int, inputs: Lists, first: Index, count: Index, slots: Slots
) -> Iterator[tuple[InputList, Slots]]:
    """Yield, for a loop over the lists of `count` samples, the list and its samples' slots."""
    if samples > 1:
        yield list_of(inputs, first), slots
        return
    for n in loop(0, count):
        yield list_of(inputs, first + n), slots.since(n)


@operation
def activate_sample(
    network: Network, inputs: Lists, first: Index, t: Index, trained: Index
) -> None:
    """Write a_1 of sample number t after the first, its net input corrected for those before it.

    The net inputs of a block are taken with W_0 as it was before the block. Since then samples
    s < `trained` have changed W_0 by the sum of x_s^T s_1(s), and so the net input of sample t by
    the sum of (x_t . x_s) s_1(s). That is all before it, or none where nothing is trained.
    """
    columns, a, steps = network.units[1], activations_of(network, 1), steps_of(network, 1)
    net_inputs = Slots(network.net_inputs, network.padded[1]).of(t)
    gram = inputs.gram[(first + t) * BLOCK :]
    for j in loop(0, columns, a.lanes):
        z = Registers([net_inputs.load(j)])
        for s in loop(0, trained):
            z.values = [fma(steps.of(s).load(j), gram.broadcast(s), z.values[0])]
        a.store(j, first_lanes(sigmoid(z.values[0]), columns - j))
