"""The process that compiles: a kernel that is waited for, then others, at low priority.

That process finds each kernel's file or writes it, so it is kept even if this one has ended, and
hands the kernel over, so it is there where nothing can be kept. Nothing here imports llvmlite: for
50 ms other threads would wait for the interpreter.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from bp_numba.native import files
from bp_numba.native.processes import lower_priority, start_python
from bp_numba.simd.forks import unforked
from bp_numba.simd.width import widest

AHEAD = ("predict_one", "predict", "train_one", "train_samples", "train_blocks", "activate")
"""The entry points in the order in which they are compiled before anybody waits for them."""

_CODE = """
import gc, os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that waits
gc.disable()
sys.stdout.flush()
sys.stdout = sys.stderr  # one pipe: in the order in which it is printed
sys.path[:] = {path!r}
sys.modules["scipy"] = None
from bp_numba.native.background import serve
from bp_numba.native.compiling import compile_here
serve(compile_here, {kernels!r}, {waited_for}, {parent})
os._exit(0)
"""

_MARK = b"\0bp_numba\0"
"""What each kernel follows: before it there is what the process may have printed."""

_LENGTH = 8
"""Bytes of the number between mark and kernel: how long it is."""

PATIENCE = 1.0
"""Seconds after which a process at low priority is given up, as a busy machine may never run it."""


class Kernel(NamedTuple):
    """An entry point in vectors of so many doubles, None for as many as a register holds."""

    name: str
    width: int | None

    @classmethod
    def of(cls, name: str, width: int | None = None) -> Kernel:
        """Return the kernel of that name and width."""
        return cls(name, None if width is None or width == widest() else width)


def serve(
    compile_here: Callable[[str, int | None, bool], bytes],
    kernels: Iterable[tuple[str, int | None]],
    waited_for: int,
    parent: int,
) -> None:
    """Compile kernels, the first `waited_for` of them at normal priority, for a parent process.

    It ends early if the parent has ended. What is kept already is read.
    """
    for number, (name, width) in enumerate(kernels):
        if number == waited_for:
            lower_priority(0)
        if os.getppid() != parent:
            return
        file = files.file_of(name, width)
        content = files.read(file)
        if content is None:
            content = compile_here(name, width, True)
            files.write(file, content)
        os.write(1, _MARK + len(content).to_bytes(_LENGTH) + content)


class Compiler:
    """A process that compiles a list of kernels.

    Parameters
    ----------
    kernels : sequence of Kernel
        What it compiles, in that order.
    waited_for : int
        How many of them at normal priority.

    Attributes
    ----------
    ended : bool
        Whether nothing more is to be expected of it.

    Raises
    ------
    OSError
        If no process or thread can be started.
    """

    def __init__(self, kernels: Sequence[Kernel], waited_for: int) -> None:
        self.ended = False
        self._kernels, self._waited_for = kernels, waited_for
        self._given_up = False
        self._codes: list[bytes] = []
        self._printed = b""
        path = [entry for entry in sys.path if isinstance(entry, str)]  # imports ignore all others
        self._process = start_python(
            _CODE.format(
                path=path,
                kernels=[tuple(kernel) for kernel in kernels],
                waited_for=waited_for,
                parent=os.getpid(),
            )
        )
        if not waited_for:
            lower_priority(self._process.pid)
        try:
            threading.Thread(target=self._read, daemon=True).start()
        except RuntimeError as error:  # too many, or the interpreter ends
            self.kill()
            raise OSError(str(error)) from error

    def _read(self) -> None:
        assert self._process.stdout is not None
        pending = b""
        with contextlib.suppress(OSError):
            while chunk := self._process.stdout.read(65536):
                pending = self._take(pending + chunk)
        self._process.wait()
        self._printed = pending
        self.ended = True
        self._process.stdout.close()

    def _take(self, pending: bytes) -> bytes:
        """Take the kernels that have come as a whole; return the rest."""
        while True:
            _, mark, rest = pending.partition(_MARK)
            end = _LENGTH + int.from_bytes(rest[:_LENGTH])
            if not mark or len(rest) < max(end, _LENGTH + 1):
                return pending
            self._codes.append(rest[_LENGTH:end])
            pending = rest[end:]

    def covers(self, kernel: Kernel) -> bool:
        """Tell if a kernel is there or yet to come."""
        if kernel not in self._kernels:
            return False
        return not self.ended or self._kernels.index(kernel) < len(self._codes)

    def is_at(self, kernel: Kernel) -> bool:
        """Tell if a kernel is there or the next to come, and worth waiting for."""
        ahead = self._kernels.index(kernel) - len(self._codes) if self.covers(kernel) else 1
        return ahead < 0 or (ahead == 0 and not self._given_up)

    def wait_for(self, kernel: Kernel) -> bytes | None:
        """Return a kernel once it is there, or None if the process ends or is given up."""
        number = self._kernels.index(kernel)
        deadline = time.monotonic() + PATIENCE
        while len(self._codes) <= number and not (self.ended or self._given_up):
            time.sleep(0.005)  # Ctrl-C within a Condition could leave its lock held for ever
            self._given_up = number >= self._waited_for and time.monotonic() > deadline
        return self._codes[number] if number < len(self._codes) else None

    def failure(self) -> str:
        """Return why it ended, best what it printed last."""
        printed = self._printed.decode(errors="replace").strip()
        return printed or f"the process that compiles ended with {self._process.returncode}"

    def kill(self) -> None:
        """End the process now."""
        self._process.kill()
        self._process.wait()

    def leave_to_parent(self) -> None:
        """Forget the process, in a child that was forked from the one that started it."""
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process.returncode = 0  # or it would warn that it still runs


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
        return _start(kernel, 1), True


def begin(name: str) -> None:
    """Have a kernel compiled, and the others after it, unless it is there or yet to come."""
    kernel = Kernel.of(name)
    with unforked:
        if not _is_covered(kernel):
            _start(kernel, 0)


def begin_all(kernels: Iterable[tuple[str, int | None]]) -> None:
    """Have kernels compiled in one process, for somebody who waits for all, in their order.

    Raises OSError if no process can be started.
    """
    wanted = [Kernel.of(*kernel) for kernel in kernels]
    with unforked:
        _compilers.append(Compiler(wanted, len(wanted)))


def _is_covered(kernel: Kernel) -> bool:
    return any(compiler.covers(kernel) for compiler in _compilers)


def _start(first: Kernel, waited_for: int) -> Compiler:
    others = [kernel for kernel in map(Kernel.of, AHEAD) if kernel != first]
    kernels = [first, *(kernel for kernel in others if not _is_covered(kernel))]
    compiler = Compiler(kernels, waited_for)
    _compilers.append(compiler)
    return compiler


def _forget() -> None:
    for compiler in _compilers:
        compiler.leave_to_parent()
    _compilers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
