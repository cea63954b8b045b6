"""The squared errors of a block's samples, which are not trained on.

No sample has to wait for another, and so all go through a layer together, one in each lane. Of a
unit its numbers for all samples follow each other: first the net inputs, then the activations.
Beyond the last sample there may be anything. How much sooner that is done than with samples in
turn: bench/README.md, "What is left above the floor".
"""

from bp_numba.kernels.layout import BLOCK
from bp_numba.kernels.packing import column_of
from bp_numba.kernels.places import Network, Slots, matrix_of
from bp_numba.kernels.sigmoid import sigmoid
from bp_numba.simd.arithmetic import first_lanes, fma, transposed
from bp_numba.simd.loops import Registers, loop, when
from bp_numba.simd.memory import Memory
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index


@operation
def add_squared_errors(
    network: Network, targets: Memory, first: Index, count: Index, errors: Memory
) -> None:
    """Add (a_L - y)^2 of `count` samples from number `first` on to a vector of sums.

    The net inputs of layer 1 are there, sample by sample.
    """
    last = network.units.size - 1
    _turn_net_inputs(network)
    for l in loop(1, last + 1):
        _activate(network, l)
        for _ in when(l, "<", last):
            _multiply_panels(network, l)
            _multiply_columns(network, l)
    a, stride = _units_of(network, last), network.padded[last]
    for t in loop(0, count, a.lanes):
        starts = [(first + (t + s).at_most(count - 1)) * stride for s in range(a.lanes)]
        sums = Registers([a.zero()])
        for k in loop(0, network.units[last]):
            difference = a.load(k * BLOCK + t) - targets.gather([start + k for start in starts])
            sums.values = [fma(difference, difference, sums.values[0])]
        errors.store(0, errors.load(0) + first_lanes(sums.values[0], count - t))


def _units_of(network: Network, l: Index | int) -> Memory:
    """Return the memory that begins with the first unit of layer l."""
    return network.activations[network.unit_offsets[l] * BLOCK :]


def _turn_net_inputs(network: Network) -> None:
    """Write the net inputs of layer 1 unit by unit."""
    of_samples, units = Slots(network.net_inputs, network.padded[1]), _units_of(network, 1)
    v = units.lanes
    for j in loop(0, network.padded[1], v):
        for t in range(0, BLOCK, v):
            some = [of_samples.of(t + s).load(j) for s in range(v)]
            for r, z in enumerate(transposed(some)):
                units.store((j + r) * BLOCK + t, z)


def _activate(network: Network, l: Index) -> None:
    """Turn net inputs into activations."""
    units = _units_of(network, l)
    for at in loop(0, network.units[l] * BLOCK, units.lanes):
        units.store(at, sigmoid(units.load(at)))


def _multiply_panels(network: Network, l: Index) -> None:
    """Write the net inputs of layer l + 1, but for those of columns by themselves.

    The sums of all samples for a panel are `BLOCK` vectors, which hide the latency of the fused
    multiply-add.
    """
    matrix, a, above = matrix_of(network, l), _units_of(network, l), _units_of(network, l + 1)
    v = a.lanes
    samples = range(0, BLOCK, v)
    for j in loop(0, matrix.panel_columns, v):
        panel, sums = column_of(matrix, j, l, v), Registers([a.zero()] * BLOCK)
        for i in loop(0, matrix.rows):
            row, x = panel.memory[panel.row(i) :], [a.load(i * BLOCK + t) for t in samples]
            pairs = [(row.broadcast(c), x_t) for c in range(v) for x_t in x]
            sums.values = [fma(*pair, z) for pair, z in zip(pairs, sums.values, strict=True)]
        for n, z in enumerate(sums.values):
            above.store(j * BLOCK + n * v, z)


def _multiply_columns(network: Network, l: Index) -> None:
    """Write the net inputs that these columns give."""
    matrix, a, above = matrix_of(network, l), _units_of(network, l), _units_of(network, l + 1)
    for j in loop(matrix.panel_columns, matrix.columns):
        column = matrix.column(j)
        for t in loop(0, j.constant(BLOCK), a.lanes):
            sums = Registers([a.zero()])
            for i in loop(0, matrix.rows):
                x = a.load(i * BLOCK + t)
                sums.values = [fma(column.broadcast(i), x, sums.values[0])]
            above.store(j * BLOCK + t, sums.values[0])
