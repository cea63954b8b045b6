"""Kernels that predict many samples at a time: one in each lane of two or three vectors.

These samples are a group. The activations of its unit i are the vectors from i * `_samples` on; two
halves of a buffer take turns as source and target. `INPUTS` rows of a matrix are packed, so that
memory is read in order, and all groups at hand are multiplied by them (K. Goto, R. van de Geijn,
Anatomy of High-Performance Matrix Multiplication, 2008); the sums so far stand where the
activations will be. Inputs that are zero in all samples of a group are left out.
"""

from typing import Any, NamedTuple, TypeAlias

from bp_numba.kernels.calls import GROUPS, INPUTS, activated_at_a_time, vectors_at_a_time
from bp_numba.kernels.sigmoid import sigmoid
from bp_numba.simd.arithmetic import any_nonzero, fma, smaller, total, transposed
from bp_numba.simd.loops import Registers, loop, when
from bp_numba.simd.memory import Memory
from bp_numba.simd.tables import floats_at
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index, Vector
from bp_numba.simd.width import WIDEST

Call: TypeAlias = Any
"""A `calls.Prediction` as operations see it: its arrays are memories."""

PACKED_TOGETHER = 8
"""Rows that are packed side by side: the CPU fetches ahead along them, not down the columns."""


UNKNOWN, FINITE = -1, 1
"""What is known of W_0; 0 if an element is not finite."""


class Rows(NamedTuple):
    """Rows of the matrix W_l, and as many units of layer l: `size` from the first on."""

    l: Index
    first: Index
    size: Index


def units_at_a_time(width: int) -> int:
    """Return how many units are computed together, see `calls.vectors_at_a_time`."""
    return 8 if width == WIDEST else 4


def _samples(a: Memory) -> int:
    """Return how many samples a group has."""
    return vectors_at_a_time(a.lanes) * a.lanes


@operation
def predict_rows(call: Call, X: Memory, outputs: Memory, rows: Index, columns: Index) -> None:
    """Write the outputs for all rows of X, a part of each layer's units at a time."""
    width, last = _samples(X), call.units.size - 1
    finite = Registers([rows.constant(UNKNOWN)])
    for row in loop(0, rows, GROUPS * width):
        samples = smaller(rows - row, rows.constant(GROUPS * width))
        for l in loop(0, last):
            for first in loop(0, call.units[l], INPUTS):
                part = Rows(l, first, smaller(call.units[l] - first, rows.constant(INPUTS)))
                _pack(call, part)
                for t in loop(0, samples, width):
                    listed, count = Registers([l.constant(0)]), Registers([part.size])
                    for _ in when(l, "==", 0):
                        _load_inputs(call, part, X[(row + t) * columns :], columns, samples - t)
                        active = _list_active(call, part.size)
                        for _ in when(active, "<", part.size):
                            _find_out(call, finite)
                            for _ in when(finite.values[0], "==", FINITE):
                                listed.values, count.values = [l.constant(INPUTS)], [active]
                    _forward_group(call, part, t, call.listed[listed.values[0] :], count.values[0])
        for t in loop(0, samples, width):
            _store_outputs(call, t, outputs[(row + t) * call.units[last] :], samples - t)


def _start(call: Call, l: Index, t: Index) -> Index:
    """Return where the activations of layer l begin, for the group of sample t."""
    width, most = _samples(call.activations), call.packed.size // INPUTS
    half = (l - l.rounded_down(2)) * (GROUPS * width)
    return ((half + t) * most + INPUTS * width).where(l.constant(0), "<", l)


