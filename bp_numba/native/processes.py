"""Other processes: the Python that can be started, and what a fork must not come into."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess

unforked = threading.RLock()
"""Held where a fork in another thread would leave the child with half of something: an import, a
pipe, or one of the locks of LLVM, llvmlite and Numba. `os.fork` waits for it, so nothing that takes
long may be done under it."""

if hasattr(os, "register_at_fork"):
    # The thread that forks holds it, and is the one that goes on in the child.
    os.register_at_fork(
        before=unforked.acquire,
        after_in_parent=unforked.release,
        after_in_child=unforked.release,
    )


def has_own_process() -> bool:
    """Tell if there is a Python to start; an embedded or frozen interpreter takes no -c."""
    return Path(sys.executable or "").name.startswith("python") and not hasattr(sys, "frozen")


def start_python(code: str) -> subprocess.Popen[bytes]:
    """Start a process that runs code, with what it prints, errors too, in an unbuffered pipe.

    Nothing else is inherited: a pipeline that this process is part of does not wait for it.

    Raises
    ------
    OSError
        If no process can be started: no memory, too many processes, not permitted.
    """
    import subprocess  # takes longer than all else of this room

    return subprocess.Popen(
        [sys.executable, "-c", code],
        bufsize=0,  # a buffer has a lock, on which the interpreter aborts if it ends meanwhile
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
