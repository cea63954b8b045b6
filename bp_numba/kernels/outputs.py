"""The output layer of the perceptrons: its activation, its loss, and the deltas of both.

Each pair is such that the gradient of the loss by the net inputs is A_L - Y:

    identity   (1 / 2K) sum (a - y)^2, whose gradient is taken without 1 / K, as scikit-learn's
    logistic   -sum y log a + (1 - y) log (1 - a)
    softmax    -sum y log a
    exp        sum y log (y / a) - y + a                                     Poisson deviance / 2
"""

from typing import Any, NamedTuple, TypeAlias

from bp_numba.kernels.calls import LOSS_FACTOR, MEAN_WEIGHT
from bp_numba.kernels.elementary import exp, log
from bp_numba.kernels.reduction import format_of
from bp_numba.kernels.sigmoid import sigmoid
from bp_numba.kernels.variants import compiled_variant
from bp_numba.simd.arithmetic import (
    absolute,
    first_lanes,
    fma,
    max_lanes,
    maximum,
    sum_lanes,
    where_greater,
)
from bp_numba.simd.loops import Registers, loop
from bp_numba.simd.memory import Memory
from bp_numba.simd.values import Index, Vector

Call: TypeAlias = Any
"""A `calls.Batches` as operations see it."""

LOSSES, SAMPLES = 0, 1
"""Which vector of a perceptron's sums holds what."""


def activate_outputs(a: Memory, units: Index) -> None:
    """Turn net inputs of the output layer into its activations; padding becomes zero."""
    v, output = a.lanes, compiled_variant().output
    if output == "softmax":
        _softmax(a, units)
        return
    for j in loop(0, units, v):
        z = a.load(j)
        output_j = {"logistic": sigmoid, "exp": exp}[output](z) if output != "identity" else z
        a.store(j, first_lanes(output_j, units - j))


def _softmax(a: Memory, units: Index) -> None:
    # What is loaded is not stored again with -inf as padding: LLVM would use a masked store, and
    # the next load would wait for it: a kernel of 4-4-3 took half as long again on Zen 3.
    v, lowest = a.lanes, a.zero().constant(float("-inf"))
    largest = Registers([lowest])
    for j in loop(0, units, v):
        z = first_lanes(a.load(j), units - j, lowest)
        largest.values = [maximum(largest.values[0], z)]
    top, total = max_lanes(largest.values[0]), Registers([a.zero()])
    for j in loop(0, units, v):
        e = exp(first_lanes(a.load(j), units - j, lowest) - top)
        total.values = [total.values[0] + e]
        a.store(j, e)
    whole = sum_lanes(total.values[0])
    for j in loop(0, units, v):
        a.store(j, a.load(j) / whole)


class _Sample(NamedTuple):
    """The outputs of a sample, their deltas and targets, how many they are, and its weight."""

    a: Memory
    deltas: Memory
    targets: Memory
    units: Index
    weight: Vector


def _sample(call: Call, number: Index, t: Index) -> _Sample:
    """Return the sample of that number, the t-th of a block."""
    network, data = call.network, call.samples
    last = network.units.size - 1
    at = network.slot_offsets[last] + network.padded[last] * t
    targets, weight = data.targets[number * network.padded[last] :], data.weights.broadcast(number)
    a, deltas = network.activations[at:], network.deltas[at:]
    return _Sample(a, deltas, targets, network.units[last], weight)


def output_deltas(call: Call, number: Index, t: Index) -> None:
    """Write outputs and deltas of a sample, the t-th of a block."""
    a, deltas, y, units, weight = _sample(call, number, t)
    activate_outputs(a, units)
    for j in loop(0, units, a.lanes):
        deltas.store(j, (a.load(j) - y.load(j)) * weight)


def add_loss(call: Call, number: Index, t: Index, is_single: bool) -> None:
    """Add the loss of a sample, the t-th of a block, whose outputs there are, to the sums.

    A single sample with any weight counts as if it had the mean one: its own would cancel out.
    """
    a, _, y, units, weight = _sample(call, number, t)
    loss = Registers([a.zero()])
    for j in loop(0, units, a.lanes):
        loss.values = [loss.values[0] + _loss(y.load(j), a.load(j))]
    sums, v, settings = call.network.sums, a.lanes, call.samples.settings
    total = loss.values[0] * settings.broadcast(LOSS_FACTOR)
    sums.store(LOSSES * v, fma(total, weight, sums.load(LOSSES * v)))
    mean = settings.broadcast(MEAN_WEIGHT)
    share = where_greater(absolute(weight), 0.0, mean, 0.0) if is_single else weight
    sums.store(SAMPLES * v, sums.load(SAMPLES * v) + share)


def _loss(y: Vector, a: Vector) -> Vector:
    """Return each output's part of the loss; 0 where both are 0.

    Poisson's is NaN for targets below 0, as `scipy.special.xlogy` has it.
    """
    match compiled_variant().output:
        case "softmax":
            return -(y * log(_clipped(a)))
        case "logistic":
            p = _clipped(a)
            one = a.constant(1.0)
            return -fma(one - y, log(one - p), y * log(p))
        case "exp":
            return where_greater(absolute(y), 0.0, y * log(y / a), 0.0) - y + a
        case _:
            return (a - y) * (a - y)


def _clipped(p: Vector) -> Vector:
    """Return p between eps and 1 - eps, the numbers' precision; NaN stays NaN."""
    eps = 2.0 ** -format_of(p).fraction
    p = maximum(p, eps)
    return where_greater(p, 1.0 - eps, 1.0 - eps, p)
