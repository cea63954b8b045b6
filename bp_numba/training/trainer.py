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

from bp_numba.kernels.calls import Training
from bp_numba.kernels.inputs import Inputs, list_inputs
from bp_numba.kernels.layout import BLOCK, FlatNetwork, flat_network, padded_rows
from bp_numba.simd.arrays import Array, address_table, aligned_zeros
from bp_numba.simd.width import width_for
from bp_numba.training import choice
from bp_numba.training.in_numpy import train_batch
from bp_numba.training.samples import Samples
from bp_numba.validation import check_alpha, check_outputs, check_samples, check_weights

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
        Its W and alpha are read at every slice, and so may change between them.
    samples : Samples
        That fit W. X is copied once, as lists of the inputs that are not zero.

    Attributes
    ----------
    reason : choice.Reason or None
        Why the last slice was trained in NumPy; None if the kernel did it.
    """

    _flat: FlatNetwork
    _inputs: Inputs
    _function: Any = None

    def __init__(self, network: Trainable, samples: Samples) -> None:
        matrices = check_weights(network.W)
        self._network, self._samples, self._targets = network, samples, samples.targets
        self._outputs, self._blocks = matrices[-1].shape[1], -(-len(samples.X) // BLOCK)
        self._width = width_for([*map(len, matrices), self._outputs])
        self._padded_targets = padded_rows(self._targets, self._outputs, self._width)
        self._errors = aligned_zeros(self._width)
        self._kept, self._in_blocks = BLOCK, False
        self._no_kernel = choice.for_package()
        if self._no_kernel is None:
            # A float32 matrix is rounded after every sample, not after every block.
            self._list_inputs(blocks=all(w.itemsize > 4 for w in matrices))
            name = "train_blocks" if self._in_blocks else "train_samples"
            self._function, self._no_kernel = choice.for_fit(name, self._width)
        self.reason = self._no_kernel
        self._slice_blocks = max(1, FIRST_SLICE // sum(w.size for w in matrices) // BLOCK)
        self._shapes: list[tuple[tuple[int, ...], int]] = []

    def _list_inputs(self, blocks: bool) -> None:
        X = self._samples.X
        self._inputs, samples_per_list = list_inputs(X, self._width, blocks)
        if not np.isfinite(self._inputs.gram).all():
            # Products of samples overflow where no net input need do so.
            del self._inputs  # before there are more copies of X
            self._inputs, samples_per_list = list_inputs(X, self._width, blocks=False)
            self._kept = 1
        self._in_blocks = samples_per_list == BLOCK

    def advance(self, limit: int) -> int:
        """Train for as many whole epochs as a slice holds, 1 to `limit`, and return how many."""
        epochs = min(limit, max(1, self._slice_blocks // max(1, self._blocks)))
        self.run(epochs)
        return epochs

    def run(self, epochs: int) -> None:
        """Train for a number of epochs, slice by slice; a slice is a number of whole blocks."""
        # A descriptor may compute alpha, and is entitled to do so at every epoch.
        whole_epochs = not hasattr(type(self._network), "alpha")
        block, remaining = 0, self._blocks * epochs
        while remaining:
            most = remaining if whole_epochs else self._blocks - block
            count = min(self._slice_blocks, most)
            started = perf_counter()
            self._train(block, count)
            self._adapt_slice(count, perf_counter() - started)
            block, remaining = (block + count) % self._blocks, remaining - count

    def _adapt_slice(self, count: int, seconds: float) -> None:
        """Let the next slice take `SLICE_SECONDS`, but no more than twice as long as this one."""
        if 2 * count > self._slice_blocks:
            faster = min(2.0, SLICE_SECONDS / max(seconds, 1e-9))
            self._slice_blocks = max(1, int(count * faster))

    def _train(self, first: int, count: int) -> None:
        """Train on `count` blocks from number `first` on, round and round."""
        alpha = check_alpha(self._network.alpha)
        matrices = check_weights(self._network.W)
        self._check_shapes(matrices)
        self.reason = self._no_kernel or choice.for_slice(matrices, self._in_blocks)
        if self.reason is None:
            self.reason = self._train_compiled(matrices, first, count, alpha)
        if self.reason is not None:
            self._train_in_numpy(first, count, alpha)

    def _check_shapes(self, matrices: list[Array]) -> None:
        """Provide a network for the matrices: a new one if their shapes have changed."""
        shapes = [(w.shape, w.itemsize) for w in matrices]
        if shapes == self._shapes:
            return
        # Weights replaced since `fit` began: the kernels trust that X and y fit them.
        check_samples(self._samples.X, len(matrices[0]))
        check_outputs(matrices, self._outputs)
        if self._no_kernel is None:
            units = [len(w) for w in matrices] + [self._outputs]
            self._flat = flat_network(units, [w.itemsize == 4 for w in matrices], self._width)
            self._table = address_table(
                Training(network=self._flat, targets=self._padded_targets, inputs=self._inputs, errors=self._errors)
            )
        self._shapes = shapes

    def _train_compiled(
        self, matrices: list[Array], first: int, count: int, alpha: float
    ) -> choice.Reason | None:
        """Train a packed copy and copy it back, unless there is a reason why not."""
        packed, unpacked = zip(*self._flat.packed_pairs(matrices, self._width), strict=True)
        _copy_each(packed, unpacked)
        if self._in_blocks:
            self._function(self._table.ctypes.data, first, count, 0, alpha)
        else:
            kept = 1 if self._flat.narrow.any() else self._kept
            self._function(self._table.ctypes.data, kept, first, count, 0, alpha)
        if (reason := choice.finite(self._flat.weights)) is None:
            _copy_each(unpacked, packed)
        else:
            self._flat.weights.fill(0.0)  # the padding too is no longer zero
        return reason

    def _train_in_numpy(self, first: int, count: int, alpha: float) -> None:
        X = self._samples.X
        x = np.ones(X.shape[1] + 1)
        with np.errstate(all="ignore"):
            for block in range(first, first + count):
                start = block % self._blocks * BLOCK
                for row in range(start, min(start + BLOCK, len(X))):
                    x[:-1] = X[row]
                    train_batch(self._network.W, x[np.newaxis], self._targets[row], alpha)


def _copy_each(targets: Iterable[Array], sources: Iterable[Array]) -> None:
    # One call into C for all matrices: between two of them a signal handler could raise, and
    # would leave some matrices of the new weights beside some of the old.
    assign: Callable[..., None] = operator.setitem
    deque(map(assign, targets, repeat(...), sources), maxlen=0)
