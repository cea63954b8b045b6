"""What is typed for an option, as the value that is meant."""

import argparse
import contextlib
import os
from pathlib import Path


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


def layer_sizes(text: str) -> list[int]:
    """Return the sizes in a text like 64-32-16-10, or with commas."""
    try:
        return [int(size) for size in text.replace(",", "-").split("-")]
    except ValueError:
        must = "must be sizes of layers, as 16-8 or 16,8"
        raise argparse.ArgumentTypeError(f"{must}, got {text!r:.60}") from None


def hidden_sizes(text: str) -> list[int]:
    """Return the sizes in a text like 32-16, or none of them."""
    sizes = [] if text == "none" else layer_sizes(text)
    if any(size < 1 for size in sizes):
        raise argparse.ArgumentTypeError(f"must be sizes >= 1, or none, got {text!r:.60}")
    return sizes


def whole_number(text: str) -> int:
    """Return the number in a text like 10000, 10_000 or 1e4."""
    with contextlib.suppress(ValueError):
        return int(text)
    with contextlib.suppress(ValueError):
        if (number := float(text)).is_integer():
            return int(number)
    raise argparse.ArgumentTypeError(f"must be a whole number, as 10000 or 1e4, got {text!r:.60}")
