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

# Below 1/4, so that sums are rounded finely, and that 2^1024 times a sum is finite.
_EVEN = (0.209, 0.0232215494679798, 0.00020727400360239594)
_ODD = (0.1045, 0.00290244140065686, 6.905773950610464e-06)


def sigmoid(z: Vector) -> Vector:
    """Return 1 / (1 + exp(-z)) in each lane, with an error below 2.5 ulp.

    exp(-z) = 2^k exp(-r) with k = round(-z / ln 2) and |r| <= ln 2 / 2, and exp(-r) is the
    fraction (even - odd) / (even + odd) of an even and an odd polynomial of degrees 4 and 5. So

        sigmoid(z) = (even + odd) / (even + odd + 2^k (even - odd))

    needs no division but its own. As in the Pade approximant of exp, odd = r even / 2 for small r;
    the other four coefficients make r odd / even interpolate r tanh(r / 2) at the nodes that keep
    the relative error of the fraction below 2e-18.

    NaN stays NaN; z > 40, taken as 40, gives 1; z < -709.78, where exp overflows, gives 0 as in
    NumPy. Must not be compiled with reassociation: `shifted - _ROUND` would fold away.
    """
    z = where_greater(z, 40.0, 40.0, z)
    shifted = fma(z, -_LOG2_E, _ROUND)
    k = shifted - _ROUND
    r = fma(k, _LN2_LOW, fma(k, _LN2_HIGH, z))

    r2 = r * r
    even = fma(fma(r2, _EVEN[2], _EVEN[1]), r2, _EVEN[0])
    odd_by_r = fma(fma(r2, _ODD[2], _ODD[1]), r2, _ODD[0])
    numerator = fma(r, odd_by_r, even)
    value = numerator / (numerator + _times_power_of_two(fma(-r, odd_by_r, even), shifted))
    return where_greater(z.constant(-_EXP_OVERFLOW), z, 0.0, value)


def _times_power_of_two(x: Vector, shifted: Vector) -> Vector:
    """Return x * 2 ** k for shifted = k + _ROUND with an integer k, if the result is normal."""
    # The low bits of `shifted` hold k; moved up, they add to the exponent of x.
    builder, integers = shifted.builder, ir.VectorType(ir.IntType(64), shifted.lanes)
    k = builder.bitcast(shifted.value, integers)
    exponent = builder.shl(k, ir.Constant(integers, [52] * shifted.lanes))
    bits = builder.add(builder.bitcast(x.value, integers), exponent)
    return x.like(builder.bitcast(bits, x.value.type))
