"""What a loop over epochs hands the work to, and what it is done on."""

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class Samples(NamedTuple):
    """Samples as scikit-learn has validated them.

    Attributes
    ----------
    X : ndarray, CSR or CSC of shape (n, features)
        float64 or float32.
    y : ndarray of shape (n, outputs)
        Of booleans, a column for each class or label, in classifiers; else numbers.
    sample_weight : ndarray of shape (n,) or None
        The weights of samples and classes multiplied.
    """

    X: Any
    y: Any
    sample_weight: Any


class Trainer(Protocol):
    """Trains the weights of one estimator on the samples that it was made with."""

    def epoch(self, order: NDArray[np.intp]) -> float:
        """Train one epoch, batch by batch, with the learning rate that the optimizer has now.

        Parameters
        ----------
        order : ndarray of shape (n,)
            The rows of the samples, each once, in the order in which they are trained on.

        Returns
        -------
        float
            The mean over samples of the loss of each batch before its update, L2 penalty included.
            A batch whose samples all have a weight of 0 is left out, and its loss is 0.
        """

    def write_back(self) -> None:
        """Leave in the estimator what was reached, up to the last whole batch.

        That is in the arrays of `coefs_` and `intercepts_`, the same objects as before, and in
        `_optimizer`, in new arrays: the `velocities` of SGD; `ms`, `vs`, `t` and `learning_rate`
        of Adam, which is the corrected one of its last update. The `learning_rate` of SGD is the
        loop's.
        """

    def read_back(self) -> None:
        """Go on from what is in the estimator, after code of the user's that may have changed it.

        That is its weights, in the same arrays or others of their shapes, and parameters that are
        looked at in each batch.
        """
