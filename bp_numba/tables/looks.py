"""What a cell of text looks like, before anybody reads it as what it is."""

import re

_SIGNS, _MONEY = r"[+\-\u2212]?", "[$\u20ac\u00a3\u00a5]?"
_THOUSANDS = (
    r"(?:[0-9]{1,3}(?:[.,'\u2019][0-9]{3})+"
    r"|[1-9][0-9]{0,2}(?:[ \u00a0\u202f\u2009][0-9]{3})+)"  # 012 345 are two codes
)
_DIGITS = rf"(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+|{_THOUSANDS}(?:[.,][0-9]*)?)"
_NUMBER = re.compile(rf"{_SIGNS}{_MONEY} ?{_SIGNS}{_DIGITS}(?:[eEdD][+-]?[0-9]+)? ?(?:%|{_MONEY})")


def is_number(cell: str) -> bool:
    """Tell whether a cell looks like a number of whatever notation."""
    return _NUMBER.fullmatch(cell.strip()) is not None
