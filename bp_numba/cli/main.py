"""The command line from the start of a process: signals are heard before anything is imported."""

from collections.abc import Sequence

from bp_numba.cli.signals import Signals, exit_code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    0 after success, 1 if the run could not be carried out or its output not be written, 2 for
    wrong usage; after a signal 128 and its number: 130 after Ctrl-C, 143 after SIGTERM.
    """
    with Signals(last=arguments is None) as signals:
        try:
            from bp_numba.cli.commands import run  # with NumPy and all else: it takes a while

            signals.begin()
            return run(arguments, signals)
        except KeyboardInterrupt as interrupt:
            signals.ignore()
            return exit_code(interrupt)
