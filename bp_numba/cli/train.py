"""`bp-numba train`: a network from a table in a file."""

import argparse
import json
from importlib.util import find_spec
from pathlib import Path

from bp_numba import NeuralNetwork
from bp_numba import validation as check
from bp_numba.cli.errors import CommandError, raise_all
from bp_numba.cli.options import reading_of
from bp_numba.cli.outputs import check_distinct, check_file, check_model, check_plot, missing
from bp_numba.cli.reporting import draw_all_losses, draw_losses, score_lines
from bp_numba.cli.restarts import fresh_networks
from bp_numba.cli.resuming import load_checkpoint
from bp_numba.cli.samples import prepared
from bp_numba.cli.training import train_and_save
from bp_numba.tables.reading import read_table
from bp_numba.tables.samples import Samples

LAYERS, ALPHA = {"sigmoid": [32], "mlp": [100]}, {"sigmoid": 0.05, "mlp": 0.001}
"""Sizes of the hidden layers and learning rates, by default.

Chosen with the number of epochs and early stopping on the tables of bench/tables.py.
"""

FEWEST_ROWS = 50
"""Rows from which on some are kept for early stopping, unless --epochs is given."""


def check_options(options: argparse.Namespace) -> None:
    """Fill in the defaults that depend on other options.

    Raises
    ------
    TypeError, ValueError
        If an option cannot be used; the text says what it must be.
    """
    if options.layers is None:
        options.layers = LAYERS[options.network]
    if options.alpha is None:
        options.alpha = ALPHA[options.network]
    if options.epochs is not None:
        check.check_epochs(options.epochs)
    check.check_alpha(options.alpha)
    check.check_seed(options.seed)
    _check_restarts(options)
    if options.target is None and not _is_npz(options):
        raise ValueError("--target is required: the column to predict")
    _check_shares(options)
    if options.resume and options.checkpoint is None:
        raise ValueError("--resume needs --checkpoint, which names the file to go on from")
    if options.display_update is not None:
        check.check_display_update(options.display_update)


def _is_npz(options: argparse.Namespace) -> bool:
    return options.format == "npz" or (not options.format and options.data.suffix == ".npz")


def _check_shares(options: argparse.Namespace) -> None:
    if options.early_stopping and options.validation_size is None:
        options.validation_size = 0.2
    for name in ("test_size", "validation_size"):
        if not 0 <= (getattr(options, name) or 0) < 1:
            raise ValueError(f"{name} must be from 0 to less than 1, got {getattr(options, name)}")
    if options.early_stopping and not options.validation_size:
        raise ValueError("validation_size must be more than 0 for --early-stopping, got 0")
    if options.stop_at_loss is not None and not options.stop_at_loss >= 0:
        raise ValueError(f"--stop-at-loss must be a loss >= 0, got {options.stop_at_loss}")


def _check_restarts(options: argparse.Namespace) -> None:
    if options.restarts < 1:
        raise ValueError(f"--restarts must be an integer >= 1, got {options.restarts}")
    if options.seed + options.restarts > 2**32:
        raise ValueError(
            f"--restarts must leave the last seed below 2**32, got {options.restarts} from seed "
            f"{options.seed} on"
        )
    if options.jobs == 0:
        raise ValueError("--jobs must be an integer other than 0, got 0")


def train(options: argparse.Namespace) -> None:
    """Train, judge and save a network, as the options say.

    Raises
    ------
    CommandError, TableError, OSError
        If that cannot be done; known before training begins, as far as possible.
    """
    _check_paths(options)
    table = read_table(options.data, reading_of(options))
    _settle_stopping(options, table.rows)
    samples, lines = prepared(table, options)
    for line in lines:
        print(line)
    _settle_epochs(options, len(samples.X))
    fresh = fresh_networks(samples, options)
    _check_space(fresh, options)
    networks = _resumed(fresh, options) if options.resume else fresh
    trained = train_and_save(networks, samples, options)
    for line in trained.lines:
        print(line)
    for line in _judged(networks[trained.best], samples):
        print(line)
    if trained.path is not None:
        print(f"[INFO] model written to {trained.path}")
    problems = trained.problems
    if options.plot is not None:
        title, validated = options.data.name, bool(options.validation_size)
        if len(networks) == 1:
            problems += draw_losses(options.plot, networks[0], title, validated)
        else:
            name = f"best (seed {options.seed + trained.best})"
            best = trained.best, name
            problems += draw_all_losses(options.plot, networks, best, title, validated)
    raise_all(problems)


