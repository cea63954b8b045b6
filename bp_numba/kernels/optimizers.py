"""From the gradient of a batch to its weights: one pass over flat buffers.

With g = (G + alpha W) / (weight of the batch), alpha the L2 penalty, which intercepts do not have:

    plain      W -= rate g
    momentum   V = momentum V - rate g;    W += V
    nesterov   V = momentum V - rate g;    W += momentum V - rate g
    adam       M = b1 M + (1 - b1) g;      S = b2 S + (1 - b2) g^2;    W -= rate M / (sqrt(S) + eps)

The pass also adds up the squares of the weights that the batch began with, for its loss.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from bp_numba.kernels.calls import BETA_1, BETA_2, EPSILON, MOMENTUM, NEW_1, NEW_2, PENALTY
from bp_numba.kernels.outputs import LOSSES, SAMPLES
from bp_numba.kernels.variants import compiled_variant
from bp_numba.simd.arithmetic import any_nonzero, fma, sqrt
from bp_numba.simd.loops import Registers, loop, when
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index, Vector

Call: TypeAlias = Any
"""A `calls.Batches` as operations see it."""

Change: TypeAlias = Callable[[Index, Vector], Vector]
"""From the gradient of the weights at an index to their change."""

Rule: TypeAlias = Callable[[Any, Vector], Change]
"""From a call and the learning rate to that; what it takes is loaded here, once."""


@operation
def end_batch(call: Call, number: Index) -> None:
    """Change the weights by the gradient of batch `number`, and write its loss.

    If none of its samples has a weight, nothing changes, and the loss is 0.
    """
    sums, losses = call.network.sums, call.samples.losses
    losses.store(number * sums.lanes, losses.zero())
    for _ in when(any_nonzero([sums.load(SAMPLES * sums.lanes)]), "!=", 0):
        _update(call, number)


def _update(call: Call, number: Index) -> None:
    network, settings = call.network, call.samples.settings
    v, weights, gradient = network.weights.lanes, network.weights, network.gradient
    matrices = network.weight_offsets[network.weight_offsets.size - 1]
    share = weights.zero().constant(1.0) / network.sums.load(SAMPLES * v)
    rule = RULES[compiled_variant().optimizer]
    change = rule(call, call.samples.rates.broadcast(number)) if rule else None
    penalty, squares = settings.broadcast(PENALTY), Registers([weights.zero()])
    for at in loop(0, matrices, v):
        w = weights.load(at)
        squares.values = [fma(w, w, squares.values[0])]
        if change is not None:
            g = fma(w, penalty, gradient.load(at)) * share
            weights.store(at, w + change(at, g))
            gradient.store(at, gradient.zero())
    if change is not None:
        for at in loop(matrices, weights.size, v):
            step = change(at, gradient.load(at) * share)
            weights.store(at, weights.load(at) + step)
            gradient.store(at, gradient.zero())
    write_loss(call, number, squares.values[0])


def descend_batch(call: Call, number: Index, descend: Callable[[Vector, Vector], Vector]) -> None:
    """End batch `number` with plain SGD that needs no gradient: `descend(factor, keep)`.

    It makes the weights W = keep W + factor A^T D, and returns the squares that they had.
    """
    sums, losses = call.network.sums, call.samples.losses
    losses.store(number * sums.lanes, losses.zero())
    weight = sums.load(SAMPLES * sums.lanes)
    for _ in when(any_nonzero([weight]), "!=", 0):
        factor = -(call.samples.rates.broadcast(number) / weight)
        keep = fma(factor, call.samples.settings.broadcast(PENALTY), weight.constant(1.0))
        write_loss(call, number, descend(factor, keep))


def write_loss(call: Call, number: Index, squares: Vector) -> None:
    """Write the loss of a batch, from the sums over its samples and over the weights' squares."""
    sums, v = call.network.sums, squares.lanes
    share = squares.constant(1.0) / sums.load(SAMPLES * v)
    total = fma(call.samples.settings.broadcast(PENALTY) * 0.5, squares, sums.load(LOSSES * v))
    call.samples.losses.store(number * v, total * share)


def _plain(call: Call, rate: Vector) -> Change:
    return lambda at, g: -(rate * g)


def _momentum(call: Call, rate: Vector) -> Change:
    momentum, velocity = call.samples.settings.broadcast(MOMENTUM), call.network.velocity

    def change(at: Index, g: Vector) -> Vector:
        step = fma(momentum, velocity.load(at), -(rate * g))
        velocity.store(at, step)
        return step

    return change


def _nesterov(call: Call, rate: Vector) -> Change:
    momentum, step = call.samples.settings.broadcast(MOMENTUM), _momentum(call, rate)
    return lambda at, g: fma(momentum, step(at, g), -(rate * g))


def _adam(call: Call, rate: Vector) -> Change:
    settings, first, second = call.samples.settings, call.network.velocity, call.network.square
    beta_1, beta_2, epsilon = (settings.broadcast(n) for n in (BETA_1, BETA_2, EPSILON))
    new_1, new_2 = (settings.broadcast(n) for n in (NEW_1, NEW_2))

    def change(at: Index, g: Vector) -> Vector:
        m = fma(beta_1, first.load(at), new_1 * g)
        s = fma(beta_2, second.load(at), new_2 * (g * g))
        first.store(at, m)
        second.store(at, s)
        return -((rate * m) / (sqrt(s) + epsilon))

    return change


RULES: dict[str, Rule | None] = {
    "none": None,
    "plain": _plain,
    "momentum": _momentum,
    "nesterov": _nesterov,
    "adam": _adam,
}
