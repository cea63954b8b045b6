"""Plain loops in C, compiled for this CPU when the module is imported."""

import ctypes
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from bench.rivals import compiler

FLAGS = ("-O3", "-march=native", "-ffast-math")


def build():
    """Compile online_sgd.c and return its function; loaded code outlives its file."""
    source = Path(__file__).with_name("online_sgd.c")
    with tempfile.TemporaryDirectory() as folder:
        compiled, library = Path(folder, "online_sgd.o"), Path(folder, "online_sgd.so")
        subprocess.run([compiler(), *FLAGS, "-fPIC", "-c", "-o", compiled, source], check=True)
        # Linked with -ffast-math it would make the CPU take subnormal numbers as zeros, for all.
        subprocess.run([compiler(), "-shared", "-o", library, compiled, "-lm"], check=True)
        function = ctypes.CDLL(str(library)).online_sgd
    floats = np.ctypeslib.ndpointer(np.float64, flags="C")
    units = np.ctypeslib.ndpointer(ctypes.c_long, flags="C")
    integer = ctypes.c_long
    function.argtypes = [integer, units, *[floats] * 5, integer, integer, ctypes.c_double]
    function.restype = None
    return function


online_sgd = build()


class Network:
    """Weights in one flat array, row-major, nothing padded."""

    def __init__(self, layers, weights, alpha):
        self.alpha = alpha
        self.units = np.array([*map(len, weights), layers[-1]], dtype=ctypes.c_long)
        self.weights = np.concatenate([w.ravel() for w in weights])
        self.shapes = [w.shape for w in weights]

    def train(self, X, y, epochs):
        """Run all epochs in one call."""
        X = np.c_[X, np.ones(len(X))]
        y = np.ascontiguousarray(y, dtype=np.float64)
        activations, deltas = np.zeros((2, self.units.sum()))
        online_sgd(
            len(self.units) - 1,
            self.units,
            self.weights,
            activations,
            deltas,
            X,
            y,
            len(X),
            epochs,
            self.alpha,
        )

    def outcome(self, X):
        """Return the weights as matrices."""
        ends = np.cumsum([rows * columns for rows, columns in self.shapes])
        parts = np.split(self.weights, ends[:-1])
        return [w.reshape(shape) for w, shape in zip(parts, self.shapes, strict=True)]
