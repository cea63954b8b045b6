"""From an entry point to its machine code, in a process of its own where there can be one.

So whoever only trains never imports Numba (a tenth of a second to start, a fifth to exit), Ctrl-C
is heard while the compiler works, LLVM can be tuned for kernels alone, and SciPy, which Numba
imports but the kernels do not need, is left out.
"""

import contextlib
import sys
from pathlib import Path

from bp_numba.simd.internals import check_parts, machine_code, tune_llvm
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


class NotCompiled(RuntimeError):
    """A kernel cannot be had; the text says why, with what the compiler printed."""


def compile_entry_point(name: str, width: int | None) -> tuple[bytes, bool]:
    """Return symbol and object code of an entry point, and whether a file may keep them.

    Where no process can be started it is compiled in this one, but not kept: LLVM is tuned for
    kernels only in a process of their own, and files of both kinds have other names.

    Parameters
    ----------
    name : str
        One of `calls.ARGUMENTS`.
    width : int or None
        Doubles in a vector, None for as many as a register holds.

    Raises
    ------
    NotCompiled
        If it cannot be compiled, for whatever reason.
    """
    if has_own_process():
        with contextlib.suppress(OSError):  # no memory, too many processes, not permitted
            return _compile_apart(name, width), True
    try:
        return compile_here(name, width), not has_own_process()
    except Exception as error:  # whatever a broken Numba raises when it is imported or compiles
        raise NotCompiled(f"{type(error).__name__}: {error}") from error


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
    errors = printed.decode(errors="replace").strip()
    raise NotCompiled(errors or f"the process that compiles ended with {process.returncode}")


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
