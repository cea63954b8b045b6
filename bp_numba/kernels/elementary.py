"""Exponential function, hyperbolic tangent and logarithm on SIMD vectors: no branches, no calls.

Each takes float64 and float32. Their error bounds are checked, and the worst cases printed, by

    python -m pytest tests/kernels/test_elementary.py -k error -rP
"""

import math

from bp_numba.kernels.reduction import FLOAT32, FLOAT64, format_of, polynomial, reduced
from bp_numba.simd.arithmetic import Bits, absolute, fma, where_greater, with_sign
from bp_numba.simd.values import Vector


def exp(z: Vector) -> Vector:
    """Return exp(z) in each lane, with an error below 2 ulp.

    NaN stays NaN, and the result is infinity where exp(z) overflows. It is 0 below 2^-1021.5 (for
    float32 below 2^-125.5): subnormal numbers and the half binade above them are flushed.
    """
    # Without the division: a polynomial of degree 11 took five instructions more on AVX2, and the
    # same time; of degree 6, for float32, as many, and a tenth less. tanh took a quarter more.
    form = format_of(z)
    infinite, zero = form.overflow + 0.1, -(form.bias - 1) * math.log(2.0)
    z = where_greater(z, infinite, infinite, z)
    z = where_greater(z.constant(zero), z, zero, z)
    scale, even, odd = _scale_and_parts(z)
    ratio = odd / (even - odd)
    half = fma(scale, ratio + ratio, scale)
    return half + half


def tanh(z: Vector) -> Vector:
    """Return tanh(z) in each lane, with an error below 4 ulp.

        tanh |z| = (1 - exp(-2 |z|)) / (1 + exp(-2 |z|))

    Nothing cancels: for small z it is odd / even, for others scale - 1/2 is exact. tanh(-z) =
    -tanh(z) bit for bit, zeros included; NaN stays NaN. The largest error found
    is 3.2 ulp, and 3.8 where the CPU has no fused multiply-add.
    """
    saturated = format_of(z).saturated
    size = absolute(z)
    size = where_greater(size, saturated, saturated, size)
    scale, even, odd = _scale_and_parts(-(size + size))
    less, more = scale - 0.5, scale + 0.5
    return with_sign(fma(less, even, more * odd) / fma(more, even, less * odd), z)


def _scale_and_parts(z: Vector) -> tuple[Vector, Vector, Vector]:
    """Return scale, even, odd, so that exp(z) = 2 scale (even + odd) / (even - odd).

    scale = 2^(k-1), which is finite for the largest k; for the smallest it is 0.
    """
    form = format_of(z)
    shifted, r = reduced(z, offset=form.bias - 1)
    r2 = r * r
    # Four times as large, so that where z is subnormal, odd, and so tanh, is not off by some units.
    even = polynomial(r2, tuple(4.0 * coefficient for coefficient in form.even))
    odd = r * polynomial(r2, tuple(4.0 * coefficient for coefficient in form.odd))
    return (Bits(shifted) << form.fraction).floats(), even, odd


_SERIES = {
    FLOAT64: (
        0.08333333333333418,
        0.012499999999816975,
        0.0022321428705058123,
        0.0004340273156943858,
        8.878693780517748e-05,
        1.869389154741445e-05,
        4.5154126370904945e-06,
    ),
    FLOAT32: (0.08333346992731094, 0.012492979876697063, 0.0023337393067777157),
}
"""Coefficients of s^3, s^5, ... of 2 atanh(s / 2): those with the least relative error for all m,
2e-18, and 8e-10 for float32."""


def log(x: Vector) -> Vector:
    """Return the natural logarithm in each lane, with an error below 2.5 ulp.

        log(x) = k ln 2 + 2 atanh(s / 2)    x = 2^k m, s = 2 (m - 1) / (m + 1)

    where sqrt(1/2) <= m < sqrt(2). Zeros give -infinity, and so do subnormal numbers, taken as
    zeros; numbers below 0 give NaN; infinity and NaN stay.
    """
    form = format_of(x)
    k, m = _exponent_and_significand(x)
    f = m - 1.0
    s = (f + f) / (m + 1.0)
    s2 = s * s
    low = fma(s2 * s, polynomial(s2, _SERIES[form]), k * form.ln2_low)
    value = fma(k, form.ln2_high, s + low)
    value = where_greater(x.constant(math.inf), x, value, x)
    of_others = where_greater(x.constant(0.0), x, math.nan, -math.inf)
    return where_greater(x.constant(2.0 ** (1 - form.bias)), x, of_others, value)


def _exponent_and_significand(x: Vector) -> tuple[Vector, Vector]:
    """Return k and m, so that x = 2^k m and sqrt(1/2) <= m < sqrt(2), for normal x above 0."""
    form = format_of(x)
    unit = 1 << form.fraction
    root = (form.bias - 1) * unit + int((math.sqrt(2.0) - 1.0) * unit)  # the bits of sqrt(1/2)
    moved = Bits(x) + (form.bias * unit - root)  # where m is root, its fraction is 0
    biased = ((moved >> form.fraction) | (form.bias + form.fraction) * unit).floats()
    k = biased - float(unit + form.bias)  # `biased` is 2^fraction + bias + k
    return k, ((moved & (unit - 1)) + root).floats()
