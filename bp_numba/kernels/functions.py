"""The activations of hidden layers and their derivatives, as the variant that is compiled says."""

from bp_numba.kernels.elementary import tanh
from bp_numba.kernels.sigmoid import sigmoid
from bp_numba.kernels.variants import compiled_variant
from bp_numba.simd.arithmetic import fma, where_greater
from bp_numba.simd.values import Vector


def activation(z: Vector) -> Vector:
    """Return f(z), of the hidden layers."""
    match compiled_variant().hidden:
        case "relu":
            return where_greater(z, 0.0, z, 0.0)
        case "logistic":
            return sigmoid(z)
        case "tanh":
            return tanh(z)
        case _:
            return z


def derivative(a: Vector, delta: Vector) -> Vector:
    """Return delta * f'(z), where f(z) = a."""
    match compiled_variant().hidden:
        case "relu":
            return where_greater(a, 0.0, delta, 0.0)
        case "logistic":
            return delta * a * (a.constant(1.0) - a)
        case "tanh":
            return delta * fma(-a, a, 1.0)
        case _:
            return delta
