"""Compare the rivals case by case. Run ``python -m bench``, see ``python -m bench --help``."""

import argparse
import contextlib
import json
import shlex
import sys
from fnmatch import fnmatch
from pathlib import Path
from statistics import median

from bench import levels, machine
from bench.case import Case
from bench.cases import CASES, chosen
from bench.measure import FULL, QUICK, interleave
from bench.rivals import OURS, REFERENCE, RIVALS

NEAREST = {rival.label for rival in RIVALS if not rival.exact}


def main():
    """Measure what the command line asks for; print, and write if asked to."""
    options = parse()
    effort = QUICK if options.quick else FULL
    rivals, missing = choose_rivals(options.rival)
    results = {
        "command": shlex.join(["python", "-m", "bench", *sys.argv[1:]]),
        "quick": options.quick,
        "machine": machine.describe(),
        "gfmas_per_second": machine.fmas_per_second() / 1e9,
        "not_installed": {rival.label: rival.install for rival in missing},
        "rows": [],
    }
    print_header(results)
    for case in chosen(options.case):
        rows = measure(case, rivals, effort, results["gfmas_per_second"], options.level)
        results["rows"] += rows
        print_rows(rows)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    if options.plot:
        from bench.chart import draw

        draw(results, options.plot)


def parse():
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rows, shorter rounds")
    parser.add_argument(
        "--case",
        action="append",
        metavar="PATTERN",
        help="only these cases: " + ", ".join(case.name for case in CASES),
    )
    parser.add_argument(
        "--rival",
        action="append",
        metavar="PATTERN",
        help="only these beside bp_numba and reference: "
        + ", ".join(rival.name for rival in RIVALS if rival not in (OURS, REFERENCE)),
    )
    parser.add_argument(
        "--level",
        choices=levels.FEATURES,
        help="also with kernels for such an older CPU, where a case is one of this process",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="draw a chart")
    options = parser.parse_args()
    for pattern in options.case or ():
        if not chosen([pattern]):
            parser.error(f"no case is named {pattern}")
    for pattern in options.rival or ():
        if not any(fnmatch(rival.name, pattern) for rival in RIVALS):
            parser.error(f"no rival is named {pattern}")
    return options


def choose_rivals(patterns):
    """Return the rivals that take part, and those that would if they were installed."""
    asked = [
        rival
        for rival in RIVALS
        if rival in (OURS, REFERENCE)
        or not patterns
        or any(fnmatch(rival.name, pattern) for pattern in patterns)
    ]
    installed = [rival for rival in asked if rival.is_installed()]
    return installed, [rival for rival in asked if rival not in installed]


def measure(case, rivals, effort, gfmas_per_second, level=None):
    """Return a row for each rival: the median of its rounds, beside reference and floor.

    Where a level is given there is one for its kernels too, beside the floor at its own rate.
    """
    timers, rates = case.timers(rivals, effort), {}
    with contextlib.ExitStack() as processes:
        if level and isinstance(case, Case):
            older = processes.enter_context(levels.Process(level, case.name, effort.quick))
            timers[levels.label(level)] = older.measure
            rates[levels.label(level)] = older.gfmas_per_second
        values = interleave(timers, case.rounds(effort))
    medians = {label: median(column) for label, column in values.items()}
    reference = medians.get(case.reference) if case.has_reference else None
    fmas = case.fmas(effort)
    floors = {label: rates.get(label, gfmas_per_second) for label in medians}
    floors = {label: fmas and fmas / rate / 1e3 for label, rate in floors.items()}  # microseconds
    return [
        {
            "case": case.name,
            "title": case.title,
            "training": case.everyone,
            "rival": label,
            "exact": label not in NEAREST,
            "unit": case.unit,
            "median": value,
            "lowest": min(values[label]),
            "highest": max(values[label]),
            "rounds": len(values[label]),
            "times_reference": reference and reference / value,
            "percent_of_floor": floors[label] and 100 * floors[label] / value,
        }
        for label, value in medians.items()
    ]


def print_header(results):
    """Print machine, versions, and who is missing."""
    described = results["machine"]
    print(results["command"])
    print(f"{described['cpu']}; {described['system']}")
    print(", ".join(f"{name} {version}" for name, version in described["versions"].items()))
    print(f"one core: {results['gfmas_per_second']:.1f} G fused multiply-adds per second")
    for label, install in results["not_installed"].items():
        print(f"{label} is not installed: {install}")
    print(f"\n{'case':52} {'rival':24} {'median':>10} {'unit':14} {'speed-up':>9} {'of floor':>8}")


def print_rows(rows):
    """Print the rows of one case."""
    for row in rows:
        ratio = "" if row["times_reference"] is None else f"{row['times_reference']:.2f}"
        floor = "" if row["percent_of_floor"] is None else f"{row['percent_of_floor']:.1f}%"
        print(
            f"{row['title']:52} {row['rival']:24} {row['median']:10.4g} {row['unit']:14} "
            f"{ratio:>9} {floor:>8}",
            flush=True,
        )


if __name__ == "__main__":
    main()
