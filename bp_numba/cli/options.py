"""The commands and their options, as they are typed."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from bp_numba import __version__
from bp_numba.cli import typed
from bp_numba.cli.published import PROBLEMS
from bp_numba.preprocessing.guessing import TASKS
from bp_numba.preprocessing.scaling import SCALES
from bp_numba.tables.reading import FORMATS
from bp_numba.tables.text_files import Reading

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Add: TypeAlias = Callable[..., argparse.Action]

NETWORKS = ("sigmoid", "mlp")

_DEFAULTS = argparse.ArgumentDefaultsHelpFormatter


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="bp-numba", description="Train a small network with compiled backpropagation."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_train(commands)
    _add_predict(commands)
    info = commands.add_parser("info", help="show versions and CPU, or what a model file holds")
    info.add_argument("model", nargs="?", type=Path, metavar="MODEL", help="file of a network")
    commands.add_parser(
        "warmup", help="compile all kernels now, for images and clusters"
    ).add_argument(
        "--estimators",
        action="store_true",
        help="those of MLPClassifier and MLPRegressor too, for the solvers adam and sgd with their "
        "defaults",
    )
    cache = commands.add_parser("cache", help="the folder of the compiled kernels")
    action = cache.add_mutually_exclusive_group(required=True)
    action.add_argument("--path", action="store_true", help="print the folder")
    action.add_argument("--clear", action="store_true", help="delete the kernels in it")
    _add_problems(commands)
    for command in commands.choices.values():  # before the command or after it
        command.add_argument(
            "--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS
        )
    return parser


def _add_train(commands: Commands) -> None:
    add = commands.add_parser(
        "train",
        help="train a network on a table, CSV, Parquet or .npz",
        description="Train a network on a table. All columns beside the target are inputs: numbers "
        "and booleans as they are, texts by an input for each value, gaps filled and marked.",
    ).add_argument
    add("data", type=Path, metavar="DATA", help="CSV, Parquet, or .npz of X and y; - for stdin")
    add(
        "--target",
        action="append",
        metavar="COLUMN",
        help="what to predict: a name, its number in the file, or last; several for regression",
    )
    add("--task", choices=TASKS, help="guessed from the target without it")
    add("--ignore", action="append", default=[], metavar="COLUMN", help="is no input; repeatable")
    add(
        "--categorical",
        action="append",
        default=[],
        metavar="COLUMN",
        help="its numbers are names, an input for each; repeatable",
    )
    _add_reading(add)
    _add_network(add)
    _add_stopping(add)
    add(
        "--save",
        type=typed.file_path,
        metavar="MODEL",
        help="write the network, for bp-numba predict",
    )
    add("--plot", type=typed.file_path, metavar="PNG", help="draw the loss curve")
    add(
        "--checkpoint",
        type=typed.file_path,
        metavar="PATH",
        help="keep the network here while it trains",
    )
    add("--resume", action="store_true", help="go on from the checkpoint, if there is one")


def _add_reading(add: Add) -> None:
    add("--separator", metavar="CHAR", help="between columns: a character, tab or spaces")
    add(
        "--decimal",
        choices=(".", ","),
        metavar="MARK",
        help="what comes before the decimals of numbers",
    )
    add("--no-header", action="store_true", help="the columns have no names: call them c1, c2...")
    add("--encoding", help="of the text (UTF-8, or what a byte order mark tells)")
    add("--format", choices=FORMATS, help="where the suffix does not tell it")


def reading_of(options: argparse.Namespace) -> Reading:
    """Return how the options say that a table is to be read."""
    return Reading(
        separator=options.separator,
        decimal=options.decimal,
        header=not options.no_header,
        encoding=options.encoding,
        format=options.format,
    )


def _add_network(add: Add) -> None:
    add(
        "--network",
        choices=NETWORKS,
        default=NETWORKS[0],
        help="sigmoid: NeuralNetwork; mlp: MLPClassifier or MLPRegressor (%(default)s)",
    )
    add(
        "--layers",
        type=typed.hidden_sizes,
        metavar="SIZES",
        help="of the hidden layers, as 32-16 or 32,16, or none (32; mlp 100)",
    )
    add("--alpha", type=typed.alpha, help="learning rate (0.05; mlp 0.001)")
    add(
        "--epochs",
        type=typed.epochs,
        help="passes over the rows (as many as make one to ten million updates)",
    )
    add(
        "--seed",
        type=typed.seed,
        default=0,
        help="of the initial weights and the split (%(default)s)",
    )
    add(
        "--restarts",
        type=typed.restarts,
        default=1,
        metavar="N",
        help="networks to train, from as many seeds from --seed on; the best is kept (%(default)s)",
    )
    add(
        "--jobs",
        type=typed.jobs,
        default=1,
        help="threads for restarts, -1: all CPUs (%(default)s)",
    )
    add("--scale", choices=SCALES, default="standard", help="of the inputs (%(default)s)")
    add(
        "--class-weight",
        choices=("balanced",),
        help="train on all classes equally often, however rare they are",
    )
    add(
        "--test-size",
        type=typed.share,
        default=0.25,
        metavar="SHARE",
        help="of the rows, kept to test with (%(default)s)",
    )


def _add_stopping(add: Add) -> None:
    add(
        "--validation-size",
        type=typed.share,
        metavar="SHARE",
        help="of the other rows, kept to validate with (0; 0.1 for early stopping)",
    )
    add(
        "--early-stopping",
        action=argparse.BooleanOptionalAction,
        help="stop after 10 shown validation losses that are not the lowest so far, with the "
        "weights of the lowest (the default for 50 rows and more if --epochs is not given)",
    )
    add(
        "--stop-at-loss",
        type=typed.loss,
        metavar="LOSS",
        help="stop when a shown loss is no higher",
    )
    add(
        "--display-update",
        type=typed.spacing,
        metavar="EPOCHS",
        help="from one loss shown to the next, 0 or 1 for all (a tenth of all; a hundredth for "
        "stopping, or what it was in the run that --resume goes on with); mlp with --restarts "
        "shows the last of each only",
    )


def _add_predict(commands: Commands) -> None:
    add = commands.add_parser(
        "predict",
        help="predict the target of a table with a network from train",
        description="Write the predictions for a table, one row for each of its rows. If it holds "
        "the target too, how good they are is told on stderr.",
    ).add_argument
    add("model", type=Path, metavar="MODEL", help="file that bp-numba train has saved")
    add("data", type=Path, metavar="DATA", help="table with the columns trained on, in any order")
    _add_reading(add)
    add(
        "--out",
        type=typed.output_path,
        metavar="CSV",
        help="file to write; without it, or -, standard output",
    )
    add("--proba", action="store_true", help="add the outputs for each class, divided by their sum")


def _add_problems(commands: Commands) -> None:
    for problem in PROBLEMS.values():
        layers = "-".join(map(str, problem.layers))
        add = commands.add_parser(
            problem.name,
            help=f"train {layers} on the {problem.name} data",
            formatter_class=_DEFAULTS,
        ).add_argument
        add("--epochs", type=typed.epochs, default=problem.epochs, help="passes over the samples")
        add("--alpha", type=typed.alpha, default=problem.alpha, help="learning rate")
        add("--layers", type=typed.layer_sizes, default=layers, help="sizes of the layers")
        add("--seed", type=typed.seed, default=0, help="of the initial weights and the split")
        add(
            "--display-update",
            type=typed.spacing,
            default=100,
            help="epochs from one loss to the next, 0 or 1 for all",
        )
        add("--plot", type=typed.file_path, metavar="FILE.png", help="draw the loss curve")
        add("--reference", action="store_true", help="make the same run with ReferenceNetwork")
