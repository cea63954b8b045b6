"""What is wrong with a table, in one line."""


class TableError(ValueError):
    """A table, or a file of one, that cannot be used as it is; the text says why."""
