"""Subnormal numbers taken as zeros, as in processes that load a library linked with -ffast-math."""

import platform
from contextlib import contextmanager

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

HAS_MXCSR = platform.machine() in ("x86_64", "AMD64")
DEFAULT, FLUSH_TO_ZERO, DENORMALS_ARE_ZERO = 0x1F80, 0x8000, 0x0040


@intrinsic
def _load_mxcsr(typing, address):
    def codegen(context, builder, signature, arguments):
        pointer = builder.inttoptr(arguments[0], ir.IntType(8).as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [pointer.type])
        name = "llvm.x86.sse.ldmxcsr"
        builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [pointer])
        return context.get_dummy_value()

    return types.void(types.intp), codegen


@njit
def _load(address):
    _load_mxcsr(address)


def _control(word):
    stored = np.array([word], dtype=np.uint32)
    _load(stored.ctypes.data)


@contextmanager
def flushed():
    """Take them as zeros in this thread, within the context."""
    _control(DEFAULT | FLUSH_TO_ZERO | DENORMALS_ARE_ZERO)
    try:
        assert np.float64(5e-324) * 1.0 == 0.0
        yield
    finally:
        _control(DEFAULT)
