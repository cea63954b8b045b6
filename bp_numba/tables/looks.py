"""What a cell of text looks like, before anybody reads it as what it is."""

import re

CURRENCIES = "$€£¥"
MINUS_SIGNS, BLANKS, APOSTROPHE = "\u2212\u2013\ufe63\uff0d", "\u00a0\u202f\u2009", "\u2019"
"""Those of typesetters, in place of `-`, a space and `'`."""

_SIGN, _MONEY, _BLANK = rf"[+\-{MINUS_SIGNS}]?", f"[{CURRENCIES}]?", f"[ {BLANKS}]?"
_THOUSANDS = (
    rf"(?:[0-9]{{1,3}}(?:[.,'{APOSTROPHE}][0-9]{{3}})+"
    rf"|[1-9][0-9]{{0,2}}(?:[ {BLANKS}][0-9]{{3}})+)"  # 012 345 are two codes
)
_DIGITS = rf"(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+|{_THOUSANDS}(?:[.,][0-9]*)?)"
_NUMBER = re.compile(
    rf"{_SIGN}{_MONEY}{_BLANK}{_SIGN}{_DIGITS}(?:[eEdD][+-]?[0-9]+)?{_BLANK}(?:%|{_MONEY})"
)


def is_number(cell: str) -> bool:
    """Tell whether a cell looks like a number of whatever notation."""
    return _NUMBER.fullmatch(cell.strip()) is not None
