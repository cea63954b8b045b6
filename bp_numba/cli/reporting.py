"""What the commands say about predictions, and show of the losses."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bp_numba import NeuralNetwork
from bp_numba.cli.errors import CommandError
from bp_numba.cli.outputs import writing
from bp_numba.cli.perceptrons import Perceptron, draw_perceptrons
from bp_numba.cli.scores import accuracy, balanced_accuracy, class_table, confusion_matrix
from bp_numba.preprocessing.labels import Label
from bp_numba.preprocessing.measures import r_squared, root_mean_squared_error
from bp_numba.preprocessing.preprocessing import Matrix, Preprocessing

MOST_CONFUSED = 20
"""Classes up to which a confusion matrix is shown: beyond, its lines are too long to read."""


def score_lines(
    preprocessing: Preprocessing, outputs: Matrix, actual: npt.NDArray[Any], rows: str
) -> list[str]:
    """Return lines that judge a network's outputs by what the targets are.

    Parameters
    ----------
    preprocessing : Preprocessing
        What the outputs stand for.
    outputs : array of shape (rows, outputs)
    actual : array
        The numbers of the classes, of shape (rows,), or numbers, of shape (rows, targets).
    rows : str
        What the rows are called.

    Raises
    ------
    CommandError
        If the outputs are not numbers.
    """
    check_outputs(outputs)
    if preprocessing.classes:
        return _class_lines(preprocessing.classes, outputs.argmax(axis=1), actual, rows)
    predicted, names = np.asarray(preprocessing.decode(outputs)), preprocessing.target_names
    lines = []
    for name, ours, theirs in zip(names, predicted.T, actual.T, strict=True):
        r2, error = r_squared(ours, theirs), root_mean_squared_error(ours, theirs)
        shown = f"{r2:.4f}" if np.isfinite(r2) else "not defined for equal targets"
        which = f"{name}: " if len(names) > 1 else ""
        lines.append(f"[INFO] {which}R2 {shown}, RMSE {error:.6g} on {len(theirs)} {rows}")
    return lines


def _class_lines(
    classes: list[Label], predicted: npt.NDArray[Any], actual: npt.NDArray[Any], rows: str
) -> list[str]:
    found, balanced = accuracy(predicted, actual), balanced_accuracy(predicted, actual)
    lines = [
        f"[INFO] accuracy {found:.4f} on {len(actual)} {rows}, balanced accuracy {balanced:.4f}",
        *class_table(predicted, actual, classes),
    ]
    if len(classes) <= MOST_CONFUSED:
        lines += ["[INFO] rows of each class, by what was predicted:"]
        lines += confusion_matrix(predicted, actual, classes)
    return lines


def check_outputs(outputs: Any) -> None:
    """Raise CommandError if training has gone astray, so that the outputs are not numbers."""
    if not np.isfinite(outputs).all():
        raise CommandError(
            "the network's outputs are not numbers: train with a smaller --alpha, or --scale"
        )


def draw_losses(
    path: Path, network: NeuralNetwork, title: str, validation: bool = False
) -> list[str]:
    """Draw a network's losses, with those of validation or without; return what was wrong."""
    from bp_numba.plotting.loss_curve import save_loss_curve

    history, title = network.history, f"{title}, {network}"
    validated = history.validation_losses if validation else None
    samples = history.samples, history.validation_samples
    curve = history.epochs, history.losses, title, validated, samples
    return _written(path, "loss curve", lambda: save_loss_curve(path, *curve))


def draw_all_losses(
    path: Path,
    networks: list[NeuralNetwork],
    best: tuple[int, str],
    title: str,
    validation: bool,
) -> list[str]:
    """Draw the losses of networks, and of the best, its number and name; return what was wrong."""
    from bp_numba.plotting.loss_curves import save_loss_curves

    curves = best, f"{title}, {len(networks)} seeds, {networks[0]}", validation
    return _written(path, "loss curves", lambda: save_loss_curves(path, networks, *curves))


def draw_all_perceptrons(
    path: Path, perceptrons: list[Perceptron], best: int, title: str
) -> list[str]:
    """Draw the losses of perceptrons, and of the best, by its number; return what was wrong."""
    what = "loss curves" if len(perceptrons) > 1 else "loss curve"
    return _written(path, what, lambda: draw_perceptrons(path, perceptrons, best, title))


def _written(path: Path, what: str, write: Callable[[], None]) -> list[str]:
    try:
        with writing("--plot", path):
            write()
    except CommandError as error:
        return [str(error)]
    print(f"[INFO] {what} written to {path}")
    return []
