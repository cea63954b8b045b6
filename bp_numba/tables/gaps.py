"""The words that say that there is nothing in a cell."""

GAPS = frozenset(("", "?", "na", "n/a", "#n/a", "<na>", "nan", "+nan", "-nan", "null", "none"))
"""In lower case; an empty cell is one."""


def says_nothing(text: str) -> bool:
    """Tell if a text, without spaces around it, is such a word, in any case."""
    return text.lower() in GAPS
