"""The logistic function on SIMD vectors, free of branches and calls."""

import math
from typing import NamedTuple

from llvmlite import ir

from bp_numba.simd.arithmetic import fma, where_greater
from bp_numba.simd.loops import loop
from bp_numba.simd.memory import Memory
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Vector


class _Format(NamedTuple):
    """What depends on the format of the numbers.

    Attributes
    ----------
    integer, fraction : int
        Bits of a number, and of its fraction.
    ln2_high, ln2_low : float
        Their sum is ln 2; the product of the first, of few bits, with k is exact.
    overflow : float
        The largest x with a finite exp(x).
    saturated : float
        Above it the result is 1.
    even, odd : tuples of float
        Coefficients of r^0, r^2, r^4 and of r^1, r^3, r^5. The first is below 1/4, so that sums are
        rounded finely, and that twice the largest power of two times a sum is finite.
    """

    integer: int
    fraction: int
    ln2_high: float
    ln2_low: float
    overflow: float
    saturated: float
    even: tuple[float, ...]
    odd: tuple[float, ...]


_FLOAT64 = _Format(
    integer=64,
    fraction=52,
    ln2_high=float.fromhex("0x1.62e42feep-1"),
    ln2_low=float.fromhex("0x1.a39ef35793c76p-33"),
    overflow=709.782712893384,
    saturated=40.0,
    even=(0.209, 0.0232215494679798, 0.00020727400360239594),
    odd=(0.1045, 0.00290244140065686, 6.905773950610464e-06),
)
_FLOAT32 = _Format(
    integer=32,
    fraction=23,
    ln2_high=float.fromhex("0x1.62e4p-1"),
    ln2_low=float.fromhex("0x1.7f7d1cp-20"),
    overflow=88.72283,
    saturated=18.0,
    even=(0.209, 0.02089530974626541),
    odd=(0.1045, 0.001739330356940627),
)


def sigmoid(z: Vector) -> Vector:
    """Return 1 / (1 + exp(-z)) in each lane, of float64 or float32, with an error below 2.5 ulp.

    exp(-z) = 2^k exp(-r) with k = round(-z / ln 2) and |r| <= ln 2 / 2, and exp(-r) is the
    fraction (even - odd) / (even + odd) of an even and an odd polynomial. So

        sigmoid(z) = (even + odd) / (even + odd + 2^k (even - odd))

    needs no division but its own. As in the Pade approximant of exp, odd = r even / 2 for small r;
    the other coefficients make odd / even interpolate tanh(r / 2) at the nodes that keep the
    relative error of the fraction small: below 2e-18, and 3e-10 for float32.

    NaN stays NaN; z > 40 (18 for float32), taken as that, gives 1; where exp(-z) overflows, the
    result is 0 as in NumPy. Must not be compiled with reassociation: `shifted - to_integer` would
    fold away.
    """
    form = _FLOAT64 if isinstance(z.value.type.element, ir.DoubleType) else _FLOAT32
    to_integer = 1.5 * 2.0**form.fraction  # a sum with it ends in the bits of an integer
    z = where_greater(z, form.saturated, form.saturated, z)
    shifted = fma(z, -1.0 / math.log(2.0), to_integer)
    k = shifted - to_integer
    r = fma(k, form.ln2_low, fma(k, form.ln2_high, z))

    r2 = r * r
    even, odd_by_r = _polynomial(r2, form.even), _polynomial(r2, form.odd)
    numerator = fma(r, odd_by_r, even)
    scaled = _times_power_of_two(fma(-r, odd_by_r, even), shifted, form)
    value = numerator / (numerator + scaled)
    return where_greater(z.constant(-form.overflow), z, 0.0, value)


def derivative(a: Vector) -> Vector:
    """Return a (1 - a), the derivative of the sigmoid where its value is a."""
    return a * (a.constant(1.0) - a)


def _polynomial(x: Vector, coefficients: tuple[float, ...]) -> Vector:
    """Return coefficients[0] + coefficients[1] x + ... by Horner's rule."""
    value = x.constant(coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value = fma(value, x, coefficient)
    return value


def _times_power_of_two(x: Vector, shifted: Vector, form: _Format) -> Vector:
    """Return x * 2 ** k for a shifted number with an integer k, if the result is normal."""
    # The low bits of `shifted` hold k; moved up, they add to the exponent of x.
    builder, integers = shifted.builder, ir.VectorType(ir.IntType(form.integer), shifted.lanes)
    k = builder.bitcast(shifted.value, integers)
    exponent = builder.shl(k, ir.Constant(integers, [form.fraction] * shifted.lanes))
    bits = builder.add(builder.bitcast(x.value, integers), exponent)
    return x.like(builder.bitcast(bits, x.value.type))


@operation
def activate_all(net_inputs: Memory, outputs: Memory) -> None:
    """Write outputs = sigmoid(net_inputs) for at least as many elements as a vector has.

    The last vector ends at the last element and so may repeat part of the one before it.
    """
    last = net_inputs.size - net_inputs.lanes
    for at in loop(0, last, net_inputs.lanes):
        outputs.store(at, sigmoid(net_inputs.load(at)))
    outputs.store(last, sigmoid(net_inputs.load(last)))
