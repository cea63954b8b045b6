"""The epochs of solvers 'sgd' and 'adam', as scikit-learn makes them.

Its random numbers in its order, its attributes, messages and warnings; a `Trainer` does the work.
"""

import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from bp_numba.estimators import hooks
from bp_numba.estimators.callbacks import FitTask
from bp_numba.estimators.choice import trainer_for
from bp_numba.estimators.scoring import score_and_loss
from bp_numba.estimators.trainer import Samples, Trainer
from bp_numba.estimators.validation import HeldOut, held_out_from

FROM_FIT = 3
"""How many frames above `fit` scikit-learn's `_fit` is, whose module filters of warnings know."""

COUNTING = "_update_no_improvement_count"
"""scikit-learn's method that counts the epochs without improvement."""


class Run(NamedTuple):
    """One call of `fit` or `partial_fit`."""

    estimator: Any
    samples: int
    """How many are trained on in each epoch."""
    trainer: Trainer
    held_out: HeldOut | None
    """With early stopping what it goes by."""
    task: FitTask
    incremental: bool
    """Whether it is `partial_fit`: one epoch, without a word about the maximum."""
    counts_itself: bool
    """Whether a subclass counts the epochs without improvement."""


def fit(estimator: Any, samples: Samples, incremental: bool) -> None:
    """Train an estimator whose weights there are, until it has converged or has been interrupted.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Its parameters have been validated.
    samples : Samples
        From which those that early stopping goes by are split, unless the user has given them.
    incremental : bool
        Whether this is `partial_fit`.
    """
    run = _begin(estimator, samples, incremental)
    try:
        _train(run)
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", stacklevel=FROM_FIT)
    finally:
        run.trainer.write_back()
    if estimator.early_stopping:
        estimator.coefs_ = estimator._best_coefs
        estimator.intercepts_ = estimator._best_intercepts
    run.task.end()


def _begin(estimator: Any, samples: Samples, incremental: bool) -> Run:
    """Prepare all that an epoch needs, and the attributes that scikit-learn does not have."""
    if not incremental or not hasattr(estimator, "_optimizer"):
        estimator._optimizer = _optimizer(estimator)
    if estimator.early_stopping and incremental:
        raise ValueError("partial_fit does not support early_stopping=True")
    training, held_out = held_out_from(estimator, samples)
    # It goes on over warm starts; after 'lbfgs' there is none, which is an error after an epoch.
    if not len(getattr(estimator, "loss_curve_", ())):
        estimator.validation_loss_curve_ = [] if estimator.early_stopping else None
        estimator.best_iter_ = 0 if estimator.early_stopping else None
    batch_size = _batch_size(estimator, training.X.shape[0])
    trainer = trainer_for(estimator, *training, batch_size)
    task = FitTask(estimator, estimator.max_iter)
    counts_itself = hooks.are_overridden(estimator, COUNTING)
    return Run(estimator, training.X.shape[0], trainer, held_out, task, incremental, counts_itself)


def _optimizer(estimator: Any) -> Any:
    """Return a new optimizer of scikit-learn's for the estimator's weights."""
    weights = estimator.coefs_ + estimator.intercepts_
    if estimator.solver == "sgd":
        return hooks.get("_stochastic_optimizers.SGDOptimizer")(
            weights,
            estimator.learning_rate_init,
            estimator.learning_rate,
            estimator.momentum,
            estimator.nesterovs_momentum,
            estimator.power_t,
        )
    return hooks.get("_stochastic_optimizers.AdamOptimizer")(
        weights,
        estimator.learning_rate_init,
        estimator.beta_1,
        estimator.beta_2,
        estimator.epsilon,
    )


def _batch_size(estimator: Any, samples: int) -> int:
    """Return how many samples a batch has, at most all; warn if it was to have more."""
    if estimator.batch_size == "auto":
        return min(200, samples)
    if estimator.batch_size > samples:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped",
            stacklevel=FROM_FIT + 2,
        )
    return np.clip(estimator.batch_size, 1, samples)  # type: ignore[no-any-return]


def _orders(estimator: Any, samples: int) -> Iterator[NDArray[np.intp]]:
    """Yield the order of each epoch: that of the one before, shuffled.

    What `sklearn.utils.shuffle` returns, which takes half a millisecond for its checks.
    """
    order = np.arange(samples)
    while True:
        if estimator.shuffle:
            permutation = np.arange(samples)
            estimator._random_state.shuffle(permutation)
            order = order[permutation]
        yield order


