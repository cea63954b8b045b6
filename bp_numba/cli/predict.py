"""`bp-numba predict`: what a network that was trained from a table says of another table."""

import argparse
import csv
import io
import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Literal, TextIO

import numpy as np

from bp_numba.cli.errors import CommandError
from bp_numba.cli.networks import inputs_and_outputs, load_network, outputs_of
from bp_numba.cli.options import reading_of
from bp_numba.cli.outputs import check_distinct, check_file, writing
from bp_numba.cli.reporting import check_outputs, score_lines
from bp_numba.preprocessing.preprocessing import Matrix, Preprocessing
from bp_numba.runs.files import replacing
from bp_numba.tables.errors import TableError
from bp_numba.tables.reading import read_table
from bp_numba.tables.table import Table

_SPECIAL = frozenset('#,;|\t\\"\r\n')
"""Characters that mean something in text files."""


def predict(options: argparse.Namespace) -> None:
    """Write the predictions for a table; judge them on stderr if it holds the target.

    Raises
    ------
    CommandError, TableError, OSError, ModelFormatError
        If that cannot be done; what was in the file before is untouched.
    """
    check_distinct({"MODEL": options.model, "DATA": options.data}, {"--out": options.out})
    if options.out is not None:
        check_file("--out", options.out)
    network, preprocessing = load_trained(options.model)
    if options.proba and not preprocessing.classes:
        raise CommandError(f"--proba needs a model of classes, got {options.model} for regression")
    table = read_table(options.data, reading_of(options))
    X, notes = preprocessing.inputs(table)
    outputs = outputs_of(network, X)
    check_outputs(outputs)
    _write(options.out, *_columns(preprocessing, outputs, options.proba))
    for line in [*(f"[INFO] {note}" for note in notes), *_judged(preprocessing, outputs, table)]:
        print(line, file=sys.stderr)


def load_trained(path: Path) -> tuple[Any, Preprocessing]:
    """Return a network from a file, and how its inputs and outputs are meant.

    Raises
    ------
    CommandError
        If `bp-numba train` has not written the file, or it is damaged.
    ModelFormatError, OSError
        If it holds no network, or cannot be read.
    """
    network = load_network(path)
    if "table" not in network.metadata:
        raise CommandError(
            f"{path} must be written by bp-numba train, got a network without columns and scaling"
        )
    try:
        preprocessing = Preprocessing.from_dict(network.metadata["table"])
    except ValueError as error:
        raise CommandError(f"{path}: its description of the table is damaged: {error}") from None
    inputs, outputs = inputs_and_outputs(network)
    expected = len(preprocessing.input_names), preprocessing.outputs
    if (inputs, outputs) != expected:
        raise CommandError(
            f"{path}: its description of the table is damaged: it has {expected[1]} "
            f"outputs for {expected[0]} inputs, the weights {outputs} for {inputs}"
        )
    return network, preprocessing


def _columns(
    preprocessing: Preprocessing, outputs: Matrix, proba: bool
) -> tuple[list[str], list[list[Any]]]:
    """Return the header and the rows of the predictions."""
    header = list(preprocessing.target_names)
    decoded = preprocessing.decode(outputs)
    if not preprocessing.classes:
        return header, np.asarray(decoded).tolist()
    rows = [[value] for value in decoded]
    if proba:
        header += [f"proba_{label}" for label in preprocessing.classes]
        for row, shares in zip(rows, probabilities(outputs).tolist(), strict=True):
            row += shares
    return header, rows


def probabilities(outputs: Matrix) -> Matrix:
    """Return each row divided by its sum; equal shares where all outputs are 0."""
    sums = outputs.sum(axis=1, keepdims=True)
    shares: Matrix = np.full(outputs.shape, 1 / outputs.shape[1])
    np.divide(outputs, sums, out=shares, where=sums > 0)
    return shares


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
    """Write a table; texts in quotes where one may be taken for a comment, or for two columns.

    Spaces would separate the columns of a table that has only one.
    """
    texts = {text for text in (*header, *(row[0] for row in rows)) if isinstance(text, str)}
    special = _SPECIAL | {" "} if len(header) == 1 else _SPECIAL
    is_plain = special.isdisjoint(chain.from_iterable(texts))
    quoting: Literal[0, 2] = csv.QUOTE_MINIMAL if is_plain else csv.QUOTE_NONNUMERIC
    writer = csv.writer(file, lineterminator="\n", quoting=quoting)
    writer.writerow(header)
    writer.writerows(rows)


def _judged(preprocessing: Preprocessing, outputs: Matrix, table: Table) -> list[str]:
    try:
        actual = preprocessing.actual(table)
    except TableError as error:
        return [f"[INFO] no score: {error}"]
    if actual is None:
        return []
    left_out = [f"[INFO] {note}" for note in actual.notes]
    if not actual.is_known.any():
        return [*left_out, "[INFO] no row has a target to score with"]
    known = outputs[actual.is_known], actual.values[actual.is_known]
    return [*left_out, *score_lines(preprocessing, *known, "rows")]
