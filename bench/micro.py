"""Single kernels: ``python -m pytest bench/micro.py --benchmark-time-unit=ms -k forward``.

Each measurement is of 1,000 calls, so milliseconds in the table are microseconds per call.
"""

import numpy as np
import pytest
from numba import njit

from bp_numba.kernels.backward import backward, output_steps
from bp_numba.kernels.first_layer import (
    activate_sample,
    advance_listed,
    forward_block,
    update_block,
)
from bp_numba.kernels.forward import forward
from bp_numba.kernels.inputs import list_inputs
from bp_numba.kernels.layout import BLOCK, first_panel, flat_network, padded_rows
from bp_numba.kernels.sigmoid import activate_all
from bp_numba.simd.internals import OPTIONS, tune_llvm
from bp_numba.simd.width import vector_width

tune_llvm()  # as where the package compiles its kernels

CALLS = 1000
ALPHA = 1e-9  # the weights stay where they are
UNITS = {"digits": (65, 33, 17, 10), "784-128-10": (785, 129, 10)}
HIDDEN = [(name, l) for name, units in UNITS.items() for l in range(1, len(units) - 1)]


def repeated(operation):
    """Return a compiled function that calls an operation `CALLS` times."""

    @njit(**OPTIONS)
    def calls(*arguments):
        for _ in range(CALLS):
            operation(*arguments)

    return calls


def network(name, samples_per_list=BLOCK):
    """Return a network with random weights, in the padding too, activations and small steps."""
    units, generator, width = UNITS[name], np.random.default_rng(0), vector_width()
    panel = first_panel(samples_per_list, width)
    flat = flat_network(units, [False] * (len(units) - 1), width, panel)
    flat.weights[...] = generator.standard_normal(flat.weights.size) / np.sqrt(units[0])
    for start, size in zip(flat.unit_offsets, units, strict=False):
        flat.activations[start : start + size] = generator.random(size)
        flat.steps[start : start + size] = ALPHA * generator.random(size)
    return flat


def block(name, density=1.0):
    """Return the lists of a block of samples."""
    generator = np.random.default_rng(1)
    X = generator.random((BLOCK, UNITS[name][0] - 1))
    return list_inputs(X * (generator.random(X.shape) < density), vector_width())[0]


def measure(benchmark, operation, *arguments):
    """Compile, then measure."""
    function = repeated(operation)
    function(*arguments)
    benchmark(function, *arguments)


@pytest.mark.parametrize(("name", "l"), HIDDEN)
def test_forward(benchmark, name, l):
    """Multiply a matrix above the first with activations, and take the sigmoid."""
    measure(benchmark, forward, network(name), l)


@pytest.mark.parametrize(("name", "l"), HIDDEN)
def test_backward(benchmark, name, l):
    """Compute the steps of a layer, and update the matrix above it."""
    measure(benchmark, backward, network(name), 0, l)


@pytest.mark.parametrize("name", UNITS)
def test_output_steps(benchmark, name):
    """Steps of the last layer."""
    targets = padded_rows(np.zeros((1, 10)), 10, vector_width())
    measure(benchmark, output_steps, network(name), 0, targets, 0, ALPHA)


@pytest.mark.parametrize("name", UNITS)
def test_forward_block(benchmark, name):
    """Multiply eight dense samples with the first matrix."""
    measure(benchmark, forward_block, network(name), block(name), 0)


@pytest.mark.parametrize("name", UNITS)
def test_update_block(benchmark, name):
    """Update the first matrix by eight dense samples."""
    measure(benchmark, update_block, network(name), block(name), 0, BLOCK)


@pytest.mark.parametrize("name", UNITS)
def test_activate_sample(benchmark, name):
    """Correct the net input of the last sample of a block, and take the sigmoid."""
    last = BLOCK - 1
    measure(benchmark, activate_sample, network(name), block(name), 0, last, last)


@pytest.mark.parametrize("name", UNITS)
def test_lists(benchmark, name):
    """Update and multiply the first matrix, by eight samples with 10% non-zero inputs."""
    measure(benchmark, advance_listed, network(name, 1), block(name, 0.1), 0, BLOCK, 0, BLOCK, 0)


def test_sigmoid(benchmark):
    """One vector."""
    net_inputs = np.random.default_rng(0).standard_normal(vector_width())
    measure(benchmark, activate_all, net_inputs, np.empty_like(net_inputs))
