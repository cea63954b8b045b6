"""Samples and weights as the kernels take them, and the kernels' calls."""

import operator
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any

import numpy as np

from bp_numba.kernels.calls import Training
from bp_numba.kernels.inputs import Inputs, list_inputs
from bp_numba.kernels.layout import BLOCK, FlatNetwork, flat_network, padded_rows
from bp_numba.simd.arrays import Array, address, address_table, aligned_zeros
from bp_numba.simd.width import width_for
from bp_numba.training import choice
from bp_numba.training.samples import Samples


class Listed:
    """Samples in lists, with their targets and room for the sum of their squared errors.

    Parameters
    ----------
    samples : Samples
        With a row of targets for each row of X.
    inputs : Inputs
        Its lists.
    outputs, width : int
        Columns of the last matrix, and doubles in a vector.

    Attributes
    ----------
    blocks : int
        How many blocks they are.
    table : int
        Address of the table of a `calls.Training`, once there is a network.
    """

    table: int

    def __init__(self, samples: Samples, inputs: Inputs, outputs: int, width: int) -> None:
        self.blocks = -(-len(samples.X) // BLOCK)
        self._targets = padded_rows(samples.targets, outputs, width)
        self._inputs, self._errors = inputs, aligned_zeros(width)

    def connect(self, network: FlatNetwork) -> None:
        """Have the network trained on these samples."""
        call = Training(network, self._targets, self._inputs, self._errors)
        self._table = address_table(call)
        self.table = address(self._table)

    def loss(self) -> Any:
        """Return half the sum of the squared errors since the last call, and begin anew."""
        loss = np.float64(0.5 * sum(self._errors.tolist()))
        self._errors.fill(0.0)
        return loss


class Packed:
    """A packed copy of weights, and samples in lists, for a kernel to train.

    Parameters
    ----------
    matrices : list of L arrays
        Weights that the samples fit.
    samples : Samples
        What is trained on. X is copied once, as lists of the inputs that are not zero.
    validation : Samples, optional
        What is only measured.

    Attributes
    ----------
    reason : choice.Reason or None
        Why there is no kernel.
    in_blocks : bool
        Whether lists are for blocks, not for single samples.
    samples, validation : Listed
        The same in lists; `validation` is None without.
    """

    _flat: FlatNetwork
    _train: Callable[..., int]

    def __init__(self, matrices: list[Array], samples: Samples, validation: Samples | None) -> None:
        outputs = matrices[-1].shape[1]
        self._width = width_for([*map(len, matrices), outputs])
        self._list_inputs(samples.X, blocks=all(w.itemsize > 4 for w in matrices))
        self.samples = Listed(samples, self._inputs, outputs, self._width)
        self.validation: Listed | None = None
        if validation is not None:
            inputs, _ = list_inputs(validation.X, self._width, BLOCK if self.in_blocks else 1)
            self.validation = Listed(validation, inputs, outputs, self._width)
        name = "train_blocks" if self.in_blocks else "train_samples"
        self._function, self.reason = choice.for_fit(name, self._width)
        self._shapes: list[tuple[tuple[int, ...], int]] = []

    def _list_inputs(self, X: Array, blocks: bool) -> None:
        # A float32 matrix is rounded after every sample, not after every block.
        self._inputs, listed = list_inputs(X, self._width, None if blocks else 1)
        self._kept = BLOCK
        if not np.isfinite(self._inputs.gram).all():
            # Products of samples overflow where no net input need do so.
            del self._inputs  # before there are more copies of X
            self._inputs, listed = list_inputs(X, self._width, 1)
            self._kept = 1
        self.in_blocks = listed == BLOCK

    def pack(self, matrices: list[Array]) -> None:
        """Copy matrices, of any shapes that chain and the samples fit, to the packed weights."""
        shapes = [(w.shape, w.itemsize) for w in matrices]
        if shapes != self._shapes:
            self._connect(matrices)
            self._shapes = shapes
        self._pairs = self._flat.packed_pairs(matrices, self._width)
        _copy_each(*zip(*self._pairs, strict=True))

    def _connect(self, matrices: list[Array]) -> None:
        units = [*map(len, matrices), matrices[-1].shape[1]]
        narrow = [w.itemsize == 4 for w in matrices]
        self._flat = flat_network(units, narrow, self._width)
        for listed in filter(None, (self.samples, self.validation)):
            listed.connect(self._flat)
        function, kept = self._function, 1 if any(narrow) else self._kept
        if self.in_blocks:
            self._train = function
        else:
            self._train = lambda table, *blocks: function(table, kept, *blocks)

    def train(self, first: int, count: int, alpha: float) -> None:
        """Train on `count` blocks of the samples from number `first` on, round and round."""
        self._train(self.samples.table, first, count, 1, alpha)

    def measure(self, listed: Listed, first: int, count: int) -> None:
        """Add the errors of some blocks of samples to those that `listed.loss` returns."""
        self._train(listed.table, first, count, 0, 0.0)

    def is_finite(self) -> bool:
        """Tell if all weights are; if not, they are forgotten."""
        finite = bool(np.isfinite(self._flat.weights).all())
        if not finite:
            self._flat.weights.fill(0.0)  # the padding too is no longer zero
        return finite

    def unpack(self) -> None:
        """Copy the weights back to the matrices that they came from."""
        packed, unpacked = zip(*self._pairs, strict=True)
        _copy_each(unpacked, packed)


def can_measure(samples: Samples) -> bool:
    """Tell if kernels can compute the loss: if there is a row of targets for each of X."""
    return samples.y.ndim == 2 and len(samples.y) == len(samples.X)


def _copy_each(targets: Iterable[Array], sources: Iterable[Array]) -> None:
    # One call into C for all matrices: between two of them a signal handler could raise, and
    # would leave some matrices of the new weights beside some of the old.
    assign: Callable[..., None] = operator.setitem
    deque(map(assign, targets, repeat(...), sources), maxlen=0)
