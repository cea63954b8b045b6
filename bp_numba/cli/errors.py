"""What the command line says in one line."""

from collections.abc import Sequence


class CommandError(Exception):
    """A run that cannot be carried out, for a reason that one line tells."""

    exit_code = 1


class UsageError(CommandError):
    """Wrong usage that only the data have shown."""

    exit_code = 2


def raise_all(problems: Sequence[str]) -> None:
    """Raise one CommandError of all problems, if there are any."""
    if problems:
        raise CommandError("; ".join(problems))
