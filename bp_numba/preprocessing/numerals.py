"""Numbers that are texts: plain ones, and those that people and programs dress up."""

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bp_numba.tables.looks import APOSTROPHE, BLANKS, CURRENCIES, MINUS_SIGNS

_AS_ASCII = str.maketrans(
    dict.fromkeys(MINUS_SIGNS, "-") | dict.fromkeys(BLANKS, " ") | {APOSTROPHE: "'"}
)

_LEADING_ZERO = re.compile(r"\n[+-]?0[0-9]")


class Numerals(NamedTuple):
    """The numbers of texts.

    Attributes
    ----------
    numbers : array of float64, shape (texts,)
        NaN and infinity where the text says so.
    integers : bool
        Whether all are spelt as integers: 1 and -20, but neither 1.0 nor 1e3.
    unit : str
        What follows or precedes each: "%", one of `CURRENCIES`, or nothing.
    amounts : bool
        Whether a unit or thousands separators tell that they measure something.
    notes : tuple of str
        What was removed or replaced.
    """

    numbers: npt.NDArray[np.float64]
    integers: bool
    unit: str = ""
    amounts: bool = False
    notes: tuple[str, ...] = ()


def read_numerals(texts: Sequence[str], decimal: str = ".") -> Numerals | None:
    """Return the numbers of the different texts of a column; None if they are no numbers.

    Thousands separators, units, parentheses for negative numbers, minus signs of typesetters and
    the exponents of Fortran are understood where all texts are written in one such way. A leading
    zero, as in 007, makes codes of all of them, and parentheses around all numbers of a list.
    """
    in_parentheses = len(texts) > 1 and all(text.startswith("(") for text in texts)
    if in_parentheses or _LEADING_ZERO.search("\n".join(["", *texts])):
        return None
    return read_as_numbers(texts, decimal)


def read_as_numbers(texts: Sequence[str], decimal: str = ".") -> Numerals | None:
    """Return the same of texts that are known to be numbers, whatever else they look like."""
    plain = read_plain(texts, decimal)
    return _read_styled(texts, decimal) if plain is None else plain


def read_plain(texts: Sequence[str], decimal: str = ".") -> Numerals | None:
    """Return the numbers of plain texts, leading zeros or not; None if one is no plain number."""
    joined = "\n".join(texts)
    if "_" in joined or not joined.isascii() or (decimal == "," and "." in joined):
        return None
    if decimal == ",":
        texts = [text.replace(",", ".") for text in texts]
    try:
        numbers = np.fromiter(map(float, texts), dtype=np.float64, count=len(texts))
    except ValueError:
        return None
    integers = not any(character in joined for character in f"{decimal}eE+")
    return Numerals(numbers, bool(integers and np.isfinite(numbers).all()))


def read_number(text: str, decimal: str = ".") -> float | None:
    """Return the number of one text, however it is written; None if it is no number."""
    numerals = read_as_numbers([text], decimal)
    return None if numerals is None else float(numerals.numbers[0])


def _read_styled(texts: Sequence[str], decimal: str) -> Numerals | None:
    ascii_texts = [text.translate(_AS_ASCII) for text in texts]
    fullmatch, parts = _pattern(decimal).fullmatch, []
    for text in ascii_texts:
        match = fullmatch(text)
        if match is None or not _is_one_number(part := _Part._make(match.groups(""))):
            return None
        parts.append(part)
    units = {part.before + part.after for part in parts}
    separators = {part.separator for part in parts} - {""}
    if len(units) > 1 or len(separators) > 1:
        return None
    if separators and any(not part.separator and len(part.whole) > 3 for part in parts):
        return None
    (unit,), separator = units, next(iter(separators), "")
    bare = "\n".join(
        ("-" if part.open or "-" in part.sign + part.inner else "")
        + part.whole.replace(part.separator or " ", "")
        + part.rest.replace(",", ".")
        + part.exponent.replace("D", "E").replace("d", "E")
        for part in parts
    )
    numbers = np.fromiter(map(float, bare.split("\n")), dtype=np.float64, count=len(parts))
    notes = {
        "thousands separators removed": bool(separator),
        f"{unit!r} removed": bool(unit),
        "parentheses read as minus signs": any(part.open for part in parts),
        "typeset minus signs read as '-'": any(
            new.count("-") > old.count("-") for new, old in zip(ascii_texts, texts, strict=True)
        ),
        "exponents with D read as those with E": any(part.exponent[:1] in _D for part in parts),
    }
    found = tuple(note for note, is_so in notes.items() if is_so)
    integers = not unit and not any(character in bare for character in ".eE")
    integers = bool(integers and np.isfinite(numbers).all())
    return Numerals(numbers, integers, unit, bool(unit or separator), found)


class _Part(NamedTuple):
    """The parts of one number as the pattern finds them."""

    open: str
    sign: str
    before: str
    inner: str
    whole: str
    separator: str
    rest: str
    exponent: str
    after: str
    close: str


_D = ("d", "D")


@cache
def _pattern(decimal: str) -> re.Pattern[str]:
    between = "." if decimal == "," else ","
    return re.compile(
        rf"(\()?([+-]?) ?([{CURRENCIES}]?) ?([+-]?)"
        rf"(0|[1-9][0-9]*|[1-9][0-9]{{0,2}}(?:([{between} '])[0-9]{{3}})(?:\6[0-9]{{3}})*)?"
        rf"([{decimal}][0-9]*)?([eEdD][+-]?[0-9]+)? ?([%{CURRENCIES}]?)(\))?"
    )


def _is_one_number(part: _Part) -> bool:
    has_digits = bool(part.whole) or len(part.rest) > 1
    signs = bool(part.sign) + bool(part.inner) + bool(part.open)
    pairs = bool(part.open) == bool(part.close) and not (part.before and part.after)
    # 1D5 may be a seat or a room; programs write the decimal point before a D.
    return has_digits and signs <= 1 and pairs and not (part.exponent[:1] in _D and not part.rest)
