"""The logistic function on SIMD vectors, free of branches and calls."""

from typing import Any

import numpy as np

from bp_numba.jit import kernel
from bp_numba.simd import fma, half_power_of_two, splat, where_greater

_LOG2_E = 1.0 / np.log(2.0)
_LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1")  # 32 bits: its product with k is exact
_LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
_ROUND = 1.5 * 2.0**52  # adding it rounds to an integer, which the low bits then hold
_EXP_OVERFLOW = 709.782712893384  # the largest x with a finite exp(x)


@kernel
def sigmoid(z: Any) -> Any:
    """Return 1 / (1 + exp(-z)) in each lane, with an error below 2 ulp.

    exp(t) = 2^k (1 + w), k = round(t / ln 2), w = exp(t - k ln 2) - 1 by a polynomial of degree
    11 (``mpmath.chebyfit`` of (exp(r) - 1 - r) / r^2 on |r| <= ln 2 / 2) in Estrin's order.
    Half the denominator is then h w + (h + 1/2) with h = 2^(k - 1): `lost` gives back what the
    sum in parentheses rounds off, so that the denominator is rounded once.

    NaN stays NaN; z < -709.78, where exp overflows, gives 0 as in NumPy. Must not be compiled
    with reassociation: `shifted - _ROUND` and `lost` would fold away.
    """
    zero, half = splat(0.0), splat(0.5)
    low, high = splat(-708.0), splat(_EXP_OVERFLOW)
    t = zero - z
    saturated = t
    t = where_greater(low, t, low, t)
    t = where_greater(t, high, high, t)

    shifted = fma(t, splat(_LOG2_E), splat(_ROUND))
    k = shifted - splat(_ROUND)
    r = fma(k, splat(-_LN2_HIGH), t)
    r = fma(k, splat(-_LN2_LOW), r)

    r2 = r * r
    r4 = r2 * r2
    p01 = fma(splat(0.16666666666666669), r, splat(0.5000000000000001))
    p23 = fma(splat(0.008333333333330062), r, splat(0.04166666666662413))
    p45 = fma(splat(0.00019841269863053618), r, splat(0.0013888888917213717))
    p67 = fma(splat(2.7557268459997064e-06), r, splat(2.4801521295954376e-05))
    p89 = fma(splat(2.510038549551032e-08), r, splat(2.7620088445409746e-07))
    p = fma(fma(p89, r4, fma(p67, r2, p45)), r4, fma(p23, r2, p01))
    w = fma(p, r2, r)

    h = half_power_of_two(shifted)
    rounded = h + half
    lost = half - (rounded - h)
    return where_greater(saturated, high, zero, half / (fma(h, w, lost) + rounded))
