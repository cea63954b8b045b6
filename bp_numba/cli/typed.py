"""What is typed for an option, as the value that is meant."""

import argparse
import contextlib
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Number = TypeVar("Number", int, float)


def file_path(text: str) -> Path:
    """Return the path of a file to write.

    Not that of a folder, whose last slash a Path does not keep, nor -, which is a stream elsewhere.
    """
    if text == "-" or (text and os.path.basename(text) in ("", ".")):
        raise argparse.ArgumentTypeError(f"must name a file, got {text!r:.60}")
    return Path(text)


def output_path(text: str) -> Path | None:
    """Return the path of a file to write, None for -, which is standard output."""
    return None if text == "-" else file_path(text)


def layer_sizes(text: str, more: str = "") -> list[int]:
    """Return the sizes in a text like 64-32-16-10, or with commas; `more` is what else may be."""
    with contextlib.suppress(ValueError):
        sizes = [int(size) for size in text.replace(",", "-").split("-")]
        if min(sizes) > 0:
            return sizes
    must = f"must be sizes of layers, all >= 1, as 16-8 or 16,8{more}"
    raise argparse.ArgumentTypeError(f"{must}, got {text!r:.60}")


def hidden_sizes(text: str) -> list[int]:
    """Return the sizes in a text like 32-16, or none of them."""
    return [] if text == "none" else layer_sizes(text, ", or none")


def _whole(text: str) -> int:
    """Return the number in a text like 10000, 10_000 or 1e4; raise ValueError if it is none."""
    with contextlib.suppress(ValueError):
        return int(text)
    if not (number := float(text)).is_integer():
        raise ValueError
    return int(number)


def _typed(
    read: Callable[[str], Number], fits: Callable[[Number], bool], must: str
) -> Callable[[str], Number]:
    """Return what reads a number that fits; the error of any other says what it must be."""

    def number_in(text: str) -> Number:
        with contextlib.suppress(ValueError):
            if fits(number := read(text)):
                return number
        raise argparse.ArgumentTypeError(f"must be {must}, got {text!r:.60}")

    return number_in


epochs = _typed(_whole, lambda count: count >= 0, "a whole number >= 0, as 10000 or 1e4")
seed = _typed(_whole, lambda number: 0 <= number < 2**32, "a whole number from 0 to 2**32 - 1")
restarts = _typed(_whole, lambda count: count >= 1, "a whole number >= 1")
jobs = _typed(_whole, lambda count: count != 0, "a whole number other than 0")
alpha = _typed(float, math.isfinite, "a finite number")
share = _typed(float, lambda part: 0 <= part < 1, "from 0 to less than 1")
loss = _typed(float, lambda limit: limit >= 0, "a loss >= 0")


def spacing(text: str) -> int:
    """Return the epochs from one loss shown to the next: as in Python, 0 shows all as 1 does."""
    return epochs(text) or 1
