"""What loss curves are drawn from, and what they look like."""

from collections.abc import Sequence
from typing import Any

import numpy as np

LOSSES = {
    "log_loss": "Loss (log loss)",
    "squared_error": "Loss (half squared error per sample)",
    "poisson": "Loss (half Poisson deviance)",
}
"""What the losses of estimators are, by the name of their `loss`."""


def losses_of(estimator: Any, name: str | None) -> dict[str, Any]:
    """Return the losses of a fitted estimator as arguments of `LossCurveDisplay`.

    Of a pipeline or a search those of the estimator at its end. Without a name the class and the
    layers are the title, like 'MLPRegressor: 4-100-1'.

    Raises
    ------
    ValueError
        If it has none.
    """
    estimator = _at_the_end_of(estimator)
    losses = list(getattr(estimator, "loss_curve_", []))
    # What was fitted with 'lbfgs' may have the losses of another fit before.
    if not losses or estimator.solver == "lbfgs":
        fitted = "fitted" if hasattr(estimator, "coefs_") else "unfitted"
        raise ValueError(
            "estimator must have a loss_curve_, which fit records with the solver 'sgd' or 'adam', "
            f"got {fitted} {estimator!r}"
        )
    validation = list(getattr(estimator, "validation_loss_curve_", None) or [])
    missing = [None] * (len(losses) - len(validation))  # one, after an interrupt
    layers = [len(coef) for coef in estimator.coefs_] + [estimator.n_outputs_]
    title = f"{type(estimator).__name__}: {'-'.join(map(str, layers))}"
    return {
        "title": title if name is None else None,
        "epochs": range(1, len(losses) + 1),
        "losses": losses,
        "validation_losses": validation + missing if validation else None,
        "ylabel": LOSSES[estimator.loss],
    }


def _at_the_end_of(estimator: Any) -> Any:
    if (found := getattr(estimator, "best_estimator_", None)) is not None:
        return _at_the_end_of(found)
    steps = getattr(estimator, "steps", None)
    return _at_the_end_of(steps[-1][1]) if steps else estimator


def finite(losses: Sequence[float | None]) -> Any:
    """Return an array, a copy, in which NaN stands for None and all that is not finite."""
    values = np.array(losses, dtype=np.float64)
    values[~np.isfinite(values)] = np.nan
    return values


def divisors(samples: Sequence[int | None] | None) -> Any:
    """Return numbers of samples to divide by, NaN where there is none."""
    return np.nan if samples is None else finite([number or None for number in samples])


def looks(name: str | None, curves: int) -> list[dict[str, Any]]:
    """Return what tells each curve apart: its label and line style."""
    if curves == 1:
        return [{"label": name, "linestyle": "-"}]
    prefix = "" if name is None else f"{name}, "
    return [
        {"label": f"{prefix}training", "linestyle": "-"},
        {"label": f"{prefix}validation", "linestyle": "--"},
    ]


def line_options(values: Any, look: dict[str, Any], line_kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return a curve's options: the user's, else its look and markers where no line leads."""
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    options: dict[str, Any] = normalize_kwargs(line_kwargs, Line2D)
    alone = _isolated(np.isfinite(values))
    if alone and "marker" not in options:
        look = look | {"marker": "o", "markersize": 4, "markevery": alone}
    return look | options


def _isolated(finite: Any) -> list[int]:
    """Return the numbers of the points that no line leads to."""
    padded = np.concatenate([[False], finite, [False]])
    return [int(i) for i in np.nonzero(finite & ~padded[:-2] & ~padded[2:])[0]]
