"""Those for scikit-learn's perceptrons, compiled for each of `variants`; see `entry_points`."""

from bp_numba.kernels.batches import add_block, begin_batch, train_sample
from bp_numba.kernels.calls import Batches
from bp_numba.kernels.optimizers import end_batch
from bp_numba.simd.arithmetic import smaller
from bp_numba.simd.arrays import Offsets
from bp_numba.simd.tables import reader

read_batches = reader(Batches)


def train_batches(table: Offsets, start: int, end: int, size: int, block: int) -> int:
    """Train on the samples from number `start` of the order to `end`, in batches of `size`.

    Of a batch `block` samples go through the layers at a time. It may be cut where they end: the
    weights change once it is complete.
    """
    call = read_batches(table)
    while start < end:
        number = start // size
        first, last = number * size, smaller((number + 1) * size, call.samples.order.size)
        if start == first:
            begin_batch(call)
        stop = smaller(last, end)
        for at in range(start, stop, block):
            add_block(call, at, smaller(block, stop - at), block)
        if stop == last:
            end_batch(call, number)
        start = stop
    return 1


def train_singles(table: Offsets, start: int, end: int) -> int:
    """Do the same with batches of one sample each, whose weights count against the mean."""
    call = read_batches(table)
    for number in range(start, end):
        train_sample(call, number)
    return 1
