"""The machine: vectors and memory as objects whose operations write LLVM instructions.

Read `width` (how many doubles a vector holds), `values` and `memory` (the objects), `loops`, then
`tracing` (how a Python function on them becomes an operation that Numba can compile) and
`arithmetic`. `arrays` is Python's side of memory, `tables` the way from one to the other, and
`internals` what uses the private `parts` of Numba and llvmlite; `forks` are kept out while either
is at work. `width`, `arrays`, `forks`, `parts` and `internals` import no Numba, and nothing here
knows a network.
"""
