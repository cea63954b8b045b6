"""What the object code of the entry points refers to: nothing, whatever CPU it is made for."""

import itertools
import struct

import pytest

from bp_numba.kernels.calls import ARGUMENTS
from bp_numba.kernels.variants import base_of
from bp_numba.simd.width import NARROWEST, WIDEST
from tests.conftest import needs_jit, not_bounds_checked, run_python

NAMES = [
    *ARGUMENTS,
    "train_on_own",
    "train_batches.tanh.softmax.adam.dense.float64",
    "train_singles.logistic.exp.nesterov.sparse.float32",
]

ALLOWED: set[str] = set()
"""Symbols that object code may refer to: none."""

V2 = "+sse3,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16"
V3 = f"{V2},+avx,+avx2,+fma,+bmi,+bmi2,+f16c,+lzcnt,+movbe"
V4 = f"{V3},+avx512f,+avx512bw,+avx512cd,+avx512dq,+avx512vl"

TARGETS = {
    "x86-64-v2": ("x86_64-unknown-linux-gnu", V2),
    "x86-64-v3": ("x86_64-unknown-linux-gnu", V3),
    "x86-64-v4": ("x86_64-unknown-linux-gnu", V4),
    "neoverse-n1": ("aarch64-unknown-linux-gnu", "+neon"),
}

FOR_TARGET = """
import pathlib, sys
from llvmlite import binding
binding.initialize_all_targets()
binding.initialize_all_asmprinters()
folder, triple, *widths = sys.argv[1:]
try:
    binding.Target.from_triple(triple)
except RuntimeError as error:
    sys.exit(print(f"no such target: {error}"))
binding.get_process_triple = lambda: triple
"""
"""Makes Numba compile for the platform that the second argument names."""

COMPILE = """
from bp_numba.native import compiling
for name in {names!r}:
    for width in map(int, widths):
        content = compiling.compile_here(name, width, alone=True)
        pathlib.Path(folder, f"{{name}}-{{width}}").write_bytes(content.partition(b"\\0")[2])
"""


def symbols(code):
    """Return the undefined and the defined symbols of an ELF object file of 64 bits."""
    assert code[:6] == b"\x7fELF\x02\x01"
    (table,), (count,) = struct.unpack_from("<Q", code, 40), struct.unpack_from("<H", code, 60)
    sections = [struct.unpack_from("<IIQQQQIIQQ", code, table + 64 * i) for i in range(count)]
    found = set(), set()
    for section in sections:
        if section[1] == 2:  # SHT_SYMTAB
            texts = sections[section[6]][4]
            for at in range(section[4] + 24, section[4] + section[5], 24):  # the first is empty
                name, _, _, index = struct.unpack_from("<IBBH", code, at)
                end = code.index(b"\0", texts + name)
                found[index != 0].add(code[texts + name : end].decode())
    return found


@needs_jit
@not_bounds_checked  # errors are reported then
@pytest.mark.parametrize("cpu", TARGETS)
def test_object_code_refers_to_nothing(cpu, tmp_path):
    triple, features = TARGETS[cpu]
    output = run_python(
        FOR_TARGET + COMPILE.format(names=NAMES),
        str(tmp_path),
        triple,
        str(NARROWEST),
        str(WIDEST),
        NUMBA_CPU_NAME=cpu,
        NUMBA_CPU_FEATURES=features,
    )
    if output:
        pytest.skip(output)
    for name, width in itertools.product(NAMES, (NARROWEST, WIDEST)):
        undefined, defined = symbols((tmp_path / f"{name}-{width}").read_bytes())
        assert any("cfunc" in symbol and base_of(name) in symbol for symbol in defined)
        assert undefined <= ALLOWED, f"{name} in vectors of {width}"
