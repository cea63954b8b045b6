"""The vectors of this CPU, as LLVM sees it; no Numba here."""

import functools
import os


@functools.cache
def vector_bytes() -> int:
    """Return the bytes in a vector: 64 where registers hold that much, else 32.

    Two registers for a vector, 64 bytes on AVX2, made XOR a tenth slower and the digits no faster.
    """
    from llvmlite import binding

    features = os.environ.get("NUMBA_CPU_FEATURES") or binding.get_host_cpu_features().flatten()
    return 64 if "+avx512f" in features else 32


def lanes() -> int:
    """Return the doubles in a vector."""
    return vector_bytes() // 8
