"""Networks from several seeds: made, compared by their losses, and told of."""

import argparse
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bp_numba import NeuralNetwork
from bp_numba import validation as check
from bp_numba.cli.errors import CommandError
from bp_numba.preprocessing.samples import Samples

BESIDE = 800
"""Bytes that a network takes beside its weights at least: objects, and metadata of its own."""


def fresh_networks(samples: Samples, options: argparse.Namespace) -> list[NeuralNetwork]:
    """Return a network for each seed, with metadata that say what it is trained on.

    Raises
    ------
    CommandError
        If the weights of all of them exceed the memory.
    """
    preprocessing, described = samples.preprocessing, metadata_of(samples, options)
    layers = [len(preprocessing.input_names), *options.layers, preprocessing.outputs]
    check_memory(layers, options.restarts)
    networks = []
    for seed in range(options.seed, options.seed + options.restarts):
        np.random.seed(seed)
        network = NeuralNetwork(layers, alpha=options.alpha)
        network.metadata = described(seed)
        networks.append(network)
    return networks


def metadata_of(samples: Samples, options: argparse.Namespace) -> Callable[[int], dict[str, Any]]:
    """Return a function from a seed to metadata that say what its network is trained on, and how.

    All share the dict that describes the table.
    """
    rows = {"numbers_of_rows": samples.sizes(), "digest_of_rows": samples.digest()}
    table = samples.preprocessing.to_dict()
    return lambda seed: {"table": table, "training": _training(seed, options), "rows": rows}


def check_memory(layers: Sequence[int], count: int) -> None:
    """Raise CommandError unless the weights of `count` networks fit in memory."""
    try:
        check.check_layers(layers, "--layers")
    except ValueError as error:
        raise CommandError(str(error)) from None
    needed = count * (check.bytes_of_weights(layers) + BESIDE)
    if needed > (available := check.physical_memory()):
        raise CommandError(
            f"--restarts must give networks that fit in memory ({available / 2**30:.1f} GiB), "
            f"got {count} of {needed / 2**30:.1f} GiB"
        )


def _training(seed: int, options: argparse.Namespace) -> dict[str, Any]:
    several = {"split_seed": options.seed, "restarts": options.restarts}
    return {
        "seed": seed,
        **(several if options.restarts > 1 else {}),
        **({} if options.stop_at_loss is None else {"stop_at_loss": options.stop_at_loss}),
        "test_size": options.test_size,
        "validation_size": options.validation_size,
        "early_stopping": options.early_stopping,
        **({} if options.class_weight is None else {"class_weight": options.class_weight}),
        # What stops it looks at display points; without that they are only what is shown.
        "display_update": options.display_update if stops(options) else None,
    }


def stops(options: argparse.Namespace) -> bool:
    """Tell if a network may stop early, where a loss is shown: perceptrons stop after any epoch."""
    is_told_to = options.early_stopping or options.stop_at_loss is not None
    return options.network == "sigmoid" and is_told_to


class Ranking:
    """Networks, compared by their losses.

    Parameters
    ----------
    losses : sequence of float
        NaN for networks whose weights are not finite.
    are_validated : bool
        Whether the losses are those of the samples to validate with.

    Attributes
    ----------
    best : int
        The number of the network with the lowest loss, the first of them.
    """

    def __init__(self, losses: Sequence[float], are_validated: bool) -> None:
        self._losses = np.array(losses)
        self._kind = "validation loss" if are_validated else "loss"
        self.best = int(np.argmin(np.where(np.isnan(self._losses), np.inf, self._losses)))

    def lines(self, first_seed: int) -> list[str]:
        """Return which is the best, and how far the others are from it."""
        finite = np.sort(self._losses[~np.isnan(self._losses)])
        count, lost = len(self._losses), len(self._losses) - len(finite)
        if lost == count:
            return [f"[INFO] none of {count} networks stayed finite"]
        low, median, high = finite[0], np.median(finite), finite[-1]
        spread = f"lowest {low:.7f}, median {median:.7f}, highest {high:.7f}"
        which = f"of {count - lost} networks, {lost} did not stay finite" if lost else "of all"
        return [
            f"[INFO] best of {count} seeds: seed {first_seed + self.best}, {self._kind} {low:.7f}",
            f"[INFO] {self._kind} {which}: {spread}",
        ]


def ranking_of(networks: Sequence[NeuralNetwork], samples: Samples) -> Ranking:
    """Compare networks by their losses with their present weights, validation losses if any."""
    X, y = samples.validation or (samples.X, samples.y)
    losses = [_loss(network, X, y) for network in networks]
    return Ranking(losses, samples.validation is not None)


def _loss(network: NeuralNetwork, X: Any, y: Any) -> float:
    if not all(np.isfinite(w).all() for w in network.W):
        return float("nan")
    with np.errstate(over="ignore"):  # outputs of huge weights are 0 and 1
        return float(np.sum((network.predict(X) - y) ** 2) / 2)
