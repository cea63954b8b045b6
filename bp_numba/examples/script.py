"""What the example scripts share: their options, and one line where something is missing."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from bp_numba.examples.output import Output, OutputError

_Main: TypeAlias = Callable[[int, Path | None, Path | None], None]


def run(main: _Main, description: str) -> int:
    """Call main with seed, plot and save of the command line, and return the exit code.

    Parameters
    ----------
    main : callable
        `main(seed, plot, save)`; the last two are None where the option is not given.
    description : str
        Its first line says in the help what the script does.

    Returns
    -------
    int
        0 after success, 1 if something is missing or cannot be written, be it what is printed,
        130 after Ctrl-C.
    """
    name = Path(sys.argv[0]).stem
    parser = argparse.ArgumentParser(
        prog=f"python -m bp_numba.examples.{name}", description=description.partition("\n")[0]
    )
    parser.add_argument("--seed", type=int, default=0, help="of weights and split, 0 by default")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="draw what was learned")
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep what was trained")
    options = parser.parse_args()
    if not 0 <= options.seed < 2**32:
        parser.error(f"seed must be between 0 and 2**32 - 1, got {options.seed}")
    with Output(patient=bool(options.plot or options.save)) as output:
        try:
            code = _exit_code(main, options, name)
        except OutputError:
            code = 1
        failed = output.exit_code(name)
        return code or failed


def _exit_code(main: _Main, options: argparse.Namespace, name: str) -> int:
    try:
        if options.plot is not None:
            _check_plot(options.plot)
        main(options.seed, options.plot, options.save)
    except ModuleNotFoundError as error:
        module = (error.name or "a module").partition(".")[0]
        extras = "examples,dask" if module in ("dask", "distributed") else "examples"
        reason = f"needs {module}, which is not installed: pip install 'bp_numba[{extras}]'"
    except (ImportError, OSError) as error:  # the first for an old scikit-learn
        reason = str(error)
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return 130
    else:
        return 0
    print(f"{name}: {reason}", file=sys.stderr)
    return 1


def _check_plot(path: Path) -> None:
    """Raise before the training what would keep the picture from being drawn after it."""
    from matplotlib.backend_bases import FigureCanvasBase

    suffixes = FigureCanvasBase.get_supported_filetypes()
    if path.suffix[1:].lower() not in suffixes or not path.absolute().parent.is_dir():
        raise OSError(f"--plot must be a picture like loss.png in a folder that exists, got {path}")
