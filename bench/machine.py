"""The machine, the versions, and how many fused multiply-adds one core can do."""

import contextlib
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter

import numpy as np

from bench.rivals import compiler

PACKAGES = ("bp_numba", "numpy", "numba", "llvmlite", "jax", "torch", "scikit-learn")


def describe():
    """Return a dict of short texts: CPU, system, and versions of all that takes part."""
    versions = {"Python": platform.python_version()}
    for package in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            versions[package] = version(package)
    if compiler():
        text = subprocess.run([compiler(), "--version"], capture_output=True, text=True).stdout
        versions["C compiler"] = text.partition("\n")[0]
    return {
        "cpu": f"{cpu()}, {os.cpu_count()} cores, {simd()}",
        "system": f"{platform.system()} {platform.machine()}",
        "versions": versions,
    }


def cpu():
    """Return the model name of the CPU, as far as the system tells."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def simd():
    """Return the name of the widest vectors that the kernels use here."""
    from llvmlite import binding

    features = binding.get_host_cpu_features()
    names = {"avx512f": "AVX-512", "avx2": "AVX2", "neon": "NEON"}
    return next((name for key, name in names.items() if features.get(key)), "128-bit vectors")


SUMS = 12
"""Accumulators: enough to hide the latency, and of 16 registers four are left. With 16 of them AVX2
had to store some, and showed half of its rate, 14 of 26 G/s on Zen 3."""


def fmas_per_second(rounds=15, count=1_000_000):
    """Return the scalar fused multiply-adds per second of one core: the best of some rounds.

    Independent accumulators hide the latency; nothing is loaded or stored.
    """
    from numba import njit

    from bp_numba.simd.arithmetic import fma
    from bp_numba.simd.loops import Registers, loop
    from bp_numba.simd.memory import Memory
    from bp_numba.simd.tracing import operation
    from bp_numba.simd.values import Index, Scalar
    from bp_numba.simd.width import vector_width

    @operation
    def multiply_add(out: Memory, number: Scalar, count: Index):
        a, sums = out.filled(number), Registers([out.zero()] * SUMS)
        for _ in loop(0, count):
            sums.values = [fma(partial, a, a) for partial in sums.values]
        for n, partial in enumerate(sums.values):
            out.store(n * partial.lanes, partial)

    @njit
    def run(out, number, count):
        multiply_add(out, number, count)

    out = np.ones(SUMS * vector_width())
    times = []
    for _ in range(rounds):
        started = perf_counter()
        run(out, 0.5, count)
        times.append(perf_counter() - started)
    return SUMS * vector_width() * count / min(times)
