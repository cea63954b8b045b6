"""Layer 0 in exact blocks: W_0 is read and written once for several samples.

Their net inputs are taken with the weights before the first of them, and corrected by the updates
that have come since (`activate_sample`), which only takes the inner products of the samples. The
samples list their inputs that are not zero, see `inputs`: all of a block in one list, or each in
its own.
"""

from collections.abc import Iterator

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
    panel_groups_to_and_fro,
    steps_of,
)
from bp_numba.kernels.sigmoid import sigmoid
from bp_numba.kernels.single_column import multiply_column, update_column
from bp_numba.simd.arithmetic import first_lanes, fma
from bp_numba.simd.loops import Registers, loop
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index


@operation
def forward_block(network: Network, inputs: Lists, number: Index) -> None:
    """Write the net inputs of layer 1, X W_0, of a block's samples.

    Meanwhile, in the walk along the first panels, the inputs of the block that follows are fetched:
    where losses are measured nothing else does it. Those of more blocks do not fit in the caches.
    """
    matrix, listed = matrix_of(network, 0), list_of(inputs, number)
    net_inputs = Slots(network.net_inputs, network.padded[1])
    together = block_tiles.panels_multiplied(matrix.weights.lanes)
    for j, panels in panel_groups(matrix, [together, 1]):
        ahead = (listed.end - listed.start).where(j, "==", 0)
        block_tiles.multiply_panels(listed, panels, net_inputs.beyond(j), ahead)
    multiply_column(listed, BLOCK, matrix, net_inputs)


@operation
def update_block(network: Network, inputs: Lists, number: Index, count: Index) -> None:
    """Change W_0[i, j] += sum over t of x_t[i] s_1(t)[j] for the `count` samples of a block.

    The panels come in the opposite order: those that were multiplied last are in a cache.
    """
    matrix, listed, steps = matrix_of(network, 0), list_of(inputs, number), steps_of(network, 1)
    together = block_tiles.panels_updated(matrix.weights.lanes)
    for j, panels in panel_groups_to_and_fro(matrix, [together, 1], count.constant(1)):
        block_tiles.update_panels(listed, panels, steps.beyond(j), count)
    update_column(listed, BLOCK, matrix, steps)


@operation
def advance_listed(
    network: Network,
    inputs: Lists,
    before: Index,
    trained: Index,
    first: Index,
    count: Index,
    turned: Index,
) -> None:
    """Do the same for samples that list their own inputs, in one walk over W_0.

    It is updated by `trained` samples from number `before` on, and multiplied with `count` from
    number `first` on. Panel by panel, so that rows which one list has brought to the caches are
    there for others, and in the opposite order if `turned` is not 0.
    """
    matrix = matrix_of(network, 0, first_panel(1, network.weights.lanes))
    net_inputs, steps = Slots(network.net_inputs, network.padded[1]), steps_of(network, 1)
    for j, panels in panel_groups_to_and_fro(matrix, [list_tiles.TOGETHER, 1], turned):
        for listed, slots in _lists(inputs, before, trained, steps.beyond(j)):
            list_tiles.update_panels(listed, panels, slots)
        for listed, slots in _lists(inputs, first, count, net_inputs.beyond(j)):
            list_tiles.multiply_panels(listed, panels, slots)
    for listed, slots in _lists(inputs, before, trained, steps):
        update_column(listed, 1, matrix, slots)
    for listed, slots in _lists(inputs, first, count, net_inputs):
        multiply_column(listed, 1, matrix, slots)


def _lists(
    inputs: Lists, first: Index, count: Index, slots: Slots
) -> Iterator[tuple[InputList, Slots]]:
    """Yield, for a loop over `count` samples, the list of each and its slot."""
    for n in loop(0, count):
        yield list_of(inputs, first + n), slots.since(n)


@operation
def activate_sample(network: Network, inputs: Lists, first: Index, t: Index) -> None:
    """Write a_1 of sample number t after the first, its net input corrected for those before it.

    The net inputs of a block are taken with W_0 as it was before the block. Since then samples
    s < t have changed W_0 by the sum of x_s^T s_1(s), and so the net input of sample t by the sum
    of (x_t . x_s) s_1(s).
    """
    columns, a, steps = network.units[1], activations_of(network, 1), steps_of(network, 1)
    net_inputs = Slots(network.net_inputs, network.padded[1]).of(t)
    gram = inputs.gram[(first + t) * BLOCK :]
    for j in loop(0, columns, a.lanes):
        z = Registers([net_inputs.load(j)])
        for s in loop(0, t):
            z.values = [fma(steps.of(s).load(j), gram.broadcast(s), z.values[0])]
        a.store(j, first_lanes(sigmoid(z.values[0]), columns - j))
