"""Backpropagation for small networks, compiled: a drop-in for the NumPy teaching class.

>>> from bp_numba import NeuralNetwork
>>> NeuralNetwork([64, 32, 16, 10])
NeuralNetwork: 64-32-16-10
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bp_numba.history import History
    from bp_numba.network import NeuralNetwork
    from bp_numba.plotting import DecisionBoundaryDisplay, LossCurveDisplay
    from bp_numba.reference import ReferenceNetwork
    from bp_numba.stopping import EarlyStopping
    from bp_numba.storage import ModelFormatError

__version__ = "0.1.0"
__all__ = [
    "DecisionBoundaryDisplay",
    "EarlyStopping",
    "History",
    "LossCurveDisplay",
    "ModelFormatError",
    "NeuralNetwork",
    "ReferenceNetwork",
    "__version__",
]

_HOMES = {
    "DecisionBoundaryDisplay": "plotting",
    "EarlyStopping": "stopping",
    "History": "history",
    "LossCurveDisplay": "plotting",
    "ModelFormatError": "storage",
    "NeuralNetwork": "network",
    "ReferenceNetwork": "reference",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names too that are not imported yet."""
    return sorted({*globals(), *__all__})
