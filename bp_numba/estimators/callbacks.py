"""What scikit-learn's callbacks, which it has from 1.9 on, are told of a fit."""

import copy
from typing import Any

try:
    from sklearn.callback import CallbackSupportMixin as CallbackSupportMixin
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing, where scikit-learn has no callbacks."""


CHANGING = (
    "coefs_",
    "intercepts_",
    "_best_coefs",
    "_best_intercepts",
    "_optimizer",
    "loss_curve_",
    "validation_scores_",
    "validation_loss_curve_",
)
"""Attributes whose objects change from epoch to epoch."""


class FitTask:
    """The task of fitting an estimator, whose subtasks are its epochs.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        During `fit`; in `partial_fit` callbacks are told nothing.
    epochs : int
        How many there are at most, 0 for a solver without.
    """

    def __init__(self, estimator: Any, epochs: int) -> None:
        self._estimator = estimator
        self._task: Any = None
        self._epoch: Any = None
        call = estimator._call
        if call is None or not hasattr(estimator, "_init_callback_context"):
            return
        weight = call.sample_weight
        self._about = {
            "estimator": estimator,
            # As the user passed them: data frames have names of columns, which `predict` looks at.
            "X": call.X,
            "y": call.y,
            "metadata": None if weight is None else {"sample_weight": weight},
        }
        # Also where nobody is told: a search or pipeline around has its place for this task.
        self._task = estimator._init_callback_context(max_subtasks=epochs)
        self._task.call_on_fit_task_begin(**self._about)

    @property
    def is_watched(self) -> bool:
        """Whether there are callbacks, which may look at weights after each epoch."""
        return self._task is not None and bool(getattr(self._estimator, "_skl_callbacks", None))

    def begin_epoch(self) -> None:
        """Tell that an epoch begins."""
        if self.is_watched:
            self._epoch = self._task.subcontext(task_name="epoch")
            self._epoch.call_on_fit_task_begin(**self._about)

    def end_epoch(self) -> bool:
        """Tell that it has ended; return whether a callback wants training to stop."""
        return self._epoch is not None and self._end(self._epoch)

    def end(self) -> None:
        """Tell that all is done, unless there was an error."""
        if self._task is not None:
            self._end(self._task)

    def _end(self, task: Any) -> bool:
        """End a task, with what an estimator that stopped here would be, if that is asked for."""
        attributes = self._fitted_attributes
        return bool(task.call_on_fit_task_end(**self._about, reconstruction_attributes=attributes))

    def _fitted_attributes(self) -> dict[str, Any]:
        """Return what `fit` would end with if it ended here, and nothing that it goes on with."""
        estimator = self._estimator
        attributes = vars(estimator)
        found = {name: attributes[name] for name in CHANGING if name in attributes}
        if estimator.solver != "lbfgs" and estimator.early_stopping:
            found["coefs_"], found["intercepts_"] = found["_best_coefs"], found["_best_intercepts"]
        return copy.deepcopy(found)
