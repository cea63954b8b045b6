"""A process that compiles, as the one sees it that started it.

It finds each kernel's file or writes it, so it is kept even if this process has ended, and hands
the kernel over, so it is there where nothing can be kept. What it does is in `server`. Nothing here
imports llvmlite: for 50 ms other threads would wait for the interpreter.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Sequence
from typing import NamedTuple

from bp_numba.native.processes import lower_priority, start_python
from bp_numba.simd.width import widest

_CODE = """
import os, sys
library = os.path.dirname(os.__file__)
# First: beside a script there may be a calendar.py of the user's, and Numba imports calendar.
sys.path[:] = [library, os.path.join(library, "lib-dynload"), *{path!r}]
import gc, signal
try:
    os.getcwd()
except OSError:  # it is gone; Numba gives names of files relative to it
    os.chdir(library)
signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that waits
gc.disable()
sys.stdout.flush()
sys.stdout = sys.stderr  # one pipe: in the order in which it is printed
for name in {unwanted!r}:
    sys.modules.setdefault(name, None)
from bp_numba.native.server import serve
serve({parent}, {stands_by})
os._exit(0)
"""

UNWANTED = ("scipy", "yaml", "coverage")
"""What Numba imports if it is there, and kernels do not need: coverage takes 36 ms. With yaml a
`.numba_config.yaml` in the present folder would change kernels, and the names of their files do not
tell."""

MARK = b"\0bp_numba\0"
"""What each kernel follows: before it there is what the process may have printed."""

LENGTH = 8
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


class Compiler:
    """A process that compiles the kernels that are ordered.

    Parameters
    ----------
    is_waited_for : bool
        Whether it begins at normal priority.
    stands_by : bool, default False
        Whether it is started before there is an order.

    Attributes
    ----------
    ended : bool
        Whether nothing more is to be expected of it.

    Raises
    ------
    OSError
        If no process or thread can be started.
    """

    def __init__(self, is_waited_for: bool, stands_by: bool = False) -> None:
        self.ended = False
        self._kernels: list[Kernel] = []
        self._waited_for = 0  # so many of them at normal priority
        self._given_up = False
        self._codes: list[bytes] = []
        self._printed = b""
        path = [entry for entry in sys.path if isinstance(entry, str)]  # imports ignore all others
        code = _CODE.format(path=path, unwanted=UNWANTED, parent=os.getpid(), stands_by=stands_by)
        self._process = start_python(code)
        if not is_waited_for:
            lower_priority(self._process.pid)
        try:
            threading.Thread(target=self._read, daemon=True).start()
        except RuntimeError as error:  # too many, or the interpreter ends
            self.kill()
            raise OSError(str(error)) from error

    def order(self, kernels: Sequence[Kernel], are_waited_for: bool) -> None:
        """Have kernels compiled after all others."""
        if are_waited_for and self._waited_for == len(self._kernels):
            self._waited_for += len(kernels)
        self._kernels += kernels
        lines = [f"{name} {width or 0} {are_waited_for:d}\n" for name, width in kernels]
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it has ended: that will be noticed
            self._process.stdin.write("".join(lines).encode())

    def close(self) -> None:
        """Order nothing more: it ends when it has compiled all."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def stands_by(self) -> bool:
        """Tell if it has nothing to do, and takes orders."""
        assert self._process.stdin is not None
        is_open = not (self.ended or self._process.stdin.closed)
        return is_open and len(self._codes) == len(self._kernels)

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
            _, mark, rest = pending.partition(MARK)
            end = LENGTH + int.from_bytes(rest[:LENGTH])
            if not mark or len(rest) < max(end, LENGTH + 1):
                return pending
            self._codes.append(rest[LENGTH:end])
            pending = rest[end:]

    def has(self, kernel: Kernel) -> bool:
        """Tell if a kernel is there."""
        return kernel in self._kernels and self._kernels.index(kernel) < len(self._codes)

    def covers(self, kernel: Kernel) -> bool:
        """Tell if a kernel is there or yet to come."""
        if kernel not in self._kernels:
            return False
        return not self.ended or self.has(kernel)

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
        self.close()
        self._process.kill()
        self._process.wait()

    def leave_to_parent(self) -> None:
        """Forget the process, in a child that was forked from the one that started it."""
        assert self._process.stdout is not None
        self.close()
        self._process.stdout.close()
        self._process.returncode = 0  # or it would warn that it still runs
