"""Drive the kernels over slices of samples.

A kernel cannot be interrupted and, once it runs, sees nothing of what Python does. So training
returns to Python every `SLICE_SECONDS`: signals are handled, other Python threads get their turn,
and the weights are in the user's arrays.
"""

import operator
from collections import deque
from collections.abc import Callable, Iterable
from itertools import repeat
from time import perf_counter
from typing import Any, Protocol

import numpy as np

from bp_numba.kernels.inputs import list_inputs
from bp_numba.kernels.layout import (
    BLOCK,
    Array,
    FlatNetwork,
    address_table,
    flat_network,
    padded_rows,
)
from bp_numba.native import loading as native
from bp_numba.simd.width import lanes_for
from bp_numba.training.prediction import sigmoid
from bp_numba.training.scratch import local, scratch_for
from bp_numba.validation import (
    can_be_packed,
    check_alpha,
    check_outputs,
    check_samples,
    check_weights,
)

SLICE_SECONDS = 0.05
FIRST_SLICE = 1_000_000
"""Weights times samples in the first slice, before the speed is known: 350 samples of the digits,
83,000 of XOR, which take milliseconds."""


class Trainable(Protocol):
    """What is trained; W and alpha are read anew at every slice."""

    W: Any
    alpha: Any


class Trainer:
    """Train a network on one set of samples, again and again.

    The weights belong to `network.W`. They are packed into the flat buffer of the kernels when a
    slice starts and copied back into the same arrays when it ends, so nothing can go stale. If
    they are not finite then, the slice is repeated in NumPy, which knows what to make of it.

    Parameters
    ----------
    network : NeuralNetwork
        Its W and alpha are read at every slice, and so may change between them. Weights that
        cannot be packed are trained in NumPy.
    X : (n, units[0] - 1) array
        Samples; copied once, as lists of the inputs that are not zero.
    y : (n, k) or (n,) array
        Targets, broadcast to the outputs.
    """

    _net: FlatNetwork

    def __init__(self, network: Trainable, X: Array, y: Array) -> None:
        matrices = check_weights(network.W)
        self._network, self._X = network, X
        self._units0, self._outputs = len(matrices[0]), matrices[-1].shape[1]
        self._lanes = lanes_for([*map(len, matrices), self._outputs])
        self._targets = y[: len(X), np.newaxis] if y.ndim == 1 else y[: len(X)]
        self._y = padded_rows(self._targets, self._outputs, self._lanes)
        # A float32 matrix is rounded after every sample, not after every block.
        wide = all(w.itemsize > 4 for w in matrices)
        self._inputs, width = list_inputs(X, self._lanes, blocks=wide)
        self._exact = BLOCK
        if not np.isfinite(self._inputs.gram).all():
            # Products of samples overflow where no net input need do so.
            del self._inputs  # before there are more copies of X
            self._inputs, width = list_inputs(X, self._lanes, blocks=False)
            self._exact = 1
        self._in_blocks, self._blocks = width == BLOCK, -(-len(X) // BLOCK)
        self._function: Any = native.entry_point(
            "train_blocks" if self._in_blocks else "train_samples", self._lanes
        )
        self._slice = max(1, FIRST_SLICE // sum(w.size for w in matrices) // BLOCK)
        self._shapes: list[tuple[tuple[int, ...], int]] = []

    def advance(self, limit: int) -> int:
        """Train for as many whole epochs as a slice holds, 1 to `limit`, and return how many."""
        epochs = min(limit, max(1, self._slice // max(1, self._blocks)))
        self.run(epochs)
        return epochs

    def run(self, epochs: int) -> None:
        """Train for a number of epochs, slice by slice; a slice is a number of whole blocks."""
        # A descriptor may compute alpha, and is entitled to do so at every epoch.
        whole_epochs = not hasattr(type(self._network), "alpha")
        block, remaining = 0, self._blocks * epochs
        while remaining:
            count = min(self._slice, remaining if whole_epochs else self._blocks - block)
            started = perf_counter()
            self._train(block, count)
            seconds = perf_counter() - started
            block, remaining = (block + count) % self._blocks, remaining - count
            if 2 * count > self._slice:
                faster = min(2.0, SLICE_SECONDS / max(seconds, 1e-9))
                self._slice = max(1, int(count * faster))

    def _train(self, first: int, count: int) -> None:
        alpha = check_alpha(self._network.alpha)
        matrices = check_weights(self._network.W)
        self._check_shapes(matrices)
        if not self._can_be_compiled(matrices):
            self._train_in_numpy(first, count, alpha)
            return
        pairs = self._net.panels(matrices, self._lanes)
        packed, unpacked = zip(*pairs, strict=True)
        _copy_each(packed, unpacked)
        if self._in_blocks:
            self._function(self._table.ctypes.data, first, count, alpha)
        else:
            size = 1 if self._net.narrow.any() else self._exact
            self._function(self._table.ctypes.data, size, first, count, alpha)
        if np.isfinite(self._net.weights).all():
            _copy_each(unpacked, packed)
        else:
            self._net.weights.fill(0.0)  # the padding too is no longer zero
            self._train_in_numpy(first, count, alpha)

    def _check_shapes(self, matrices: list[Array]) -> None:
        """Provide a network for the matrices: a new one if their shapes have changed."""
        shapes = [(w.shape, w.itemsize) for w in matrices]
        if shapes == self._shapes:
            return
        # Weights replaced since `fit` began: the kernels trust that X and y fit them.
        check_samples(self._X, len(matrices[0]))
        check_outputs(matrices, self._outputs)
        units = [len(w) for w in matrices] + [self._outputs]
        self._net = flat_network(units, [w.itemsize == 4 for w in matrices], self._lanes)
        self._table = address_table([*self._net, self._y, *self._inputs])
        self._shapes = shapes

    def _can_be_compiled(self, matrices: list[Array]) -> bool:
        return can_be_packed(matrices) and not (self._in_blocks and self._net.narrow.any())

    def _train_in_numpy(self, first: int, count: int, alpha: float) -> None:
        x = np.ones(self._units0)
        with np.errstate(all="ignore"):
            for block in range(first, first + count):
                start = block % self._blocks * BLOCK
                for row in range(start, min(start + BLOCK, len(self._X))):
                    x[:-1] = self._X[row]
                    train_batch(self._network.W, x[np.newaxis], self._targets[row], alpha)


def _copy_each(targets: Iterable[Array], sources: Iterable[Array]) -> None:
    # One call into C for all matrices: between two of them a signal handler could raise, and
    # would leave some matrices of the new weights beside some of the old.
    assign: Callable[..., None] = operator.setitem
    deque(map(assign, targets, repeat(...), sources), maxlen=0)


_train_one = native.Deferred("train_one")

charge = _train_one.charge
"""Add the seconds that a step took in NumPy because `train_one` had no kernel yet."""


def train_one(W: Any, x: Array, y: Array, alpha: float) -> bool:
    """Train the matrices W in place on one sample, if there is a kernel that can.

    Parameters
    ----------
    x : array
        The sample, with the trailing 1 of the bias: of shape (units[0],).
    y : array
        Its target: of shape (units[L],), (1, units[L]), (1,) or ().

    Returns
    -------
    bool
        False if nothing was done: the shapes are others, or NumPy has to make the step.
    """
    if (function := _train_one.get()) is None or (scratch := scratch_for(W)) is None:
        return False
    fits = x.shape == scratch.x.shape and y.shape in scratch.targets
    if fits:
        scratch.x[:] = x
        scratch.y[:] = y
        function(scratch.network, scratch.matrices, alpha)
    local.last = scratch
    return fits


def train_batch(W: Any, x: Array, y: Array, alpha: float) -> None:
    """Train the matrices W in place, in NumPy, on the sum over the rows of x.

    The reference's step in the order of the kernels (`kernels`): the learning rate is put in at
    the output, where the arrays are small.
    """
    activations: list[Any] = [x]
    for weights in W:
        activations.append(sigmoid(activations[-1].dot(weights)))
    a = activations[-1]
    steps = [(y - a) * (alpha * (a * (1.0 - a)))]
    for a, weights in zip(activations[-2:0:-1], W[:0:-1], strict=True):
        steps.append(steps[-1].dot(weights.T) * (a * (1.0 - a)))
    for weights, a, step in zip(W, activations, reversed(steps), strict=False):
        weights += a.T.dot(step)
