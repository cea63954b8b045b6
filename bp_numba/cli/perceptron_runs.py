"""One perceptron trained: epoch after epoch, until a rule or an interrupt ends it."""

import argparse
import copy
import math
from collections.abc import Callable
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bp_numba.cli.errors import CommandError
from bp_numba.cli.perceptrons import Matrix, Perceptron

PATIENCE = 10
"""Epochs in a row whose validation loss is not the lowest so far, after which training stops."""


class Reached(NamedTuple):
    """What a run has reached at the end of an epoch.

    Attributes
    ----------
    moment : Moment
        What training goes on from.
    weights : list of array
        Those that the perceptron has if the run ends here.
    best_epoch, best_loss : int, float
        The epoch of these weights, and its validation loss, or training loss without.
    stagnant : int
        Epochs in a row that have not lowered the training loss by the estimator's `tol`.
    """

    moment: Any
    weights: list[npt.NDArray[Any]]
    best_epoch: int
    best_loss: float
    stagnant: int


class PerceptronRun:
    """The training of one perceptron.

    Parameters
    ----------
    perceptron : Perceptron
        If it has `reached` something, training goes on from there.
    samples
        With X, y, and validation, which is X and y or None. Classes are columns of 0 and 1.
    options : argparse.Namespace
        With epochs, early_stopping, class_weight and stop_at_loss; the last two may be None.

    Attributes
    ----------
    reached : Reached or None
        At the end of the last epoch.
    ended : str
        Why training has ended; empty if that was the last epoch, or if it was interrupted.
    """

    def __init__(
        self,
        perceptron: Perceptron,
        samples: Any,
        options: argparse.Namespace,
    ) -> None:
        self.perceptron, self.ended = perceptron, ""
        self.reached: Reached | None = perceptron.reached
        self._estimator, self._samples, self._options = perceptron.estimator, samples, options
        self._validation = perceptron.validation_losses
        self._epochs: Any = None
        self._held_out: Any = None
        if self.reached is not None:
            self.ended = self._why_last(self.reached)

    @property
    def is_over(self) -> bool:
        """Whether there is no epoch left to train."""
        return bool(self.ended) or self.perceptron.epochs_trained >= self._options.epochs

    def epoch(self) -> str:
        """Train an epoch; return its losses as they are shown.

        Raises
        ------
        CommandError
            If the weights are no longer finite.
        """
        if self._epochs is None:
            self._begin()
        with np.errstate(all="ignore"):  # whatever becomes infinite is told of below
            loss, validation_loss = self._epochs.epoch(), None
            if self._held_out is not None:
                validation_loss = self._epochs.validation_loss(self._held_out)
                self._validation.append(validation_loss)
        watched = loss if validation_loss is None else validation_loss
        moment = self._epochs.moment()
        if not all(np.isfinite(part).all() for part in moment.weights):
            self.reached = None
            raise CommandError(
                f"the weights are no longer numbers after epoch {moment.epochs}: use a smaller "
                "--alpha, or --scale"
            )
        self.reached = self._next(moment, watched if np.isfinite(watched) else math.inf)
        self.ended = self._why_last(self.reached)
        shown = "" if validation_loss is None else f", val_loss={validation_loss:.7f}"
        return f"loss={loss:.7f}{shown}"

    def give(self) -> None:
        """Leave in the estimator what the run has reached, whatever has interrupted it."""
        if self.reached is not None:
            vars(self._estimator).update(vars(self.result()))

    def result(self) -> Any:
        """Return a copy of the estimator with what the run has reached, one epoch at least."""
        assert self.reached is not None
        moment, weights, best_epoch = self.reached[:3]
        estimator, half, epochs = copy.copy(self._estimator), len(weights) // 2, moment.epochs
        estimator.coefs_, estimator.intercepts_ = weights[:half], weights[half:]
        estimator.n_iter_, estimator.loss_curve_ = epochs, self._estimator.loss_curve_[:epochs]
        estimator.loss_ = estimator.loss_curve_[-1]
        estimator.validation_loss_curve_ = self._validation[:epochs] or None
        estimator.best_iter_ = best_epoch if self._options.early_stopping else None
        return estimator

    def end(self) -> None:
        """Do the same, and let go of what only training needs."""
        self.give()
        self._epochs = self._held_out = None

    def _begin(self) -> None:
        losses, reached = self.perceptron.losses, self.reached
        with _ONE_AT_A_TIME:
            self._epochs, self._held_out = _begun(
                self._estimator, self._samples, self._options, reached
            )
        if reached is not None:
            self._estimator.loss_curve_ = losses
            self._estimator._no_improvement_count = reached.stagnant
            self._estimator.best_loss_ = min(losses)

    def _next(self, moment: Any, watched: float) -> Reached:
        before, stagnant = self.reached, self._estimator._no_improvement_count
        if before and self._options.early_stopping and not watched < before.best_loss:
            return before._replace(moment=moment, stagnant=stagnant)
        return Reached(moment, moment.weights, moment.epochs, watched, stagnant)

    def _why_last(self, reached: Reached) -> str:
        """Return why there is no epoch after this, empty if there may be one."""
        options, loss = self._options, self._estimator.loss_curve_[-1]
        epochs, estimator = reached.moment.epochs, self._estimator
        if options.stop_at_loss is not None and loss <= options.stop_at_loss:
            return f"the loss reached {options.stop_at_loss:g} at epoch {epochs}"
        if options.early_stopping:
            waited = epochs - reached.best_epoch
            return f"early stopping after epoch {epochs}" if waited >= PATIENCE else ""
        if reached.stagnant > estimator.n_iter_no_change:
            return (
                f"converged after epoch {epochs}: the loss has not fallen by {estimator.tol:g} in "
                f"{estimator.n_iter_no_change} epochs"
            )
        return ""


_ONE_AT_A_TIME = Lock()
"""Where epochs begin filters of warnings change, which are those of all threads."""


def _begun(
    estimator: Any, samples: Any, options: argparse.Namespace, reached: Reached | None
) -> tuple[Any, Any]:
    """Return the epochs of an estimator, and what they are validated with, if anything."""
    from bp_numba.estimators.epochs import Epochs

    is_classifier = hasattr(estimator, "predict_proba")
    targets: Callable[[Matrix], Any] = _numbers_of if is_classifier else _flat
    weigh = _weigher(samples.y) if is_classifier and options.class_weight else _unweighed
    try:
        epochs = Epochs(
            estimator,
            samples.X,
            targets(samples.y),
            weigh(samples.y),
            np.arange(samples.y.shape[1]) if is_classifier else None,
            None if reached is None else reached.moment,
        )
    except NotImplementedError as error:
        raise CommandError(f"--network mlp {error}") from None
    if samples.validation is None:
        return epochs, None
    X, y = samples.validation
    return epochs, epochs.held_out(X, targets(y), weigh(y))


def _numbers_of(y: Matrix) -> Any:
    return y.argmax(axis=1)


def _flat(y: Matrix) -> Matrix:
    return y[:, 0] if y.shape[1] == 1 else y


def _unweighed(y: Matrix) -> None:
    return None


def _weigher(trained: Matrix) -> Callable[[Matrix], Matrix]:
    """Return what gives rows the weights of their classes, as scikit-learn balances them."""
    counts = trained.sum(axis=0)
    weights = len(trained) / (np.count_nonzero(counts) * np.maximum(counts, 1))

    def weigh(y: Matrix) -> Matrix:
        return weights[_numbers_of(y)]  # type: ignore[no-any-return]

    return weigh
