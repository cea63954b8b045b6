"""The vectors of this CPU, as LLVM sees it, and which of them suit a network; no Numba here."""

import functools
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

FEWEST_LANES = 4
"""Doubles in the vectors of most CPUs, and of networks with small layers on all of them: XOR took a
fifth less time with four lanes than with eight, on AVX-512."""

_compiled_for: ContextVar[int | None] = ContextVar("_compiled_for", default=None)


@functools.cache
def most_lanes() -> int:
    """Return the doubles in a vector: 8 where registers hold that many, else 4.

    Two registers for a vector, 64 bytes on AVX2, made XOR a tenth slower and the digits no faster.
    """
    from llvmlite import binding

    features = os.environ.get("NUMBA_CPU_FEATURES") or binding.get_host_cpu_features().flatten()
    return 8 if "+avx512f" in features else FEWEST_LANES


def lanes() -> int:
    """Return the doubles in a vector of the code that is compiled, the widest by default."""
    return _compiled_for.get() or most_lanes()


def lanes_for(units: Sequence[int]) -> int:
    """Return the doubles in the vectors that a network of these layers is trained in.

    Layer 0 does not count: vectors hold the columns of matrices.
    """
    return FEWEST_LANES if max(units[1:]) <= FEWEST_LANES else most_lanes()


@contextmanager
def vectors_of(lanes: int | None) -> Iterator[None]:
    """Compile, within this context, for vectors of so many doubles, None for the widest."""
    token = _compiled_for.set(lanes)
    try:
        yield
    finally:
        _compiled_for.reset(token)
