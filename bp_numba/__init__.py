"""Backpropagation for small networks, compiled: a drop-in for the NumPy teaching class.

>>> from bp_numba import NeuralNetwork
>>> NeuralNetwork([64, 32, 16, 10])
NeuralNetwork: 64-32-16-10
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bp_numba.estimators.classifier import MLPClassifier as MLPClassifier
    from bp_numba.estimators.regressor import MLPRegressor as MLPRegressor
    from bp_numba.many.files import load_many
    from bp_numba.many.fit import fit_many
    from bp_numba.network import NeuralNetwork
    from bp_numba.plotting.decision_boundary import DecisionBoundaryDisplay
    from bp_numba.plotting.loss_curve import LossCurveDisplay
    from bp_numba.plotting.loss_curves import LossCurvesDisplay
    from bp_numba.reference import ReferenceNetwork
    from bp_numba.runs.archives import ModelFormatError
    from bp_numba.runs.history import History
    from bp_numba.runs.many_files import save_many
    from bp_numba.runs.stopping import EarlyStopping

__version__ = "0.1.0"
__all__ = [
    "DecisionBoundaryDisplay",
    "EarlyStopping",
    "History",
    "LossCurveDisplay",
    "LossCurvesDisplay",
    "ModelFormatError",
    "NeuralNetwork",
    "ReferenceNetwork",
    "__version__",
    "fit_many",
    "load_many",
    "save_many",
]

_HOMES = {
    "DecisionBoundaryDisplay": "plotting.decision_boundary",
    "EarlyStopping": "runs.stopping",
    "History": "runs.history",
    "LossCurveDisplay": "plotting.loss_curve",
    "LossCurvesDisplay": "plotting.loss_curves",
    "ModelFormatError": "runs.archives",
    "NeuralNetwork": "network",
    "ReferenceNetwork": "reference",
    "fit_many": "many.fit",
    "load_many": "many.files",
    "save_many": "runs.many_files",
}

_ESTIMATORS = {
    "MLPClassifier": "estimators.classifier",
    "MLPRegressor": "estimators.regressor",
    "load_perceptron": "estimators.model_files",
    "save_perceptron": "estimators.model_files",
}
"""Public too, but not in `__all__`: `import *` and `help` must work without scikit-learn."""


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    homes = _HOMES | _ESTIMATORS
    if name not in homes:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    from bp_numba.native.imports import uncollected

    with uncollected():
        value = getattr(import_module(f"{__name__}.{homes[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names too that are not imported yet."""
    from importlib.util import find_spec

    return sorted({*globals(), *__all__, *(_ESTIMATORS if find_spec("sklearn") else ())})
