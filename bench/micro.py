"""Single kernels: ``python -m pytest bench/micro.py --benchmark-time-unit=ms -k forward``.

Each measurement is of 1,000 calls, so milliseconds in the table are microseconds per call.
"""

import numpy as np
import pytest
from numba import njit

from bp_numba.kernels import kernels
from bp_numba.kernels.inputs import list_inputs
from bp_numba.kernels.layout import BLOCK, flat_network, padded_rows
from bp_numba.kernels.tiles import activate_vector
from bp_numba.simd.internals import OPTIONS, tune_llvm
from bp_numba.simd.width import lanes

tune_llvm()  # as where the package compiles its kernels

CALLS = 1000
ALPHA = 1e-9  # the weights stay where they are
UNITS = {"digits": (65, 33, 17, 10), "784-128-10": (785, 129, 10)}
HIDDEN = [(name, l) for name, units in UNITS.items() for l in range(1, len(units) - 1)]


@njit(**OPTIONS)
def forward(net, l):
    """Multiply matrix l with activations, and take the sigmoid."""
    for _ in range(CALLS):
        kernels.forward(net, l)


@njit(**OPTIONS)
def output_steps(net, y):
    """Compute the steps of the last layer."""
    for _ in range(CALLS):
        kernels.output_steps(net, 0, y, 0, ALPHA)


@njit(**OPTIONS)
def backward(net, l):
    """Compute the steps of layer l, and update matrix l."""
    for _ in range(CALLS):
        kernels.backward(net, 0, l)


@njit(**OPTIONS)
def forward_block(net, inputs):
    """Multiply matrix 0 with a block of samples."""
    for _ in range(CALLS):
        kernels.forward_block(net, inputs, 0)


@njit(**OPTIONS)
def activate_sample(net, inputs):
    """Correct the net input of the last sample of a block, and take the sigmoid."""
    for _ in range(CALLS):
        kernels.activate_sample(net, inputs, 0, BLOCK - 1)


@njit(**OPTIONS)
def update_block(net, inputs):
    """Update matrix 0 by a block of samples."""
    for _ in range(CALLS):
        kernels.update_block_rows(net, inputs, 0)


@njit(**OPTIONS)
def forward_listed(net, inputs):
    """Multiply matrix 0 with the lists of a block of samples."""
    for _ in range(CALLS):
        kernels.forward_listed(net, inputs, 0, BLOCK)


@njit(**OPTIONS)
def update_listed(net, inputs):
    """Update matrix 0 by the lists of a block of samples."""
    for _ in range(CALLS):
        kernels.update_listed_rows(net, inputs, 0, BLOCK)


@njit(**OPTIONS)
def sigmoid(nets, activations):
    """Take the sigmoid of one vector."""
    for _ in range(CALLS):
        activate_vector(nets, 0, activations, 0)


def network(name):
    """Return a network with random weights, activations and small steps, padding zero."""
    units, generator = UNITS[name], np.random.default_rng(0)
    net = flat_network(units, [False] * (len(units) - 1), lanes())
    matrices = [
        generator.standard_normal((rows, columns)) / np.sqrt(rows)
        for rows, columns in zip(units, units[1:], strict=False)
    ]
    for packed, unpacked in net.panels(matrices, lanes()):
        packed[...] = unpacked
    for start, size in zip(net.unit_offsets, units, strict=False):
        net.activations[start : start + size] = generator.random(size)
        net.steps[start : start + size] = ALPHA * generator.random(size)
    return net


def block(name, density=1.0):
    """Return the lists of a block of samples."""
    generator = np.random.default_rng(1)
    X = generator.random((BLOCK, UNITS[name][0] - 1))
    return list_inputs(X * (generator.random(X.shape) < density), lanes())[0]


def measure(benchmark, function, *arguments):
    """Compile, then measure."""
    function(*arguments)
    benchmark(function, *arguments)


@pytest.mark.parametrize(("name", "l"), HIDDEN)
@pytest.mark.parametrize("function", [forward, backward], ids=["forward", "backward"])
def test_hidden_layer(benchmark, function, name, l):
    """A pass over a matrix above the first."""
    measure(benchmark, function, network(name), l)


@pytest.mark.parametrize("name", UNITS)
def test_output_steps(benchmark, name):
    """Steps of the last layer."""
    measure(benchmark, output_steps, network(name), padded_rows(np.zeros((1, 10)), 10, lanes()))


@pytest.mark.parametrize("name", UNITS)
@pytest.mark.parametrize(
    "function",
    [forward_block, activate_sample, update_block],
    ids=["forward_block", "activate_sample", "update_block"],
)
def test_block(benchmark, function, name):
    """The first layer of dense samples, eight at a time but for activate_sample."""
    measure(benchmark, function, network(name), block(name))


@pytest.mark.parametrize("name", UNITS)
@pytest.mark.parametrize(
    "function", [forward_listed, update_listed], ids=["forward_listed", "update_listed"]
)
def test_lists(benchmark, function, name):
    """The first layer of eight samples with 10% non-zero inputs."""
    measure(benchmark, function, network(name), block(name, 0.1))


def test_sigmoid(benchmark):
    """One vector."""
    nets = np.random.default_rng(0).standard_normal(lanes())
    measure(benchmark, sigmoid, nets, np.empty_like(nets))
