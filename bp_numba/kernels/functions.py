"""The activations of hidden layers and their derivatives, as the variant that is compiled says."""

from bp_numba.kernels.elementary import tanh
from bp_numba.kernels.sigmoid import sigmoid
from bp_numba.kernels.variants import compiled_variant
from bp_numba.simd.arithmetic import first_lanes, fma, maximum, where_at_most
from bp_numba.simd.values import Index, Vector


def activation(z: Vector) -> Vector:
    """Return f(z), of the hidden layers."""
    match compiled_variant().hidden:
        case "relu":
            return maximum(z, 0.0)
        case "logistic":
            return sigmoid(z)
        case "tanh":
            return tanh(z)
        case _:
            return z


def hidden_activations(z: Vector, count: Index) -> Vector:
    """Return f of the first `count` net inputs, which there are; padding, where z is 0, stays 0."""
    a = activation(z)
    return first_lanes(a, count) if compiled_variant().hidden == "logistic" else a


def derivative(a: Vector, delta: Vector) -> Vector:
    """Return delta * f'(z), where f(z) = a."""
    match compiled_variant().hidden:
        case "relu":
            # Not where a > 0: NaN goes on.
            return where_at_most(a, 0.0, 0.0, delta)
        case "logistic":
            return delta * a * (a.constant(1.0) - a)
        case "tanh":
            return delta * fma(-a, a, 1.0)
        case _:
            return delta
