"""Signals that end a command as exceptions, so that what it has reached can be saved."""

import contextlib
import os
import signal
import sys
import threading
from types import TracebackType
from typing import Any

SIGNALS = [
    number
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # the last but one is not on Windows,
    if (number := getattr(signal, name, None)) is not None  # and the last is only there
]


class Interrupted(KeyboardInterrupt):
    """A signal that ends the command.

    Attributes
    ----------
    signum : int
        The signal's number.
    """

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum


def exit_code(interrupt: KeyboardInterrupt) -> int:
    """Return the exit code that shells give a process that a signal has ended."""
    return 128 + getattr(interrupt, "signum", signal.SIGINT)


def reason(interrupt: KeyboardInterrupt) -> str:
    """Return what has ended the command."""
    signum = getattr(interrupt, "signum", signal.SIGINT)
    by = "" if signum == signal.SIGINT else f" by {signal.Signals(signum).name}"
    return f"interrupted{by}"


def _end_process(signum: int) -> None:
    interrupt = Interrupted(signum)
    with contextlib.suppress(OSError):  # it may be closed
        os.write(2, f"bp-numba: {reason(interrupt)}\n".encode())
    os._exit(exit_code(interrupt))


class Signals:
    """A context in which `Interrupted` is raised when a signal comes that would end the process.

    A signal that is ignored, as nohup does it, or for which the caller has a handler, is left
    alone. So are all in other threads than the main one, where Python has no handlers.

    Parameters
    ----------
    last : bool
        Whether the process ends after the context. Before `begin` is called a signal ends it at
        once, with a line. If `ignore` was called, the signals stay ignored: another Ctrl-C, or a
        shell that sends SIGTERM twice, gives no traceback.

    Attributes
    ----------
    interrupt : Interrupted or None
        What was raised last. It may come out as another error: modules that are written in C turn
        what interrupts their import into an ImportError or a SystemError.
    """

    def __init__(self, last: bool) -> None:
        self._last, self._ignored, self._begun = last, False, not last
        self.interrupt: Interrupted | None = None
        self._replaced: dict[int, Any] = {}

    def __enter__(self) -> "Signals":
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                handler = signal.getsignal(number)
                if handler in (signal.SIG_DFL, signal.default_int_handler):
                    self._replaced[number] = handler
                    signal.signal(number, self._raise)
        return self

    def begin(self) -> None:
        """Raise exceptions from now on: modules are imported, and there may be something to save.

        While modules are imported an exception may be lost, or come out as that of a broken module.
        """
        self._begun = True

    def ignore(self) -> None:
        """Ignore further signals: one has ended the command, and what it says is said."""
        self._ignored = True
        for number in self._replaced:
            signal.signal(number, signal.SIG_IGN)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if not (self._last and self._ignored):
            for number, handler in self._replaced.items():
                signal.signal(number, handler)

    def _raise(self, signum: int, frame: Any) -> None:
        """Raise `Interrupted`, unless that is what is being handled: then a file may be written.

        Not once and for all: an exception is lost where a signal comes in a destructor or a
        callback of the interpreter, and the next signal must end the command then.
        """
        if not self._begun:
            _end_process(signum)
        error = sys.exception()
        while error is not None:
            if isinstance(error, KeyboardInterrupt):
                return
            error = error.__context__
        self.interrupt = Interrupted(signum)
        raise self.interrupt
