"""What the commands say about predictions, and show of the losses."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bp_numba import NeuralNetwork
from bp_numba.cli.errors import CommandError
from bp_numba.cli.outputs import writing
from bp_numba.cli.preprocessing import Label, Matrix, Preprocessing
from bp_numba.cli.scores import accuracy, class_table, r_squared, root_mean_squared_error


def score_lines(
    preprocessing: Preprocessing, outputs: Matrix, actual: list[Label], rows: str
) -> list[str]:
    """Return lines that judge a network's outputs by the target's values.

    Raises
    ------
    CommandError
        If the outputs are not numbers.
    """
    check_outputs(outputs)
    if preprocessing.classes:
        return _class_lines(preprocessing, outputs, actual, rows)
    predicted, values = np.array(preprocessing.decode(outputs)), np.array(actual, dtype=np.float64)
    r2, error = r_squared(predicted, values), root_mean_squared_error(predicted, values)
    shown = f"{r2:.4f}" if np.isfinite(r2) else "not defined for equal targets"
    return [f"[INFO] R2 {shown}, RMSE {error:.6g} on {len(actual)} {rows}"]


def _class_lines(
    preprocessing: Preprocessing, outputs: Matrix, actual: list[Label], rows: str
) -> list[str]:
    predicted, numbers = outputs.argmax(axis=1), preprocessing.class_numbers(actual)
    lines = [f"[INFO] accuracy {accuracy(predicted, numbers):.4f} on {len(actual)} {rows}"]
    if unknown := int(np.sum(numbers < 0)):
        first = actual[int(np.flatnonzero(numbers < 0)[0])]
        lines.append(f"[INFO] {unknown} of them are of classes unknown to the model, as {first!r}")
    return lines + class_table(predicted, numbers, preprocessing.classes)


def check_outputs(outputs: Any) -> None:
    """Raise CommandError if training has gone astray, so that the outputs are not numbers."""
    if not np.isfinite(outputs).all():
        raise CommandError("the network's outputs are not numbers: use a smaller alpha, or --scale")


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


def _written(path: Path, what: str, write: Callable[[], None]) -> list[str]:
    try:
        with writing("--plot", path):
            write()
    except CommandError as error:
        return [str(error)]
    print(f"[INFO] {what} written to {path}")
    return []
