"""All layers above the first, or above the second, for one sample.

See `first_layer` and `second_layer` for what goes before and after.
"""

from bp_numba.kernels.backward import backward, output_steps
from bp_numba.kernels.forward import forward
from bp_numba.kernels.places import Network, hidden_layers
from bp_numba.simd.arithmetic import round_to_float32
from bp_numba.simd.loops import Registers, loop, when
from bp_numba.simd.memory import Memory
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index, Scalar


@operation
def forward_upper(network: Network, lowest: int = 1) -> None:
    """From the activations of the lowest of these layers compute those above."""
    for l in hidden_layers(network, lowest):
        forward(network, l)


@operation
def backward_upper(
    network: Network, t: Index, targets: Memory, y_at: Index, alpha: Scalar, lowest: int = 1
) -> None:
    """From all activations compute the steps of these layers, and update the matrices above."""
    last = network.units.size - 1
    output_steps(network, t, targets, y_at, alpha)
    for below in hidden_layers(network, lowest):
        backward(network, t, last + (lowest - 1) - below)


@operation
def is_narrow(network: Network) -> Index:
    """Return a number that is not 0 if a matrix is stored as float32."""
    found = Registers([network.narrow[0]])
    for l in loop(1, network.narrow.size):
        found.values = [found.values[0] + network.narrow[l]]
    return found.values[0]


@operation
def round_narrow(network: Network) -> None:
    """Round matrices to float32 where network.narrow says so, as storing them would."""
    weights = network.weights
    for l in loop(0, network.narrow.size):
        for _ in when(network.narrow[l], "!=", 0):
            for at in loop(network.weight_offsets[l], network.weight_offsets[l + 1], weights.lanes):
                weights.store(at, round_to_float32(weights.load(at)))
