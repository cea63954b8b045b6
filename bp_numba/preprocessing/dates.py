"""Texts that are dates, times or durations: recognised, so that none is taken for a category."""

import re
from collections.abc import Sequence

_DAY, _MONTH = r"(?:0?[1-9]|[12][0-9]|3[01])", r"(?:0?[1-9]|1[0-2])"
_NAME = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_YEAR = r"[0-9]{4}"
_CLOCK = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?[ap]\.?m\.?)?"
_HOUR = r"(?:[01][0-9]|2[0-4])"
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
_CTIME = rf"{_WEEKDAY}{_NAME}  ?{_DAY} {_CLOCK}(?:{_ZONE})? {_YEAR}"
_SPAN = r"[-+]?[0-9]+:[0-9]{2}:[0-9]{2}(?:[.,][0-9]+)?"
_DURATION = rf"(?:[-+]?[0-9]+ days?,? )?{_SPAN}"
_DATE_OR_TIME = re.compile(
    rf"(?:(?:{_WEEKDAY})?(?:{'|'.join(_DATES)})(?:[t ] ?{_CLOCK}(?:{_ZONE})?|[t ]{_HOUR})?|{_CLOCK}"
    rf"|{_CTIME}|{_DURATION})",
    re.IGNORECASE,
)
_MONTH_OF_YEAR = re.compile(r"(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])")


def are_dates(texts: Sequence[str]) -> bool:
    """Tell if all of the texts are dates, times of day or durations, or all are months of a year.

    As 2024-01-31, 1/31/24, 17:30, or 1 day 02:03:04; or 2024-01, which beside others is a code.
    """
    forms = _DATE_OR_TIME, _MONTH_OF_YEAR
    return bool(texts) and any(all(map(form.fullmatch, texts)) for form in forms)
