"""Networks in lanes, some vectors of them side by side: the room's equations, sample by sample.

All arithmetic is lane by lane, so a network's numbers depend on no other network, nor on how many
there are.
"""

from collections.abc import Callable, Iterator

from bp_numba.kernels.lane_groups import (
    Group,
    Lanes,
    Matrix,
    Own,
    Sample,
    Samples,
    Shared,
    Slots,
    Vectors,
)
from bp_numba.kernels.lanes import SIDE_BY_SIDE
from bp_numba.kernels.places import hidden_layers
from bp_numba.kernels.sigmoid import derivative, sigmoid
from bp_numba.kernels.variants import known_units
from bp_numba.simd.arithmetic import fma
from bp_numba.simd.loops import Registers, loop, when
from bp_numba.simd.memory import Memory
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index, Vector


def _forward(group: Group, sample: Sample) -> None:
    """Write all activations but a_0."""
    activations = group.many.activations
    _layer(group, group.matrix(0), sample.inputs, group.slots(activations, 1))
    for l in hidden_layers(group.many):
        below, above = group.slots(activations, l), group.slots(activations, l + 1)
        _layer(group, group.matrix(l), below.load, above)


def _layer(group: Group, matrix: Matrix, below: Callable[..., Vectors], above: Slots) -> None:
    """Write a_{l+1}[j] = sigmoid(sum over i of a_l[i] * W_l[i, j])."""
    for j, count in group.tiles(matrix.columns):
        sums = Registers([group.many.weights.zero()] * (count * group.size))
        for i in loop(0, matrix.rows):
            places, a = matrix.places(i, j, 1, count), below(i) * count
            sums.values = [
                fma(weights.load(at), a_i, partial)
                for (weights, at), a_i, partial in zip(places, a, sums.values, strict=True)
            ]
        above.store(j, [sigmoid(z) for z in sums.values])


def _backward(group: Group, sample: Sample) -> None:
    """Compute all steps, and update all matrices."""
    many, last = group.many, group.many.units.size - 1
    rates = [memory.load(0) for memory in group.each(many.rates)]
    a = group.slots(many.activations, last)
    for j in loop(0, many.units[last]):
        outputs = zip(a.load(j), sample.target(j), rates, strict=True)
        s_j = [(y - a_j) * (rate * derivative(a_j)) for a_j, y, rate in outputs]
        _take_step(group, sample, last, j, s_j)
    for below in hidden_layers(many):
        _steps_below(group, sample, last - below)
    if not _is_updated_at_once(sample):
        steps_1 = group.slots(many.steps, 1)
        for j, count in group.tiles(group.matrix(0).columns):
            _update_first(group, sample, j, steps_1.load(j, count))


def _steps_below(group: Group, sample: Sample, l: Index) -> None:
    """Compute s_l[i] = (sum over j of W_l[i, j] s_{l+1}[j]) a_l[i] (1 - a_l[i]), and update W_l."""
    many, matrix = group.many, group.matrix(l)
    a, above = group.slots(many.activations, l), group.slots(many.steps, l + 1)
    for i, count in group.tiles(matrix.rows):
        a_i = sample.only(a.load(i, count), 0.0)
        products = Registers([many.weights.zero()] * len(a_i))
        for j in loop(0, matrix.columns):
            places, s = matrix.places(i, j, count, 1), above.load(j) * count
            terms = zip(places, a_i, s, products.values, strict=True)
            products.values = [
                fma(_update(place, a_r, s_j), s_j, partial) for place, a_r, s_j, partial in terms
            ]
        pairs = zip(products.values, a_i, strict=True)
        _take_step(group, sample, l, i, [product * derivative(a_r) for product, a_r in pairs])


