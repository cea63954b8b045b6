"""The output layer of the perceptrons: its activation, its loss, and the deltas of both.

Each pair is such that the gradient of the loss by the net inputs is A_L - Y:

    identity   (1 / 2K) sum (a - y)^2, whose gradient is taken without 1 / K, as scikit-learn's
    logistic   -sum y log a + (1 - y) log (1 - a)
    softmax    -sum y log a
    exp        sum y log (y / a) - y + a                                     Poisson deviance / 2
"""

from collections.abc import Iterator
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


class Outputs(NamedTuple):
    """The outputs of as many samples as a vector has lanes, or of a single sample.

    Of several samples vector k holds output k of each, of a single one the outputs from k on: these
    may end in padding.

    Attributes
    ----------
    a, deltas : Memory
        Vector k begins at k * stride. Net inputs become activations.
    targets : Memory
        Those of all samples, so many for each as `row` says.
    numbers : list of Index
        Of the samples, one for each lane.
    there : Index
        How many of them there are.
    weight : Vector
        Of the samples; 0 in lanes beyond.
    """

    a: Memory
    deltas: Memory
    stride: Index
    targets: Memory
    row: Index
    units: Index
    numbers: list[Index]
    there: Index
    weight: Vector

    @property
    def is_single(self) -> bool:
        """Whether lanes are outputs."""
        return len(self.numbers) == 1

    def vectors(self) -> Iterator[tuple[Index, Index]]:
        """Yield, for a loop, each k and where its vector begins."""
        for k in loop(0, self.units, self.a.lanes if self.is_single else 1):
            yield k, k * self.stride

    def without_padding(self, k: Index, value: Vector, rest: float = 0.0) -> Vector:
        """Return vector k with `rest` as padding."""
        return first_lanes(value, self.units - k, rest) if self.is_single else value

    def of_samples(self, value: Vector) -> Vector:
        """Return a vector with zeros in lanes of samples that there are not, whatever they held."""
        return value if self.is_single else first_lanes(value, self.there)

    def target(self, k: Index) -> Vector:
        """Return vector k of the targets."""
        places = [number * self.row + k for number in self.numbers]
        return self.targets.load(places[0]) if self.is_single else self.targets.gather(places)


def end_forward(call: Call, outputs: Outputs) -> None:
    """Turn net inputs into activations; write deltas, and add losses to the sums."""
    _activate(outputs)
    a, loss = outputs.a, Registers([outputs.a.zero()])
    for k, at in outputs.vectors():
        y, a_k = outputs.target(k), a.load(at)
        outputs.deltas.store(at, outputs.of_samples((a_k - y) * outputs.weight))
        loss.values = [loss.values[0] + _loss(y, a_k)]
    _add(call, outputs, outputs.of_samples(loss.values[0]))


def _add(call: Call, outputs: Outputs, loss: Vector) -> None:
    """Add losses and weights of samples to the sums.

    A single sample with any weight counts as if it had the mean one: its own would cancel out.
    """
    sums, v, settings, weight = call.network.sums, loss.lanes, call.samples.settings, outputs.weight
    total = loss * settings.broadcast(LOSS_FACTOR)
    sums.store(LOSSES * v, fma(total, weight, sums.load(LOSSES * v)))
    mean = settings.broadcast(MEAN_WEIGHT)
    if outputs.is_single:
        share = where_greater(absolute(weight), 0.0, mean, 0.0)
    else:
        share = sum_lanes(weight)
    sums.store(SAMPLES * v, sums.load(SAMPLES * v) + share)


def _activate(outputs: Outputs) -> None:
    """Turn net inputs into activations; padding becomes zero."""
    a, output = outputs.a, compiled_variant().output
    if output == "softmax":
        _softmax(outputs)
        return
    for k, at in outputs.vectors():
        z = a.load(at)
        a_k = {"logistic": sigmoid, "exp": exp}[output](z) if output != "identity" else z
        a.store(at, outputs.without_padding(k, a_k))


def _softmax(outputs: Outputs) -> None:
    # What is loaded is not stored again with -inf as padding: LLVM would use a masked store, and
    # the next load would wait for it: a kernel of 4-4-3 took half as long again on Zen 3.
    a, lowest = outputs.a, float("-inf")
    largest, total = Registers([a.zero().constant(lowest)]), Registers([a.zero()])
    for k, at in outputs.vectors():
        z = outputs.without_padding(k, a.load(at), lowest)
        largest.values = [maximum(largest.values[0], z)]
    top = max_lanes(largest.values[0]) if outputs.is_single else largest.values[0]
    for k, at in outputs.vectors():
        e = exp(outputs.without_padding(k, a.load(at), lowest) - top)
        total.values = [total.values[0] + e]
        a.store(at, e)
    whole = sum_lanes(total.values[0]) if outputs.is_single else total.values[0]
    for _, at in outputs.vectors():
        a.store(at, a.load(at) / whole)


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
