"""The checkpoint of a perceptron: its model file, with what training goes on from beside it.

Whatever it holds can be predicted with: the weights are those that the run would end with there.
"""

from pathlib import Path
from typing import Any

import numpy as np

from bp_numba.cli.errors import CommandError
from bp_numba.cli.perceptron_runs import PerceptronRun, Reached
from bp_numba.cli.perceptrons import Perceptron, model_files
from bp_numba.cli.resuming import check_facts, facts_of, of_another_run
from bp_numba.kernels.layout import units_of
from bp_numba.runs.archives import PERCEPTRON, kind_of
from bp_numba.runs.json_values import is_count, is_number

RUN = "run"
"""Key of the metadata for what else training goes on from."""

_PARTS = "weights", "means", "squares"


def save_checkpoint(path: Path, run: PerceptronRun) -> None:
    """Write what a run has reached; nothing if that is not even one epoch.

    Raises
    ------
    OSError
        If it cannot be written; what was there before is untouched.
    """
    if run.reached is None:
        return
    moment, _, best_epoch, best_loss, stagnant = run.reached
    about = {
        "updates": moment.updates,
        "best_epoch": best_epoch,
        "best_loss": best_loss,
        "stagnant": stagnant,
    }
    arrays = {f"{name}{i}": part for name in _PARTS for i, part in enumerate(getattr(moment, name))}
    metadata = run.perceptron.metadata | {RUN: about}
    model_files("--network mlp").save_perceptron(path, run.result(), metadata, arrays)


def load_checkpoint(path: Path, fresh: Perceptron) -> Perceptron:
    """Return the perceptron in a checkpoint, to go on with.

    Parameters
    ----------
    path : Path
    fresh : Perceptron
        That which the same run began with, with its metadata.

    Raises
    ------
    CommandError
        If the checkpoint is of another run, or damaged; what is wrong is named.
    ModelFormatError, OSError
        If the file holds no network, or cannot be read.
    """
    if kind_of(path) != PERCEPTRON:
        raise of_another_run(path, "network", "sigmoid", "mlp")
    estimator, metadata, arrays = model_files(str(path)).read_perceptron(path)
    there = Perceptron(estimator, metadata, units_of(estimator.coefs_))
    _check_same_run(path, there, fresh)
    try:
        there.reached = _reached(there, metadata.pop(RUN), arrays)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise CommandError(f"checkpoint {path} is damaged: its state of training is") from None
    estimator.set_params(**fresh.estimator.get_params())
    metadata |= {name: fresh.metadata[name] for name in ("table",) if name in fresh.metadata}
    return there


def _check_same_run(path: Path, there: Perceptron, here: Perceptron) -> None:
    check_facts(path, _all_facts(there), _all_facts(here))


def _all_facts(perceptron: Perceptron) -> dict[str, Any]:
    facts = facts_of(perceptron)
    # What an option says comes before a parameter of its name, which is not set.
    more = {name: value for name, value in _parameters(perceptron).items() if name not in facts}
    return facts | more


def _parameters(perceptron: Perceptron) -> dict[str, Any]:
    """Return what has no option, and so differs only between releases."""
    estimator = perceptron.estimator
    parameters = {name.replace("_", " "): value for name, value in estimator.get_params().items()}
    # The alpha of the estimator is not that of the command line, which is the learning rate.
    parameters |= {"class": type(estimator).__name__, "penalty": parameters["alpha"]}
    named = {"alpha", "hidden layer sizes", "learning rate init", "max iter", "random state"}
    return {name: parameters[name] for name in sorted(parameters.keys() - named)}


def _reached(perceptron: Perceptron, about: Any, arrays: dict[str, Any]) -> Reached:
    from bp_numba.estimators.epochs import Moment

    estimator, shapes = perceptron.estimator, [part.shape for part in perceptron.W]
    epochs, best, loss = estimator.n_iter_, about["best_epoch"], about["best_loss"]
    counts = [best, about["updates"], about["stagnant"]]
    names = [[f"{name}{i}" for i in range(len(shapes))] for name in _PARTS]
    parts = [[arrays.pop(name) for name in each] for each in names]
    right = (
        not arrays
        and all([part.shape for part in each] == shapes for each in parts)
        and all(part.dtype == np.float64 and np.isfinite(part).all() for p in parts for part in p)
        and all(map(is_count, counts))
        and is_number(loss)
        and 0 < best <= epochs == len(perceptron.losses)
        and len(perceptron.validation_losses) in (0, epochs)
    )
    if not right:
        raise ValueError
    moment = Moment(epochs, about["updates"], *parts)
    return Reached(moment, perceptron.W, best, float(loss), about["stagnant"])
