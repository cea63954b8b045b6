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


def fmas_per_second(rounds=15, count=1_000_000):
    """Return the scalar fused multiply-adds per second of one core: the best of some rounds.

    Sixteen independent accumulators hide the latency; nothing is loaded or stored.
    """
    from numba import njit

    from bp_numba.kernels.tiles import filled, nothing, same, tile
    from bp_numba.simd.arithmetic import fma
    from bp_numba.simd.tracing import operation
    from bp_numba.simd.width import lanes

    @operation(tile(16))
    def accumulators(out):
        return [out.zero()] * 16

    @operation(same)
    def multiply_add(sums, a):
        return [fma(partial, a, a) for partial in sums]

    @operation(nothing)
    def keep(sums, out):
        total = sums[0]
        for partial in sums[1:]:
            total += partial
        out.store(out.first(), total)

    @njit
    def run(number, count, out):
        a, sums = filled(out, number), accumulators(out)
        for _ in range(count):
            sums = multiply_add(sums, a)
        keep(sums, out)

    out = np.ones(16 * lanes())
    times = []
    for _ in range(rounds):
        started = perf_counter()
        run(0.5, count, out)
        times.append(perf_counter() - started)
    return 16 * lanes() * count / min(times)
