"""Who is compared: each rival's name, how to install it, and where its `Network` is.

A `Network(layers, weights, alpha)` starts from the given weights, as `ReferenceNetwork` has them,
and has two methods:

    train(X, y, epochs)   online gradient descent on the rows of X (without ones) in turn
    outcome(X)            arrays that agree with the reference's: the weights. Those of a "nearest
                          equivalent" would not: it returns its outputs for X

`train` gets the same arrays for all rivals; whatever copy or column of ones it needs is its own.
"""

import ctypes.util
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec


@dataclass(frozen=True)
class Rival:
    """An implementation of the training.

    Attributes
    ----------
    name, label : str
        For the command line, and for the tables.
    module : str
        The module of this package that holds its `Network`, imported when it is first needed.
    is_installed : callable
        Tells whether it can run.
    install : str
        The command that makes it run.
    exact : bool
        Whether its weights agree with the reference's; if not it is the nearest equivalent.
    """

    name: str
    label: str
    module: str
    is_installed: Callable[[], bool] = lambda: True
    install: str = ""
    exact: bool = True

    def load(self):
        """Return the class `Network`."""
        return import_module(f"bench.rivals.{self.module}").Network


def compiler():
    """Return the path of the C compiler, CC or cc, or None."""
    return shutil.which(os.environ.get("CC", "cc"))


OURS = Rival("bp_numba", "NeuralNetwork", "compiled")
REFERENCE = Rival("reference", "ReferenceNetwork", "reference")
RIVALS = (
    OURS,
    Rival("c", "C", "c_loops", compiler, "apt-get install gcc libc6-dev"),
    Rival("jax", "JAX", "jax_scan", lambda: find_spec("jax"), "pip install jax"),
    Rival("loops", "Numba, scalar loops", "numba_loops"),
    Rival(
        "fann",
        "FANN",
        "fann_incremental",
        lambda: ctypes.util.find_library("doublefann"),
        "apt-get install libfann-dev",
        exact=False,
    ),
    Rival(
        "sklearn",
        "scikit-learn",
        "sklearn_mlp",
        lambda: find_spec("sklearn"),
        "pip install scikit-learn",
        exact=False,
    ),
    Rival("torch", "PyTorch", "torch_eager", lambda: find_spec("torch"), "pip install torch"),
    REFERENCE,
)


def kernels_from_the_first_call_on():
    """Let networks have their kernels at once, as wherever `NeuralNetwork` is a rival."""
    import_module("bench.rivals.compiled")
