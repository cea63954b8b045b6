"""`bp-numba xor` and `bp-numba digits`: the published runs."""

import argparse
import contextlib
import io
from time import perf_counter
from typing import TypeVar

import numpy as np

from bp_numba import NeuralNetwork, ReferenceNetwork
from bp_numba import validation as check
from bp_numba.cli.errors import raise_all
from bp_numba.cli.outputs import check_plot, missing
from bp_numba.cli.reporting import draw_losses
from bp_numba.examples import Problem, Split
from bp_numba.examples.digits import DIGITS
from bp_numba.examples.xor import XOR

Network = TypeVar("Network", bound=ReferenceNetwork)

PROBLEMS = {problem.name: problem for problem in (DIGITS, XOR)}


def check_options(options: argparse.Namespace, problem: Problem) -> None:
    """Raise ValueError if an option cannot be used."""
    if options.layers[0] != problem.layers[0] or options.layers[-1] != problem.layers[-1]:
        raise ValueError(
            f"--layers must begin with {problem.layers[0]} and end with {problem.layers[-1]} "
            f"for {problem.name}, got {'-'.join(map(str, options.layers))}"
        )
    check.check_layers(options.layers, "--layers")


def run(options: argparse.Namespace, problem: Problem) -> None:
    """Train on a problem as the options say, and show how good the result is."""
    if options.plot is not None:
        check_plot(options.plot)
    print(f"[INFO] loading {problem.title} dataset...")
    try:
        split = problem.load(options.seed)
    except ModuleNotFoundError as error:
        raise missing(error, problem.name, "examples") from None
    print(f"[INFO] samples: {_rows(split)}, dim: {split.X.shape[1]}")

    started = perf_counter()
    _network(NeuralNetwork, options).fit(split.X, split.y, epochs=0)
    loading = perf_counter() - started

    network = _network(NeuralNetwork, options)
    print("[INFO] training network...")
    print(f"[INFO] {network}")
    seconds = _fit(network, split, options)
    print("[INFO] evaluating network...")
    print(problem.report(network.predict(split.X_test), split.y_test))
    problems = draw_losses(options.plot, network, problem.name) if options.plot else []
    print(_summary(options, split, loading, seconds))
    raise_all(problems)


def _rows(split: Split) -> int:
    return len(split.X) if split.X_test is split.X else len(split.X) + len(split.X_test)


def _network(kind: type[Network], options: argparse.Namespace) -> Network:
    np.random.seed(options.seed)
    return kind(options.layers, alpha=options.alpha)


def _fit(network: ReferenceNetwork, split: Split, options: argparse.Namespace) -> float:
    started = perf_counter()
    network.fit(split.X, split.y, epochs=options.epochs, displayUpdate=options.display_update)
    return perf_counter() - started


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
