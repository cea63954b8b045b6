"""`bp-numba predict`: what a network that was trained from a table says of another table."""

import argparse
import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from bp_numba import NeuralNetwork
from bp_numba.cli.errors import CommandError
from bp_numba.cli.outputs import check_distinct, check_file, writing
from bp_numba.cli.preprocessing import Matrix, Preprocessing, probabilities
from bp_numba.cli.readers import read_table
from bp_numba.cli.reporting import check_outputs, score_lines
from bp_numba.cli.tables import Table
from bp_numba.runs.files import replacing


def predict(options: argparse.Namespace) -> None:
    """Write the predictions for a table; judge them on stderr if it holds the target.

    Raises
    ------
    CommandError, OSError, ModelFormatError
        If that cannot be done; what was in the file before is untouched.
    """
    check_distinct({"MODEL": options.model, "DATA": options.data}, {"--out": options.out})
    if options.out is not None:
        check_file("--out", options.out)
    network, preprocessing = load_trained(options.model)
    if options.proba and not preprocessing.classes:
        raise CommandError(f"--proba needs a model of classes, got {options.model} for regression")
    table = read_table(options.data)
    outputs = network.predict(preprocessing.inputs(table.matrix(preprocessing.columns)))
    check_outputs(outputs)
    _write(options.out, *_columns(preprocessing, outputs, options.proba))
    for line in _judged(preprocessing, outputs, table):
        print(line, file=sys.stderr)


def load_trained(path: Path) -> tuple[NeuralNetwork, Preprocessing]:
    """Return a network from a file, and how its inputs and outputs are meant.

    Raises
    ------
    CommandError
        If `bp-numba train` has not written the file, or it is damaged.
    ModelFormatError, OSError
        If it holds no network, or cannot be read.
    """
    network = NeuralNetwork.load(path)
    if "table" not in network.metadata:
        raise CommandError(
            f"{path} must be written by bp-numba train, got a network without columns and scaling"
        )
    try:
        preprocessing = Preprocessing.from_dict(network.metadata["table"])
    except ValueError as error:
        raise CommandError(f"{path}: its description of the table is damaged: {error}") from None
    inputs, outputs = len(network.W[0]) - 1, network.W[-1].shape[1]
    if (inputs, outputs) != (len(preprocessing.columns), preprocessing.outputs):
        raise CommandError(
            f"{path}: its description of the table is damaged: it has {preprocessing.outputs} "
            f"outputs for {len(preprocessing.columns)} columns, the weights {outputs} for {inputs}"
        )
    return network, preprocessing


def _columns(
    preprocessing: Preprocessing, outputs: Matrix, proba: bool
) -> tuple[list[str], list[list[Any]]]:
    """Return the header and the rows of the predictions."""
    header = [preprocessing.target]
    rows = [[value] for value in preprocessing.decode(outputs)]
    if proba:
        header += [f"proba_{label}" for label in preprocessing.classes]
        for row, shares in zip(rows, probabilities(outputs).tolist(), strict=True):
            row += shares
    return header, rows


def _write(path: Path | None, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    if path is None:
        if sys.stdout is None:  # it was closed when Python was started
            raise CommandError("--out must name a file if there is no standard output")
        _write_rows(sys.stdout, header, rows)
        return
    with writing("--out", path), replacing(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        _write_rows(text, header, rows)
        text.detach()


def _write_rows(file: TextIO, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)


def _judged(preprocessing: Preprocessing, outputs: Matrix, table: Table) -> list[str]:
    target = preprocessing.target
    if target not in table.columns:
        return []
    try:
        actual = table.labels(target) if preprocessing.classes else table.numbers(target).tolist()
    except CommandError as error:
        return [f"[INFO] no score: {error}"]
    return score_lines(preprocessing, outputs, actual, "rows")
