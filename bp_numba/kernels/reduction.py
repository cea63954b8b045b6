"""What the exponential function in its variants is made of, for each format of floats.

    exp(z) = 2^k exp(r)    k = round(z / ln 2), |r| <= ln 2 / 2
    exp(r) = (even + odd) / (even - odd)

with an even and an odd polynomial in r. As in the Pade approximant of exp, odd = r even / 2 for
small r; the other coefficients make odd / even interpolate tanh(r / 2) at the nodes that keep the
relative error of the fraction small: below 2e-18, and 3e-10 for float32.
"""

import math
from typing import NamedTuple

from llvmlite import ir

from bp_numba.simd.arithmetic import fma
from bp_numba.simd.values import Vector


class Format(NamedTuple):
    """A format of floating-point numbers.

    Attributes
    ----------
    fraction : int
        Bits of the fraction.
    bias : int
        What the exponent's bits of 1.0 hold.
    ln2_high, ln2_low : float
        Their sum is ln 2; the product of the first, of few bits, with k is exact.
    overflow : float
        The largest x with a finite exp(x).
    saturated : float
        Above it the sigmoid is 1, and tanh long before.
    even, odd : tuples of float
        Coefficients of r^0, r^2, r^4 and of r^1, r^3, r^5. The first is below 1/4, so that sums are
        rounded finely, and that twice the largest power of two times a sum is finite.
    """

    fraction: int
    bias: int
    ln2_high: float
    ln2_low: float
    overflow: float
    saturated: float
    even: tuple[float, ...]
    odd: tuple[float, ...]


FLOAT64 = Format(
    fraction=52,
    bias=1023,
    ln2_high=float.fromhex("0x1.62e42feep-1"),
    ln2_low=float.fromhex("0x1.a39ef35793c76p-33"),
    overflow=709.782712893384,
    saturated=40.0,
    even=(0.209, 0.0232215494679798, 0.00020727400360239594),
    odd=(0.1045, 0.00290244140065686, 6.905773950610464e-06),
)
FLOAT32 = Format(
    fraction=23,
    bias=127,
    ln2_high=float.fromhex("0x1.62e4p-1"),
    ln2_low=float.fromhex("0x1.7f7d1cp-20"),
    overflow=88.72283,
    saturated=18.0,
    even=(0.209, 0.02089530974626541),
    odd=(0.1045, 0.001739330356940627),
)


def format_of(z: Vector) -> Format:
    """Return the format of a vector's elements."""
    return FLOAT64 if isinstance(z.value.type.element, ir.DoubleType) else FLOAT32


def reduced(z: Vector, sign: float = 1.0, offset: int = 0) -> tuple[Vector, Vector]:
    """Return a number whose low bits are those of k + offset, and r: moved up, they are exponents.

    exp(sign z) = 2^k exp(sign r) for a sign of 1 or -1, k = round(sign z / ln 2).

    Must not be compiled with reassociation: `shifted - to_integer` would fold away.
    """
    form = format_of(z)
    to_integer = 1.5 * 2.0**form.fraction + offset  # a sum with it ends in the bits of an integer
    shifted = fma(z, sign / math.log(2.0), to_integer)
    k = shifted - to_integer
    r = fma(k, -sign * form.ln2_low, fma(k, -sign * form.ln2_high, z))
    return shifted, r


def polynomial(x: Vector, coefficients: tuple[float, ...]) -> Vector:
    """Return coefficients[0] + coefficients[1] x + ... by Horner's rule."""
    value = x.constant(coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value = fma(value, x, coefficient)
    return value
