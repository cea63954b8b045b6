"""How good `bp-numba train` is by default, beside scikit-learn. Run ``python -m bench.tables``.

Each table of bench/public_tables.py is split five times, three quarters to train on. Both see the
same files: `bp-numba train` with --target, --seed and --test-size 0, since the rest is tested with
here, then `bp-numba predict` on the rest; and scikit-learn's MLPClassifier or MLPRegressor with
their defaults, behind what such tables need: gaps filled and marked, numbers and targets
standardised, texts one-hot. Scores are accuracy and R2 of the rest. Times are those of the whole
command, and of scikit-learn's fit.

    pip install --editable '.[bench-tables]'
    python -m bench.tables --json bench/tables.json && python -m bench.report bench/tables.json
"""

import argparse
import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from statistics import mean, median
from time import perf_counter

import pandas as pd
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from bench import machine
from bench.public_tables import CLASSES, NUMBERS

SPLITS = 5


def main():
    """Print a line for each table, and write the results."""
    parser = argparse.ArgumentParser(prog="python -m bench.tables", description=__doc__)
    parser.add_argument("--table", action="append", choices=[*CLASSES, *NUMBERS], metavar="NAME")
    parser.add_argument("--splits", type=int, default=SPLITS)
    parser.add_argument("--json", type=Path, help="file to write the results to")
    parser.add_argument("--options", default="", help="further options of bp-numba train")
    options = parser.parse_args()
    tables = []
    for name, table in (CLASSES | NUMBERS).items():
        if not options.table or name in options.table:
            tables.append(compared(name, table, options))
            print(line_of(tables[-1]), flush=True)
    differences = [table["ours"] - table["theirs"] for table in tables]
    print(f"on average {mean(differences):+.4f}, at least {min(differences):+.4f}")
    if options.json:
        command = f"python -m bench.tables --json {options.json}"
        results = {"command": command, "machine": machine.describe(), "tables": tables}
        options.json.write_text(json.dumps(results, indent=1) + "\n")


def compared(name, table, options):
    """Return the mean scores and median times of both on a table."""
    frame, is_class = table.frame(), name in CLASSES
    metric = accuracy_score if is_class else r2_score
    ours, theirs = [], []
    for seed in range(options.splits):
        groups = frame[table.target] if is_class else None
        train, test = train_test_split(frame, test_size=0.25, random_state=seed, stratify=groups)
        actual, mlp = test[table.target], network(is_class, seed)
        predicted, seconds = by_command(train, test, table.target, seed, options.options.split())
        ours.append((metric(actual, predicted), seconds))
        predicted, seconds = by_scikit_learn(train, test, table.target, mlp)
        theirs.append((metric(actual, predicted), seconds))
    return {
        "name": name,
        "package": table.package,
        "rows": len(frame),
        "columns": frame.shape[1] - 1,
        "score": "accuracy" if is_class else "R2",
        "ours": mean(score for score, _ in ours),
        "theirs": mean(score for score, _ in theirs),
        "our seconds": median(seconds for _, seconds in ours),
        "their seconds": median(seconds for _, seconds in theirs),
    }


def by_command(train, test, target, seed, options):
    """Return the predictions of `bp-numba train` and `predict`, and the seconds of the first."""
    with tempfile.TemporaryDirectory() as folder:
        model, known, asked, answers = (
            str(Path(folder, name)) for name in ("model.npz", "train.csv", "test.csv", "out.csv")
        )
        train.to_csv(known, index=False)
        test.drop(columns=target).to_csv(asked, index=False)
        started = perf_counter()
        how = ["--target", target, "--seed", str(seed), "--test-size", "0", *options]
        command("train", known, "--save", model, *how)
        seconds = perf_counter() - started
        command("predict", model, asked, "--out", answers)
        return pd.read_csv(answers)[target], seconds


def command(*arguments):
    """Run the command line; end with what it says if it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "bp_numba", *arguments], capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"bp-numba {' '.join(arguments)}\n{done.stderr}")


def by_scikit_learn(train, test, target, mlp):
    """Return the predictions of scikit-learn's MLP, and the seconds of its fit."""
    X, y = train.drop(columns=target), train[target]
    model = make_pipeline(prepared(X), mlp)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        started = perf_counter()
        model.fit(X, y)
        seconds = perf_counter() - started
    return model.predict(test.drop(columns=target)), seconds


def network(is_class, seed):
    """Return scikit-learn's MLP with its defaults, for classes or for standardised numbers."""
    if is_class:
        return MLPClassifier(random_state=seed)
    mlp = MLPRegressor(random_state=seed)
    return TransformedTargetRegressor(mlp, transformer=StandardScaler())


def prepared(X):
    """Return what makes numbers of a table's columns."""
    numbers = X.select_dtypes("number").columns
    filled = SimpleImputer(strategy="median", add_indicator=True)
    frequent = SimpleImputer(strategy="most_frequent", add_indicator=False)
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return ColumnTransformer(
        [
            ("numbers", make_pipeline(filled, StandardScaler()), numbers),
            ("texts", make_pipeline(frequent, one_hot), X.columns.difference(numbers)),
        ]
    )


def line_of(table):
    """Return the results of a table in one line."""
    return (
        f"{table['name']:16} {table['rows']:6} x {table['columns']:2} {table['score']:>8} "
        f"{table['ours']:.4f} {table['theirs']:.4f} {table['ours'] - table['theirs']:+.4f}, "
        f"{table['our seconds']:.1f} s, {table['their seconds']:.1f} s"
    )


if __name__ == "__main__":
    main()
