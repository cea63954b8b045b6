"""Kernels on the user's own matrices: row after row, without padding, a sample at a time.

The same equations as in `forward` and `backward`. For a single sample that costs less than packing.
Memory is read in order, and in the backward pass from its end: what the forward pass has read last
is still in the cache.

Columns beyond whole vectors are changed one by one. Masked stores took most of the time on AVX2:
3.1 ns each on Zen 3, a plain one 0.7.
"""

from collections.abc import Iterator, Sequence

from bp_numba.kernels.places import Network, activations_of, steps_of
from bp_numba.kernels.sigmoid import derivative, sigmoid
from bp_numba.simd.arithmetic import first_lanes, fma, sum_lanes, sum_rows
from bp_numba.simd.loops import Registers, loop
from bp_numba.simd.memory import Memory
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index, Vector

ROWS = 8
"""Rows that are multiplied at a time: net inputs are loaded and stored once for all of them. On
AVX2 the forward pass of 784-128-10 took 14.3 us, with four 15.6, one by one 20.7."""


@operation
def forward_rows(network: Network, matrix: Memory, l: Index) -> None:
    """Write a_{l+1}[j] = sigmoid(sum over i of a_l[i] * W_l[i, j])."""
    rows, columns, v = network.units[l], network.units[l + 1], matrix.lanes
    a, above = activations_of(network, l), activations_of(network, l + 1)
    whole, rest = columns.rounded_down(v), Registers([matrix.zero()])
    for j in loop(0, whole, v):
        above.store(j, matrix.zero())
    for i, count in _groups(rows, ROWS):
        starts = [(i + r) * columns for r in range(count)]
        inputs = [a.broadcast(i + r) for r in range(count)]
        for j in loop(0, whole, v):
            w = [matrix.load(start + j) for start in starts]
            above.store(j, above.load(j) + _product(w, inputs))
        for j in loop(whole, columns, v):
            w = [matrix.load_first(start + j, columns - j) for start in starts]
            rest.values = [rest.values[0] + _product(w, inputs)]
    for j in loop(0, whole, v):
        above.store(j, sigmoid(above.load(j)))
    for j in loop(whole, columns, v):
        above.store(j, first_lanes(sigmoid(rest.values[0]), columns - j))


@operation
def backward_rows(network: Network, matrix: Memory, l: Index) -> None:
    """Write s_l[i] = (sum over j of W_l[i, j] s_{l+1}[j]) a_l[i] (1 - a_l[i]), and update W_l.

    The sum takes the weights before the update W_l[i, j] += a_l[i] s_{l+1}[j]. Padding of s_l is
    left as it is.
    """
    rows, columns, v = network.units[l], network.units[l + 1], matrix.lanes
    a, steps = activations_of(network, l), steps_of(network, l).memory
    above, whole = steps_of(network, l + 1).memory, columns.rounded_down(v)
    for done, count in _groups(rows, v):
        i = rows - (done + count)
        starts = [(i + r) * columns for r in range(count)]
        inputs = [a.broadcast(i + r) for r in range(count)]
        products = Registers([matrix.zero()] * count)
        for j in loop(0, whole, v):
            step = above.load(j)
            w = [matrix.load(start + j) for start in starts]
            products.values = [
                fma(w_r, step, partial) for w_r, partial in zip(w, products.values, strict=True)
            ]
            for start, a_r, w_r in zip(starts, inputs, w, strict=True):
                matrix.store(start + j, fma(a_r, step, w_r))
        a_i, sums = a.load(i, count), Registers([_sums(products.values)])
        for j in loop(whole, columns):
            step, column = above.broadcast(j, count), [start + j for start in starts]
            w_j = matrix.gather(column)
            changed = fma(a_i, step, w_j)
            sums.values = [fma(w_j, step, sums.values[0])]
            for r, at in enumerate(column):
                matrix.store(at, changed.lane(r))
        steps.store(i, sums.values[0] * derivative(a_i))


def _groups(rows: Index, size: int) -> Iterator[tuple[Index, int]]:
    """Yield, for loops over groups of so many rows and over single ones, the first and how many."""
    whole = rows.rounded_down(size)
    for i in loop(0, whole, size):
        yield i, size
    for i in loop(whole, rows):
        yield i, 1


def _product(w: Sequence[Vector], inputs: Sequence[Vector]) -> Vector:
    """Return the sum over r of inputs[r] * w[r]."""
    product = w[0] * inputs[0]
    for w_r, a_r in zip(w[1:], inputs[1:], strict=True):
        product = fma(w_r, a_r, product)
    return product


def _sums(rows: Sequence[Vector]) -> Vector:
    """Return the vector, as long as there are rows, of the sums of each row's lanes."""
    return sum_lanes(rows[0]).lane(0) if len(rows) == 1 else sum_rows(rows)
