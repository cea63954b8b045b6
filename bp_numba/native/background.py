"""The processes that compile: what is waited for at once, then others, at low priority."""

import atexit
import os
import time
from collections.abc import Iterable

from bp_numba.native.compiler import Compiler, Kernel
from bp_numba.simd.forks import unforked

AHEAD = ("predict_one", "predict", "train_one", "train_samples", "train_blocks", "activate")
"""The entry points in the order in which they are compiled before anybody waits for them."""

_compilers: list[Compiler] = []


def compiler_of(kernel: Kernel) -> tuple[Compiler, bool]:
    """Return the process that is at a kernel, and whether it was started for it, as the first.

    Raises
    ------
    OSError
        If no process can be started.
    """
    with unforked:
        for compiler in _compilers:
            if compiler.is_at(kernel):
                return compiler, False
        for compiler in _compilers:
            if compiler.stands_by():
                _order(compiler, kernel, True)
                return compiler, False
        return _start(kernel, True), True


def stand_by() -> None:
    """Have a process get ready to compile, for what may be asked for soon.

    Raises OSError if none can be started.
    """
    with unforked:
        _one_that_stands_by()


def begin(name: str, width: int | None = None) -> None:
    """Have a kernel compiled, and the others after it, unless it is there or yet to come."""
    kernel = Kernel.of(name, width)
    with unforked:
        if not _is_covered(kernel):
            _start(kernel, False).close()


def finish(name: str, width: int | None) -> bool:
    """Have a kernel compiled likewise, and return when that is done, or False if it fails."""
    begin(name, width)
    kernel = Kernel.of(name, width)
    while _is_covered(kernel):
        if any(compiler.has(kernel) for compiler in _compilers):
            return True
        time.sleep(0.05)
    return False


def begin_all(kernels: Iterable[tuple[str, int | None]]) -> None:
    """Have kernels compiled in one process, for somebody who waits for all, in their order.

    Raises OSError if no process can be started.
    """
    with unforked:
        _one_that_stands_by().order([Kernel.of(*kernel) for kernel in kernels], True)


def _one_that_stands_by() -> Compiler:
    for compiler in _compilers:
        if compiler.stands_by():
            return compiler
    _compilers.append(Compiler(True, stands_by=True))
    return _compilers[-1]


def _is_covered(kernel: Kernel) -> bool:
    return any(compiler.covers(kernel) for compiler in _compilers)


def _start(first: Kernel, is_waited_for: bool) -> Compiler:
    compiler = Compiler(is_waited_for)
    _compilers.append(compiler)
    _order(compiler, first, is_waited_for)
    return compiler


def _order(compiler: Compiler, first: Kernel, is_waited_for: bool) -> None:
    """Order a kernel; the process goes on with those of `AHEAD` if it is one, or else stands by."""
    others = [kernel for kernel in map(Kernel.of, AHEAD) if kernel != first]
    others = [kernel for kernel in others if not _is_covered(kernel)]
    compiler.order([first], is_waited_for)
    if first.name in AHEAD:
        compiler.order(others, False)
        compiler.close()


def _close() -> None:
    for compiler in _compilers:
        compiler.close()


def _forget() -> None:
    for compiler in _compilers:
        compiler.leave_to_parent()
    _compilers.clear()


atexit.register(_close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
