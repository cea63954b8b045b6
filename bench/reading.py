"""What large CSV files take, in seconds and memory. Run ``python -m bench.reading``.

Two tables of random numbers, 20,000 x 50 and 600,000 x 20 cells, are written, trained on for one
epoch and predicted from, each in a process of its own. Memory is the highest that a process took,
as a multiple of the file's size too; Python with this package alone takes some 40 MB.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np


def main():
    """Print a line for each process."""
    with tempfile.TemporaryDirectory() as folder:
        for rows, columns in (20_000, 50), (600_000, 20):
            path = Path(folder, f"{rows}x{columns}.csv")
            write(path, rows, columns)
            model, out = path.with_suffix(".npz"), path.with_suffix(".out")
            size = path.stat().st_size
            print(f"{rows:,} x {columns} cells, {size / 1e6:.1f} MB")
            show("train", [path, "--target", "y", "--epochs", "1", "--save", model], size)
            show("predict", [model, path, "--out", out], size)


def write(path, rows, columns):
    """Write a table of numbers with six decimals, and of two classes."""
    generator = np.random.default_rng(0)
    formats = ["%.6f"] * columns + ["%d"]
    with path.open("w") as file:
        file.write(",".join([f"x{i}" for i in range(columns)] + ["y"]) + "\n")
        for _ in range(0, rows, 20_000):
            X = generator.normal(size=(20_000, columns))
            np.savetxt(file, np.c_[X, X[:, 0] > X[:, 1]], formats, delimiter=",")


def show(command, arguments, size):
    """Run a command and print what it takes."""
    started = perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "bp_numba", command, *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = perf_counter() - started
    if status:
        sys.exit(f"{command} failed")
    memory = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(f"  {command:8} {seconds:5.1f} s, {memory / 1e6:.0f} MB, {memory / size:.1f} x the file")


if __name__ == "__main__":
    main()
