"""Products of a block's inputs with panels of W_0, and updates of these, tile by tile.

The sums of a tile stay in registers. Where they hold those of all samples of a block, each panel is
read once. Elsewhere it is read in parts, so that a part is in the first-level cache when the next
samples take it.
"""

from collections.abc import Iterator, Sequence

from bp_numba.kernels.inputs import LIST_MULTIPLE
from bp_numba.kernels.layout import BLOCK
from bp_numba.kernels.places import InputList, Slots
from bp_numba.simd.arithmetic import fma
from bp_numba.simd.loops import Registers, loop, when
from bp_numba.simd.memory import Memory
from bp_numba.simd.values import Index, Vector
from bp_numba.simd.width import WIDEST, is_for_arm

PART = 128
"""Inputs in a part. On AVX2 784-128-10 took 3 to 7% longer with 64, 192 or 256."""


def panels_multiplied(lanes: int) -> int:
    """Return how many panels a block is multiplied with together; an input is used as often.

    Of AVX-512's 32 registers, two panels and 8 samples take 16 for sums. Of 16 registers, three
    panels and 4 samples take twelve, and leave three for a row of the panels and one for an input;
    on Neoverse N1, whose registers hold as much, LLVM keeps a sum of these in memory.
    """
    return 2 if lanes == WIDEST or is_for_arm() else 3


def panels_updated(lanes: int) -> int:
    """Return how many panels a block updates together.

    With three 784-128-10 took 4% longer on AVX2, and ARM kept some rows in memory.
    """
    return 2


def samples_at_a_time(lanes: int, panels: int) -> int:
    """Return for how many samples of a block registers hold the sums of so many panels."""
    return BLOCK if panels == 1 or lanes == WIDEST else BLOCK // 2


def multiply_panels(
    listed: InputList, panels: Sequence[Memory], net_inputs: Slots, ahead: Index
) -> None:
    """Write the products of a list of inputs with some panels.

    For sample t and panel p, to the p-th vector of its slot the sum over the listed inputs k of
    values[k, t] * (the vector at offsets[k]). Meanwhile the values of inputs so far ahead are
    fetched.
    """
    samples = samples_at_a_time(net_inputs.memory.lanes, len(panels))
    if samples == BLOCK:
        _multiply_tile(listed, panels, _zeros(panels, samples), net_inputs, ahead)
        return
    for part in _parts(listed):
        for t in loop(0, listed.start.constant(BLOCK), samples):
            sums, slots = _zeros(panels, samples), net_inputs.since(t)
            for _ in when(listed.start, "<", part.start):
                sums.values = [slots.of(r).load(at) for r, at in _places(panels, samples)]
            of_tile = part._replace(values=listed.values[t:])
            _multiply_tile(of_tile, panels, sums, slots, ahead.where(t, "==", 0))


def _parts(listed: InputList) -> Iterator[InputList]:
    """Yield, for a loop over the parts of a list, a part."""
    for start in loop(listed.start, listed.end, PART):
        yield listed._replace(start=start, end=(start + PART).at_most(listed.end))


def _multiply_tile(
    listed: InputList,
    panels: Sequence[Memory],
    sums: Registers[Vector],
    net_inputs: Slots,
    ahead: Index,
) -> None:
    """Add the products to the sums, of one sample after the other, and write these to the slots."""
    samples = len(sums) // len(panels)
    for k in loop(listed.start, listed.end):
        _fetch(listed, k, ahead)
        offset, x = listed.offsets[k], listed.values[k * BLOCK :]
        w = [panel.load(offset) for panel in panels]
        # Samples one after the other: panels one after the other would need all inputs at hand, and
        # on AVX2 keep a sum in memory.
        inputs = [x.broadcast(t) for t in range(samples)]
        sums.values = [
            fma(w[n % len(w)], inputs[n // len(w)], partial)
            for n, partial in enumerate(sums.values)
        ]
    for (t, at), z in zip(_places(panels, samples), sums.values, strict=True):
        net_inputs.of(t).store(at, z)


def _zeros(panels: Sequence[Memory], samples: int) -> Registers[Vector]:
    return Registers([panels[0].zero()] * (samples * len(panels)))


def _places(panels: Sequence[Memory], samples: int) -> list[tuple[int, int]]:
    """Return for each sum of a tile its sample, and where its vector is in the slot."""
    return [(t, p * panel.lanes) for t in range(samples) for p, panel in enumerate(panels)]


def update_panels(listed: InputList, panels: Sequence[Memory], steps: Slots, count: Index) -> None:
    """Add to the vectors at offsets[k] of some panels the sum over t of values[k, t] * s(t).

    Of the samples beyond `count`, whose values are zero, steps need not be known but be finite.
    Either the steps stay in registers, or some rows of the panels do. Meanwhile the values of the
    block that follows are fetched, along every group of panels: W_0 may drive them out of a cache.
    """
    if samples_at_a_time(steps.memory.lanes, len(panels)) == BLOCK:
        _update_rows(listed, panels, steps)
    else:
        _update_tiles(listed, panels, steps, count)


def _update_rows(listed: InputList, panels: Sequence[Memory], steps: Slots) -> None:
    """Update one row after the other."""
    s = [_vectors(panels, steps.of(t)) for t in range(BLOCK)]
    for k in loop(listed.start, listed.end):
        _fetch(listed, k, listed.end - listed.start)
        offset, x = listed.offsets[k], listed.values[k * BLOCK :]
        w = [panel.load(offset) for panel in panels]
        for t in range(BLOCK):
            x_t = x.broadcast(t)
            w = [fma(s_p, x_t, w_p) for s_p, w_p in zip(s[t], w, strict=True)]
        for panel, w_p in zip(panels, w, strict=True):
            panel.store(offset, w_p)


def _update_tiles(listed: InputList, panels: Sequence[Memory], steps: Slots, count: Index) -> None:
    """Update some rows at a time, by one sample after the other."""
    for first in loop(listed.start, listed.end, LIST_MULTIPLE):
        offsets = [listed.offsets[first + r] for r in range(LIST_MULTIPLE)]
        places = [(panel, offset) for offset in offsets for panel in panels]
        w = Registers([panel.load(at) for panel, at in places])
        values = listed.values[first * BLOCK :]
        for r in range(LIST_MULTIPLE):
            _fetch(listed, first + r, listed.end - listed.start)
        for t in loop(0, count):
            s = _vectors(panels, steps.of(t))
            x = [values.broadcast(t + r * BLOCK) for r in range(LIST_MULTIPLE)]
            w.values = [
                fma(s[n % len(s)], x[n // len(s)], partial) for n, partial in enumerate(w.values)
            ]
        for (panel, offset), w_p in zip(places, w.values, strict=True):
            panel.store(offset, w_p)


def _vectors(panels: Sequence[Memory], slot: Memory) -> list[Vector]:
    """Return a slot's vectors, one for each panel."""
    return [slot.load(p * panel.lanes) for p, panel in enumerate(panels)]


def _fetch(listed: InputList, k: Index, ahead: Index) -> None:
    """Fetch the values of the input that lies so far ahead of number k."""
    # A memory of its own: its start is known before the loop, and a fetch is one instruction.
    listed.values[ahead * BLOCK :].prefetch(k * BLOCK)
