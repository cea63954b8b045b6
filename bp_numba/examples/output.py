"""Standard output and error that may fail: nobody reads on, a disk is full, a terminal has gone.

What was computed must not be lost with them.
"""

import contextlib
import errno
import io
import os
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any


class OutputError(Exception):
    """Standard output cannot be written, and the run is for nothing else."""


class Output:
    """A context in which what is printed is written line by line, until that fails.

    Characters that a stream cannot encode are written as escapes.

    Attributes
    ----------
    patient : bool
        Whether the run has more to give than what it prints, like a file: then it goes on after a
        failure of standard output, without printing. Else `OutputError` is raised. A failure of
        standard error ends no run.
    """

    def __init__(self, patient: bool = False) -> None:
        self.patient = patient

    def __enter__(self) -> "Output":
        self._own = sys.stdout, sys.stderr
        self._out = _Target(sys.stdout, lambda: self.patient)
        # None where it was closed when Python was started: print would take standard output.
        self._error = _Target(sys.stderr or io.TextIOWrapper(io.BytesIO()), lambda: True)
        sys.stdout, sys.stderr = self._out.text, self._error.text
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._out.discard()  # a rest that an interrupt has left: its reader may never read on
        self._error.discard()
        sys.stdout, sys.stderr = self._own

    def exit_code(self, program: str) -> int:
        """Return 1 if a stream has failed, else 0; say why, unless it is that nobody reads on."""
        with contextlib.suppress(OutputError):
            print(end="", flush=True)
        error = self._out.failure
        if error is not None and not _nobody_reads(error):
            reason = error.strerror or error
            print(f"{program}: standard output cannot be written: {reason}", file=sys.stderr)
        return 0 if error is self._error.failure is None else 1


def _nobody_reads(error: OSError) -> bool:
    return isinstance(error, BrokenPipeError) or (os.name == "nt" and error.errno == errno.EINVAL)


class _Target(io.RawIOBase):
    """Takes bytes to a stream until that fails, and nowhere from then on.

    Attributes
    ----------
    text : TextIO
        What writes to it. The stream itself if that is none of bytes, as in a notebook.
    failure : OSError or None
        Why it failed.
    """

    failure: OSError | None
    _raw: Any = None

    def __init__(self, stream: Any, may_fail: Callable[[], bool]) -> None:
        self._may_fail, self._stream = may_fail, stream
        self.text, self.failure = stream, None
        if not isinstance(stream, io.TextIOWrapper):
            return
        stream.flush()
        # Not to its buffer, which tries again when Python ends what it could not write.
        self._raw = getattr(stream.buffer, "raw", stream.buffer)
        self.text = io.TextIOWrapper(
            io.BufferedWriter(self), stream.encoding, "backslashreplace", line_buffering=True
        )

    def discard(self) -> None:
        """Take nothing to the stream from now on."""
        self._raw = None

    def write(self, data: Any) -> int:
        """Write bytes, or some of the first of them, and return how many."""
        if self._raw is None:
            return len(data)
        try:
            written = self._raw.write(data)
            if written is None:  # it does not block, and takes nothing at present
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        except OSError as error:
            self.discard()
            self.failure = error
            if not self._may_fail():
                raise OutputError from error
            return len(data)
        return int(written)

    def writable(self) -> bool:
        """Return True."""
        return True

    def isatty(self) -> bool:
        """Tell if the stream is a terminal."""
        return self._raw is not None and bool(self._raw.isatty())

    def fileno(self) -> int:
        """Return the stream's file descriptor."""
        return int(self._raw.fileno())
