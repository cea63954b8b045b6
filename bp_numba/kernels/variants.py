"""Which perceptron a kernel is compiled for: its functions and its numbers; no Numba here.

A kernel of the perceptrons has a name like `train_batches.relu.softmax.adam.dense.float64`. Nothing
of it is decided while it runs: for another activation there is another kernel.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np

from bp_numba.simd.width import reals_of

HIDDEN = ("identity", "logistic", "tanh", "relu")
OUTPUT = ("identity", "logistic", "softmax", "exp")


class Variant(NamedTuple):
    """What is chosen when a kernel is compiled.

    Attributes
    ----------
    hidden : one of HIDDEN
        Activation of the hidden layers.
    output : one of OUTPUT
        Activation of the output layer, with its loss: squared error, log-loss of each output,
        log-loss of the classes, Poisson deviance.
    optimizer : {"none", "plain", "momentum", "nesterov", "adam"}
        With "none", gradient and weights are left as they are after a batch.
    inputs : {"dense", "sparse"}
        Whether samples have all of their inputs, or those that are not zero, with a hidden layer.
    dtype : {"float64", "float32"}
        Of all numbers.
    """

    hidden: str
    output: str
    optimizer: str
    inputs: str
    dtype: str

    def kernel(self, base: str) -> str:
        """Return the name of this variant of a kernel."""
        return ".".join((base, *self))

    @property
    def moments(self) -> int:
        """How many numbers the optimizer remembers for each weight."""
        return {"momentum": 1, "nesterov": 1, "adam": 2}.get(self.optimizer, 0)

    @property
    def bits(self) -> int:
        """Bits of a number."""
        return np.dtype(self.dtype).itemsize * 8


_compiled_for: ContextVar[Variant] = ContextVar("_compiled_for")


def base_of(name: str) -> str:
    """Return a kernel's name without its variant."""
    return name.partition(".")[0]


@contextmanager
def variant_of(name: str) -> Iterator[None]:
    """Compile, within this context, what the name of a kernel says."""
    _, *parts = name.split(".")
    if not parts:
        yield
        return
    variant = Variant(*parts)
    token = _compiled_for.set(variant)
    try:
        with reals_of(variant.bits):
            yield
    finally:
        _compiled_for.reset(token)


def compiled_variant() -> Any:
    """Return the variant that is compiled."""
    return _compiled_for.get()
