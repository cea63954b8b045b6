"""Drive the kernels over slices of samples.

A kernel cannot be interrupted and, once it runs, sees nothing of what Python does. So training
returns to Python every `SLICE_SECONDS`: signals are handled, other Python threads get their turn,
and the weights are in the user's arrays.
"""

from collections.abc import Callable
from time import perf_counter
from typing import Any, Protocol

import numpy as np

from bp_numba.kernels.layout import BLOCK
from bp_numba.simd.arrays import Array
from bp_numba.training import choice
from bp_numba.training.in_numpy import train_batch
from bp_numba.training.packed import Packed, local, packed_for
from bp_numba.training.plan import plan_for
from bp_numba.training.run import Point, Run, Slice
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

    The weights belong to `network.W`. They are packed when a slice starts and copied back into the
    same arrays when it ends, so nothing can go stale.

    Where weights do not stay finite, the kernel's result is not used. The block of samples that
    brings that about, and all after it, are trained in NumPy, which knows what to make of
    infinity. Which block that is does not depend on slices.

    Parameters
    ----------
    network : NeuralNetwork
        Its W, checked, and alpha are read at every slice, and so may change between them.
    samples : Samples
        That fit W.
    validation : Samples, optional
        Samples whose loss is wanted too.
    losses : callable, optional
        Returns both losses with the network's present weights, for where the kernel does not
        compute them.
    measures : bool, default True
        Whether the kernel may.

    Attributes
    ----------
    reason : choice.Reason or None
        Why the last blocks were trained in NumPy; None if the kernel did it.
    """

    def __init__(
        self,
        network: Trainable,
        samples: Samples,
        validation: Samples | None = None,
        losses: Callable[[], tuple[Any, Any]] = lambda: (None, None),
        measures: bool = True,
    ) -> None:
        matrices = [*network.W]
        weights = sum([w.size for w in matrices])
        self._network, self._samples, self._losses = network, samples, losses
        self._outputs, self._blocks = matrices[-1].shape[1], -(-len(samples.X) // BLOCK)
        sets = [samples] if validation is None else [samples, validation]
        self._measures = measures and all([can_measure(part) for part in sets])
        self._no_kernel = choice.for_package()
        if self._no_kernel is None:
            self._plan = plan_for(matrices, *(sets if self._measures else [samples]))
            self._function: Any
            kernel = self._plan.kernel, self._plan.width
            self._function, self._no_kernel = choice.waited_for(*kernel)
        self.reason = self._no_kernel
        self._stays_finite = True
        self._slice_blocks = max(1, FIRST_SLICE // max(1, weights) // BLOCK)

    def advance(self, run: Run, epoch: int, one_point: bool = False) -> Slice:
        """Train for as many whole epochs as a slice holds, one or more.

        Parameters
        ----------
        run : Run
            Tells where the loss is displayed, and where training ends.
        epoch : int
            Epochs of the run that lie behind.
        one_point : bool, default False
            Whether to stop at the first display point.
        """
        # Who computes alpha is entitled to do so at every epoch.
        may_go_on = self._stays_finite and not choice.computes_alpha(self._network)
        if may_go_on and self._blocks <= self._slice_blocks:
            reached = self._many_epochs(run, epoch, one_point)
            if reached is not None:
                return reached
        return self._one_epoch(run, epoch)

    def _many_epochs(self, run: Run, epoch: int, one_point: bool) -> Slice | None:
        """Train epochs in one slice, unless NumPy has to; then nothing is changed."""
        matrices, alpha = self._current()
        if self.reason is not None:
            return None
        points: list[Point] = []
        started, left = perf_counter(), self._slice_blocks
        packed, plan, stops = self._packed(matrices), self._plan, False
        while epoch < run.epochs and left >= self._blocks and not stops:
            stop, display = run.next_stop(epoch)
            epochs = min(stop - epoch, left // max(1, self._blocks))
            packed.train(plan.listed[0], 0, epochs * self._blocks, alpha)
            epoch, left = epoch + epochs, left - epochs * max(1, self._blocks)
            if display and epoch == stop:
                stops = one_point or not self._measures
                if self._measures:
                    points.append(self._point(packed, epoch))
                    left -= sum([part.blocks for part in plan.listed])
        if not packed.unpack():
            self._stays_finite = False
            return None
        local.last = packed
        self._end_slice(self._slice_blocks - left, perf_counter() - started)
        if stops and not self._measures:
            points.append(Point(epoch, perf_counter(), *self._losses()))
        return Slice(epoch, points)

    def _one_epoch(self, run: Run, epoch: int) -> Slice:
        """Train one epoch, part by part if it is longer than a slice."""
        first = 0
        while first < self._blocks:
            count, started = min(self._slice_blocks, self._blocks - first), perf_counter()
            self._train(first, count)
            self._end_slice(count, perf_counter() - started)
            first += count
        if run.next_stop(epoch) != (epoch + 1, True):
            return Slice(epoch + 1, [])
        if self._measures and self.reason is None:
            packed = self._packed(check_weights(self._network.W))
            return Slice(epoch + 1, [self._point(packed, epoch + 1)])
        return Slice(epoch + 1, [Point(epoch + 1, perf_counter(), *self._losses())])

    def _point(self, packed: Packed, epoch: int) -> Point:
        """Return the display point of the packed weights."""
        losses = []
        for samples in self._plan.listed:
            for first in range(0, samples.blocks, self._slice_blocks):
                count = min(self._slice_blocks, samples.blocks - first)
                packed.measure(samples, first, count)
            losses.append(packed.loss())
        return Point(epoch, perf_counter(), *losses)

    def _end_slice(self, count: int, seconds: float) -> None:
        """Let the next slice take `SLICE_SECONDS`, but no more than twice as long as this one."""
        if 2 * count > self._slice_blocks:
            faster = min(2.0, SLICE_SECONDS / max(seconds, 1e-9))
            self._slice_blocks = max(1, int(count * faster))

    def _packed(self, matrices: list[Array]) -> Packed:
        return packed_for(matrices, self._plan, self._function)

    def _current(self) -> tuple[list[Array], float]:
        """Return W and alpha as they are now, and see if the kernel can train them."""
        alpha = check_alpha(self._network.alpha)
        matrices = check_weights(self._network.W)
        # Weights may have been replaced since `fit` began: the kernels trust that X and y fit them.
        check_samples(self._samples.X, len(matrices[0]))
        check_outputs(matrices, self._outputs)
        self.reason = self._no_kernel or choice.for_slice(matrices, self._plan.in_blocks)
        return matrices, alpha

    def _train(self, first: int, count: int) -> None:
        """Train on `count` blocks from number `first` on, by the kernel as far as it goes."""
        matrices, alpha = self._current()
        if self.reason is None:
            packed = self._packed(matrices)
            packed.train(self._plan.listed[0], first, count, alpha)
            if packed.unpack():
                local.last = packed
                return
            self.reason = choice.Reason.NOT_FINITE
            if count > 1 and all(np.isfinite(w).all() for w in matrices):
                self._train(first, count // 2)
                self._train(first + count // 2, count - count // 2)
                return
        self._train_in_numpy(first, count, alpha)

    def _train_in_numpy(self, first: int, count: int, alpha: float) -> None:
        X, targets = self._samples.X, self._samples.targets
        x = np.ones(X.shape[1] + 1)
        with np.errstate(all="ignore"):
            for row in range(first * BLOCK, min((first + count) * BLOCK, len(X))):
                x[:-1] = X[row]
                train_batch(self._network.W, x[np.newaxis], targets[row], alpha)


def can_measure(samples: Samples) -> bool:
    """Tell if kernels can compute the loss: if there is a row of targets for each of X."""
    return samples.y.ndim == 2 and len(samples.y) == len(samples.X)
