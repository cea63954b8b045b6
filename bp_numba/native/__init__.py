"""From Python source to machine code: `compiling` makes it, `files` keep it, `loading` loads it.

To be read in that order. What is private of Numba and llvmlite stands in `simd.internals`. Nothing
here imports Numba but the process that compiles.
"""