def _settle_stopping(options: argparse.Namespace, rows: int) -> None:
    """Stop early unless the options say otherwise, or there are few rows."""
    if options.early_stopping is None:
        wanted = options.epochs is None and options.validation_size != 0
        options.early_stopping = wanted and rows >= FEWEST_ROWS
    if options.validation_size is None:
        options.validation_size = 0.2 if options.early_stopping else 0.0


def _settle_epochs(options: argparse.Namespace, samples: int) -> None:
    if options.epochs is None:
        options.epochs = default_epochs(samples, options)
    options.verbose = 1
    if options.display_update is None:
        stops = options.early_stopping or options.stop_at_loss is not None
        options.display_update = max(1, options.epochs // (100 if stops else 10))
        options.verbose = 10 if stops else 1  # a line for each tenth of the epochs


def default_epochs(samples: int, options: argparse.Namespace) -> int:
    """Return how often to train on each of so many samples.

    Small tables need many epochs, large ones are learned in fewer; where early stopping decides,
    more of either are allowed. Ten million updates take some seconds.
    """
    updates, epochs = (1_000_000, 500) if options.early_stopping else (100_000, 200)
    return max(20, min(epochs, 10_000_000 // samples), round(updates / samples))


def _check_paths(options: argparse.Namespace) -> None:
    outputs = {f"--{name}": getattr(options, name) for name in ("save", "plot", "checkpoint")}
    check_distinct({"DATA": options.data}, outputs)
    if options.restarts > 1 and options.jobs != 1 and find_spec("joblib") is None:
        raise missing(ModuleNotFoundError(name="joblib"), f"--jobs {options.jobs}", "jobs")
    if options.plot is not None:
        check_plot(options.plot)
    if options.save is not None:
        check_model("--save", options.save, 0)
    if options.checkpoint is None:
        return
    if options.checkpoint.exists() and not options.resume:
        raise CommandError(
            "--checkpoint must be a new file, or --resume be given to go on from it, "
            f"got {options.checkpoint}, which exists"
        )
    check_file("--checkpoint", options.checkpoint)


def _check_space(networks: list[NeuralNetwork], options: argparse.Namespace) -> None:
    """Raise CommandError unless the disk has room for the networks at the end of training."""
    weights = sum(w.nbytes for w in networks[0].W)
    points = options.epochs / (check.check_display_update(options.display_update) or 1) + 1
    size = weights + len(json.dumps(networks[0].metadata)) + 4096 + int(200 * points)
    if options.early_stopping:
        size += 2 * weights  # the best weights, as text
    checked = ("--save", options.save, 1), ("--checkpoint", options.checkpoint, len(networks))
    for name, path, count in checked:
        if path is not None:
            check_file(name, path, count * size)


def _resumed(fresh: list[NeuralNetwork], options: argparse.Namespace) -> list[NeuralNetwork]:
    path: Path = options.checkpoint
    if not path.exists():
        print(f"[INFO] {path} does not exist: training starts anew")
        return fresh
    networks = load_checkpoint(path, fresh)
    reached = [network.epochs_trained for network in networks]
    first, last = min(reached), max(reached)
    if last > options.epochs:
        raise CommandError(
            f"--epochs must be at least {last}, for which {path} was trained, got {options.epochs}"
        )
    when = f"epoch {first}" if first == last else f"epochs {first} to {last}"
    print(f"[INFO] going on from {path} after {when}")
    return networks


def _judged(network: NeuralNetwork, samples: Samples) -> list[str]:
    if not len(samples.test_values):
        return ["[INFO] no rows to test with"]
    outputs = network.predict(samples.X_test)
    return score_lines(samples.preprocessing, outputs, samples.test_values, "test rows")
