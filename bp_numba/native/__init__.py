"""From Python source to machine code: how it is made, kept and loaded.

To be read in this order: `processes` are started, `files` keep machine code; `compiler` is a
process that compiles as seen from here, `server` what goes on there, `background` which of them
there are; `compiling` has a kernel compiled, by one of them or here; `loading` loads it. `imports`
are made while the garbage collector rests. What is private of Numba and llvmlite stands in
`simd.internals`. Nothing imports Numba here but the process that compiles.
"""