def _take_step(group: Group, sample: Sample, l: Index, j: Index, values: Vectors) -> None:
    """Write s_l[j] of one or several units, or in layer 1 update W_0 with it at once."""
    s_j, steps = sample.only(values, -0.0), group.slots(group.many.steps, l)
    if not _is_updated_at_once(sample):
        steps.store(j, s_j)
        return
    for _ in when(l, "==", 1):
        _update_first(group, sample, j, s_j)
    for _ in when(l, "!=", 1):
        steps.store(j, s_j)


def _is_updated_at_once(sample: Sample) -> bool:
    """Tell if W_0 is updated unit by unit, with no steps of layer 1 in memory.

    XOR takes 0.95 times as long so, where sizes are constants; with samples of each network's own
    2-2-1, 4-8-3 and 8-12-4 take 1.02 to 1.09 times as long, and for any units nothing is gained.
    """
    return isinstance(sample, Shared) and known_units() is not None


def _update_first(group: Group, sample: Sample, j: Index, s_j: Vectors) -> None:
    """Change W_0[i, j] += a_0[i] s_1[j] for all i, and one or several units."""
    matrix, count = group.matrix(0), len(s_j) // group.size
    for i in loop(0, matrix.rows):
        places, x = matrix.places(i, j, 1, count), sample.inputs(i) * count
        for place, x_i, s in zip(places, x, s_j, strict=True):
            _update(place, x_i, s)


def _update(place: tuple[Memory, Index], a: Vector, s: Vector) -> Vector:
    """Change W_l[i, j] += a_l[i] s_{l+1}[j] at a place; return what was there before.

    One place after the other: weights of all, loaded together, would not fit into the registers.
    """
    weights, at = place
    before = weights.load(at)
    weights.store(at, fma(a, s, before))
    return before


def _add_squared_errors(group: Group, sample: Sample) -> None:
    """Add (a_L - y)^2 to the networks' sums."""
    many, last = group.many, group.many.units.size - 1
    a = group.slots(many.activations, last)
    errors = group.each(many.errors)
    for j in loop(0, many.units[last]):
        differences = [a_j - y for a_j, y in zip(a.load(j), sample.target(j), strict=True)]
        for error, difference in zip(errors, sample.only(differences, 0.0), strict=True):
            error.store(0, fma(difference, difference, error.load(0)))


def _take(group: Group, sample: Sample, trains: Index) -> None:
    """Train on a sample, or if `trains` is 0 measure."""
    _forward(group, sample)
    for _ in when(trains, "!=", 0):
        _backward(group, sample)
    for _ in when(trains, "==", 0):
        _add_squared_errors(group, sample)


def _groups(many: Lanes) -> Iterator[Group]:
    """Yield, for loops, groups of all vectors, as large as they can be."""
    done, size = Registers([many.rates.size.constant(0)]), SIDE_BY_SIDE
    while size:
        for q in loop(done.values[0], many.rates.size // many.rates.lanes - (size - 1), size):
            yield Group(many, q, size)
            done.values = [q + size]
        size //= 2


def _numbers(samples: Samples, first: Index, count: Index) -> Iterator[Index]:
    """Yield, for a loop, the numbers of `count` samples from one on, round and round."""
    turn = Registers([first])
    for _ in loop(0, count):
        number = turn.values[0]
        yield number
        turn.values = [(number + 1).where(number + 1, "<", samples.size[0])]


@operation
def go_through_shared(
    many: Lanes, samples: Samples, first: Index, count: Index, trains: Index
) -> None:
    """Take `count` samples from number `first` on, round and round, with all networks."""
    for group in _groups(many):
        for number in _numbers(samples, first, count):
            _take(group, Shared.of(group, samples, number), trains)


@operation
def go_through_own(
    many: Lanes, samples: Samples, first: Index, count: Index, trains: Index
) -> None:
    """Do the same with own samples of each network, as many as a network of a group has."""
    for group in _groups(many):
        most = samples.longest[group.first]
        for g in range(1, group.size):
            most = most.at_least(samples.longest[group.first + g])
        for number in _numbers(samples, first, count):
            for _ in when(number, "<", most):
                _take(group, Own.of(group, samples, number), trains)
