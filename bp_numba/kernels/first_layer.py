"""Layer 0 in exact blocks: W_0 is read and written once for several samples.

Their net inputs are taken with the weights before the first of them, and corrected by the updates
that have come since (`activate_sample`), which only takes the inner products of the samples. The
samples list their inputs that are not zero, see `inputs`: all of a block in one list, or each in
its own.
"""

from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any

from bp_numba.kernels.inputs import LIST_MULTIPLE
from bp_numba.kernels.layout import BLOCK
from bp_numba.kernels.places import (
    InputList,
    Lists,
    Network,
    Slots,
    activations_of,
    list_of,
    matrix_of,
    panel_groups,
    steps_of,
)
from bp_numba.kernels.sigmoid import sigmoid
from bp_numba.kernels.single_column import multiply_column, update_column
from bp_numba.simd.arithmetic import first_lanes, fma, total
from bp_numba.simd.loops import Registers, loop
from bp_numba.simd.memory import Memory
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index
from bp_numba.simd.width import WIDEST

LISTED_PANELS, UPDATED_PANELS = 2, 4
"""Panels that a sample's list is multiplied with and updates at a time: one look at the list serves
all of them."""


def block_panels(lanes: int) -> int:
    """Return how many panels a block of samples is multiplied with and updates at a time.

    With two, an input that is loaded is used twice (784-128-10 took a sixth less time), but only
    AVX-512 has the registers.
    """
    return 2 if lanes == WIDEST else 1


def _multiplying(samples: int) -> Any:
    @operation
    def multiply(network: Network, inputs: Lists, first: Index, count: Index) -> None:
        """Write the net inputs of layer 1, X W_0, of the samples in `count` lists.

        Panel by panel, so that rows which one list has brought to the cache are there for others.
        """
        matrix, net_inputs = matrix_of(network, 0), Slots(network.net_inputs, network.padded[1])
        lists = partial(_lists, samples, inputs, first, count)
        most = LISTED_PANELS if samples == 1 else block_panels(network.weights.lanes)
        for j, panels in panel_groups(matrix, sorted({most, 1}, reverse=True)):
            for listed, slots in lists(net_inputs.beyond(j)):
                _multiply_panels(listed, samples, panels, slots)
        for listed, slots in lists(net_inputs):
            multiply_column(listed, samples, matrix, slots)

    return multiply


def _updating(samples: int) -> Any:
    @operation
    def update(network: Network, inputs: Lists, first: Index, count: Index) -> None:
        """Change W_0[i, j] += sum over t of x_t[i] s_1(t)[j] for the samples in `count` lists."""
        matrix, steps = matrix_of(network, 0), steps_of(network, 1)
        lists = partial(_lists, samples, inputs, first, count)
        most = UPDATED_PANELS if samples == 1 else block_panels(network.weights.lanes)
        for j, panels in panel_groups(matrix, sorted({most, 1}, reverse=True)):
            for listed, slots in lists(steps.beyond(j)):
                _update_panels(listed, samples, panels, slots)
        for listed, slots in lists(steps):
            update_column(listed, samples, matrix, slots)

    return update


forward_listed, update_listed = _multiplying(1), _updating(1)
forward_block, update_block = _multiplying(BLOCK), _updating(BLOCK)


def _lists(
    samples: int, inputs: Lists, first: Index, count: Index, slots: Slots
) -> Iterator[tuple[InputList, Slots]]:
    """Yield, for a loop over `count` lists, the list and the slots of its samples."""
    for n in loop(0, count):
        yield list_of(inputs, first + n), slots.since(n * samples)


def _multiply_panels(
    listed: InputList, samples: int, panels: list[Memory], net_inputs: Slots
) -> None:
    """Write the products of a list of inputs with some panels.

    For sample t and panel p, to the p-th vector of its slot the sum over the listed inputs k of
    values[k, t] * (the vector at offsets[k]). A single sample takes some inputs at a time, into as
    many partial sums, as its lists are filled up for.
    """
    together = LIST_MULTIPLE if samples == 1 else 1
    tiles = list(product(range(len(panels)), range(samples)))
    sums = Registers([net_inputs.memory.zero()] * (len(tiles) * together))
    for first in loop(listed.start, listed.end, together):
        w, x = [], []
        for k in (first + r for r in range(together)):
            w.append([panel.load(listed.offsets[k]) for panel in panels])
            x.append([listed.values.broadcast(k * samples + t) for t in range(samples)])
        pairs = [(w[r][p], x[r][t]) for p, t in tiles for r in range(together)]
        sums.values = [
            fma(*pair, partial) for pair, partial in zip(pairs, sums.values, strict=True)
        ]
    for n, (p, t) in enumerate(tiles):
        z = total(sums.values[n * together : (n + 1) * together])
        net_inputs.of(t).store(p * z.lanes, z)


def _update_panels(listed: InputList, samples: int, panels: list[Memory], steps: Slots) -> None:
    """Add to the vectors at offsets[k] of some panels the sum over t of values[k, t] * s(t).

    A block meanwhile fetches the values of the one that follows: more do not fit in the caches.
    """
    together, v = LIST_MULTIPLE if samples == 1 else 1, steps.memory.lanes
    s = [[steps.of(t).load(p * v) for t in range(samples)] for p in range(len(panels))]
    for first in loop(listed.start, listed.end, together):
        for k in (first + r for r in range(together)):
            offset = listed.offsets[k]
            if samples > 1:
                listed.values.prefetch((k + (listed.end - listed.start)) * samples)
            w = [panel.load(offset) for panel in panels]
            for t in range(samples):
                x = listed.values.broadcast(k * samples + t)
                w = [fma(s_panel[t], x, w_panel) for s_panel, w_panel in zip(s, w, strict=True)]
            for panel, w_panel in zip(panels, w, strict=True):
                panel.store(offset, w_panel)


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
