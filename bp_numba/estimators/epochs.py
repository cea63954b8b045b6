"""An estimator trained epoch by epoch, by whoever decides after each what comes next.

`fit` decides by scikit-learn's rules alone. Here the caller sees the losses, keeps the weights that
it likes, stops when it wants to, and can go on later from a `Moment` as if nothing had happened.
"""

import warnings
from typing import Any, NamedTuple

import sklearn
from numpy.typing import NDArray

from bp_numba.estimators import hooks, scoring, stochastic
from bp_numba.estimators.trainer import Samples
from bp_numba.estimators.validation import HeldOut

Parts = list[NDArray[Any]]


class Moment(NamedTuple):
    """What training goes on from, after a whole epoch.

    Attributes
    ----------
    epochs : int
        How many have been trained.
    updates : int
        How many batches Adam has counted.
    weights : list of array
        Matrices, then intercepts.
    means, squares : list of array
        Adam's moments of their gradients, of the same shapes.
    """

    epochs: int
    updates: int
    weights: Parts
    means: Parts
    squares: Parts


class Epochs:
    """The epochs of an estimator, bit for bit those that its `fit` makes.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        With the solver 'adam', without `early_stopping` and `class_weight`. It is initialized here,
        and its attributes are kept up to date as in `fit`.
    X : array of shape (n, features)
    y : array of shape (n,) or (n, outputs)
        Numbers, or classes.
    sample_weight : array of shape (n,), optional
    classes : array, optional
        All classes, in ascending order, for a classifier.
    moment : Moment, optional
        What to go on from, of a run with the same arguments. The losses of its epochs are the
        caller's to put into the estimator.

    Raises
    ------
    NotImplementedError
        If this release of scikit-learn is not known.
    """

    def __init__(
        self,
        estimator: Any,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        classes: Any = None,
        moment: Moment | None = None,
    ) -> None:
        if not hooks.are_known():
            raise NotImplementedError(
                f"needs scikit-learn {hooks.RELEASES}, got {sklearn.__version__}"
            )
        self._estimator = estimator
        for name in ("coefs_", "_optimizer"):  # or it would go on with them
            vars(estimator).pop(name, None)
        samples = _begun(estimator, X, y, sample_weight, classes)
        self._orders = stochastic._orders(estimator, len(samples.X))
        if moment is not None:
            self._go_on(moment, len(samples.X))
        self._run = stochastic._begin(estimator, samples, incremental=True)

    def epoch(self) -> float:
        """Train one epoch; return its mean loss, the L2 penalty included."""
        run = self._run
        loss = run.trainer.epoch(next(self._orders))
        run.trainer.write_back()
        stochastic._record(run, loss)
        return float(loss)

    def moment(self) -> Moment:
        """Return a copy of what training would go on from; only between two epochs."""
        estimator, adam = self._estimator, self._estimator._optimizer
        parts = estimator.coefs_ + estimator.intercepts_, adam.ms, adam.vs
        weights, means, squares = ([part.copy() for part in each] for each in parts)
        return Moment(estimator.n_iter_, int(adam.t), weights, means, squares)

    def held_out(self, X: Any, y: Any, sample_weight: Any = None) -> HeldOut:
        """Return samples to validate with, for `validation_loss`; of classes two or more."""
        targets = y if y.ndim == 2 else y.reshape(-1, 1)
        if (classes := getattr(self._estimator, "classes_", None)) is not None:
            # Not by the estimator's binarizer: of many classes in few samples it warns.
            targets = targets == (classes[1:] if len(classes) == 2 else classes)
        return HeldOut(Samples(X, targets, sample_weight), y)

    def validation_loss(self, held_out: HeldOut) -> float:
        """Return the mean loss of samples, without the L2 penalty."""
        outputs = self._estimator._forward_pass_fast(held_out.samples.X, check_input=False)
        return scoring._loss(self._estimator, held_out, outputs)

    def _go_on(self, moment: Moment, samples: int) -> None:
        """Set weights, optimizer and order of the samples as they were."""
        estimator = self._estimator
        estimator._optimizer = adam = stochastic._optimizer(estimator)
        parts = estimator.coefs_ + estimator.intercepts_, adam.ms, adam.vs
        for ours, theirs in zip(parts, moment[2:], strict=True):
            for part, value in zip(ours, theirs, strict=True):
                part[...] = value
        adam.t = moment.updates
        for _ in range(moment.epochs):
            next(self._orders)  # each is a permutation of the one before
        estimator.n_iter_, estimator.t_ = moment.epochs, moment.epochs * samples


def _begun(estimator: Any, X: Any, y: Any, sample_weight: Any, classes: Any) -> Samples:
    """Validate and initialize as `partial_fit` does, without its epoch; return the samples."""
    begun: list[Samples] = []

    def take(X: Any, y: Any, sample_weight: Any, *rest: Any) -> None:
        begun.append(Samples(X, y, sample_weight))

    estimator._fit_stochastic = take  # in front of the method, for this call
    try:
        with warnings.catch_warnings():
            # scikit-learn 1.7: of more than 20 classes, each once in the list of all.
            warnings.filterwarnings("ignore", "The number of unique classes is greater than 50%")
            arguments = {} if classes is None else {"classes": classes}
            estimator.partial_fit(X, y, sample_weight, **arguments)
    finally:
        del estimator._fit_stochastic
    return begun[0]
