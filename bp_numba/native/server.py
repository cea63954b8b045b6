"""What a process does that compiles for another one: see `compiler`."""

import os
import sys
import threading

from bp_numba.kernels.calls import MODULES
from bp_numba.native import compiling, files
from bp_numba.native.compiler import LENGTH, MARK
from bp_numba.native.processes import lower_priority

IDLE = 60.0
"""Seconds without an order after which it ends: it holds 150 MB (VmRSS, Numba 0.68, Linux)."""


def serve(parent: int, stands_by: bool) -> None:
    """Compile the kernels that are ordered at the standard input, one a line.

    Each line has the kernel's name, its width or 0, and whether somebody waits for it: 1 or 0. What
    is kept already is read. It ends with the input, once the parent has ended, or if it is idle.
    If it stands by, without an order yet, it has the time to get ready for any.
    """
    compiling.get_ready(MODULES if stands_by else ["entry_points"])
    while order := _next_order():
        name, width, is_waited_for = order.split()
        if is_waited_for == "0":
            lower_priority(0)
        if os.getppid() != parent:
            return
        content = _content(name, int(width) or None)
        os.write(1, MARK + len(content).to_bytes(LENGTH) + content)


def _next_order() -> str:
    timer = threading.Timer(IDLE, os._exit, [0])
    timer.start()
    try:
        return sys.stdin.readline()
    finally:
        timer.cancel()


def _content(name: str, width: int | None) -> bytes:
    file = files.file_of(name, width)
    content = files.read(file)
    if content is None:
        content = compiling.compile_here(name, width, True)
        files.write(file, content)
    return content
