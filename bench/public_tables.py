"""Tables that Python packages ship, as data frames, for ``python -m bench.tables``.

Those of scikit-learn, plotnine, statsmodels and River; nothing is fetched from anywhere.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pandas as pd

MOST_ROWS = 20_000


class PublicTable(NamedTuple):
    """Where a table is, and what is predicted of it."""

    target: str
    source: str
    without: tuple[str, ...] = ()  # what gives the target away, or names each row
    options: dict = {}  # for pandas.read_csv

    @property
    def package(self):
        """The package that ships it."""
        return self.source.split("/")[0]

    def frame(self):
        """Return it as a data frame, with at most `MOST_ROWS` rows, in random order."""
        package, _, path = self.source.partition("/")
        if package == "sklearn":
            frame = of_scikit_learn(path)
        else:
            folder = Path(find_spec(package).submodule_search_locations[0])
            frame = pd.read_csv(folder / path, **self.options)
        frame = frame.dropna(subset=[self.target]).drop(columns=list(self.without))
        return frame.sample(min(len(frame), MOST_ROWS), random_state=0)


def of_scikit_learn(name):
    """Return one of scikit-learn's tables, its classes by their names."""
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")(as_frame=True)
    frame = bunch.frame
    if name in ("iris", "wine", "breast_cancer"):
        frame["target"] = bunch.target_names[frame["target"]]
    return frame


CLASSES = {
    "iris": PublicTable("target", "sklearn/iris"),
    "wine": PublicTable("target", "sklearn/wine"),
    "breast cancer": PublicTable("target", "sklearn/breast_cancer"),
    "digits": PublicTable("target", "sklearn/digits"),
    "penguins": PublicTable("species", "plotnine/data/penguins.csv"),
    "diamonds, cut": PublicTable("cut", "plotnine/data/diamonds.csv"),
    "votes": PublicTable(
        "vote", "statsmodels/datasets/anes96/anes96.csv", (), {"sep": "\t", "quotechar": "'"}
    ),
    "image segments": PublicTable("category", "river/datasets/segment.csv.zip"),
    "phishing": PublicTable("is_phishing", "river/datasets/phishing.csv.gz"),
    "shuttle": PublicTable("anomaly", "river/datasets/shuttle.csv.gz"),
}
"""The tables whose target is a class."""

NUMBERS = {
    "diabetes": PublicTable("target", "sklearn/diabetes"),
    "diamonds, price": PublicTable("price", "plotnine/data/diamonds.csv"),
    "mpg": PublicTable("hwy", "plotnine/data/mpg.csv", ("cty",)),
    "Texas housing": PublicTable("median", "plotnine/data/txhousing.csv"),
    "midwest": PublicTable(
        "percollege", "plotnine/data/midwest.csv", ("PID", "county", "percprof", "category")
    ),
    "doctor visits": PublicTable("mdvis", "statsmodels/datasets/randhie/randhie.csv"),
    "affairs": PublicTable("affairs", "statsmodels/datasets/fair/fair.csv"),
    "approval": PublicTable("five_thirty_eight", "river/datasets/trump_approval.csv.gz"),
}
"""The tables whose target is a number."""
