"""From an entry point to its machine code, in a process of its own where there can be one.

So whoever only trains never imports Numba (a tenth of a second to start, a fifth to exit), Ctrl-C
is heard while the compiler works, LLVM can be tuned for kernels alone, and SciPy, which Numba
imports but the kernels do not need, is left out.
"""

import sys
from pathlib import Path

from bp_numba.simd.internals import MissingPart, check_parts, machine_code, missing_part, tune_llvm
from bp_numba.simd.width import vectors_of

_CODE = """
import gc
import os
import sys
gc.disable()
result = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)  # what else is printed is no machine code
sys.path[:] = {path!r}
sys.modules["scipy"] = None
from bp_numba.native import compiling
result.write({mark!r} + compiling.compile_here({name!r}, {width}, alone=True))
result.flush()
os._exit(0)
"""

_MARK = b"\0bp_numba\0"
"""What the machine code follows: before it there is what `sitecustomize` may have printed."""


def has_own_process() -> bool:
    """Tell if there is a Python to start; an embedded or frozen interpreter takes no -c."""
    return Path(sys.executable or "").name.startswith("python") and not hasattr(sys, "frozen")


def compile_entry_point(name: str, width: int | None) -> bytes:
    """Return symbol and object code of an entry point.

    Parameters
    ----------
    name : str
        One of `calls.ARGUMENTS`.
    width : int or None
        Doubles in a vector, None for as many as a register holds.

    Raises
    ------
    MissingPart
        If Numba or llvmlite lacks what the kernels are compiled with.
    RuntimeError
        If it cannot be compiled for another reason; with all that the process printed.
    """
    return _compile_apart(name, width) if has_own_process() else compile_here(name, width)


def _compile_apart(name: str, width: int | None) -> bytes:
    import subprocess

    path = [entry for entry in sys.path if isinstance(entry, str)]  # imports ignore all others
    command = [sys.executable, "-c", _CODE.format(path=path, mark=_MARK, name=name, width=width)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            output, printed = process.communicate()
        except BaseException:  # subprocess.run would leave a zombie after Ctrl-C
            process.kill()
            process.wait()
            raise
    _, mark, content = output.partition(_MARK)
    if process.returncode == 0 and mark:
        return content
    errors = printed.decode(errors="replace")
    if part := missing_part(errors):
        raise MissingPart(part)
    raise RuntimeError(f"the kernel {name} cannot be compiled:\n{errors}")


def compile_here(name: str, width: int | None, alone: bool = False) -> bytes:
    """Return symbol and object code of an entry point, compiled in this process.

    LLVM is tuned for kernels in a process that is there for nothing else: `alone`.
    """
    check_parts()
    if alone:
        tune_llvm()
    from numba import types

    from bp_numba.kernels import entry_points
    from bp_numba.kernels.calls import ARGUMENTS

    signature = types.int64(*map(entry_points.TYPES.get, ARGUMENTS[name]))
    with vectors_of(width):
        symbol, code = machine_code(getattr(entry_points, name), signature)
    return symbol.encode() + b"\0" + code
