"""The commands: what runs, and how errors become lines and exit codes."""

import argparse
import contextlib
import shlex
import shutil
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bp_numba import ModelFormatError
from bp_numba.cli import published, train
from bp_numba.cli.errors import CommandError
from bp_numba.cli.machine import clear_cache, machine_lines, model_lines, warmup_lines
from bp_numba.cli.options import make_parser
from bp_numba.cli.predict import predict
from bp_numba.cli.published import PROBLEMS
from bp_numba.cli.signals import Signals, exit_code, reason
from bp_numba.examples.output import Output, OutputError
from bp_numba.native.files import cache_folder
from bp_numba.tables.errors import TableError

_FILES = ("save", "checkpoint", "plot", "out")
"""Options that name what a command writes beside what it prints."""

_EXPECTED = (CommandError, TableError, ModelFormatError, OSError)
"""Errors that are told in a line."""


def run(arguments: Sequence[str] | None, signals: Signals) -> int:
    """Run a command and return its exit code, as `main` does; without arguments those typed."""
    typed = sys.argv[1:] if arguments is None else list(arguments)
    with Output() as output, _plain_warnings():
        try:
            code = _exit_code(typed, output, signals)
        except OutputError:
            code = 1
        except KeyboardInterrupt as interrupt:
            signals.ignore()
            code = exit_code(interrupt)
        failed = output.exit_code("bp-numba")
        return code or failed


@contextlib.contextmanager
def _plain_warnings() -> Iterator[None]:
    """Show warnings as lines like others, without the place in the source."""
    formatted, warnings.formatwarning = warnings.formatwarning, _formatted
    try:
        yield
    finally:
        warnings.formatwarning = formatted


def _formatted(message: Warning | str, *_: Any, **__: Any) -> str:
    return f"bp-numba: {' '.join(str(message).split())}\n"


def _exit_code(arguments: Sequence[str], output: Output, signals: Signals) -> int:
    options = argparse.Namespace(command=None, debug=False)
    try:
        options = _parse(arguments)
        output.patient = any(getattr(options, name, None) is not None for name in _FILES)
        _run(options)
    except BaseException as error:
        interrupt = error if isinstance(error, KeyboardInterrupt) else signals.interrupt
        if interrupt is not None:
            _complain(reason(interrupt), error)
            if options.command == "train" and options.checkpoint and options.checkpoint.exists():
                _complain(f"to go on: {_resuming_line(arguments, options.resume)}")
            raise interrupt from None
        if options.debug or not isinstance(error, _EXPECTED):
            raise
        _complain(" ".join(str(error).split()), error)
        return error.exit_code if isinstance(error, CommandError) else 1
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = make_parser()
    options = parser.parse_args(arguments)
    try:
        if options.command in PROBLEMS:
            published.check_options(options, PROBLEMS[options.command])
        elif options.command == "train":
            train.check_options(options)
    except ValueError as error:
        parser.error(str(error))
    return options


def _complain(text: str, error: BaseException | None = None) -> None:
    for line in text, *getattr(error, "__notes__", ()):
        print(f"bp-numba: {line}", file=sys.stderr)


def _run(options: argparse.Namespace) -> None:
    if options.command in PROBLEMS:
        published.run(options, PROBLEMS[options.command])
    elif options.command == "train":
        train.train(options)
    elif options.command == "predict":
        predict(options)
    else:
        _maintain(options)


def _maintain(options: argparse.Namespace) -> None:
    lines: Iterable[str]
    if options.command == "info":
        lines = machine_lines() if options.model is None else model_lines(options.model)
    elif options.command == "warmup":
        lines = warmup_lines(options.estimators)
    else:
        lines = [clear_cache() if options.clear else str(cache_folder() or "")]
    for line in lines:
        print(line)


def _resuming_line(arguments: Sequence[str], resumed: bool) -> str:
    """Return the command line that goes on with the run, as a shell takes it."""
    program = Path(sys.argv[0])
    if program.name == "__main__.py":
        start = [sys.executable, "-m", "bp_numba"]
    else:
        start = [program.name if shutil.which(program.name) == str(program) else str(program)]
    resume = [] if resumed else ["--resume"]
    return shlex.join([*start, *arguments, *resume])
