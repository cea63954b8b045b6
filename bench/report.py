"""Make the README's sections of figures, and its chart, from the results of a run.

``python -m bench.report bench/results.json`` rewrites the sections that the results have figures
for, the chart beside the results; with ``--check`` it changes nothing and fails if the README says
something else than the results.
"""

import argparse
import json
import sys
from itertools import groupby
from pathlib import Path
from statistics import mean
from textwrap import fill

README = Path(__file__).parents[1] / "README.md"
OURS, REFERENCE = "NeuralNetwork", "ReferenceNetwork"
ESTIMATORS = "bp_numba", "sklearn.neural_network"
"""The modules of the estimators, as results name them."""

MANY = "fit_many"
"""What the names of its rows begin with."""


def main():
    """Rewrite README and chart, or check the README."""
    parser = argparse.ArgumentParser(prog="python -m bench.report", description=__doc__)
    parser.add_argument("results", type=Path, help="file that `python -m bench --json` wrote")
    parser.add_argument("--check", action="store_true", help="only compare, change nothing")
    options = parser.parse_args()
    results = json.loads(options.results.read_text())
    networks, estimators, many = cases_of(results)
    old = new = README.read_text()
    if "tables" in results:
        new = replaced(new, "tables", tables_section(results))
    if networks:
        beside = sorted(options.results.parent.glob("results-*.json"))
        others = [json.loads(path.read_text()) for path in beside]
        new = replaced(new, "performance", section(results, networks, others))
    if estimators:
        new = replaced(new, "estimators", estimators_section(results, estimators))
    if many:
        new = replaced(new, "many", many_section(results, many))
    if options.check:
        sys.exit(old != new and f"README.md does not show the figures of {options.results.name}")
    README.write_text(new)
    if networks:
        from bench.chart import draw

        draw(results, options.results.parent / "performance.png")


def cases_of(results):
    """Return the rows of each case: those of networks, of estimators, and of many networks."""
    cases = [list(group) for _, group in groupby(results.get("rows", ()), lambda row: row["case"])]
    networks, estimators, many = [], [], []
    for case in cases:
        if any(row["rival"] in ESTIMATORS for row in case):
            estimators.append(case)
        else:
            (many if case[0]["rival"].startswith(MANY) else networks).append(case)
    return networks, estimators, many


def replaced(text, name, new):
    """Return a text with something else between the markers of that name."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, _, rest = text.partition(begin)
    return f"{before}{begin}\n{new}{end}{rest.partition(end)[2]}"


def section(results, cases, others):
    """Return what NeuralNetwork and its rivals take; `others` are results of other CPUs."""
    parts = [
        introduction(results),
        training_table([case for case in cases if case[0]["training"]]),
        floor_table(results, others),
        "![times as fast as ReferenceNetwork](bench/performance.png)",
        "The two classes of the package in other work, whole processes, memory and threads:",
        other_table([case for case in cases if not case[0]["training"]]),
        losses(cases),
    ]
    return "\n\n".join(parts) + "\n"


def estimators_section(results, cases):
    """Return what MLPClassifier and MLPRegressor take, beside scikit-learn's."""
    described = where(results, ("Python", "bp_numba", "numpy", "scikit-learn"))
    measured = (
        f"{described}: one thread each, the two in turn, medians of the rounds. Both have the same "
        "losses in all epochs, within 1e-9 (float32: 1e-3; L-BFGS: scores within 0.02), and the "
        "same probabilities. Where no number of epochs is given it is a whole run, until training "
        f"has converged or after 200 epochs.{quick_run(results)}"
    )
    lines = []
    for case in cases:
        rows = {row["rival"]: row for row in case}
        ours = rows[ESTIMATORS[0]]
        medians = [number(rows[rival]["median"]) if rival in rows else "" for rival in ESTIMATORS]
        lines.append([ours["title"], ours["unit"], *medians, number(ours["times_reference"])])
    headings = ["", "unit", "bp_numba", "scikit-learn", "times as fast"]
    return f"{paragraph(measured)}\n\n{table(headings, lines)}\n"


