"""Products of a single sample's inputs with panels of W_0, and updates of these.

Some inputs of the list are taken together, as many as it is filled up for.
"""

from collections.abc import Sequence

from bp_numba.kernels.inputs import LIST_MULTIPLE
from bp_numba.kernels.places import InputList, Slots
from bp_numba.simd.arithmetic import fma, total
from bp_numba.simd.loops import Registers, loop
from bp_numba.simd.memory import Memory

TOGETHER = 4
"""How many vectors one look at a list serves, on AVX2 as good as eight, or better."""

SUMS = 8
"""Sums that are taken at a time: as many as hide the latency of a multiply-add."""


def multiply_panels(listed: InputList, panels: Sequence[Memory], net_inputs: Slots) -> None:
    """Write, to the p-th vector of the slot, the sum over k of values[k] * (vector at offsets[k]).

    The k-th inputs are those listed, and the vectors those of panel p.
    """
    several = min(SUMS // len(panels), LIST_MULTIPLE)
    sums = Registers([net_inputs.memory.zero()] * (several * len(panels)))
    for first in loop(listed.start, listed.end, LIST_MULTIPLE):
        for r in range(0, LIST_MULTIPLE, several):
            pairs = [
                (panel.load(listed.offsets[k]), listed.values.broadcast(k))
                for panel in panels
                for k in (first + n for n in range(r, r + several))
            ]
            sums.values = [
                fma(*pair, partial) for pair, partial in zip(pairs, sums.values, strict=True)
            ]
    for p in range(len(panels)):
        z = total(sums.values[p * several : (p + 1) * several])
        net_inputs.of(0).store(p * z.lanes, z)


def update_panels(listed: InputList, panels: Sequence[Memory], steps: Slots) -> None:
    """Add to the vectors at offsets[k] of some panels values[k] * s.

    As products and sums: on Zen 3 a store keeps multiply-adds out for its cycle, but neither of
    these. 784-128-10 with 20% non-zero inputs took 3% less.
    """
    s = [steps.of(0).load(p * steps.memory.lanes) for p in range(len(panels))]
    for first in loop(listed.start, listed.end, LIST_MULTIPLE):
        for k in (first + r for r in range(LIST_MULTIPLE)):
            offset, x = listed.offsets[k], listed.values.broadcast(k)
            w = [panel.load(offset) + s_p * x for s_p, panel in zip(s, panels, strict=True)]
            for panel, w_p in zip(panels, w, strict=True):
                panel.store(offset, w_p)
