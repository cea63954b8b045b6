"""Networks in lanes, some vectors of them side by side: the room's equations, sample by sample.

All arithmetic is lane by lane, so a network's numbers depend on no other network, nor on how many
there are.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from typing import TypeAlias

from bp_numba.kernels.lane_groups import Group, Lanes, Own, Sample, Samples, Shared
from bp_numba.kernels.places import hidden_layers
from bp_numba.kernels.sigmoid import derivative, sigmoid
from bp_numba.simd.arithmetic import fma
from bp_numba.simd.loops import Registers, loop, when
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index

SampleOf: TypeAlias = Callable[[Index], Sample]
"""Returns the sample of a number."""


def _forward(group: Group, before: Sample, sample: Sample) -> None:
    """Update W_0 with what the sample before has left, and write all activations but a_0."""
    activations = group.many.activations
    _first_layer(group, before, sample)
    for l in hidden_layers(group.many):
        matrix, below = group.matrix(l), group.slots(activations, l)
        above, zero = group.slots(activations, l + 1), activations.zero()
        for j, count in group.tiles(matrix.columns):
            sums = Registers([zero] * (count * group.size))
            for i in loop(0, matrix.rows):
                a_i, weights = below.load(i) * count, matrix.load(i, j, count)
                sums.values = list(map(fma, a_i, weights, sums.values))
            above.store(j, map(sigmoid, sums.values), count)


def _first_layer(group: Group, before: Sample, sample: Sample) -> None:
    """Change W_0[i, j] += a_0[i] s_1[j] of the sample before, and write a_1 of this one.

    So W_0 is read once, and written while the sigmoids are computed.
    """
    matrix, above = group.matrix(0), group.slots(group.many.activations, 1)
    steps, bias = group.slots(group.many.steps, 1), matrix.rows - 1
    for j, count in group.tiles(matrix.columns):
        s_j, places = steps.load(j, count), matrix.places(bias, j, 1, count)
        biases = [matrix.update(at, s.constant(1.0), s) for at, s in zip(places, s_j, strict=True)]
        sums = Registers([after for _, after in biases])
        for i in loop(0, bias):
            inputs = cycle(zip(before.inputs(i), sample.inputs(i), strict=True))
            terms = zip(matrix.places(i, j, 1, count), s_j, sums.values, inputs, strict=False)
            sums.values = [
                fma(matrix.update(at, a, s)[1], x, partial) for at, s, partial, (a, x) in terms
            ]
        above.store(j, map(sigmoid, sums.values), count)


def _backward(group: Group, sample: Sample) -> None:
    """Compute all steps, and update all matrices but W_0."""
    many, last = group.many, group.many.units.size - 1
    rates = group.part(many.rates, 1)
    a, steps = group.slots(many.activations, last), group.slots(many.steps, last)
    for j in loop(0, many.units[last]):
        outputs = zip(a.one_by_one(j), sample.target(j), rates.one_by_one(0), strict=True)
        s_j = ((y - a_j) * (rate * derivative(a_j)) for a_j, y, rate in outputs)
        steps.store(j, sample.only(s_j, -0.0))
    for below in hidden_layers(many):
        _steps_below(group, sample, last - below)


def _steps_below(group: Group, sample: Sample, l: Index) -> None:
    """Compute s_l[i] = (sum over j of W_l[i, j] s_{l+1}[j]) a_l[i] (1 - a_l[i]), and update W_l."""
    many, matrix = group.many, group.matrix(l)
    a, above = group.slots(many.activations, l), group.slots(many.steps, l + 1)
    for i, count in group.tiles(matrix.rows):
        a_i = [*sample.only(a.load(i, count), 0.0)]
        products = Registers([many.weights.zero()] * len(a_i))
        for j in loop(0, matrix.columns):
            places, s = matrix.places(i, j, count, 1), above.load(j) * count
            terms = zip(places, a_i, s, products.values, strict=True)
            products.values = [
                fma(matrix.update(at, a_r, s_j)[0], s_j, partial) for at, a_r, s_j, partial in terms
            ]
        pairs = zip(products.values, a_i, strict=True)
        s_i = (product * derivative(a_r) for product, a_r in pairs)
        group.slots(many.steps, l).store(i, sample.only(s_i, -0.0), count)


def _add_squared_errors(group: Group, sample: Sample) -> None:
    """Add (a_L - y)^2 to the networks' sums."""
    many, last = group.many, group.many.units.size - 1
    a, errors = group.slots(many.activations, last), group.part(many.errors, 1)
    for j in loop(0, many.units[last]):
        differences = [a_j - y for a_j, y in zip(a.load(j), sample.target(j), strict=True)]
        pairs = zip(errors.load(0), sample.only(differences, 0.0), strict=True)
        errors.store(0, (fma(difference, difference, error) for error, difference in pairs))


def _numbers(samples: Samples, first: Index, count: Index, most: Index) -> Iterator[Index]:
    """Yield, for a loop, those below `most` of `count` numbers from one on, round and round.

    Then it yields the number of samples.
    """
    turn, n = Registers([first]), samples.size[0]
    turns = (count + 1).at_least(1)  # as LLVM would make an empty loop of its own for no turn
    for k in loop(0, turns):
        number = turn.values[0].where(k, "<", count)
        for _ in when(number, "<", most):
            yield (number - n).where(k, "<", count) + n
        turn.values = [(number + 1).where(number + 1, "<", n)]


def _go_through(
    group: Group, sample_of: SampleOf, numbers: Iterator[Index], n: Index, trains: Index
) -> None:
    """Train on samples, or if `trains` is 0 measure; each takes what the last has left to W_0.

    Before the first one, and where nothing is trained, that is nothing: steps of -0, and inputs of
    0, which sample number n has. So no bit is changed. It comes last, too, for what is left then.
    """
    many, steps = group.many, group.slots(group.many.steps, 1)
    for j in loop(0, many.units[1]):
        steps.store(j, [many.steps.zero().constant(-0.0)] * group.size)
    done = Registers([n])
    for number in numbers:
        sample = sample_of(number)
        _forward(group, sample_of(done.values[0]), sample)
        for _ in when(number, "<", n * trains):
            _backward(group, sample)
            done.values = [number]
        for _ in when(number + n * trains, "<", n):
            _add_squared_errors(group, sample)


@operation
def go_through_shared(
    many: Lanes, samples: Samples, first: Index, count: Index, trains: Index
) -> None:
    """Take `count` samples from number `first` on, round and round, with all networks."""
    n = samples.size[0]
    for group in Group.all(many):
        sample_of = partial(Shared.of, group, samples)
        _go_through(group, sample_of, _numbers(samples, first, count, n), n, trains)


@operation
def go_through_own(
    many: Lanes, samples: Samples, first: Index, count: Index, trains: Index
) -> None:
    """Do the same with own samples of each network, as many as a network of a group has."""
    for group in Group.all(many):
        most = samples.longest[group.first]
        for g in range(1, group.size):
            most = most.at_least(samples.longest[group.first + g])
        numbers = _numbers(samples, first, count, most)
        _go_through(group, partial(Own.of, group, samples), numbers, samples.size[0], trains)
