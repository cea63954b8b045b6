"""What is private of Numba and llvmlite: each part is there, and without it NumPy trains."""

import pytest

from bp_numba.simd import internals
from bp_numba.simd.parts import PARTS, MissingPart
from tests.conftest import run_python
from tests.native.new_process import IN_NUMPY


@pytest.mark.parametrize("part", PARTS, ids=lambda part: f"{part.module}.{part.name}")
def test_part_is_there(part):
    assert part.get() is getattr(internals, part.name)


def test_options_are_accepted_and_code_is_loaded():
    from numba import types

    symbol, code = internals.machine_code(lambda number: number + 1, types.int64(types.int64))
    address = internals.load_object(code).get_function_address(symbol)
    assert address > 0 and symbol.encode() in code


def test_what_is_no_part():
    with pytest.raises(AttributeError, match="has no attribute 'elsewhere'"):
        internals.elsewhere  # noqa: B018


WITHOUT = """
import sys
if "-c" in sys.orig_argv and any("native.server" in code for code in sys.orig_argv):
    from importlib import import_module
    import numba  # which uses some of them when it is imported
    owner = import_module({module!r})
    *holders, attribute = {name!r}.split(".")
    for holder in holders:
        owner = getattr(owner, holder)
    for kind in getattr(owner, "__mro__", [owner, *type(owner).__mro__]):
        if attribute in vars(kind):
            delattr(kind, attribute)
"""


@pytest.mark.parametrize("part", PARTS, ids=lambda part: f"{part.module}.{part.name}")
def test_without_a_part_networks_are_trained_in_numpy(part, tmp_path):
    module, name = part.module, ".".join([part.name, *part.attributes[-1:]])
    (tmp_path / "sitecustomize.py").write_text(WITHOUT.format(module=module, name=name))
    output = run_python(IN_NUMPY, PYTHONPATH=str(tmp_path), NUMBA_CACHE_DIR=str(tmp_path))
    lines = output.splitlines()
    assert lines[0] == lines[1] == lines[2]  # the losses of the three networks
    assert lines[3].startswith("networks are trained in NumPy, without kernels")
    assert f"MissingPart: {module}.{name}, which " in lines[3]


def test_an_option_that_llvm_does_not_know_does_no_harm():
    code = """
from llvmlite import binding
binding.set_option("bp_numba", "-unroll-runtime-of-old=false")
print("alive")
"""
    assert run_python(code) == "alive\n"


def test_without_the_memory_manager_nothing_is_loaded(monkeypatch):
    from llvmlite import binding

    create = binding.create_mcjit_compiler
    monkeypatch.setattr(binding, "create_mcjit_compiler", lambda module, machine: create)
    with pytest.raises(MissingPart, match="llvmlite's MCJIT compiler, .* 'use_lmm'"):
        internals.load_object(b"")
