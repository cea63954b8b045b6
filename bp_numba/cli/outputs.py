"""Files that a command will write: what would prevent it is known before the work begins."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from bp_numba.cli.errors import CommandError
from bp_numba.runs.archives import PERCEPTRON, ModelFormatError, kind_of
from bp_numba.runs.files import check_writable
from bp_numba.runs.model_files import load_model


def check_distinct(inputs: Mapping[str, Path], outputs: Mapping[str, Path | None]) -> None:
    """Raise CommandError if an output would replace an input or another output."""
    seen = {os.path.realpath(path): name for name, path in inputs.items()}
    for name, path in outputs.items():
        if path is None:
            continue
        other = seen.setdefault(os.path.realpath(path), name)
        if other != name:
            raise CommandError(f"{name} and {other} must be different files, got {path} for both")


def check_model(option: str, path: Path, size: int) -> None:
    """Raise CommandError unless a network of `size` bytes can be written there.

    What it would replace must be a network too, or empty.
    """
    if path.is_file() and path.stat().st_size:
        try:
            if kind_of(path) != PERCEPTRON:
                load_model(path)
        except ModelFormatError as error:
            raise CommandError(
                f"{option} must be a new file or that of a network, got {error}"
            ) from None
    check_file(option, path, size)


def check_file(option: str, path: Path, size: int = 0) -> None:
    """Raise CommandError unless a file of `size` bytes can be written there."""
    with writing(option, path):
        check_writable(path, size)


@contextlib.contextmanager
def writing(option: str, path: Path) -> Iterator[None]:
    """Turn an OSError into a CommandError that names option and file."""
    try:
        yield
    except OSError as error:
        raise unwritable(option, path, error) from None


def unwritable(option: str, path: Path, error: OSError) -> CommandError:
    """Return the error of a file that cannot be written."""
    reason = error.strerror or error  # the whole text may name no file, or a temporary one
    return CommandError(f"{option} {path} cannot be written: {reason}")


def check_plot(path: Path) -> None:
    """Raise CommandError if Matplotlib is missing, or cannot write that file."""
    if find_spec("matplotlib") is None:
        raise missing(ModuleNotFoundError(name="matplotlib"), "--plot", "plot")
    from matplotlib.backend_bases import FigureCanvasBase

    kind = path.suffix[1:].lower() or "png"
    if kind not in FigureCanvasBase.filetypes:
        known = ", ".join(sorted(FigureCanvasBase.filetypes))
        raise CommandError(f"--plot must end in one of {known}, got {path}")
    check_file("--plot", path)


def missing(error: ModuleNotFoundError, what: str, extra: str) -> CommandError:
    """Return the error that names the command that installs what is missing."""
    module = (error.name or "a module").partition(".")[0]
    return CommandError(
        f"{what} needs {module}, which is not installed: pip install 'bp_numba[{extra}]'"
    )