def _pack(call: Call, rows: Rows) -> None:
    """Write packed[j * size + i * units + c] = W_l[first + i, j + c] for each tile from unit j on.

    For the columns that are left over, packed[j * size + i] = W_l[first + i, j].
    """
    columns, units = call.units[rows.l + 1], units_at_a_time(call.packed.lanes)
    matrix, packed = floats_at(call.matrices, rows.l)[rows.first * columns :], call.packed
    whole = columns.rounded_down(units)
    for start in loop(0, rows.size, PACKED_TOGETHER):
        end = smaller(start + PACKED_TOGETHER, rows.size)
        for j in loop(0, whole, units):
            for i in loop(start, end):
                packed.store(j * rows.size + i * units, matrix.load(i * columns + j, units))
        for j in loop(whole, columns):
            for i in loop(start, end):
                packed[j * rows.size + i] = matrix[i * columns + j]


def _load_inputs(call: Call, rows: Rows, X: Memory, columns: Index, samples: Index) -> None:
    """Write inputs of a group, the first rows of X, with the 1 of the bias if it is missing."""
    a, v, width = call.activations, X.lanes, _samples(X)
    missing = call.units[0] - columns
    count = rows.size - missing.where(rows.first + rows.size, "==", call.units[0])
    present = smaller(samples, count.constant(width))
    whole = count.rounded_down(v).where(present, "==", width)  # in tiles, if samples fill them
    for i in loop(0, whole, v):
        for t in loop(0, present, v):
            _copy_transposed(X[t * columns + rows.first + i :], columns, a[i * width + t :], width)
    for t in loop(0, present):
        for i in loop(whole, count):
            a[i * width + t] = X[t * columns + rows.first + i]
    for _ in when(count, "<", rows.size):
        for at in range(0, width, v):
            a.store(count * width + at, a.zero().constant(1.0))


def _list_active(call: Call, count: Index) -> Index:
    """Write which of the inputs are not zero in all samples of the group, and return how many."""
    a, width = call.activations, _samples(call.activations)
    counted = Registers([count.constant(0)])
    for i in loop(0, count):
        (listed,) = counted.values
        call.listed[listed + INPUTS] = i
        counted.values = [listed + any_nonzero(_unit(a, i * width))]
    return counted.values[0]


def _find_out(call: Call, finite: Registers[Index]) -> None:
    """Find out if W_0 is finite, unless that is known: zero times infinity would be NaN."""
    (known,) = finite.values
    for _ in when(known, "==", UNKNOWN):
        infinite = _any_not_finite(floats_at(call.matrices, known.constant(0)))
        finite.values = [known.constant(FINITE) - infinite]


def _any_not_finite(matrix: Memory) -> Index:
    """Return 1 if an element is infinite or NaN, else 0."""
    v, together = matrix.lanes, 8  # vectors
    whole = matrix.size.rounded_down(together * v)
    sums = Registers([matrix.zero()] * together)
    for at in loop(0, whole, together * v):
        sums.values = [fma(matrix.load(at + n * v), 0.0, s) for n, s in enumerate(sums.values)]
    for at in loop(whole, matrix.size):
        first, *others = sums.values
        sums.values = [fma(matrix.broadcast(at), 0.0, first), *others]
    return any_nonzero(sums.values)


def _forward_group(call: Call, rows: Rows, t: Index, listed: Memory, count: Index) -> None:
    """Add the products with the packed rows to a group's sums, and write a_{l+1} with the last.

    Tiles take the first `count` of the listed rows, each row in its turn: a row of zeros that is
    left out changes no sum.
    """
    columns, width = call.units[rows.l + 1], _samples(call.activations)
    lower = (rows.first * width).where(columns.constant(0), "<", rows.l)
    a = call.activations[_start(call, rows.l, t) + lower :]
    above = call.activations[_start(call, rows.l + 1, t) :]
    whole = columns.rounded_down(units_at_a_time(a.lanes))
    for j in loop(0, whole, units_at_a_time(a.lanes)):
        _add_tile(call.packed[j * rows.size :], a, above[j * width :], rows, listed, count)
    for j in loop(whole, columns):
        _add_unit(call.packed[j * rows.size :], a, above[j * width :], rows)
    for _ in when(rows.first + rows.size, "==", call.units[rows.l]):
        together = activated_at_a_time(a.lanes) * a.lanes
        for at in loop(0, columns * width, together):
            above.store(at, sigmoid(above.load(at, together)))


