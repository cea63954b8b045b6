"""Texts that are dates or times: recognised, so that they are not taken for categories."""

import re
from collections.abc import Sequence

_DAY, _MONTH = r"(?:0?[1-9]|[12][0-9]|3[01])", r"(?:0?[1-9]|1[0-2])"
_NAME = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_YEAR = r"[0-9]{4}"
_CLOCK = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?[ap]\.?m\.?)?"
_ZONE = r" ?(?:z|[a-z]{3,4}|[+-][0-9]{2}(?::?[0-9]{2})?)"
_WEEKDAY = r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? "
_DATES = (
    rf"{_YEAR}([-/.]){_MONTH}\1{_DAY}",
    rf"{_DAY}([-/.]){_MONTH}\2{_YEAR}",
    rf"{_MONTH}([-/.]){_DAY}\3{_YEAR}",
    rf"(?:{_DAY}([-/]){_MONTH}\4|{_MONTH}([-/]){_DAY}\5)[0-9]{{2}}",
    rf"{_DAY}[- ]{_NAME}[- ,]+(?:{_YEAR}|[0-9]{{2}})",
    rf"{_NAME} {_DAY}(?:st|nd|rd|th)?,? {_YEAR}",
)
_DATE_OR_TIME = re.compile(
    rf"(?:(?:{_WEEKDAY})?(?:{'|'.join(_DATES)})(?:[t ] ?{_CLOCK}(?:{_ZONE})?)?|{_CLOCK})",
    re.IGNORECASE,
)


def are_dates(texts: Sequence[str]) -> bool:
    """Tell if all of the texts are dates or times of day, as 2024-01-31, 1/31/24, or 17:30."""
    return bool(texts) and all(_DATE_OR_TIME.fullmatch(text) for text in texts)
