"""Other processes: the Python that can be started."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess


def has_own_process() -> bool:
    """Tell if there is a Python to start; an embedded or frozen interpreter takes no -c."""
    return Path(sys.executable or "").name.startswith("python") and not hasattr(sys, "frozen")


def start_python(code: str) -> subprocess.Popen[bytes]:
    """Start a process that runs code, its input, and what it prints, errors too, in pipes.

    Nothing else is inherited: a pipeline that this process is part of does not wait for it.

    Raises
    ------
    OSError
        If no process can be started: no memory, too many processes, not permitted.
    """
    import subprocess  # takes longer than all else of this room

    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code],  # PYTHONWARNINGS may make errors of them
        bufsize=0,  # a buffer has a lock, on which the interpreter aborts if it ends meanwhile
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def lower_priority(process: int) -> None:
    """Leave a process, 0 for this one, what others leave of the CPUs, if the system can be told.

    Niceness alone does not do: matrix products wait for both their threads, 8 ms at a time.
    """
    with contextlib.suppress(OSError):
        if hasattr(os, "SCHED_IDLE"):
            os.sched_setscheduler(process, os.SCHED_IDLE, os.sched_param(0))
        elif hasattr(os, "setpriority"):
            os.setpriority(os.PRIO_PROCESS, process, 10)