def _train(run: Run) -> None:
    """Train epoch after epoch."""
    estimator, task = run.estimator, run.task
    estimator.n_iter_ = 0
    epochs = range(estimator.max_iter)  # first, or `zip` would draw an order too many
    for _, order in zip(epochs, _orders(estimator, run.samples), strict=False):
        task.begin_epoch()
        loss = run.trainer.epoch(order)
        # The user's code may look at weights and change them.
        is_watched = run.counts_itself or task.is_watched
        if run.held_out is not None or is_watched:
            run.trainer.write_back()
        _record(run, loss)
        is_last = _is_last(estimator) or run.incremental
        is_stopped = task.end_epoch()
        if is_watched:
            run.trainer.read_back()
        if is_stopped or is_last:
            return
    warnings.warn(
        f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) reached and the "
        "optimization hasn't converged yet.",
        ConvergenceWarning,
        stacklevel=FROM_FIT + 1,
    )


def _record(run: Run, loss: float) -> None:
    """Count an epoch and keep its losses; print them if that is wanted."""
    estimator = run.estimator
    estimator.n_iter_ += 1
    estimator.loss_ = loss
    estimator.t_ += run.samples
    estimator.loss_curve_.append(loss)
    if estimator.verbose:
        print(f"Iteration {estimator.n_iter_}, loss = {loss:.8f}")
    if run.counts_itself:
        _let_it_count(estimator, run.held_out)
    elif run.held_out is None:
        _compare_losses(estimator)
    else:
        _compare_scores(estimator, run.held_out)
    estimator._optimizer.iteration_ends(estimator.t_)


def _let_it_count(estimator: Any, held_out: HeldOut | None) -> None:
    """Call the subclass's method, and keep what scikit-learn's does not know."""
    count = getattr(estimator, COUNTING)
    if held_out is None:
        count(False, None, None, None)
        return
    X, _, sample_weight = held_out.samples
    _, loss = score_and_loss(estimator, held_out)
    best = estimator.best_validation_score_
    count(True, X, held_out.targets, sample_weight)
    estimator.validation_loss_curve_.append(loss)
    if estimator.best_validation_score_ > best:
        estimator.best_iter_ = len(estimator.validation_loss_curve_)


def _compare_losses(estimator: Any) -> None:
    """Count the epochs that have not improved the training loss."""
    loss = estimator.loss_curve_[-1]
    worse = loss > estimator.best_loss_ - estimator.tol
    estimator._no_improvement_count = estimator._no_improvement_count + 1 if worse else 0
    if loss < estimator.best_loss_:
        estimator.best_loss_ = loss


def _compare_scores(estimator: Any, held_out: HeldOut) -> None:
    """Count the epochs that have not improved the validation score; keep the best weights."""
    score, loss = score_and_loss(estimator, held_out)
    estimator.validation_scores_.append(score)
    estimator.validation_loss_curve_.append(loss)
    if estimator.verbose:
        print(f"Validation score: {score:f}")
    # A score that is NaN is neither worse nor better.
    worse = score < estimator.best_validation_score_ + estimator.tol
    estimator._no_improvement_count = estimator._no_improvement_count + 1 if worse else 0
    if score > estimator.best_validation_score_:
        estimator.best_validation_score_ = score
        estimator.best_iter_ = len(estimator.validation_scores_)
        estimator._best_coefs = [coef.copy() for coef in estimator.coefs_]
        estimator._best_intercepts = [intercept.copy() for intercept in estimator.intercepts_]


def _is_last(estimator: Any) -> bool:
    """Return whether training stops for want of improvement, or tell the optimizer to slow down."""
    if estimator._no_improvement_count <= estimator.n_iter_no_change:
        return False
    what = "Validation score" if estimator.early_stopping else "Training loss"
    message = (
        f"{what} did not improve more than tol={estimator.tol:f} for "
        f"{estimator.n_iter_no_change:d} consecutive epochs."
    )
    if estimator._optimizer.trigger_stopping(message, estimator.verbose):
        return True
    estimator._no_improvement_count = 0
    return False
