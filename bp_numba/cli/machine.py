"""What the command line says and does about machine code, this machine, and model files."""

import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Any

from bp_numba import NeuralNetwork, __version__
from bp_numba.cli.networks import load_network
from bp_numba.cli.perceptrons import Perceptron
from bp_numba.cli.stopping_state import best_point
from bp_numba.kernels.calls import FOR_LARGE, OF_KNOWN_UNITS, OF_LANES, OF_PERCEPTRONS
from bp_numba.kernels.variants import Variant
from bp_numba.native import files, loading
from bp_numba.native.background import AHEAD
from bp_numba.preprocessing.preprocessing import Preprocessing
from bp_numba.simd.width import NARROWEST, widest

OF_DEFAULTS = [
    Variant("relu", output, optimizer, "dense", "float64").kernel("train_batches")
    for output in ("softmax", "logistic", "identity")
    for optimizer in ("adam", "nesterov")
]
"""The kernels that MLPClassifier and MLPRegressor train with, by default and with solver="sgd":
for several classes, for two or for labels, and for numbers."""


def machine_lines() -> Iterator[str]:
    """Yield versions, CPU, vectors, and where the machine code is kept."""
    from llvmlite import binding

    yield f"bp_numba {__version__}, Python {platform.python_version()}"
    for package in ("numpy", "numba", "llvmlite"):
        yield f"{package} {_version(package)}"
    yield f"CPU: {binding.get_host_cpu_name()}, {os.cpu_count()} logical cores, {platform.system()}"
    yield f"vectors of {widest()} float64, {64 * widest()} bits"
    folder, kept = files.cache_folder(), kept_files()
    size = sum(file.stat().st_size for file in kept)
    yield f"cache: {folder or 'none'}, {len(kept)} files, {size / 1024:.0f} KiB"
    names = dict.fromkeys(file.name.partition("-")[0] for file in kept)
    yield from (f"  {name}" for name in names if loading.is_kept(name))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def model_lines(path: Path) -> Iterator[str]:
    """Yield what a model file holds."""
    network = load_network(path)
    if isinstance(network, Perceptron):
        yield f"{network}"
        yield f"alpha {network.alpha:g}, {_epochs(network)}"
        yield from _perceptron_losses(network)
    else:
        yield from _network_lines(network)
    for name, value in network.metadata.items():
        yield from _table_lines(value) if name == "table" else _metadata_lines(name, value)


def _network_lines(nn: NeuralNetwork) -> Iterator[str]:
    yield f"layers {'-'.join(map(str, nn.layers))}, {sum(w.size for w in nn.W):,} weights"
    yield f"alpha {nn.alpha}, {_epochs(nn)}"
    history = nn.history
    if history.epochs:
        best = best_point(nn)
        shown = -1 if best is None else best
        yield (
            f"loss {history.losses[shown]:.7f} after epoch {history.epochs[shown]}, lowest "
            f"{min(history.losses):.7f}; {len(history)} display points in "
            f"{history.seconds[-1]:.1f} s"
        )
        if history.validation_losses[shown] is not None:
            epoch = None if best is None else history.epochs[best]
            yield _validation_line(history.validation_losses[shown], epoch)


def _perceptron_losses(perceptron: Perceptron) -> Iterator[str]:
    losses, validation_losses = perceptron.losses, perceptron.validation_losses
    best = getattr(perceptron.estimator, "best_iter_", None)
    shown = best if best and best <= len(losses) else len(losses)
    if losses:
        yield f"loss {losses[shown - 1]:.7f} after epoch {shown}, lowest {min(losses):.7f}"
        if shown <= len(validation_losses):
            yield _validation_line(validation_losses[shown - 1], best)


def _validation_line(loss: float | None, best: int | None) -> str:
    """Return the line of a validation loss, and of the epoch whose weights are kept if one is."""
    kept = f"; the weights are those of epoch {best}" if best else ""
    return f"validation loss {loss:.7f}{kept}"


def _epochs(network: Any) -> str:
    epochs = network.epochs_trained
    return f"trained for {epochs} epoch{'s' * (epochs != 1)}"


def _table_lines(values: Any) -> Iterator[str]:
    """Yield what a network from `bp-numba train` predicts, and from what."""
    try:
        table = Preprocessing.from_dict(values)
    except ValueError:
        yield from _metadata_lines("table", values)
    else:
        yield from table.describe()


def _metadata_lines(name: str, value: Any) -> Iterator[str]:
    """Yield the entries of a dict as `name: a 1, b 2`, and anything else in short."""
    if isinstance(value, dict):
        shown = (f"{key} {_short(each)}".replace("_", " ") for key, each in value.items())
        yield f"{name.replace('_', ' ')}: {', '.join(shown) or 'nothing'}"
    else:
        yield f"{name.replace('_', ' ')}: {_short(value)}"


def _short(value: Any) -> str:
    """Return a value as text in a line: a list of few numbers by its items, nothing as a dash."""
    if isinstance(value, list | dict):
        few = len(value) < 10 and all(isinstance(item, int | float) for item in value)
        return "-".join(map(str, value)) if few and value else f"({len(value)} values)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)


def warmup_lines(estimators: bool) -> Iterator[str]:
    """Load or compile every kernel of NeuralNetwork; yield how long each took.

    With `estimators` those too that MLPClassifier and MLPRegressor have with their defaults.
    """
    if not loading.enabled():
        yield "NUMBA_DISABLE_JIT leaves nothing to compile"
        return
    kernels = dict.fromkeys((name, widest()) for name in (*AHEAD, *FOR_LARGE, *OF_LANES))
    narrow = ("train_blocks", "train_samples", *OF_LANES)
    kernels |= dict.fromkeys((name, NARROWEST) for name in narrow)
    if estimators:
        kernels |= dict.fromkeys((name, widest()) for name in OF_DEFAULTS)
    started = perf_counter()
    for (name, width), _ in zip(kernels, loading.load_all(kernels), strict=True):
        ended = perf_counter()
        yield f"{name}, {width} lanes: {ended - started:.2f} s"
        started = ended


def kept_files() -> list[Path]:
    """Return the files of machine code in the cache, those of other releases too."""
    if (folder := files.cache_folder()) is None:
        return []
    patterns = [f"{name}-*.o" for name in (*AHEAD, *OF_LANES)]
    patterns += [f"{name}.*-*.o" for name in (*OF_KNOWN_UNITS, *OF_PERCEPTRONS)]
    return sorted(file for pattern in patterns for file in folder.glob(pattern))


def clear_cache() -> str:
    """Delete the files of machine code; return what was done."""
    kept = kept_files()
    for file in kept:
        file.unlink(missing_ok=True)
    return f"{len(kept)} files deleted from {files.cache_folder() or 'no folder'}"
