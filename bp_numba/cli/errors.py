"""What the command line says in one line."""


class CommandError(Exception):
    """A run that cannot be carried out, for a reason that one line tells."""
