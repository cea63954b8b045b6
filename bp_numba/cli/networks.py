"""Networks of either family, in files and out of them."""

from pathlib import Path
from typing import Any

from bp_numba import NeuralNetwork
from bp_numba.cli.perceptrons import Perceptron
from bp_numba.runs.archives import PERCEPTRON, kind_of


def load_network(path: Path) -> Any:
    """Return the network in a file, a NeuralNetwork or a Perceptron.

    Raises
    ------
    ModelFormatError, OSError
        If it holds no network, or cannot be read.
    """
    return Perceptron.load(path) if kind_of(path) == PERCEPTRON else NeuralNetwork.load(path)


def inputs_and_outputs(network: Any) -> tuple[int, int]:
    """Return how many there are."""
    if isinstance(network, Perceptron):
        return network.inputs, network.outputs
    return len(network.W[0]) - 1, network.W[-1].shape[1]
