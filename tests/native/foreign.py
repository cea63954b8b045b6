"""Code for another CPU than this: compiled in a process of its own, which is told it has that."""

import pytest

from bp_numba.kernels.calls import ARGUMENTS, FOR_LARGE, OF_LANES
from bp_numba.simd.width import NARROWEST, WIDEST
from tests.conftest import run_python

NAMES = [
    *ARGUMENTS,
    *FOR_LARGE,
    *OF_LANES,
    "train_batches.tanh.softmax.adam.dense.float64",
    "train_singles.logistic.exp.nesterov.sparse.float32",
]

V2 = "+sse3,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16"
V3 = f"{V2},+avx,+avx2,+fma,+bmi,+bmi2,+f16c,+lzcnt,+movbe"
V4 = f"{V3},+avx512f,+avx512bw,+avx512cd,+avx512dq,+avx512vl"

ARM = "aarch64-unknown-linux-gnu"
"""For Apple's CPUs too: only the object file would be another."""

TARGETS = {
    "x86-64-v2": ("x86_64-unknown-linux-gnu", V2),
    "x86-64-v3": ("x86_64-unknown-linux-gnu", V3),
    "x86-64-v4": ("x86_64-unknown-linux-gnu", V4),
    "neoverse-n1": (ARM, "+neon"),
    "apple-m1": (ARM, "+neon"),
}
"""Platform and features of CPUs."""

ONE_OF_A_KIND = ["x86-64-v2", "x86-64-v3", "x86-64-v4", "neoverse-n1"]
"""CPUs with different instructions."""


def widths_of(cpu):
    """Return the doubles in the vectors of code for a CPU: what `simd.width` chooses from there."""
    return (NARROWEST, WIDEST) if "+avx512f" in TARGETS[cpu][1] else (NARROWEST,)


FOR_TARGET = """
import pathlib, platform, sys
from llvmlite import binding
binding.initialize_all_targets()
binding.initialize_all_asmprinters()
folder, triple, *widths = sys.argv[1:]
try:
    binding.Target.from_triple(triple)
except RuntimeError as error:
    sys.exit(print(f"no such target: {error}"))
binding.get_process_triple = lambda: triple
platform.machine = lambda: triple.partition("-")[0]
"""
"""Makes Numba compile for the platform that the second argument names."""


def run_for(cpu, code, folder, *widths):
    """Run code that compiles for a CPU, for vectors of some `widths`, and writes to a `folder`.

    The test is skipped if this llvmlite cannot do that.
    """
    triple, features = TARGETS[cpu]
    output = run_python(
        FOR_TARGET + code,
        str(folder),
        triple,
        *map(str, widths),
        NUMBA_CPU_NAME=cpu,
        NUMBA_CPU_FEATURES=features,
    )
    if output:
        pytest.skip(output)
