"""The samples that the options of `bp-numba train` make of a table, and what is said of them."""

import argparse
from collections.abc import Sequence
from itertools import count

from bp_numba.cli.errors import CommandError, UsageError
from bp_numba.preprocessing.samples import Samples, Wanted, make_samples
from bp_numba.tables.table import Table, listed


def prepared(table: Table, options: argparse.Namespace) -> tuple[Samples, list[str]]:
    """Return the samples to train, validate and test with, and what there is to tell of them.

    Raises
    ------
    CommandError, TableError
        If the table does not suit what the options ask for.
    """
    targets = _names(table, "--target", options.target or table.targets)
    if not targets:
        known = listed([repr(name) for name in table.columns])
        raise UsageError(f"--target is required: the column to predict, one or more of {known}")
    is_mlp = options.network == "mlp"
    wanted = Wanted(
        targets=targets,
        task=options.task,
        ignore=_names(table, "--ignore", options.ignore),
        categorical=_names(table, "--categorical", options.categorical),
        scale=options.scale,
        target_scale="standard" if is_mlp else "sigmoid",
        test_size=options.test_size,
        validation_size=options.validation_size,
        seed=options.seed,
        class_weight=options.class_weight,
        repeats=not is_mlp,
    )
    samples = make_samples(table, wanted)
    return samples, _lines(table, targets, samples)


def _names(table: Table, option: str, asked: Sequence[str]) -> list[str]:
    """Return the names of columns that are asked for by name, by number, or as the last.

    Columns are counted as in the file. One that was left out of the table may be ignored.
    """
    skipped = {column.number for column in table.left_out}
    places = (str(number) for number in count(1) if number not in skipped)
    known = dict(zip(places, table.columns, strict=False)) | {"last": [*table.columns][-1]}
    known |= {name: name for name in table.columns}
    whys = {key: left.why for left in table.left_out for key in (str(left.number), left.name)}
    gone = [name for name in asked if name in whys and name not in known]
    if gone and option != "--ignore":
        raise CommandError(
            f"{table.name}: {option} must name another column, got {gone[0]!r}: {whys[gone[0]]}"
        )
    return [known.get(name, name) for name in asked if name not in gone]


def _lines(table: Table, targets: Sequence[str], samples: Samples) -> list[str]:
    preprocessing, task = samples.preprocessing, samples.task
    named = f"target{'s' * (len(targets) > 1)} {', '.join(map(repr, targets))}"
    inputs = f"inputs: {preprocessing.count_inputs()}"
    dialect = f" ({table.dialect})" if table.dialect else ""
    classes = f", {len(preprocessing.classes)} classes" if preprocessing.classes else ""
    trained, validated, tested = samples.sizes()
    validation = f", {validated} to validate with" if validated else ""
    lines = [
        f"{table.name}: {table.rows} rows, {named}, {inputs}{dialect}",
        *table.notes,
        *samples.notes,
        f"task: {task.name}{classes}{task.words()}",
        *([] if classes else preprocessing.describe()[-len(targets) :]),
        f"rows: {trained} to train on{validation}, {tested} to test with",
    ]
    return [f"[INFO] {line}" for line in lines]
