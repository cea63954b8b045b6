"""`--network mlp`: an MLPClassifier or MLPRegressor as the command line sees a network."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bp_numba.cli.errors import CommandError
from bp_numba.cli.restarts import check_memory
from bp_numba.kernels.layout import units_of

Matrix = npt.NDArray[np.float64]

BATCH_SIZE = 200
"""Rows in a batch, or all if there are fewer, as scikit-learn has it."""

ROWS = 8192
"""Rows predicted at once: a hidden layer of 100 takes 800 bytes for each."""


class Perceptron:
    """An estimator with what the command line keeps with it.

    Attributes
    ----------
    estimator : MLPClassifier or MLPRegressor
        The classes of a classifier are the numbers of the columns of its outputs.
    metadata : dict
        What JSON can hold.
    layers : list of int
        The sizes of all layers. For two classes there is one output.
    reached : Reached or None
        What a run goes on from.
    """

    def __init__(self, estimator: Any, metadata: dict[str, Any], layers: list[int]) -> None:
        self.estimator, self.metadata, self.layers = estimator, metadata, layers
        self.reached: Any = None

    @classmethod
    def load(cls, path: Path) -> "Perceptron":
        """Return the one in a file.

        Raises
        ------
        CommandError
            If scikit-learn is not installed.
        ModelFormatError, OSError
            If the file holds none, or cannot be read.
        """
        estimator, metadata = model_files(str(path)).load_perceptron(path)
        return cls(estimator, metadata, units_of(estimator.coefs_))

    def save(self, path: Path) -> None:
        """Write it to a file; raises as `save_perceptron`."""
        model_files("--network mlp").save_perceptron(path, self.estimator, self.metadata)

    def __repr__(self) -> str:
        kind, layers = type(self.estimator).__name__, "-".join(map(str, self.layers))
        return f"{kind}: {layers}, {self.estimator.activation}, {self.estimator.solver}"

    @property
    def W(self) -> list[npt.NDArray[Any]]:
        """All weights: the matrices, then the intercepts; none before training."""
        if not hasattr(self.estimator, "coefs_"):
            return []
        return [*self.estimator.coefs_, *self.estimator.intercepts_]

    @property
    def alpha(self) -> float:
        """The learning rate."""
        return float(self.estimator.learning_rate_init)

    @property
    def epochs_trained(self) -> int:
        """How many epochs it was trained for."""
        return int(getattr(self.estimator, "n_iter_", 0))

    @property
    def losses(self) -> list[float]:
        """The mean loss of each epoch, the L2 penalty included."""
        return list(getattr(self.estimator, "loss_curve_", []))

    @property
    def validation_losses(self) -> list[float]:
        """The mean loss of the rows to validate with after each epoch; none without such rows."""
        return list(getattr(self.estimator, "validation_loss_curve_", None) or [])

    def predict(self, X: Matrix) -> Matrix:
        """Return the outputs.

        Parameters
        ----------
        X : float64 of shape (rows, inputs)

        Returns
        -------
        float64 of shape (rows, outputs)
            The probability of each class, or numbers.
        """
        if not len(X):
            return np.empty((0, self.columns))
        parts = [self._predicted(X[start : start + ROWS]) for start in range(0, len(X), ROWS)]
        return np.concatenate(parts).astype(np.float64, copy=False)

    @property
    def columns(self) -> int:
        """How many columns its outputs have: also two classes have one each."""
        return len(getattr(self.estimator, "classes_", range(self.estimator.n_outputs_)))

    def _predicted(self, X: Matrix) -> Any:
        with np.errstate(all="ignore"):  # of huge weights
            if hasattr(self.estimator, "classes_"):
                return self.estimator.predict_proba(X)
            return self.estimator.predict(X).reshape(len(X), -1)


def fresh_perceptrons(
    samples: Any,
    options: argparse.Namespace,
    classes: int,
    metadata_of: Callable[[int], dict[str, Any]],
) -> list[Perceptron]:
    """Return a perceptron for each seed, to be trained.

    Parameters
    ----------
    samples
        With X and y, whose columns are inputs and outputs.
    options : argparse.Namespace
        With layers, alpha, epochs, seed and restarts.
    classes : int
        How many there are, 0 for numbers.
    metadata_of : callable
        Returns the metadata for a seed.

    Raises
    ------
    CommandError
        If scikit-learn is not installed, or the weights of all of them exceed the memory.
    """
    try:
        from bp_numba import MLPClassifier, MLPRegressor
    except ImportError as error:
        raise _needs_scikit_learn("--network mlp", error) from None
    kind: Any = MLPClassifier if classes else MLPRegressor
    outputs = 1 if classes == 2 else samples.y.shape[1]
    units = [samples.X.shape[1], *options.layers, outputs]
    check_memory(units, options.restarts)
    return [
        Perceptron(
            kind(
                hidden_layer_sizes=tuple(options.layers),
                learning_rate_init=options.alpha,
                max_iter=options.epochs,
                batch_size=min(BATCH_SIZE, len(samples.X)),
                random_state=seed,
            ),
            metadata_of(seed),
            units,
        )
        for seed in range(options.seed, options.seed + options.restarts)
    ]


def draw_perceptrons(path: Path, perceptrons: list[Perceptron], best: int, title: str) -> None:
    """Draw the losses of the best perceptron, and lightly those of the others.

    Raises as `plotting.axes.new_file`.
    """
    from bp_numba.plotting.axes import new_file
    from bp_numba.plotting.curves import losses_of
    from bp_numba.plotting.loss_curve import LossCurveDisplay

    chosen = perceptrons[best]
    with new_file(path) as ax:
        label: str | None = "other seeds"
        for other in perceptrons:
            if other is not chosen:
                losses = other.validation_losses or other.losses
                how = {"color": "tab:gray", "lw": 1, "alpha": 0.4}
                ax.plot(range(1, len(losses) + 1), losses, label=label, **how)
                label = None
        curves = losses_of(chosen.estimator, None)
        curves["title"] = f"{title}, {chosen}"
        LossCurveDisplay(**curves).plot(ax)


def model_files(what: str) -> Any:
    """Return the module of estimators' files; raise CommandError without scikit-learn."""
    try:
        from bp_numba.estimators import model_files
    except ImportError as error:
        raise _needs_scikit_learn(what, error) from None
    return model_files


def _needs_scikit_learn(what: str, error: ImportError) -> CommandError:
    if not isinstance(error, ModuleNotFoundError):
        return CommandError(f"{what}: {error}")  # it is too old
    return CommandError(
        f"{what} needs scikit-learn, which is not installed: pip install 'bp_numba[sklearn]'"
    )
