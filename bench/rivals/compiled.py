"""The compiled class of this package."""

import bp_numba
from bench.rivals import reference
from bp_numba.kernels.calls import ARGUMENTS
from bp_numba.native.loading import load

# A loop over `predict` or `fit_partial` gets its kernel once NumPy has taken as long as loading or
# compiling it does. Here they are there from the start; cases of whole processes show the rest.
for name in ARGUMENTS:
    load(name)


class Network(reference.Network):
    """`NeuralNetwork` behind the interface of the rivals."""

    kind = bp_numba.NeuralNetwork
