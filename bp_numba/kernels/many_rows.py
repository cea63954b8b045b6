"""Kernels that predict many samples at a time: one in each lane of two or three vectors.

They read the user's own matrices, row after row. The activations of unit i are the vectors from
i * `samples_at_a_time` on; two halves of a buffer take turns as source and target. Inputs
that are zero in all of the samples are left out.
"""

from typing import Any, TypeAlias

from bp_numba.kernels.calls import ACTIVATED, vectors_at_a_time
from bp_numba.kernels.sigmoid import sigmoid
from bp_numba.simd.arithmetic import any_nonzero, fma, total, transposed
from bp_numba.simd.loops import Registers, loop, when
from bp_numba.simd.memory import Memory
from bp_numba.simd.tables import floats_at
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Index, Vector
from bp_numba.simd.width import WIDEST

Call: TypeAlias = Any
"""A `calls.Prediction` as operations see it: its arrays are memories."""


def units_at_a_time(width: int) -> int:
    """Return how many units are computed together, see `calls.vectors_at_a_time`."""
    return 8 if width == WIDEST else 4


@operation
def samples_at_a_time(call: Call) -> Index:
    """Return how many samples are predicted together."""
    return call.activations.size.constant(_samples(call.activations))


def _samples(a: Memory) -> int:
    return vectors_at_a_time(a.lanes) * a.lanes


@operation
def load_samples(call: Call, X: Memory, columns: Index, count: Index) -> None:
    """Write a_0 of `count` rows of X, with the 1 of the bias if it is missing."""
    a, v, width = call.activations, X.lanes, _samples(X)
    whole = columns.rounded_down(v).where(count, "==", width)  # in square tiles, if rows fill them
    for i in loop(0, whole, v):
        for t in loop(0, count, v):
            _copy_transposed(X[t * columns + i :], columns, a[i * width + t :], width)
    for t in loop(0, count):
        for i in loop(whole, columns):
            a[i * width + t] = X[t * columns + i]
    for _ in when(columns, "<", call.units[0]):
        for first in range(0, width, v):
            a.store(columns * width + first, a.zero().constant(1.0))


@operation
def any_not_finite(matrix: Memory) -> Index:
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


@operation
def list_active(call: Call) -> Index:
    """Write which units of a_0 are not zero in all of the samples, and return how many."""
    a, width = call.activations, _samples(call.activations)
    counted = Registers([a.size.constant(0)])
    for i in loop(0, call.units[0]):
        (count,) = counted.values
        call.active[count] = i
        counted.values = [count + any_nonzero(_unit(a, i * width))]
    return counted.values[0]


@operation
def forward_samples(call: Call, l: Index, source: Index, listed: Memory, count: Index) -> None:
    """Write a_{l+1}: tiles of units, those left over one by one, then the sigmoid of all.

    a_l begins at activations[source]. Tiles take the first count of the listed rows, each row in
    its turn: a row of zeros that is left out changes no sum.
    """
    matrix, columns = floats_at(call.matrices, l), call.units[l + 1]
    a, above = call.activations[source:], call.activations[call.activations.size // 2 - source :]
    units, vectors, width = units_at_a_time(a.lanes), vectors_at_a_time(a.lanes), _samples(a)
    whole = columns.rounded_down(units)
    for j in loop(0, whole, units):
        sums = Registers([a.zero()] * (units * vectors))
        for k in loop(0, count):
            i = listed[k]
            w = [matrix.broadcast(i * columns + j + c) for c in range(units)]
            sums.values = _add_products(w, _unit(a, i * width), sums.values)
        _store_units(sums.values, above[j * width :])
    for j in loop(whole, columns):
        _store_units(_net_inputs_of_unit(matrix[j:], call.units[l], columns, a), above[j * width :])
    for at in loop(0, columns * width, ACTIVATED * width):
        above.store(at, sigmoid(above.load(at, ACTIVATED * width)))


def _net_inputs_of_unit(column: Memory, rows: Index, columns: Index, a: Memory) -> list[Vector]:
    """Return the net inputs of one unit; some rows at a time go into as many partial sums."""
    together, vectors, width = units_at_a_time(a.lanes), vectors_at_a_time(a.lanes), _samples(a)
    whole = rows.rounded_down(together)
    sums = Registers([a.zero()] * (together * vectors))
    for i in loop(0, whole, together):
        w = [column.broadcast((i + r) * columns) for r in range(together)]
        sums.values = [
            fma(a.load(i * width + n * a.lanes), w[n // vectors], partial)
            for n, partial in enumerate(sums.values)
        ]
    unit = Registers([total(sums.values[q::vectors]) for q in range(vectors)])
    for i in loop(whole, rows):
        w = [column.broadcast(i * columns)]
        unit.values = _add_products(w, _unit(a, i * width), unit.values)
    return unit.values


def _unit(a: Memory, at: Index) -> list[Vector]:
    """Return the activations of a unit."""
    return [a.load(at + q * a.lanes) for q in range(vectors_at_a_time(a.lanes))]


def _add_products(w: list[Vector], a: list[Vector], sums: list[Vector]) -> list[Vector]:
    """Return the sums of each unit with w[unit] * a added, vector by vector."""
    return [fma(a[n % len(a)], w[n // len(a)], partial) for n, partial in enumerate(sums)]


def _store_units(net_inputs: list[Vector], above: Memory) -> None:
    for n, z in enumerate(net_inputs):
        above.store(n * z.lanes, z)


@operation
def store_outputs(call: Call, source: Index, outputs: Memory, count: Index) -> None:
    """Write `count` rows of outputs from the activations that begin at `source`."""
    a, v, width = call.activations[source:], outputs.lanes, _samples(outputs)
    units = call.units[call.units.size - 1]
    whole = units.rounded_down(v).where(count, "==", width)
    for t in loop(0, count, v):
        for j in loop(0, whole, v):
            _copy_transposed(a[j * width + t :], width, outputs[t * units + j :], units)
    for t in loop(0, count):
        for j in loop(whole, units):
            outputs[t * units + j] = a[j * width + t]


def _copy_transposed(source: Memory, stride: Index | int, target: Memory, to: Index | int) -> None:
    """Write the columns of a square tile, whose rows are `stride` apart, to rows `to` apart."""
    every = source.size.constant
    rows = [source.load(every(stride) * r) for r in range(source.lanes)]
    for i, column in enumerate(transposed(rows)):
        target.store(every(to) * i, column)
