"""How the kernels are compiled: the options in one place, and the way to machine code.

Everything here imports Numba, and nothing else of the package does so before a kernel has to be
compiled.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numba

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


def machine_code(function: Callable[..., Any], signature: Any) -> tuple[str, bytes]:
    """Return the symbol and the object code of a function with the C calling convention."""
    compiled = numba.cfunc(signature, **OPTIONS)(function)
    _, _, (code, _) = compiled._library.serialize_using_object_code()
    return compiled.native_name, code
