"""The logistic function on SIMD vectors, free of branches and calls."""

from bp_numba.kernels.reduction import format_of, polynomial, reduced
from bp_numba.simd.arithmetic import Bits, fma, where_greater
from bp_numba.simd.loops import loop
from bp_numba.simd.memory import Memory
from bp_numba.simd.tracing import operation
from bp_numba.simd.values import Vector


def sigmoid(z: Vector) -> Vector:
    """Return 1 / (1 + exp(-z)) in each lane, of float64 or float32, with an error below 2.5 ulp.

    As exp(-z) = 2^k exp(-r) and exp(-r) = (even - odd) / (even + odd), see `reduction`,

        sigmoid(z) = (even + odd) / (even + odd + 2^k (even - odd))

    needs no division but its own.

    NaN stays NaN; z > 40 (18 for float32), taken as that, gives 1; where exp(-z) overflows, the
    result is 0 as in NumPy.
    """
    form = format_of(z)
    z = where_greater(z, form.saturated, form.saturated, z)
    k, r = reduced(z, sign=-1.0)

    r2 = r * r
    even, odd_by_r = polynomial(r2, form.even), polynomial(r2, form.odd)
    numerator = fma(r, odd_by_r, even)
    scaled = _times_power_of_two(fma(-r, odd_by_r, even), k)
    value = numerator / (numerator + scaled)
    return where_greater(z.constant(-form.overflow), z, 0.0, value)


def derivative(a: Vector) -> Vector:
    """Return a (1 - a), the derivative of the sigmoid where its value is a."""
    return a * (a.constant(1.0) - a)


def _times_power_of_two(x: Vector, k: Vector) -> Vector:
    """Return x * 2^k for the k of `reduced`, if the result is normal."""
    return (Bits(x) + (Bits(k) << format_of(x).fraction)).floats()


@operation
def activate_all(net_inputs: Memory, outputs: Memory) -> None:
    """Write outputs = sigmoid(net_inputs) for at least as many elements as a vector has.

    The last vector ends at the last element and so may repeat part of the one before it.
    """
    last = net_inputs.size - net_inputs.lanes
    for at in loop(0, last, net_inputs.lanes):
        outputs.store(at, sigmoid(net_inputs.load(at)))
    outputs.store(last, sigmoid(net_inputs.load(last)))
