"""Which columns of a table are inputs."""

from collections.abc import Sequence
from typing import NamedTuple

from bp_numba.tables.errors import TableError
from bp_numba.tables.table import Table, listed


class Roles(NamedTuple):
    """The columns that are inputs, in the order of the table, and those that are categories."""

    inputs: list[str]
    categorical: frozenset[str]


def choose_roles(
    table: Table, targets: Sequence[str], ignore: Sequence[str], categorical: Sequence[str]
) -> Roles:
    """Return which columns are inputs: all that are neither targets nor ignored.

    Raises
    ------
    TableError
        If a column is not there, is asked for twice, or none is left.
    """
    for name in (*targets, *ignore, *categorical):
        table.require(name)
    for name in targets:
        if list(targets).count(name) > 1:
            raise TableError(f"--target must name different columns, got {name!r} twice")
    _check_apart("--ignore", ignore, "--target", targets)
    _check_apart("--categorical", categorical, "--target", targets)
    _check_apart("--categorical", categorical, "--ignore", ignore)
    inputs = [name for name in table.columns if name not in {*targets, *ignore}]
    if not inputs:
        ignored = f" and those of --ignore ({listed(list(dict.fromkeys(ignore)))})"
        raise TableError(
            f"{table.name} must have columns beside {listed([repr(name) for name in targets])}"
            f"{ignored if ignore else ''}, got none"
        )
    return Roles(inputs, frozenset(categorical))


def _check_apart(option: str, names: Sequence[str], other: str, others: Sequence[str]) -> None:
    for name in names:
        if name in others:
            raise TableError(f"{option} must name another column than {other}, got {name!r}")
