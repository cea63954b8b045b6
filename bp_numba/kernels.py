"""Backpropagation, one sample at a time, on flat padded arrays.

    l        a layer, 0 .. L; matrix l leads from layer l to layer l + 1
    a_l      activations of layer l; a_0 is a row of X, which ends in the 1 of the bias
    d_l      deltas of layer l, l = 1 .. L
    W_l      weights from layer l to layer l + 1, shape (units[l], units[l + 1])
    net      the `layout.FlatNetwork` that holds them; X and y are padded alike and flattened

The bias is a unit like any other, so matrix times vector plus bias is one product. Padding of
activations and deltas is exactly zero whatever the data hold. All kernels trust their indices:
arguments are checked where users pass them. Only `train_samples` and `activate` are called from
Python, each with the one signature in `SIGNATURES`.
"""

from numba import types

from bp_numba.jit import entry_point, kernel
from bp_numba.layout import FlatNetwork, Floats
from bp_numba.sigmoid import sigmoid
from bp_numba.simd import (
    LANES,
    broadcast,
    first_lanes,
    fma,
    fma_rows,
    load,
    round_to_float32,
    splat,
    store,
    sum_rows,
    zero_rows,
)


@kernel
def forward(net: FlatNetwork, l: int) -> None:
    """Write a_{l+1}[j] = sigmoid(sum over i of a_l[i] * W_l[i, j]).

    Four partial sums hide the latency of the fused multiply-add.
    """
    columns, stride = net.units[l + 1], net.strides[l + 1]
    for j in range(0, columns, LANES):
        sum0 = sum1 = sum2 = sum3 = splat(0.0)
        i = net.unit_offsets[l]
        at = net.weight_offsets[l] + j
        for _ in range(net.units[l] // 4):
            sum0 = fma(broadcast(net.activations, i), load(net.weights, at), sum0)
            i, at = i + 1, at + stride
            sum1 = fma(broadcast(net.activations, i), load(net.weights, at), sum1)
            i, at = i + 1, at + stride
            sum2 = fma(broadcast(net.activations, i), load(net.weights, at), sum2)
            i, at = i + 1, at + stride
            sum3 = fma(broadcast(net.activations, i), load(net.weights, at), sum3)
            i, at = i + 1, at + stride
        for _ in range(net.units[l] % 4):
            sum0 = fma(broadcast(net.activations, i), load(net.weights, at), sum0)
            i, at = i + 1, at + stride
        a = sigmoid((sum0 + sum1) + (sum2 + sum3))
        store(net.activations, net.unit_offsets[l + 1] + j, first_lanes(a, columns - j))


@kernel
def output_deltas(net: FlatNetwork, y: Floats, y_at: int) -> None:
    """Write d_L = (a_L - y) * a_L * (1 - a_L); the target begins at y[y_at]."""
    last = net.units.size - 1
    for j in range(0, net.units[last], LANES):
        a = load(net.activations, net.unit_offsets[last] + j)
        error = a - load(y, y_at + j)
        store(net.deltas, net.unit_offsets[last] + j, error * a * (splat(1.0) - a))


@kernel
def hidden_deltas(net: FlatNetwork, l: int) -> None:
    """Write d_l[i] = (sum over j of W_l[i, j] * d_{l+1}[j]) * a_l[i] * (1 - a_l[i]).

    LANES rows at a time, so that the deltas are stored as vectors: a vector load soon after
    scalar stores to the same place would stall.
    """
    rows, stride = net.units[l], net.strides[l + 1]
    for i in range(0, rows, LANES):
        products = zero_rows()
        at = net.weight_offsets[l] + i * stride
        for j in range(0, stride, LANES):
            d_next = load(net.deltas, net.unit_offsets[l + 1] + j)
            products = fma_rows(net.weights, at + j, stride, d_next, products)
        a = load(net.activations, net.unit_offsets[l] + i)
        d = sum_rows(products) * a * (splat(1.0) - a)
        store(net.deltas, net.unit_offsets[l] + i, first_lanes(d, rows - i))


@kernel
def update_weights(net: FlatNetwork, l: int, alpha: float) -> None:
    """Change W_l[i, j] -= alpha * a_l[i] * d_{l+1}[j] in place.

    Where net.narrow[l] is set, each new weight is rounded to float32, as storing it in a
    float32 matrix would.
    """
    stride, narrow = net.strides[l + 1], net.narrow[l]
    for j in range(0, stride, LANES):
        step = splat(-alpha) * load(net.deltas, net.unit_offsets[l + 1] + j)
        at = net.weight_offsets[l] + j
        for i in range(net.unit_offsets[l], net.unit_offsets[l] + net.units[l]):
            new = fma(broadcast(net.activations, i), step, load(net.weights, at))
            store(net.weights, at, round_to_float32(new) if narrow else new)
            at += stride


@kernel
def train_sample(
    net: FlatNetwork, X: Floats, x_at: int, y: Floats, y_at: int, alpha: float
) -> None:
    """Make one step of gradient descent: forward, deltas from the old weights, update.

    The sample begins at X[x_at], its target at y[y_at]; net.weights change in place.
    """
    last = net.units.size - 1
    for j in range(0, net.strides[0], LANES):
        store(net.activations, j, load(X, x_at + j))
    for l in range(last):
        forward(net, l)
    output_deltas(net, y, y_at)
    for l in range(last - 1, 0, -1):
        hidden_deltas(net, l)
    for l in range(last):
        update_weights(net, l, alpha)


@entry_point
def train_samples(
    net: FlatNetwork, X: Floats, y: Floats, first: int, count: int, alpha: float
) -> None:
    """Train on `count` samples from row `first` on, round and round; net.weights change in place.

    X is (rows * strides[0],), y is (rows * strides[L],), 0 <= first < rows. Nothing but the
    weights carries over from one sample to the next, so any division into calls gives the same
    bits.
    """
    x_stride, y_stride = net.strides[0], net.strides[net.strides.size - 1]
    rows = X.size // x_stride
    row = first
    for _ in range(count):
        train_sample(net, X, row * x_stride, y, row * y_stride, alpha)
        row += 1
        if row == rows:
            row = 0


@entry_point
def activate(nets: Floats, outputs: Floats) -> None:
    """Write outputs = sigmoid(nets) for at least LANES elements; the arrays must not overlap.

    The last vector ends at the last element and so may repeat part of the one before it.
    """
    last = nets.size - LANES
    for i in range(0, last, LANES):
        store(outputs, i, sigmoid(load(nets, i)))
    store(outputs, last, sigmoid(load(nets, last)))


_FLOATS, _OFFSETS, _FLAGS = types.float64[::1], types.int64[::1], types.boolean[::1]
_NET = types.NamedTuple(
    [_FLOATS, _FLAGS, _FLOATS, _FLOATS, _OFFSETS, _OFFSETS, _OFFSETS, _OFFSETS], FlatNetwork
)

SIGNATURES = {
    train_samples: types.void(_NET, _FLOATS, _FLOATS, types.int64, types.int64, types.float64),
    activate: types.void(_FLOATS, _FLOATS),
}
"""The one specialisation of each entry point; compiling to it lazily is up to the caller."""
