"""Drive the kernels over slices of samples.

A kernel cannot be interrupted and, once it runs, sees nothing of what Python does. So training
returns to Python every `SLICE_SECONDS`: signals are handled, other Python threads get their turn,
and the weights are in the user's arrays.
"""

import operator
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from itertools import repeat
from time import perf_counter
from typing import Any, Protocol

import numpy as np

from bp_numba.layout import FlatNetwork, Floats, flat_network, padded_rows
from bp_numba.validation import (
    Array,
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

    def fit_partial(self, x: Any, y: Any) -> None:
        """Make one update in NumPy."""


_compiled: dict[str, Future[Any]] = {}
_compiling = threading.Lock()


def compiled(name: str) -> Any:
    """Return the entry point `name` of `kernels`, compiled or loaded from the cache.

    None if compiling is switched off by NUMBA_DISABLE_JIT. Importing Numba and compiling are
    done on a thread of their own: the caller waits where Ctrl-C is heard at once. An interrupt
    inside the compiler could be swallowed by one of its callbacks, or leave it half-imported.
    """
    with _compiling:
        if name not in _compiled:
            result: Future[Any] = Future()
            threading.Thread(target=_compile, args=(name, result), name="compile").start()
            _compiled[name] = result
    return _compiled[name].result()


def _compile(name: str, result: "Future[Any]") -> None:
    try:
        from numba import config

        if config.DISABLE_JIT:
            result.set_result(None)
            return
        from bp_numba import kernels

        function = getattr(kernels, name)
        function.compile(kernels.SIGNATURES[function])
        result.set_result(function)
    except BaseException as error:
        result.set_exception(error)


class Trainer:
    """Train a network on one set of samples, again and again.

    The weights belong to `network.W`. They are packed into the flat buffer of the kernels when a
    slice starts and copied back into the same arrays when it ends, so nothing can go stale.

    Parameters
    ----------
    network : NeuralNetwork
        Its W and alpha are read at every slice, and so may change between them. Weights that
        cannot be packed are trained by its `fit_partial`.
    X : (n, units[0] - 1) array
        Samples; copied once, padded and with the column of ones.
    y : (n, k) or (n,) array
        Targets, broadcast to the outputs.
    """

    _net: FlatNetwork
    _packed: list[Floats]

    def __init__(self, network: Trainable, X: Array, y: Array) -> None:
        self._train_samples = compiled("train_samples")
        from bp_numba.simd import LANES

        self._network = network
        self._lanes = LANES
        self._shapes: list[tuple[tuple[int, ...], int]] = []
        matrices = check_weights(network.W)
        rows, self._inputs, self._outputs = len(X), len(matrices[0]), matrices[-1].shape[1]
        self._slice = max(1, FIRST_SLICE // sum(w.size for w in matrices))
        self._X = padded_rows(rows, self._inputs, LANES)
        self._X[:, : self._inputs - 1] = X
        self._X[:, self._inputs - 1] = 1.0
        self._y = padded_rows(rows, self._outputs, LANES)
        self._y[:, : self._outputs] = y[:rows, np.newaxis] if y.ndim == 1 else y[:rows]

    @property
    def samples(self) -> Floats:
        """The samples with the column of ones: a view of shape (n, units[0])."""
        return self._X[:, : self._inputs]

    def run(self, epochs: int) -> None:
        """Train for a number of epochs, slice by slice."""
        rows = len(self._X)
        # A descriptor may compute alpha, and is entitled to do so at every epoch.
        whole_epochs = not hasattr(type(self._network), "alpha")
        row, remaining = 0, rows * epochs
        while remaining:
            count = min(self._slice, remaining if whole_epochs else rows - row)
            started = perf_counter()
            self._train(row, count)
            seconds = perf_counter() - started
            row, remaining = (row + count) % rows, remaining - count
            if count == self._slice:
                faster = min(2.0, SLICE_SECONDS / max(seconds, 1e-9))
                self._slice = max(1, int(count * faster))

    def _train(self, row: int, count: int) -> None:
        alpha = check_alpha(self._network.alpha)
        matrices = check_weights(self._network.W)
        if not can_be_packed(matrices):
            self._train_in_numpy(row, count)
            return
        self._allocate(matrices)
        _copy_each(self._packed, matrices)
        try:
            self._train_samples(self._net, self._X.ravel(), self._y.ravel(), row, count, alpha)
        finally:
            _copy_each(matrices, self._packed)

    def _allocate(self, matrices: list[Array]) -> None:
        """Provide a network whose padding is zero: a new one if the shapes have changed."""
        shapes = [(w.shape, w.itemsize) for w in matrices]
        if shapes == self._shapes:
            self._net.weights.fill(0.0)
            return
        # Weights replaced since `fit` began: the kernels trust that X and y fit them.
        check_samples(self.samples, len(matrices[0]), has_bias=True)
        check_outputs(matrices, self._outputs)
        units = [len(w) for w in matrices] + [self._outputs]
        self._net = flat_network(units, [w.itemsize == 4 for w in matrices], self._lanes)
        self._packed = self._net.matrices()
        self._shapes = shapes

    def _train_in_numpy(self, row: int, count: int) -> None:
        for i in range(row, row + count):
            i %= len(self._X)
            self._network.fit_partial(self.samples[i], self._y[i, : self._outputs])


def _copy_each(targets: Iterable[Array], sources: Iterable[Array]) -> None:
    # One call into C for all matrices: between two of them a signal handler could raise, and
    # would leave some matrices of the new weights beside some of the old.
    assign: Callable[..., None] = operator.setitem
    deque(map(assign, targets, repeat(...), sources), maxlen=0)


def sigmoid(nets: Floats) -> Floats:
    """Return the sigmoid of a C-contiguous array of many elements, by the compiled kernel."""
    activate: Callable[[Floats, Floats], None] = compiled("activate")
    outputs = np.empty_like(nets)
    activate(nets.ravel(), outputs.ravel())
    return outputs
