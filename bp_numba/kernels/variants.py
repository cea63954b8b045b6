"""What a kernel is compiled for beside the CPU, as its name says; no Numba here.

A kernel of the perceptrons has a name like `train_batches.relu.softmax.adam.dense.float64`. Nothing
of it is decided while it runs: for another activation there is another kernel.

A kernel of networks has a name like `train_blocks.65x33x17x10` where it is compiled for layers of
so many units, the bias included. It does the same as `train_blocks`, to the bit.
`train_blocks.large` is for networks whose second matrix is large, see `layout.is_large`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np

from bp_numba.simd.width import reals_of

LARGE = "large"

HIDDEN = ("identity", "logistic", "tanh", "relu")


class Variant(NamedTuple):
    """What is chosen when a kernel is compiled.

    Attributes
    ----------
    hidden : one of HIDDEN
        Activation of the hidden layers.
    output : "identity", "logistic", "softmax" or "exp"
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
_is_large: ContextVar[bool] = ContextVar("_is_large", default=False)
_known_units: ContextVar[tuple[int, ...] | None] = ContextVar("_known_units", default=None)


def base_of(name: str) -> str:
    """Return a kernel's name without its variant."""
    return name.partition(".")[0]


@contextmanager
def variant_of(name: str) -> Iterator[None]:
    """Compile, within this context, what the name of a kernel says."""
    _, *parts = name.split(".")
    if not parts:
        yield
    elif parts == [LARGE]:
        with _set(_is_large, True):
            yield
    elif len(parts) == 1:
        with _set(_known_units, tuple(map(int, parts[0].split("x")))):
            yield
    else:
        variant = Variant(*parts)
        with _set(_compiled_for, variant), reals_of(variant.bits):
            yield


@contextmanager
def _set(variable: ContextVar[Any], value: Any) -> Iterator[None]:
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


def compiled_variant() -> Any:
    """Return the variant that is compiled."""
    return _compiled_for.get()


def for_units(base: str, units: Sequence[int]) -> str:
    """Return the name of a kernel for layers of so many units."""
    return f"{base}.{'x'.join(map(str, units))}"


def known_units() -> tuple[int, ...] | None:
    """Return the units of the layers that are compiled for, or None if they are read."""
    return _known_units.get()


def for_large(base: str) -> str:
    """Return the name of a kernel for networks whose second matrix is large."""
    return f"{base}.{LARGE}"


def is_for_large() -> bool:
    """Tell if the kernel that is compiled is for these."""
    return _is_large.get()
