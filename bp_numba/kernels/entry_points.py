"""The functions that Python calls, with C's calling convention: compiled one by one, on demand.

What they take is in `calls`. Numba compiles them; all that they call are operations. Those for
perceptrons and for lanes are in modules of their own, which others need not import.
"""

from typing import Any

from numba import types

from bp_numba.kernels.backward import output_steps
from bp_numba.kernels.calls import (
    PACK,
    Activation,
    Listed,
    OneSample,
    Prediction,
    Training,
)
from bp_numba.kernels.first_layer import (
    advance_listed,
    forward_block,
    update_block,
)
from bp_numba.kernels.in_place import backward_rows, forward_rows
from bp_numba.kernels.in_turn import take_block
from bp_numba.kernels.layout import BLOCK
from bp_numba.kernels.many_rows import predict_rows
from bp_numba.kernels.packing import copying
from bp_numba.kernels.places import with_known_sizes
from bp_numba.kernels.sigmoid import activate_all
from bp_numba.kernels.upper_layers import is_narrow, round_narrow
from bp_numba.simd.arithmetic import smaller
from bp_numba.simd.arrays import Offsets
from bp_numba.simd.memory import Memory
from bp_numba.simd.tables import floats_at, memory_at, reader
from bp_numba.simd.tracing import operation

read_call, read_listed, read_sample = reader(Training), reader(Listed), reader(OneSample)
read_prediction, read_activation = reader(Prediction), reader(Activation)


def _reading(samples_per_list: int) -> Any:
    @operation
    def read_training(table: Memory) -> Training:
        """Read a network and its errors; sizes are constants where they are known."""
        call = read_call(table)
        return call._replace(network=with_known_sizes(call.network, samples_per_list))

    return read_training


read_for_samples, read_for_blocks = _reading(1), _reading(BLOCK)
copy_for_samples, copy_for_blocks = copying(1), copying(BLOCK)


def train_blocks(
    table: Offsets, samples: Offsets, first: int, count: int, task: int, alpha: float
) -> int:
    """Train on `count` blocks from number `first` on, round and round; the last may be short.

    If the task is `MEASURE`, no weight is changed: the squared errors of the outputs are added to
    the sums. If it is `PACK` or `UNPACK`, all weights are copied, and no samples are needed; 0 is
    returned where some are not finite: then none is unpacked. The inputs are listed by blocks. No
    matrix may be narrow.
    """
    training = read_for_blocks(table)
    if task >= PACK:
        return copy_for_blocks(training, task)
    network, listed = training.network, read_listed(samples)
    inputs = listed.inputs
    blocks = inputs.starts.size - 1
    end = listed.targets.size // network.padded[network.units.size - 1]
    for number in range(first, first + count):
        block = number % blocks
        start = block * BLOCK
        # Kept is BLOCK, but LLVM does not know: it would write out loops over a block's samples.
        size = smaller(listed.kept[0], end - start)
        forward_block(network, inputs, block)
        take_block(training, listed, start, size, task, alpha)
        if task:
            update_block(network, inputs, block, size)
    return 1


def train_samples(
    table: Offsets, samples: Offsets, first: int, count: int, task: int, alpha: float
) -> int:
    """Do the same with inputs that are listed by single samples, and with narrow matrices.

    W_0 is updated by the samples `before` where it is multiplied with the next ones; a last walk,
    with none to multiply with, is for those of the last block.
    """
    training = read_for_samples(table)
    if task >= PACK:
        return copy_for_samples(training, task)
    network, listed = training.network, read_listed(samples)
    inputs = listed.inputs
    end = inputs.starts.size - 1
    blocks = (end + BLOCK - 1) // BLOCK
    wide = 0 if task and is_narrow(network) else 1
    kept = listed.kept[0] if wide else 1
    before, trained = 0, 0
    for number in range(first, first + count + 1):
        start = number % blocks * BLOCK
        stop = smaller(start + BLOCK, end) if number < first + count else start + 1
        for part in range(start, stop, kept):
            size = smaller(kept, end - part) if number < first + count else 0
            # Narrow matrices are rounded in between, and so take two walks.
            for rounded in range(wide, 2):
                advance_listed(network, inputs, before, trained, part, size * rounded, number % 2)
                trained = 0
                if not rounded:
                    round_narrow(network)
            take_block(training, listed, part, size, task, alpha)
            if task:
                before, trained = part, size
    return 1


def train_one(table: Offsets, alpha: float) -> int:
    """Train the matrices in place on one sample, whose inputs are a_0 of the network.

    Nothing is padded or left out: NaN and infinity go where NumPy would take them.
    """
    call = read_sample(table)
    network, last = call.network, call.network.units.size - 1
    for l in range(last):
        forward_rows(network, floats_at(call.matrices, l), l)
    output_steps(network, 0, call.target, 0, alpha)
    # Steps of layer 0, which nobody needs, come with its update: one that leaves them out, a kernel
    # of its own, takes 4% off 784-128-10 and 3% off the digits.
    for l in range(last - 1, -1, -1):
        backward_rows(network, floats_at(call.matrices, l), l)
    return 1


def predict_one(table: Offsets) -> int:
    """From a_0 in the network that a table describes, write all other activations."""
    call = read_sample(table)
    for l in range(call.network.units.size - 1):
        forward_rows(call.network, floats_at(call.matrices, l), l)
    return 1


def predict(table: Offsets, inputs: int, outputs: int, rows: int, columns: int) -> int:
    """Write the predictions for all rows of X, of which the column of ones may be missing.

    X of shape (rows, columns) and the outputs of shape (rows, units[L]) are given by their
    addresses.
    """
    call = read_prediction(table)
    X = memory_at(call.activations, inputs, rows * columns)
    Y = memory_at(call.activations, outputs, rows * call.units[call.units.size - 1])
    predict_rows(call, X, Y, rows, columns)
    return 1


def activate(table: Offsets) -> int:
    """Write outputs = sigmoid(net inputs) for at least as many elements as a vector has."""
    call = read_activation(table)
    activate_all(call.net_inputs, call.outputs)
    return 1


TYPES: dict[str, Any] = {
    "p": types.CPointer(types.int64),
    "i": types.int64,
    "d": types.float64,
}
"""Numba's types of the letters in `calls.ARGUMENTS`."""