def _add_tile(
    W: Memory, a: Memory, above: Memory, rows: Rows, listed: Memory, count: Index
) -> None:
    """Add the products of some units, computed together."""
    units, width = units_at_a_time(a.lanes), _samples(a)
    sums = _sums_so_far(above, units, rows)
    for k in loop(0, count):
        i = listed[k]
        w = [W.broadcast(i * units + c) for c in range(units)]
        sums.values = _add_products(w, _unit(a, i * width), sums.values)
    _store_units(sums.values, above)


def _add_unit(column: Memory, a: Memory, above: Memory, rows: Rows) -> None:
    """Add the products of one unit; some rows at a time go into as many partial sums."""
    together, vectors, width = units_at_a_time(a.lanes), vectors_at_a_time(a.lanes), _samples(a)
    whole = rows.size.rounded_down(together)
    sums = Registers([a.zero()] * (together * vectors))
    for i in loop(0, whole, together):
        w = [column.broadcast(i + r) for r in range(together)]
        sums.values = [
            fma(a.load(i * width + n * a.lanes), w[n // vectors], partial)
            for n, partial in enumerate(sums.values)
        ]
    unit = _sums_so_far(above, 1, rows)
    unit.values = [z + total(sums.values[q::vectors]) for q, z in enumerate(unit.values)]
    for i in loop(whole, rows.size):
        unit.values = _add_products([column.broadcast(i)], _unit(a, i * width), unit.values)
    _store_units(unit.values, above)


def _sums_so_far(above: Memory, units: int, rows: Rows) -> Registers[Vector]:
    """Return the sums of some units over the rows before the first: zeros if there are none."""
    sums = Registers([above.zero()] * (units * vectors_at_a_time(above.lanes)))
    for _ in when(rows.first.constant(0), "<", rows.first):
        sums.values = [above.load(n * above.lanes) for n in range(len(sums.values))]
    return sums


def _unit(a: Memory, at: Index) -> list[Vector]:
    """Return the activations of a unit."""
    return [a.load(at + q * a.lanes) for q in range(vectors_at_a_time(a.lanes))]


def _add_products(w: list[Vector], a: list[Vector], sums: list[Vector]) -> list[Vector]:
    """Return the sums of each unit with w[unit] * a added, vector by vector."""
    return [fma(a[n % len(a)], w[n // len(a)], partial) for n, partial in enumerate(sums)]


def _store_units(net_inputs: list[Vector], above: Memory) -> None:
    for n, z in enumerate(net_inputs):
        above.store(n * z.lanes, z)


def _store_outputs(call: Call, t: Index, outputs: Memory, samples: Index) -> None:
    """Write the first rows of outputs, one for each sample of a group, the first of which is t."""
    last, v, width = call.units.size - 1, outputs.lanes, _samples(outputs)
    a, units = call.activations[_start(call, last, t) :], call.units[last]
    present = smaller(samples, units.constant(width))
    whole = units.rounded_down(v).where(present, "==", width)
    for s in loop(0, present, v):
        for j in loop(0, whole, v):
            _copy_transposed(a[j * width + s :], width, outputs[s * units + j :], units)
    for s in loop(0, present):
        for j in loop(whole, units):
            outputs[s * units + j] = a[j * width + s]


def _copy_transposed(source: Memory, stride: Index | int, target: Memory, to: Index | int) -> None:
    """Write the columns of a square tile, whose rows are `stride` apart, to rows `to` apart."""
    every = source.size.constant
    rows = [source.load(every(stride) * r) for r in range(source.lanes)]
    for i, column in enumerate(transposed(rows)):
        target.store(every(to) * i, column)
