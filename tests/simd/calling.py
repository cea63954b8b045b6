"""Operations called from Python."""

import functools

import numba

from bp_numba.simd.width import vectors_of


def call(operation, width, *arguments):
    """Call an operation, compiled for vectors of a width; None is the widest of this CPU."""
    with vectors_of(width):
        return _callable(operation, width)(*arguments)


@functools.cache
def _callable(operation, width):
    @numba.njit(error_model="numpy")
    def called(*arguments):
        return operation(*arguments)

    return called
