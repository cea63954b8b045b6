"""All layers above the first, for one sample; see `first_layer` for what goes before and after."""

from bp_numba.kernels.backward import backward, output_steps
from bp_numba.kernels.forward import forward
from bp_numba.kernels.places import Network
from bp_numba.simd.arithmetic import round_to_float32
from bp_numba.simd.loops import loop, when
from bp_numba.simd.memory import Memory
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index, Scalar


@operation
def train_upper(network: Network, t: Index, targets: Memory, y_at: Index, alpha: Scalar) -> None:
    """From a_1 compute all other activations and all steps, and update W_1 and above."""
    last = network.units.size - 1
    for l in loop(1, last):
        forward(network, l)
    output_steps(network, t, targets, y_at, alpha)
    for below in loop(1, last):
        backward(network, t, last - below)


@operation
def round_narrow(network: Network) -> None:
    """Round matrices to float32 where network.narrow says so, as storing them would."""
    weights = network.weights
    for l in loop(0, network.narrow.size):
        for _ in when(network.narrow[l], "!=", 0):
            for at in loop(network.weight_offsets[l], network.weight_offsets[l + 1], weights.lanes):
                weights.store(at, round_to_float32(weights.load(at)))
