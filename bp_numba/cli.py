"""The command line: two problems to train, and what concerns machine code and model files."""

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from bp_numba import NeuralNetwork, ReferenceNetwork, __version__, native
from bp_numba import validation as check
from bp_numba.examples import Problem, Split
from bp_numba.examples.digits import DIGITS
from bp_numba.examples.xor import XOR
from bp_numba.machine import clear_cache, machine_lines, model_lines, warmup_lines
from bp_numba.network import display_epochs

PROBLEMS = {problem.name: problem for problem in (DIGITS, XOR)}


class CommandError(Exception):
    """A run that cannot be carried out, for a reason that one line tells."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    0 after success, 1 if the run could not be carried out or its output went unread, 2 for wrong
    usage, 130 after Ctrl-C.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        if options.command in PROBLEMS:
            _check(options, PROBLEMS[options.command])
    except (TypeError, ValueError) as error:
        parser.error(str(error))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # live through a pipe too
    try:
        if options.command in PROBLEMS:
            _run(options, PROBLEMS[options.command])
        else:
            _maintain(options)
    except CommandError as error:
        print(f"bp-numba: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bp-numba: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # nobody reads on; the interpreter would complain when it flushes
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bp-numba", description="Train a small network with compiled backpropagation."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    info = commands.add_parser("info", help="show versions and CPU, or what a model file holds")
    info.add_argument("model", nargs="?", type=Path, metavar="MODEL", help="file of a network")
    commands.add_parser("warmup", help="compile all kernels now, for images and clusters")
    cache = commands.add_parser("cache", help="the folder of the compiled kernels")
    action = cache.add_mutually_exclusive_group(required=True)
    action.add_argument("--path", action="store_true", help="print the folder")
    action.add_argument("--clear", action="store_true", help="delete the kernels in it")
    for problem in PROBLEMS.values():
        layers = "-".join(map(str, problem.layers))
        add = commands.add_parser(
            problem.name,
            help=f"train {layers} on the {problem.name} data",
            formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        ).add_argument
        add("--epochs", type=int, default=problem.epochs, help="passes over the samples")
        add("--alpha", type=float, default=problem.alpha, help="learning rate")
        add("--layers", type=layer_sizes, default=layers, help="sizes of the layers")
        add("--seed", type=int, default=0, help="of the initial weights and the split")
        add("--display-update", type=int, default=100, help="epochs from one loss to the next")
        add("--plot", type=Path, metavar="FILE.png", help="draw the loss curve")
        add("--reference", action="store_true", help="make the same run with ReferenceNetwork")
    return parser


def _maintain(options: argparse.Namespace) -> None:
    lines: Iterable[str]
    if options.command == "info":
        lines = machine_lines() if options.model is None else model_lines(options.model)
    elif options.command == "warmup":
        lines = warmup_lines()
    else:
        lines = [clear_cache() if options.clear else str(native.cache_folder() or "")]
    try:
        for line in lines:
            print(line)
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        raise CommandError(str(error)) from None


def layer_sizes(text: str) -> list[int]:
    """Return the sizes in a text like 64-32-16-10."""
    return [int(size) for size in text.split("-")]


def _check(options: argparse.Namespace, problem: Problem) -> None:
    check.check_epochs(options.epochs)
    check.check_alpha(options.alpha)
    check.check_display_update(options.display_update)
    check.check_layers(options.layers)
    if options.layers[0] != problem.layers[0] or options.layers[-1] != problem.layers[-1]:
        raise ValueError(
            f"layers must begin with {problem.layers[0]} and end with {problem.layers[-1]} "
            f"for {problem.name}, got {'-'.join(map(str, options.layers))}"
        )
    if not 0 <= options.seed < 2**32:
        raise ValueError(f"seed must be between 0 and 2**32 - 1, got {options.seed}")


def _run(options: argparse.Namespace, problem: Problem) -> None:
    if options.plot is not None:
        _check_plot(options.plot)
    print(f"[INFO] loading {problem.name} data...")
    try:
        split = problem.load(options.seed)
    except ModuleNotFoundError as error:
        raise _missing(error, problem.name) from None
    print(f"[INFO] samples: {len(split.X)} to train on, {len(split.X_test)} to test")

    started = perf_counter()
    NeuralNetwork([1, 1]).fit([[0.0]], [[0.0]], epochs=0)
    loading = perf_counter() - started

    network = _network(NeuralNetwork, options)
    print(f"[INFO] training {network}...")
    losses = _record_losses(network)
    seconds = _fit(network, split, options)
    print("[INFO] evaluating...")
    print(problem.report(network.predict(split.X_test), split.y_test))
    if options.plot is not None:
        _plot(options, losses, f"{problem.name}, {network}")
    print(_summary(options, split, loading, seconds))


def _network(kind: type[ReferenceNetwork], options: argparse.Namespace) -> ReferenceNetwork:
    np.random.seed(options.seed)
    return kind(options.layers, alpha=options.alpha)


def _fit(network: ReferenceNetwork, split: Split, options: argparse.Namespace) -> float:
    started = perf_counter()
    network.fit(split.X, split.y, epochs=options.epochs, displayUpdate=options.display_update)
    return perf_counter() - started


def _record_losses(network: ReferenceNetwork) -> list[float]:
    losses: list[float] = []
    calculate_loss = network.calculate_loss

    def recorded(X: Any, targets: Any) -> Any:
        loss = calculate_loss(X, targets)
        losses.append(float(loss))
        return loss

    network.calculate_loss = recorded  # type: ignore[method-assign]
    return losses


def _summary(options: argparse.Namespace, split: Split, loading: float, seconds: float) -> str:
    samples = options.epochs * len(split.X)
    text = (
        f"[INFO] {samples:,} samples in {seconds:.3f} s, {samples / seconds:,.0f} per second "
        f"(kernels loaded or compiled before that in {loading:.1f} s)"
    )
    if options.reference:
        network = _network(ReferenceNetwork, options)
        with contextlib.redirect_stdout(io.StringIO()):
            reference = _fit(network, split, options)
        text += (
            f"; ReferenceNetwork: {reference:.3f} s, {samples / reference:,.0f} per second, "
            f"{reference / seconds:.1f} times as long"
        )
    return text


def _check_plot(path: Path) -> None:
    """Raise before the training what would keep the plot from being written after it."""
    if find_spec("matplotlib") is None:
        raise _missing(ModuleNotFoundError(name="matplotlib"), "--plot")
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise CommandError(f"--plot must be a file in a folder that can be written, got {path}")


def _plot(options: argparse.Namespace, losses: list[float], title: str) -> None:
    from bp_numba.plotting import save_loss_curve

    interval = check.check_display_update(options.display_update)
    epochs = list(display_epochs(options.epochs, interval))
    try:
        save_loss_curve(options.plot, epochs, losses, title)
    except (OSError, ValueError) as error:
        raise CommandError(f"--plot {options.plot}: {error}") from None
    print(f"[INFO] loss curve written to {options.plot}")


def _missing(error: ModuleNotFoundError, what: str) -> CommandError:
    module = (error.name or "a module").partition(".")[0]
    return CommandError(
        f"{what} needs {module}, which is not installed: pip install 'bp_numba[examples]'"
    )
