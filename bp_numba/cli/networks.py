"""The two families of networks, sigmoid and mlp: made, resumed, trained, drawn, and in files."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from bp_numba import NeuralNetwork
from bp_numba.cli import perceptron_checkpoints, resuming
from bp_numba.cli.errors import CommandError
from bp_numba.cli.perceptron_training import train_and_save_perceptrons
from bp_numba.cli.perceptrons import Perceptron, fresh_perceptrons
from bp_numba.cli.reporting import draw_all_losses, draw_all_perceptrons, draw_losses
from bp_numba.cli.restarts import fresh_networks, metadata_of
from bp_numba.cli.training import Trained, train_and_save
from bp_numba.preprocessing.samples import Matrix, Samples
from bp_numba.runs import archives


def is_mlp(options: argparse.Namespace) -> bool:
    """Tell if the options ask for scikit-learn's perceptrons."""
    return bool(options.network == "mlp")


def fresh(samples: Samples, options: argparse.Namespace) -> list[Any]:
    """Return a network for each seed, to be trained."""
    if not is_mlp(options):
        return fresh_networks(samples, options)
    classes = len(samples.preprocessing.classes)
    return [*fresh_perceptrons(samples, options, classes, metadata_of(samples, options))]


def kept_spacing(options: argparse.Namespace) -> int | None:
    """Return from one display point to the next of the run to go on with, if it stops at them.

    Raises
    ------
    CommandError, ModelFormatError, OSError
        If its checkpoint cannot be read, or is of the other family.
    """
    if is_mlp(options) or not options.resume or not options.checkpoint.exists():
        return None
    return resuming.spacing_of(options.checkpoint)


def resumed(networks: list[Any], options: argparse.Namespace) -> list[Any]:
    """Return the networks of the checkpoint, or those given if there is none.

    Raises
    ------
    CommandError
        If it is of another run, or one that has gone further.
    """
    path: Path = options.checkpoint
    if not path.exists():
        print(f"[INFO] {path} does not exist: training starts anew")
        return networks
    if is_mlp(options):
        found: list[Any] = [perceptron_checkpoints.load_checkpoint(path, networks[0])]
    else:
        found = [*resuming.load_checkpoint(path, networks)]
    reached = [network.epochs_trained for network in found]
    first, last = min(reached), max(reached)
    if last > options.epochs:
        raise CommandError(
            f"--epochs must be at least {last}, for which {path} was trained, got {options.epochs}"
        )
    when = f"epoch {first}" if first == last else f"epochs {first} to {last}"
    print(f"[INFO] going on from {path} after {when}")
    return found


def trained(networks: list[Any], samples: Samples, options: argparse.Namespace) -> Trained:
    """Train networks, and write the best to --save."""
    train = train_and_save_perceptrons if is_mlp(options) else train_and_save
    return train(networks, samples, options)


def drawn(networks: list[Any], best: int, options: argparse.Namespace) -> list[str]:
    """Draw the losses of all; return what was wrong."""
    path, title, validated = options.plot, options.data.name, bool(options.validation_size)
    if is_mlp(options):
        return draw_all_perceptrons(path, networks, best, title)
    if len(networks) == 1:
        return draw_losses(path, networks[0], title, validated)
    name = f"best (seed {options.seed + best})"
    return draw_all_losses(path, networks, (best, name), title, validated)


def load_network(path: Path) -> Any:
    """Return the network in a file, a NeuralNetwork or a Perceptron.

    Raises
    ------
    CommandError
        If it holds a Perceptron and scikit-learn is not installed, or more networks than one.
    ModelFormatError, OSError
        If it holds no network, or cannot be read.
    """
    match archives.kind_of(path):
        case archives.MANY:
            raise CommandError(
                f"{path} must hold one network, as --save writes the best of --restarts, got many, "
                "as in a checkpoint of all"
            )
        case archives.PERCEPTRON:
            return Perceptron.load(path)
    return NeuralNetwork.load(path)


def outputs_of(network: Any, X: Matrix) -> Matrix:
    """Return a network's outputs, shape (rows, outputs); large net inputs give 0 and 1 silently."""
    with np.errstate(all="ignore"):
        outputs: Matrix = network.predict(X)
    return outputs


def inputs_and_outputs(network: Any) -> tuple[int, int]:
    """Return how many columns a network takes, and how many it gives."""
    if isinstance(network, Perceptron):
        return network.layers[0], network.columns
    return len(network.W[0]) - 1, network.W[-1].shape[1]
