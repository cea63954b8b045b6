"""From Python source to machine code: how it is made, kept and loaded.

To be read in this order: `processes` are started and forked, `files` keep what `background` has
compiled in one of them, `compiling` is what goes on there, `loading` loads it. What is private of
Numba and llvmlite stands in `simd.internals`. Nothing here imports Numba but the process that
compiles.
"""
