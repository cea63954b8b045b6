"""The process that compiles: a kernel that is waited for, then others, at low priority.

Each kernel is written to its file by that process, so it is kept even if this one has ended, and
handed over, so it is there where nothing can be kept.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from bp_numba.native import files
from bp_numba.native.processes import start_python
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


class Kernel(NamedTuple):
    """An entry point in vectors of so many doubles, and the file that keeps it, if any can."""

    name: str
    width: int
    file: str | None

    @classmethod
    def of(cls, name: str, width: int | None = None) -> Kernel:
        """Return the kernel of that name, in the widest vectors if no width is given."""
        file = files.file_of(name, width)
        return cls(name, width or widest(), str(file) if file else None)

    def is_kept(self) -> bool:
        """Tell if its file is there."""
        return self.file is not None and os.path.exists(self.file)


def serve(
    compile_here: Callable[[str, int, bool], bytes],
    kernels: Iterable[tuple[str, int, str | None]],
    waited_for: int,
    parent: int,
) -> None:
    """Compile kernels, the first `waited_for` of them at normal priority, for a parent process.

    It ends early if the parent has ended. A file that another process wrote meanwhile is used.
    """
    for number, (name, width, path) in enumerate(kernels):
        if number == waited_for and hasattr(os, "nice"):
            os.nice(10)
        if os.getppid() != parent:
            return
        file = Path(path) if path else None
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
        self._kernels = kernels
        self._codes: list[bytes] = []
        self._printed = b""
        self._changed = threading.Condition()
        path = [entry for entry in sys.path if isinstance(entry, str)]  # imports ignore all others
        self._process = start_python(
            _CODE.format(
                path=path,
                kernels=[tuple(kernel) for kernel in kernels],
                waited_for=waited_for,
                parent=os.getpid(),
            )
        )
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
        with self._changed:
            self._printed = pending
            self.ended = True
            self._changed.notify_all()
        self._process.stdout.close()

    def _take(self, pending: bytes) -> bytes:
        """Take the kernels that have come as a whole; return the rest."""
        while True:
            _, mark, rest = pending.partition(_MARK)
            end = _LENGTH + int.from_bytes(rest[:_LENGTH])
            if not mark or len(rest) < max(end, _LENGTH + 1):
                return pending
            with self._changed:
                self._codes.append(rest[_LENGTH:end])
                self._changed.notify_all()
            pending = rest[end:]

    def covers(self, kernel: Kernel) -> bool:
        """Tell if a kernel is there or yet to come."""
        if kernel not in self._kernels:
            return False
        return not self.ended or self._kernels.index(kernel) < len(self._codes)

    def is_at(self, kernel: Kernel) -> bool:
        """Tell if a kernel is there or the next to come."""
        return self.covers(kernel) and self._kernels.index(kernel) <= len(self._codes)

    def wait_for(self, kernel: Kernel) -> bytes | None:
        """Return a kernel once it is there, or None if the process ends without it."""
        number = self._kernels.index(kernel)
        with self._changed:
            while len(self._codes) <= number and not self.ended:
                self._changed.wait(0.1)  # Windows hears Ctrl-C between waits only
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
    others = _not_kept(kernel)
    with unforked:
        for compiler in _compilers:
            if compiler.is_at(kernel):
                return compiler, False
        return _start([kernel, *_uncovered(others)], 1), True


def begin(name: str) -> None:
    """Have a kernel compiled, and the others after it, unless it is kept or yet to come."""
    kernel = Kernel.of(name)
    if kernel.is_kept():
        return
    others = _not_kept(kernel)
    with unforked:
        if _uncovered([kernel]):
            _start([kernel, *_uncovered(others)], 0)


def _not_kept(besides: Kernel) -> list[Kernel]:
    kernels = map(Kernel.of, AHEAD)
    return [kernel for kernel in kernels if kernel != besides and not kernel.is_kept()]


def _uncovered(kernels: Iterable[Kernel]) -> list[Kernel]:
    return [kernel for kernel in kernels if not any(c.covers(kernel) for c in _compilers)]


def _start(kernels: Sequence[Kernel], waited_for: int) -> Compiler:
    compiler = Compiler(kernels, waited_for)
    _compilers.append(compiler)
    return compiler


def _forget() -> None:
    for compiler in _compilers:
        compiler.leave_to_parent()
    _compilers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
