"""What is private in scikit-learn and overridden or called here, with its known signatures.

A release that changes one of them stops nobody's script: its own code trains, with one warning.
"""

import functools
import inspect
import warnings
from typing import Any

import sklearn
import sklearn.neural_network

RELEASES = "1.7 to 1.9"
"""The releases of scikit-learn that have these signatures."""

_BATCH = "X, y, sample_weight, activations, deltas, coef_grads, intercept_grads"

_METHODS = {
    "_fit_stochastic": f"(self, {_BATCH}, layer_units, incremental)",
    "_fit_lbfgs": f"(self, {_BATCH}, layer_units)",
    "_backprop": f"(self, {_BATCH})",
    "_loss_grad_lbfgs": f"(self, packed_coef_inter, {_BATCH})",
    "_unpack": "(self, packed_parameters)",
    "_update_no_improvement_count": "(self, early_stopping, X, y, sample_weight)",
    "_forward_pass_fast": "(self, X, check_input=True)",
    "_predict": "(self, X, check_input=True)",
    "_score": "(self, X, y, sample_weight=None)",
}

_OPTIMIZERS = {
    "SGDOptimizer": (
        "(params, learning_rate_init=0.1, lr_schedule='constant', momentum=0.9, nesterov=True, "
        "power_t=0.5)"
    ),
    "AdamOptimizer": "(params, learning_rate_init=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-08)",
}

_OPTIMIZER_METHODS = {
    "update_params": "(self, params, grads)",
    "iteration_ends": "(self, time_step)",
    "trigger_stopping": "(self, msg, verbose)",
}

SIGNATURES = {
    **{
        f"{kind}.{name}": signature
        for kind in ("MLPClassifier", "MLPRegressor")
        for name, signature in _METHODS.items()
    },
    **{f"_stochastic_optimizers.{kind}": signature for kind, signature in _OPTIMIZERS.items()},
    **{
        f"_stochastic_optimizers.{kind}.{name}": signature
        for kind in _OPTIMIZERS
        for name, signature in _OPTIMIZER_METHODS.items()
    },
    "_base.log_loss": "(y_true, y_prob, sample_weight=None)",
    "_base.binary_log_loss": "(y_true, y_prob, sample_weight=None)",
    "_base.squared_loss": "(y_true, y_pred, sample_weight=None)",
    "_base.poisson_loss": "(y_true, y_pred, sample_weight=None)",
}
"""Classes, functions and methods, by their path within `sklearn.neural_network`."""


def get(path: str) -> Any:
    """Return what has that path; raise AttributeError if nothing has."""
    return functools.reduce(getattr, path.split("."), sklearn.neural_network)


@functools.cache
def are_known() -> bool:
    """Return whether all have the signatures that are known; asked once in a process.

    Warns
    -----
    RuntimeWarning
        If not, with the first that has changed.
    """
    for path, known in SIGNATURES.items():
        if (found := _signature(path)) != known:
            name = path.split(".")[-1]
            warnings.warn(
                f"sklearn.neural_network.{path} is {name}{found} in scikit-learn "
                f"{sklearn.__version__}, and {name}{known} in {RELEASES}, which bp_numba knows: "
                "scikit-learn's own code trains, without callbacks and validation losses",
                RuntimeWarning,
                stacklevel=2,
            )
            return False
    return True


def are_overridden(estimator: Any, *names: str) -> bool:
    """Tell if a subclass, or the user, has put a method in place of one of scikit-learn's."""
    kinds = sklearn.neural_network.MLPClassifier, sklearn.neural_network.MLPRegressor
    theirs = next(kind for kind in kinds if isinstance(estimator, kind))
    return any(
        name in vars(estimator) or getattr(type(estimator), name) is not getattr(theirs, name)
        for name in names
    )


def _signature(path: str) -> str:
    """Return the signature of what has that path, " missing" if nothing has."""
    try:
        return str(inspect.signature(get(path)))
    except AttributeError:
        return " missing"
