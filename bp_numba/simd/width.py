"""How many numbers a vector holds: on this CPU, for a network, in the code that is compiled.

No Numba here. A vector's elements are its lanes: as many as its width in doubles, or twice as many
of float32.
"""

import functools
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from bp_numba.simd.forks import unforked

NARROWEST = 4
"""Doubles in the vectors of most CPUs, and of networks with small layers on all of them: XOR took a
fifth less time with four than with eight, on AVX-512."""

WIDEST = 8
"""Doubles in the vectors of CPUs with AVX-512, which come with 32 registers."""

_compiled_for: ContextVar[int | None] = ContextVar("_compiled_for", default=None)


@functools.cache
def widest() -> int:
    """Return the doubles in a vector: 8 where registers hold that many, else 4.

    Two registers for a vector, 64 bytes on AVX2, made XOR a tenth slower and the digits no faster.
    """
    features = os.environ.get("NUMBA_CPU_FEATURES") or _host_features()
    return WIDEST if "+avx512f" in features else NARROWEST


def _host_features() -> str:
    try:
        with unforked:
            from llvmlite import binding

            return str(binding.get_host_cpu_features().flatten())
    except (ImportError, OSError, RuntimeError):  # no llvmlite, or a CPU that it does not know
        return ""


def vector_width() -> int:
    """Return the doubles in a vector of the code that is compiled, the widest by default."""
    return _compiled_for.get() or widest()


def is_for_arm() -> bool:
    """Tell if code is compiled for 64-bit ARM."""
    from llvmlite import binding

    return str(binding.get_process_triple()).startswith(("aarch64", "arm64"))


def width_for(units: Sequence[int]) -> int:
    """Return the doubles in the vectors that a network of these layers is trained in.

    Layer 0 does not count: vectors hold the columns of matrices.
    """
    return NARROWEST if max(units[1:]) <= NARROWEST else widest()


@contextmanager
def vectors_of(width: int | None) -> Iterator[None]:
    """Compile, within this context, for vectors of so many doubles, None for the widest."""
    token = _compiled_for.set(width)
    try:
        yield
    finally:
        _compiled_for.reset(token)


_real_bits: ContextVar[int] = ContextVar("_real_bits", default=64)


def real_bits() -> int:
    """Return the bits of a `Reals` number in the code that is compiled: 64 or 32."""
    return _real_bits.get()


@contextmanager
def reals_of(bits: int) -> Iterator[None]:
    """Compile, within this context, with `Reals` of so many bits."""
    token = _real_bits.set(bits)
    try:
        yield
    finally:
        _real_bits.reset(token)
