"""Going on from a checkpoint, if it is of the same run."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bp_numba import NeuralNetwork, load_many, save_many
from bp_numba.cli.errors import CommandError
from bp_numba.runs.archives import holds_many


def load_checkpoint(path: Path, expected: Sequence[NeuralNetwork]) -> list[NeuralNetwork]:
    """Return the networks in a checkpoint, to go on with.

    Parameters
    ----------
    path : Path
        The checkpoint: a file of one network, or of many.
    expected : sequence of NeuralNetwork
        The networks that the same run began with, with their metadata.

    Raises
    ------
    CommandError
        If the checkpoint is of another run; the difference is named.
    """
    networks = load_many(path) if holds_many(path) else [NeuralNetwork.load(path)]
    if len(networks) != len(expected):
        raise _of_another_run(path, "restarts", len(networks), len(expected))
    for network, fresh in zip(networks, expected, strict=True):
        _check_same_run(path, network, fresh)
    return networks


def save_checkpoint(path: Path, networks: Sequence[NeuralNetwork]) -> None:
    """Write a checkpoint as training does: a file of one network, or of many."""
    if len(networks) > 1:
        save_many(path, networks)
    else:
        networks[0].save(path)


def _check_same_run(path: Path, network: NeuralNetwork, expected: NeuralNetwork) -> None:
    here, there = _facts(expected), _facts(network)
    for name, value in here.items():
        found = there.get(name)
        if json.dumps(found) != json.dumps(value):  # 1 is not True here, and NaN is NaN
            raise _of_another_run(path, name, found, value)
    if [w.shape for w in network.W] != [w.shape for w in expected.W]:
        raise CommandError(f"checkpoint {path} is damaged: its weights do not fit its layers")


def _of_another_run(path: Path, name: str, there: Any, here: Any) -> CommandError:
    return CommandError(
        f"checkpoint {path} is of another run: {name} {_short(there)} there, {_short(here)} here"
    )


def _facts(network: NeuralNetwork) -> dict[str, Any]:
    own = {"layers": list(network.layers), "alpha": network.alpha}
    described = [network.metadata.get(key) for key in ("training", "table", "rows")]
    facts: dict[str, Any] = {}
    for values in (*described[:2], own, *described[2:]):  # what follows from others comes later
        facts |= values if isinstance(values, dict) else {}
    return {name.replace("_", " "): value for name, value in facts.items()}


def _short(value: Any) -> str:
    text = "unknown" if value is None else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
