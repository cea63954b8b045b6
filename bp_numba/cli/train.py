"""`bp-numba train`: a network from a table in a file."""

import argparse
import json
from importlib.util import find_spec
from typing import Any

from bp_numba import validation as check
from bp_numba.cli import networks as families
from bp_numba.cli.errors import CommandError, raise_all
from bp_numba.cli.options import reading_of
from bp_numba.cli.outputs import check_distinct, check_file, check_model, check_plot, missing
from bp_numba.cli.perceptrons import BATCH_SIZE
from bp_numba.cli.reporting import score_lines
from bp_numba.cli.restarts import stops
from bp_numba.cli.samples import prepared
from bp_numba.preprocessing.samples import Samples
from bp_numba.tables.reading import read_table

LAYERS, ALPHA = {"sigmoid": [32], "mlp": [100]}, {"sigmoid": 0.05, "mlp": 0.001}
"""Sizes of the hidden layers and learning rates, by default.

Chosen with the number of epochs and early stopping by `python -m bench.tables`.
"""

FEWEST_ROWS = 50
"""Rows from which on some are kept for early stopping, unless --epochs is given."""

MOST_POINTS = 100_000
"""Losses that the disk must have space for; a run of more of them is one that somebody ends."""


def check_options(options: argparse.Namespace) -> None:
    """Fill in the defaults that depend on other options.

    Raises
    ------
    ValueError
        If an option cannot be used; the text says what it must be.
    """
    if options.layers is None:
        options.layers = LAYERS[options.network]
    if options.alpha is None:
        options.alpha = ALPHA[options.network]
    if options.seed + options.restarts > 2**32:
        raise ValueError(
            f"--restarts must leave the last seed below 2**32, got {options.restarts} from seed "
            f"{options.seed} on"
        )
    _check_shares(options)
    if families.is_mlp(options):
        _check_perceptrons(options)
    if options.resume and options.checkpoint is None:
        raise ValueError("--resume needs --checkpoint, which names the file to go on from")


def _check_perceptrons(options: argparse.Namespace) -> None:
    for name, value in (("epochs", options.epochs), ("alpha", options.alpha)):
        if value is not None and not value > 0:
            raise ValueError(f"--{name} must be more than 0 for --network mlp, got {value}")
    if options.checkpoint is not None and options.restarts > 1:
        raise ValueError("--checkpoint keeps one network of --network mlp, not --restarts of them")


def _check_shares(options: argparse.Namespace) -> None:
    if options.early_stopping and options.validation_size is None:
        options.validation_size = 0.1
    if options.early_stopping and not options.validation_size:
        raise ValueError("--validation-size must be more than 0 for --early-stopping, got 0")


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
    del table  # whose cells take as much memory as the file
    for line in lines:
        print(line)
    _settle_epochs(options, len(samples.X))
    networks = families.fresh(samples, options)
    _check_space(networks, options)
    if options.resume:
        networks = families.resumed(networks, options)
    trained = families.trained(networks, samples, options)
    for line in trained.lines:
        print(line)
    for line in _judged(networks[trained.best], samples):
        print(line)
    if trained.path is not None:
        print(f"[INFO] model written to {trained.path}")
    problems = trained.problems
    if options.plot is not None:
        problems += families.drawn(networks, trained.best, options)
    raise_all(problems)


def _settle_stopping(options: argparse.Namespace, rows: int) -> None:
    """Stop early unless the options say otherwise, or there are few rows."""
    if options.early_stopping is None:
        wanted = options.epochs is None and options.validation_size != 0
        options.early_stopping = wanted and rows >= FEWEST_ROWS
    if options.validation_size is None:
        options.validation_size = 0.1 if options.early_stopping else 0.0


def _settle_epochs(options: argparse.Namespace, samples: int) -> None:
    if options.epochs is None:
        options.epochs = default_epochs(samples, options)
    options.verbose = 1
    if options.display_update is None:
        many = stops(options)  # at a hundred display points, of which ten are shown
        spacing = max(1, options.epochs // (100 if many else 10))
        options.display_update = families.kept_spacing(options) or spacing
        options.verbose = 10 if many else 1


def default_epochs(samples: int, options: argparse.Namespace) -> int:
    """Return how often to train on each of so many samples.

    Small tables need many epochs, large ones are learned in fewer; where early stopping decides,
    more of either are allowed. Ten million updates of the sigmoid network take some seconds.
    """
    early = options.early_stopping
    if families.is_mlp(options):
        return max(500 if early else 200, 2_000 // -(-samples // BATCH_SIZE))
    epochs, updates = (2_000, 1_000_000) if early else (200, 100_000)
    return max(20, min(epochs, 10_000_000 // samples), round(updates / samples))


def _check_paths(options: argparse.Namespace) -> None:
    outputs = {f"--{name}": getattr(options, name) for name in ("save", "plot", "checkpoint")}
    check_distinct({"DATA": options.data}, outputs)
    is_mlp = families.is_mlp(options)  # which has threads of its own
    if options.restarts > 1 and options.jobs != 1 and not is_mlp and find_spec("joblib") is None:
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


def _check_space(networks: list[Any], options: argparse.Namespace) -> None:
    """Raise CommandError unless the disk has room for the networks at the end of training."""
    weights = check.bytes_of_weights(networks[0].layers)
    is_mlp = families.is_mlp(options)  # which keeps the loss of every epoch
    every = 1 if is_mlp else options.display_update
    points = min(options.epochs / every + 1, MOST_POINTS)
    size = weights + len(json.dumps(networks[0].metadata)) + 4096 + int(200 * points)
    if options.early_stopping:
        size += 3 * weights  # the best weights and the last, as text
    copies = 4 if is_mlp else len(networks)  # with Adam's moments
    for name, path, count in (
        ("--save", options.save, 1),
        ("--checkpoint", options.checkpoint, copies),
    ):
        if path is not None:
            check_file(name, path, count * size)


def _judged(network: Any, samples: Samples) -> list[str]:
    if not len(samples.test_values):
        return ["[INFO] no rows to test with"]
    outputs = families.outputs_of(network, samples.X_test)
    return score_lines(samples.preprocessing, outputs, samples.test_values, "test rows")
