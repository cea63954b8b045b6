"""Make the README's performance section and its chart from the results of a run.

``python -m bench.report bench/results.json`` rewrites both, the chart beside the results; with
``--check`` it changes nothing and fails if the README says something else than the results.
"""

import argparse
import json
import sys
from itertools import groupby
from pathlib import Path
from textwrap import fill

BEGIN, END = "<!-- performance: begin -->", "<!-- performance: end -->"
README = Path(__file__).parents[1] / "README.md"
OURS, REFERENCE = "NeuralNetwork", "ReferenceNetwork"


def main():
    """Rewrite README and chart, or check the README."""
    parser = argparse.ArgumentParser(prog="python -m bench.report", description=__doc__)
    parser.add_argument("results", type=Path, help="file that `python -m bench --json` wrote")
    parser.add_argument("--check", action="store_true", help="only compare, change nothing")
    options = parser.parse_args()
    results = json.loads(options.results.read_text())
    old = README.read_text()
    before, _, rest = old.partition(BEGIN)
    new = f"{before}{BEGIN}\n{section(results)}{END}{rest.partition(END)[2]}"
    if options.check:
        sys.exit(old != new and f"README.md does not show the figures of {options.results.name}")
    from bench.chart import draw

    README.write_text(new)
    draw(results, options.results.parent / "performance.png")


def section(results):
    """Return the text between the markers."""
    rows = results["rows"]
    cases = [list(group) for _, group in groupby(rows, lambda row: row["case"])]
    parts = [
        introduction(results),
        training_table([case for case in cases if case[0]["training"]]),
        "![times as fast as ReferenceNetwork](bench/performance.png)",
        "The two classes of the package in other work, whole processes, memory and threads:",
        other_table([case for case in cases if not case[0]["training"]]),
        losses(cases),
    ]
    return "\n\n".join(parts) + "\n"


def paragraph(text):
    """Return the text in lines as long as the README's."""
    return fill(text, 120, break_long_words=False, break_on_hyphens=False)


def introduction(results):
    """Return who measured, where and how."""
    machine = results["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    quick = " This was a quick run: few rounds, rows and epochs." if results["quick"] else ""
    missing = "".join(f" {name} was not installed." for name in results["not_installed"])
    measured = (
        f"`{results['command']}` measured this on {machine['cpu']}, {machine['system']}, with "
        f"{versions}: one thread each, the rivals in turn, medians of the rounds. All have the "
        "reference's weights, within 1e-12, after 200 samples; those with an asterisk are only the "
        f"nearest equivalent. bench/README.md tells what each rival is.{quick}{missing}"
    )
    explained = (
        "Microseconds per sample of training, the shortest in bold. Of the floor: the time that "
        f"the multiply-adds alone would take, at the {results['gfmas_per_second']:.0f} G/s of one "
        "core of this machine, as a share of the time taken."
    )
    return f"{paragraph(measured)}\n\n{paragraph(explained)}"


def training_table(cases):
    """Return a row for each case and a column for each rival."""
    rivals = list(dict.fromkeys(row["rival"] for case in cases for row in case))
    nearest = {row["rival"] for case in cases for row in case if not row["exact"]}
    others = [rival for rival in rivals if rival != OURS]
    lines = []
    for case in cases:
        of = {row["rival"]: row for row in case}
        best = min(row["median"] for row in case)
        cells = {rival: number(row["median"], row["median"] == best) for rival, row in of.items()}
        ours = [
            cells[OURS],
            number(of[OURS]["times_reference"]),
            f"{of[OURS]['percent_of_floor']:.2g}%",
        ]
        lines.append([case[0]["title"], *ours, *(cells.get(rival, "") for rival in others)])
    headings = [rival + ("\\*" if rival in nearest else "") for rival in others]
    return table(["", OURS, "times as fast", "of the floor", *headings], lines)


def other_table(cases):
    """Return a row for each way that NeuralNetwork was measured, beside the reference."""
    lines = []
    for case in cases:
        theirs = {row["rival"]: row["median"] for row in case}.get(REFERENCE)
        for row in case:
            if row["rival"] != REFERENCE:
                how = row["rival"].removeprefix(OURS)
                lines.append(
                    [
                        f"{row['title']}{how}",
                        row["unit"],
                        number(row["median"]),
                        number(theirs),
                        number(row["times_reference"]),
                    ]
                )
    return table(["", "unit", OURS, REFERENCE, "reference / ours"], lines)


def losses(cases):
    """Return a sentence that names everything that takes longer than elsewhere."""
    lost = []
    for case in cases:
        ours = next(row for row in case if row["rival"].startswith(OURS))
        if ours["times_reference"] is None:
            continue
        for row in case:
            if row["rival"].startswith(OURS):
                if row["times_reference"] < 1:
                    how = row["rival"].removeprefix(OURS)
                    lost.append(f"{row['title']}{how} ({REFERENCE})")
            elif row["rival"] != REFERENCE and row["median"] < ours["median"]:
                lost.append(f"{row['title']} ({row['rival']})")
    return paragraph(f"Lost, and to whom: {'; '.join(lost) or 'nothing'}.")


def table(headings, lines):
    """Return a Markdown table, numbers to the right."""
    rule = ["---", *["---:"] * (len(headings) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (headings, rule, *lines))


def number(value, bold=False):
    """Return a value with three digits, or nothing if there is none."""
    if value is None:
        return ""
    text = f"{value:.3g}" if value < 1000 else f"{value:,.0f}"
    return f"**{text}**" if bold else text


if __name__ == "__main__":
    main()
