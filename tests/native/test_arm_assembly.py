"""The machine code for 64-bit ARM, whose 32 registers hold 16 vectors of four doubles."""

import pytest
from llvmlite import binding

from bp_numba.kernels.variants import base_of
from bp_numba.simd.width import NARROWEST
from tests.conftest import needs_jit, not_bounds_checked
from tests.native.assembly import calls, inner_loops, on_stack
from tests.native.foreign import NAMES, run_for

pytestmark = [needs_jit, not_bounds_checked]

CPUS = ["neoverse-n1", "apple-m1"]

ASSEMBLE = """
from bp_numba.native import compiling
from bp_numba.simd import internals
internals.tune_llvm()
optimize, texts = internals.CPUCodeLibrary._optimize_final_module, []
def optimize_and_assemble(library):
    optimize(library)
    machine = library._codegen._tm
    machine.set_asm_verbosity(True)
    texts.append(machine.emit_assembly(library._final_module.clone()))
internals.CPUCodeLibrary._optimize_final_module = optimize_and_assemble
for name in {names!r}:
    compiling.compile_here(name, int(widths[0]), alone=True)
    pathlib.Path(folder, name).write_text(texts[-1])
"""

TOO_MUCH = """
from bp_numba.kernels import batches, functions, products
from bp_numba.simd.arithmetic import _intrinsic
sizes = products.Tiles({3: 8, 1: 8}, {3: 4, 1: 4})
batches.tiles = lambda is_single: sizes
functions.activation = lambda z: _intrinsic("exp", z)
"""
"""Sums products of eight samples with three panels at a time, and calls a function of C's."""


def spilled(assembly):
    """Return what the inner loops have on the stack, by loop."""
    found = {label: on_stack(body) for label, body in inner_loops(assembly).items()}
    return {label: instructions for label, instructions in found.items() if instructions}


def called(assembly, name):
    """Return what is called, but for the kernel itself, which C calls through another function."""
    return [callee for callee in calls(assembly) if base_of(name) not in callee]


@pytest.mark.skipif(
    binding.llvm_version_info < (22,),
    reason="LLVM 14 and 20 keep a constant in memory in some loops of networks in lanes",
)
@pytest.mark.parametrize("cpu", CPUS)
def test_inner_loops_stay_in_registers_and_nothing_is_called(cpu, tmp_path):
    run_for(cpu, ASSEMBLE.format(names=NAMES), tmp_path, NARROWEST)
    for name in NAMES:
        assembly = (tmp_path / name).read_text()
        assert len(inner_loops(assembly)) >= 2, name
        assert spilled(assembly) == {}, name
        assert called(assembly, name) == [], name


def test_spills_and_calls_are_found(tmp_path):
    name = "train_batches.tanh.softmax.none.dense.float64"
    run_for("neoverse-n1", TOO_MUCH + ASSEMBLE.format(names=[name]), tmp_path, NARROWEST)
    assembly = (tmp_path / name).read_text()
    assert spilled(assembly)
    assert set(called(assembly, name)) == {"exp"}
