"""Going on from a checkpoint, if it is of the same run."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bp_numba import NeuralNetwork, load_many, save_many
from bp_numba.cli.errors import CommandError
from bp_numba.preprocessing.preprocessing import Preprocessing
from bp_numba.runs.archives import MANY, PERCEPTRON, kind_of
from bp_numba.runs.json_values import is_count


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

    Notes
    -----
    The description of the table is the new one: it gives the same samples, which their digest says,
    and that of an older release says less.
    """
    networks = _networks_in(path)
    if len(networks) != len(expected):
        raise of_another_run(path, "restarts", len(networks), len(expected))
    for network, fresh in zip(networks, expected, strict=True):
        _check_same_run(path, network, fresh)
        network.metadata["table"] = fresh.metadata["table"]
    return networks


def spacing_of(path: Path) -> int | None:
    """Return the --display-update of a checkpoint's run, None if nothing there depends on it.

    Raises
    ------
    CommandError, ModelFormatError, OSError
        If the file cannot be read, or holds no `NeuralNetwork`.
    """
    spacing = next((facts_of(each).get("display update") for each in _networks_in(path)), None)
    return spacing if is_count(spacing) and spacing else None


def _networks_in(path: Path) -> list[NeuralNetwork]:
    kind = kind_of(path)
    if kind == PERCEPTRON:
        raise of_another_run(path, "network", "mlp", "sigmoid")
    return load_many(path) if kind == MANY else [NeuralNetwork.load(path)]


def save_checkpoint(path: Path, networks: Sequence[NeuralNetwork]) -> None:
    """Write a checkpoint as training does: a file of one network, or of many."""
    if len(networks) > 1:
        save_many(path, networks)
    else:
        networks[0].save(path)


def _check_same_run(path: Path, network: NeuralNetwork, expected: NeuralNetwork) -> None:
    check_facts(path, facts_of(network), facts_of(expected))
    if [w.shape for w in network.W] != [w.shape for w in expected.W]:
        raise CommandError(f"checkpoint {path} is damaged: its weights do not fit its layers")


def check_facts(path: Path, there: dict[str, Any], here: dict[str, Any]) -> None:
    """Raise CommandError, which names the first difference, unless the facts are the same.

    What only one of them knows of differs too, and comes first: an option changes what follows.
    """
    for name in sorted({**here, **there}, key=lambda name: name in here and name in there):
        found, value = there.get(name), here.get(name)
        if json.dumps(found) != json.dumps(value):  # 1 is not True here, and NaN is NaN
            raise of_another_run(path, name, found, value)


def of_another_run(path: Path, name: str, there: Any, here: Any) -> CommandError:
    """Return the error that names a difference."""
    return CommandError(
        f"checkpoint {path} is of another run: {name} {_short(there)} there, {_short(here)} here"
    )


def facts_of(network: Any) -> dict[str, Any]:
    """Return what a run is known by: its options, then its samples by a digest."""
    training, table, rows = (network.metadata.get(key) for key in ("training", "table", "rows"))
    own = {"layers": list(network.layers), "alpha": network.alpha}
    facts: dict[str, Any] = {}
    for values in (training, _table_facts(table), own, rows):  # what follows from others comes last
        facts |= values if isinstance(values, dict) else {}
    return {name.replace("_", " "): value for name, value in facts.items()}


def _table_facts(table: Any) -> dict[str, Any]:
    """Return what is asked of a table; what is learned of it follows from the samples."""
    try:
        preprocessing = Preprocessing.from_dict(table)
    except ValueError:
        return {}
    return {
        "target": ", ".join(preprocessing.target_names),
        "task": preprocessing.task,
        "columns": preprocessing.columns,
        "scale": preprocessing.scale,
        "classes": preprocessing.classes,
    }


def _short(value: Any) -> str:
    text = "none" if value is None else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
