"""`bp-numba xor` and `bp-numba digits`: the published runs."""

import argparse
import contextlib
import io
from time import perf_counter
from typing import Any

import numpy as np

from bp_numba import NeuralNetwork, ReferenceNetwork
from bp_numba import validation as check
from bp_numba.examples import Problem, Split
from bp_numba.examples.digits import DIGITS
from bp_numba.examples.xor import XOR
from bp_numba.network import display_epochs
from bp_numba.outputs import check_plot, missing

PROBLEMS = {problem.name: problem for problem in (DIGITS, XOR)}


def check_options(options: argparse.Namespace, problem: Problem) -> None:
    """Raise TypeError or ValueError if an option cannot be used."""
    check.check_epochs(options.epochs)
    check.check_alpha(options.alpha)
    check.check_display_update(options.display_update)
    check.check_layers(options.layers)
    check.check_seed(options.seed)
    if options.layers[0] != problem.layers[0] or options.layers[-1] != problem.layers[-1]:
        raise ValueError(
            f"layers must begin with {problem.layers[0]} and end with {problem.layers[-1]} "
            f"for {problem.name}, got {'-'.join(map(str, options.layers))}"
        )


def run(options: argparse.Namespace, problem: Problem) -> None:
    """Train on a problem as the options say, and show how good the result is."""
    if options.plot is not None:
        check_plot(options.plot)
    print(f"[INFO] loading {problem.name} data...")
    try:
        split = problem.load(options.seed)
    except ModuleNotFoundError as error:
        raise missing(error, problem.name, "examples") from None
    print(f"[INFO] samples: {len(split.X)} to train on, {len(split.X_test)} to test")

    started = perf_counter()
    NeuralNetwork([1, 1]).fit([[0.0]], [[0.0]], epochs=0)
    loading = perf_counter() - started

    network = _network(NeuralNetwork, options)
    print(f"[INFO] training {network}...")
    losses = _record_losses(network)
    seconds = _fit(network, split, options)
    print("[INFO] evaluating...")
    print(problem.report(network.predict(split.X_test), split.y_test))
    if options.plot is not None:
        _plot(options, losses, f"{problem.name}, {network}")
    print(_summary(options, split, loading, seconds))


def _network(kind: type[ReferenceNetwork], options: argparse.Namespace) -> ReferenceNetwork:
    np.random.seed(options.seed)
    return kind(options.layers, alpha=options.alpha)


def _fit(network: ReferenceNetwork, split: Split, options: argparse.Namespace) -> float:
    started = perf_counter()
    network.fit(split.X, split.y, epochs=options.epochs, displayUpdate=options.display_update)
    return perf_counter() - started


def _record_losses(network: ReferenceNetwork) -> list[float]:
    losses: list[float] = []
    calculate_loss = network.calculate_loss

    def recorded(X: Any, targets: Any) -> Any:
        loss = calculate_loss(X, targets)
        losses.append(float(loss))
        return loss

    network.calculate_loss = recorded  # type: ignore[method-assign]
    return losses


def _summary(options: argparse.Namespace, split: Split, loading: float, seconds: float) -> str:
    samples = options.epochs * len(split.X)
    text = (
        f"[INFO] {samples:,} samples in {seconds:.3f} s, {samples / seconds:,.0f} per second "
        f"(kernels loaded or compiled before that in {loading:.1f} s)"
    )
    if options.reference:
        network = _network(ReferenceNetwork, options)
        with contextlib.redirect_stdout(io.StringIO()):
            reference = _fit(network, split, options)
        text += (
            f"; ReferenceNetwork: {reference:.3f} s, {samples / reference:,.0f} per second, "
            f"{reference / seconds:.1f} times as long"
        )
    return text


def _plot(options: argparse.Namespace, losses: list[float], title: str) -> None:
    from bp_numba.plotting import save_loss_curve

    interval = check.check_display_update(options.display_update)
    epochs = list(display_epochs(options.epochs, interval))
    save_loss_curve(options.plot, epochs, losses, title)
    print(f"[INFO] loss curve written to {options.plot}")
