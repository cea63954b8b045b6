"""How the kernels are compiled: the options in one place, and the way to machine code.

Everything here imports Numba, and nothing else of the package does so before a kernel has to be
compiled.
"""

import platform
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import numba
from llvmlite import binding
from numba.core import codegen

Function = TypeVar("Function", bound=Callable[..., Any])

OPTIONS = {
    # Python's error model would put a branch for ZeroDivisionError behind every division.
    "error_model": "numpy",
    # No array is made or owned by a kernel: nothing to count.
    "_nrt": False,
    # No fastmath: fused operations are written out, and reassociation would break the sigmoid.
}


def kernel(function: Function) -> Function:
    """Compile a function as part of the kernel that calls it: inlined by Numba, not by LLVM.

    As functions of their own the kernels took a quarter longer to compile, for the same speed.
    """
    compiled: Function = numba.njit(inline="always", **OPTIONS)(function)
    return compiled


def entry_point(function: Function) -> Function:
    """Mark a function that Python calls: `machine_code` compiles it, on demand."""
    return function


def tune_llvm() -> None:
    """Change what LLVM does from now on, in a process that compiles kernels and nothing else.

    Tiles are unrolled already, and most loops take few turns: unrolled further, they spent more on
    their remainders than they saved. Constants are addressed relative to the code: `native` loads
    both side by side. Numba's way reaches all of memory, with ten bytes of code for each address.
    """
    binding.set_option("bp_numba", "-unroll-runtime=false")
    if (sys.platform, platform.machine()) == ("linux", "x86_64"):  # tried nowhere else
        kind = codegen.JITCPUCodegen
        customize = kind._customize_tm_options

        def customized(self: Any, options: dict[str, Any]) -> None:
            customize(self, options)
            options.update(reloc="pic", codemodel="small")

        kind._customize_tm_options = customized


def machine_code(function: Callable[..., Any], signature: Any) -> tuple[str, bytes]:
    """Return the symbol and the object code of a function with the C calling convention."""
    compiled = numba.cfunc(signature, **OPTIONS)(function)
    _, _, (code, _) = compiled._library.serialize_using_object_code()
    return compiled.native_name, code
