"""Training that ends when the loss no longer falls."""

import math
from typing import Any

import numpy as np

from bp_numba.reals import as_float, without_dimensions
from bp_numba.runs.state import record_of
from bp_numba.training.together import copy_each


class EarlyStopping:
    """A callback for `NeuralNetwork.fit`: stop when the loss has not improved for a while.

    It looks at the validation loss if there is one, else at the training loss, once at every
    display point. One object can serve several calls of `fit`, one after the other.

    Parameters
    ----------
    patience : int, default 10
        Display points without improvement after which training stops.
    min_delta : float, default 0.0
        By how much the loss must fall below the best to count as an improvement.
    restore_best : bool, default True
        Whether the network gets the weights of the best display point back when training ends.

    Attributes
    ----------
    best_loss, best_epoch : float, int
        The lowest loss and its epoch, counted as in the printed lines.
    stopped_epoch : int or None
        Where training was stopped; None if it ran to its end.

    Raises
    ------
    ValueError
        If patience is no positive integer, or min_delta no finite number >= 0.

    Examples
    --------
    >>> import numpy as np
    >>> from bp_numba import EarlyStopping, NeuralNetwork
    >>> X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> y = np.array([[0], [1], [1], [0]])
    >>> np.random.seed(0)
    >>> nn, stopping = NeuralNetwork([2, 2, 1], alpha=0.5), EarlyStopping(3, min_delta=1e-3)
    >>> nn.fit(X, y, epochs=20000, displayUpdate=100, verbose=False, callback=stopping)
    >>> stopping.stopped_epoch < 20000
    True
    """

    def __init__(
        self, patience: int = 10, min_delta: float = 0.0, restore_best: bool = True
    ) -> None:
        points = without_dimensions(patience)
        if isinstance(points, bool) or not isinstance(points, int | np.integer) or points < 1:
            raise ValueError(f"patience must be a positive integer, got {patience!r}")
        delta = as_float(min_delta)
        if delta is None or not 0 <= delta < math.inf:
            raise ValueError(f"min_delta must be a finite number >= 0, got {min_delta!r}")
        self.patience, self.min_delta, self.restore_best = int(points), min_delta, restore_best
        self.begin()

    def begin(self) -> None:
        """Forget the run before; `fit` calls it first."""
        self.best_loss, self.best_epoch = math.inf, 0
        self.stopped_epoch: int | None = None
        self._waited = 0
        self._best: list[Any] = []

    def __call__(self, network: Any, epoch: int, loss: float) -> bool:
        """Return True if training should stop."""
        watched = float(loss)
        history = record_of(network).history
        # In a loop of a user's own the last point is of a `fit` before it, or there is none.
        is_shown = bool(history.losses) and str(history.losses[-1]) == str(watched)  # NaN is NaN
        if is_shown and history.validation_losses[-1] is not None:
            watched = history.validation_losses[-1]
        if watched < self.best_loss - self.min_delta:
            self.best_loss, self.best_epoch, self._waited = watched, epoch, 0
            if self.restore_best:
                self._best = [w.copy() for w in network.W]
            return False
        self._waited += 1
        if self._waited >= self.patience:
            self.stopped_epoch = epoch
        return self.stopped_epoch is not None

    def end(self, network: Any) -> None:
        """Give the network its best weights back; `fit` calls it last."""
        copy_each(network.W, self._best)
        self._best = []
