"""The logistic function on SIMD vectors, free of branches and calls."""

import math

from llvmlite import ir

from bp_numba.simd import fma, where_greater
from bp_numba.tracing import Vector

_LOG2_E = 1.0 / math.log(2.0)
_LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1")  # 32 bits: its product with k is exact
_LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
_ROUND = 1.5 * 2.0**52  # adding it rounds to an integer, which the low bits then hold
_EXP_OVERFLOW = 709.782712893384  # the largest x with a finite exp(x)


def sigmoid(z: Vector) -> Vector:
    """Return 1 / (1 + exp(-z)) in each lane, with an error below 2 ulp.

    exp(t) = 2^k (1 + w), k = round(t / ln 2), w = exp(t - k ln 2) - 1 by a polynomial of degree
    11 (``mpmath.chebyfit`` of (exp(r) - 1 - r) / r^2 on |r| <= ln 2 / 2) in Estrin's order.
    Half the denominator is then h w + (h + 1/2) with h = 2^(k - 1): `lost` gives back what the
    sum in parentheses rounds off, so that the denominator is rounded once.

    NaN stays NaN; z > 40, taken as 40, gives 1; z < -709.78, where exp overflows, gives 0 as in
    NumPy. Must not be compiled with reassociation: `shifted - _ROUND` and `lost` would fold away.
    """
    z = where_greater(z, 40.0, 40.0, z)
    shifted = fma(z, -_LOG2_E, _ROUND)
    k = shifted - _ROUND
    r = fma(k, _LN2_HIGH, z)
    r = fma(k, _LN2_LOW, r)  # minus the reduced argument of exp

    r2 = r * r
    r4 = r2 * r2
    p01 = fma(r, -0.16666666666666669, 0.5000000000000001)
    p23 = fma(r, -0.008333333333330062, 0.04166666666662413)
    p45 = fma(r, -0.00019841269863053618, 0.0013888888917213717)
    p67 = fma(r, -2.7557268459997064e-06, 2.4801521295954376e-05)
    p89 = fma(r, -2.510038549551032e-08, 2.7620088445409746e-07)
    p = fma(fma(p89, r4, fma(p67, r2, p45)), r4, fma(p23, r2, p01))
    w = fma(p, r2, -r)

    h = _half_power_of_two(shifted)
    rounded = h + 0.5
    lost = rounded.constant(0.5) - (rounded - h)
    value = rounded.constant(0.5) / (fma(h, w, lost) + rounded)
    return where_greater(z.constant(-_EXP_OVERFLOW), z, 0.0, value)


def _half_power_of_two(shifted: Vector) -> Vector:
    """Return 2 ** (k - 1) for shifted = k + _ROUND with an integer k in -1021 .. 1024."""
    # The low bits of `shifted` hold k; biased by 1022 and moved up they are the exponent.
    builder, integers = shifted.builder, ir.VectorType(ir.IntType(64), shifted.lanes)
    bits = builder.bitcast(shifted.value, integers)
    bits = builder.add(bits, ir.Constant(integers, [1022] * shifted.lanes))
    bits = builder.shl(bits, ir.Constant(integers, [52] * shifted.lanes))
    return shifted.like(builder.bitcast(bits, shifted.value.type))
