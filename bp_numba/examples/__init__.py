"""Example scripts: `python -m bp_numba.examples.NAME`; and two problems, ready to train.

In the order to read:

- `xor`: four samples and one output; `iris`: an output for each class;
- `diabetes`: numbers to predict instead of classes;
- `breast_cancer`: training stops when the loss of other samples no longer falls;
- `digits`: a test loss beside the training loss, on images;
- `resumed`: a run that goes on from a checkpoint;
- `pipeline`: `MLPClassifier` within scikit-learn's pipeline, cross-validation and grid search;
- `imbalanced`: weights of classes, for one that is rare;
- `restarts`: a thousand networks at once, from as many seeds;
- `local_sgd`: one network on the workers of a Dask cluster, averaged every few epochs;
- `script`: what all of them share, the options and the one line where something is missing;
- `output`: what it does where nobody reads what is printed, or it cannot be written.

`xor.XOR` and `digits.DIGITS` hold the published settings; the command line runs them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


class Split(NamedTuple):
    """Samples and targets to train on, and those to judge the result by."""

    X: npt.NDArray[np.float64]
    y: npt.NDArray[Any]
    X_test: npt.NDArray[np.float64]
    y_test: npt.NDArray[Any]


@dataclass(frozen=True)
class Problem:
    """A data set with the settings of its published run.

    Attributes
    ----------
    name, title : str
        The command that runs it, and what it says it loads.
    layers, alpha, epochs : tuple of int, float, int
        Arguments of the network and of its `fit`.
    load : callable
        `load(seed)` returns a `Split`.
    report : callable
        `report(predictions, y_test)` returns the text that judges the result.
    """

    name: str
    title: str
    layers: tuple[int, ...]
    alpha: float
    epochs: int
    load: Callable[[int], Split]
    report: Callable[[Any, Any], str]
