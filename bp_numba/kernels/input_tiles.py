"""Register tiles for the first layer: samples as lists of inputs, by themselves or by blocks.

See `tiles` for what a tile is, and `inputs.Inputs` for values, rows, and where lists start and end.
"""

from itertools import product
from typing import Any

from bp_numba.kernels.inputs import LIST_MULTIPLE
from bp_numba.kernels.layout import BLOCK
from bp_numba.kernels.tiles import ROWS, nothing, same, total
from bp_numba.simd.arithmetic import fma
from bp_numba.simd.tracing import Index, Memory, Registers, Vector, loop, operation
from bp_numba.simd.width import most_lanes

PANELS = 2 if most_lanes() == 8 else 1
"""Panels that a block of samples is multiplied with at a time. With two, an input that is loaded is
used twice (784-128-10 took a sixth less time), but only AVX-512 has the registers."""

UPDATED = 4
"""Panels that a sample's list updates at a time: one look at the list serves all of them."""


def _update_listed(panels: int) -> Any:
    @operation(nothing)
    def update_listed(
        values: Memory,
        rows: Memory,
        start: Index,
        end: Index,
        weights: Memory,
        at: Index,
        panel: Index,
        steps: Memory,
        step_at: Index,
    ) -> None:
        """Update some panels of weights by a sample.

        Add values[k] * (the steps at step_at) to the vector at `at` + rows[k], for
        k = start .. end - 1. Panels are `panel` elements apart.
        """
        tile = [steps.load(step_at + p * steps.vector.count) for p in range(panels)]
        for first in loop(start, end, LIST_MULTIPLE):
            for k in (first + r for r in range(LIST_MULTIPLE)):
                row, x = at + rows.index(k), values.broadcast(k)
                for p, step in enumerate(tile):
                    w = weights.load(row + panel * p)
                    weights.store(row + panel * p, fma(step, x, w))

    return update_listed


def _multiply_listed(panels: int) -> Any:
    @operation(nothing)
    def multiply_listed(
        values: Memory,
        rows: Memory,
        start: Index,
        end: Index,
        weights: Memory,
        at: Index,
        panel: Index,
        nets: Memory,
        to: Index,
    ) -> None:
        """Write the product of a sample's list of inputs with some panels of weights.

        For the panel that begins at `at`, to nets[to] the sum over k = start .. end - 1 of
        values[k] * (the vector at `at` + rows[k]). Panels are `panel` elements apart.
        """
        tile = Registers([nets.zero()] * (panels * ROWS))
        for first in loop(start, end, ROWS):
            sums = []
            for p, r in product(range(panels), range(ROWS)):
                w = weights.load(at + panel * p + rows.index(first + r))
                sums.append(fma(w, values.broadcast(first + r), tile.vectors[p * ROWS + r]))
            tile.vectors = sums
        for p in range(panels):
            net = total(tile.vectors[p * ROWS : (p + 1) * ROWS])
            nets.store(to + p * net.lanes, net)

    return multiply_listed


def _multiply_block(panels: int) -> Any:
    @operation(nothing)
    def multiply_block(
        values: Memory,
        rows: Memory,
        start: Index,
        end: Index,
        weights: Memory,
        at: Index,
        panel: Index,
        nets: Memory,
        to: Index,
        stride: Index,
    ) -> None:
        """Write the products of a block of samples with some panels of weights.

        For sample t and the panel that begins at `at`, to nets[to + t * stride] the sum over
        k = start .. end - 1 of values[k * BLOCK + t] * (the vector at `at` + rows[k]). Panels are
        `panel` elements apart.
        """
        tile = Registers([nets.zero()] * (panels * BLOCK))
        for k in loop(start, end):
            row = at + rows.index(k)
            w = [weights.load(row + panel * p) for p in range(panels)]
            x = [values.broadcast(k * BLOCK + t) for t in range(BLOCK)]
            tile.vectors = [
                fma(w[n // BLOCK], x[n % BLOCK], partial) for n, partial in enumerate(tile.vectors)
            ]
        for n, net in enumerate(tile.vectors):
            nets.store(to + stride * (n % BLOCK) + n // BLOCK * net.lanes, net)

    return multiply_block


def _update_block(panels: int) -> Any:
    @operation(nothing)
    def update_block(
        values: Memory,
        rows: Memory,
        start: Index,
        end: Index,
        weights: Memory,
        at: Index,
        panel: Index,
        steps: Memory,
        step_at: Index,
        stride: Index,
    ) -> None:
        """Update some panels of weights by a block of samples.

        Add to the vector at `at` + rows[k], for k = start .. end - 1, the sum over t of
        values[k * BLOCK + t] * (the steps of sample t, at step_at + t * stride). Meanwhile the
        values of the block that follows are fetched: more samples do not fit in the caches.
        """
        v = steps.vector.count
        tile = [
            steps.load(step_at + stride * t + p * v) for p in range(panels) for t in range(BLOCK)
        ]
        for k in loop(start, end):
            row = at + rows.index(k)
            x = [values.broadcast(k * BLOCK + t) for t in range(BLOCK)]
            values.prefetch((k + (end + start * -1)) * BLOCK)
            for p in range(panels):
                w = weights.load(row + panel * p)
                for t in range(BLOCK):
                    w = fma(tile[p * BLOCK + t], x[t], w)
                weights.store(row + panel * p, w)

    return update_block


multiply_list, multiply_list_twice = _multiply_listed(1), _multiply_listed(2)
update_list, update_lists = _update_listed(1), _update_listed(UPDATED)
multiply_panel, multiply_panels = _multiply_block(1), _multiply_block(PANELS)
update_panel, update_panels = _update_block(1), _update_block(PANELS)


@operation(same)
def corrected(
    net: Vector, gram: Memory, k: Index, count: Index, steps: Memory, at: Index, stride: Index
) -> Vector:
    """Return net + the sum over s < count of gram[k + s] * (the steps at `at` + s * stride)."""
    tile = Registers([net])
    for s in loop(count * 0, count):
        step = steps.load(at + stride * s)
        tile.vectors = [fma(step, gram.broadcast(k + s), tile.vectors[0])]
    return tile.vectors[0]
