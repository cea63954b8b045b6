"""What the object code of the entry points refers to: nothing, whatever CPU it is made for."""

import itertools
import struct

import pytest

from bp_numba.kernels.variants import base_of
from tests.conftest import needs_jit, not_bounds_checked
from tests.native.foreign import NAMES, ONE_OF_A_KIND, run_for, widths_of

ALLOWED: set[str] = set()
"""Symbols that object code may refer to: none."""

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
@pytest.mark.parametrize("cpu", ONE_OF_A_KIND)
def test_object_code_refers_to_nothing(cpu, tmp_path):
    widths = widths_of(cpu)
    run_for(cpu, COMPILE.format(names=NAMES), tmp_path, *widths)
    for name, width in itertools.product(NAMES, widths):
        undefined, defined = symbols((tmp_path / f"{name}-{width}").read_bytes())
        assert any("cfunc" in symbol and base_of(name) in symbol for symbol in defined)
        assert undefined <= ALLOWED, f"{name} in vectors of {width}"