def many_section(results, cases):
    """Return what `fit_many` takes, beside whatever it was compared with."""
    described = where(results, ("Python", "bp_numba", "numpy", "jax"))
    measured = (
        f"{described}: whole calls, in turn, medians of the rounds; one thread where no number is "
        "given; ns are for a sample of one network. All have the weights that `fit` gives, within "
        "1e-11; the NumPy class was timed on ten networks and a hundredth of the epochs."
        f"{quick_run(results)}"
    )
    lines = []
    for case in cases:
        ours, *others = case
        if ours["times_reference"] is None:  # there is nobody to compare with
            for row in case:
                title = f"{row['rival'].replace(MANY + ', ', '')} {row['title']}"
                lines.append([title, row["unit"], number(row["median"]), "", "", ""])
            continue
        for row in others:
            title = f"{ours['title']}{ours['rival'].removeprefix(MANY)}"
            medians = number(ours["median"]), number(row["median"])
            times = number(row["median"] / ours["median"])
            lines.append([title, ours["unit"], medians[0], row["rival"], medians[1], times])
    headings = ["", "unit", "fit_many", "beside", "its time", "times as fast"]
    return f"{paragraph(measured)}\n\n{table(headings, lines)}\n"


def tables_section(results):
    """Return how good `bp-numba train` is by default, beside scikit-learn."""
    tables = results["tables"]
    differences = [entry["ours"] - entry["theirs"] for entry in tables]
    described = where(results, ("Python", "bp_numba", "numpy", "scikit-learn"))
    measured = (
        f"{described}, on tables that packages ship: accuracies or R2 of a quarter of the rows, "
        "means of five splits, with no options but --target, --seed and --test-size 0; beside "
        "scikit-learn's MLPClassifier and MLPRegressor with their defaults on the same rows, gaps "
        "filled, numbers and targets standardised, texts one-hot. Seconds are medians, of the "
        "whole command and of scikit-learn's fit. On average "
        f"{mean(differences):+.3f}, at worst {min(differences):+.3f}."
    )
    lines = []
    for entry, difference in zip(tables, differences, strict=True):
        scores = f"{entry['ours']:.3f}", f"{entry['theirs']:.3f}", f"{difference:+.3f}"
        seconds = f"{entry['our seconds']:.1f}", f"{entry['their seconds']:.1f}"
        size = f"{entry['rows']:,} x {entry['columns']}"
        which = f"{entry['name']} ({entry['package']})"
        lines.append([which, size, entry["score"], *scores, *seconds])
    headings = ["", "rows x columns", "", "bp-numba", "scikit-learn", "difference", "s", "s"]
    return f"{paragraph(measured)}\n\n{table(headings, lines)}\n"


def where(results, packages=None):
    """Return the beginning of a sentence: what was measured on what, with which packages."""
    machine = results["machine"]
    versions = ", ".join(
        f"{name} {version}"
        for name, version in machine["versions"].items()
        if packages is None or name in packages
    )
    return (
        f"`{results['command']}` measured this on {machine['cpu']}, {machine['system']}, with "
        f"{versions}"
    )


def quick_run(results):
    """Return a sentence if it was one."""
    return " This was a quick run: few rounds, rows and epochs." if results["quick"] else ""


def paragraph(text):
    """Return the text in lines as long as the README's."""
    return fill(text, 120, break_long_words=False, break_on_hyphens=False)


def introduction(results):
    """Return who measured, where and how."""
    missing = "".join(f" {name} was not installed." for name in results["not_installed"])
    measured = (
        f"{where(results)}: one thread each, the rivals in turn, medians of the rounds. All have "
        "the reference's weights, within 1e-12, after 200 samples; those with an asterisk are only "
        "the nearest equivalent. bench/README.md tells what each rival is."
        f"{quick_run(results)}{missing}"
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


def floor_table(results, others):
    """Return the shares of the floor, of this run and of those on other CPUs.

    A column for each kind of kernels: those for the CPU, and those for an older level. The note of
    another run says what is to be known of it.
    """
    columns = {}
    for run in (results, *others):
        for row in run["rows"]:
            if row["training"] and row["rival"].startswith(OURS) and row["percent_of_floor"]:
                cpu = run["machine"]["cpu"].rpartition(", ")[2]
                level = row["rival"].removeprefix(OURS)
                columns.setdefault(f"{cpu}{level}", {})[row["title"]] = (
                    f"{row['percent_of_floor']:.2g}%"
                )
    titles = dict.fromkeys(title for column in columns.values() for title in column)
    lines = [[title, *(column.get(title, "") for column in columns.values())] for title in titles]
    notes = "".join(f"\n\n{paragraph(run['note'])}" for run in others)
    return table(["of the floor", *columns], lines) + notes


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
