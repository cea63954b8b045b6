"""From an entry point to its machine code, in a process of its own where there can be one.

So whoever only trains never imports Numba (a tenth of a second to start, a fifth to exit), Ctrl-C
is heard while the compiler works, LLVM can be tuned for kernels alone, and SciPy, which Numba
imports but the kernels do not need, is left out.
"""

import contextlib
import importlib
from collections.abc import Iterable

from bp_numba.kernels.calls import arguments_of, module_of
from bp_numba.kernels.variants import base_of, known_units, variant_of
from bp_numba.native.background import compiler_of
from bp_numba.native.compiler import Kernel
from bp_numba.native.processes import has_own_process
from bp_numba.simd.forks import unforked
from bp_numba.simd.internals import (
    load_compiler,
    machine_code,
    tune_llvm,
    without_function_passes,
)
from bp_numba.simd.parts import check_parts
from bp_numba.simd.width import vectors_of


class NotCompiled(RuntimeError):
    """A kernel cannot be had; the text says why, with what the compiler printed."""


def compile_entry_point(name: str, width: int | None) -> tuple[bytes, bool]:
    """Return symbol and object code of an entry point, and whether the caller is to keep them.

    The process that compiles it, and keeps it, goes on with the others in the background; if such a
    process is at it already, that is waited for.

    Where no process can be started it is compiled in this one, but not kept: LLVM is tuned for
    kernels only in a process of their own, and files of both kinds have other names.

    Parameters
    ----------
    name : str
        As for `loading.load`.
    width : int or None
        Doubles in a vector, None for as many as a register holds.

    Raises
    ------
    NotCompiled
        If it cannot be compiled, for whatever reason.
    """
    if has_own_process():
        with contextlib.suppress(OSError):
            return _compile_apart(name, width), False
    try:
        with unforked:  # for seconds, but Numba's lock would never be released in the child
            return compile_here(name, width), not has_own_process()
    except Exception as error:  # whatever a broken Numba raises when it is imported or compiles
        raise NotCompiled(f"{type(error).__name__}: {error}") from error


def _compile_apart(name: str, width: int | None) -> bytes:
    kernel = Kernel.of(name, width)
    while True:
        compiler, started = compiler_of(kernel)
        try:
            code = compiler.wait_for(kernel)
        except BaseException:
            if started:  # nobody waits any more
                compiler.kill()
            raise
        if code is not None:
            return code
        if started:
            raise NotCompiled(compiler.failure())


def get_ready(modules: Iterable[str]) -> None:
    """Do what does not depend on the kernel, in a process that is there for kernels alone.

    Entry points of other modules than these are imported when they are compiled.
    """
    check_parts()
    tune_llvm()
    load_compiler()
    for module in modules:
        importlib.import_module(f"bp_numba.kernels.{module}")


def compile_here(name: str, width: int | None, alone: bool = False) -> bytes:
    """Return symbol and object code of an entry point, compiled in this process.

    LLVM is tuned for kernels in a process that is there for nothing else: `alone`.
    """
    check_parts()
    if alone:
        tune_llvm()
    from numba import types

    from bp_numba.kernels.entry_points import TYPES

    base, signature = base_of(name), types.int64(*map(TYPES.get, arguments_of(name)))
    module = importlib.import_module(f"bp_numba.kernels.{module_of(name)}")
    with vectors_of(width), variant_of(name):
        is_quick = alone and known_units() is None
        with without_function_passes() if is_quick else contextlib.nullcontext():
            symbol, code = machine_code(getattr(module, base), signature)
    return symbol.encode() + b"\0" + code
