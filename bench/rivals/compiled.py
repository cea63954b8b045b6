"""The compiled class of this package."""

import bp_numba
from bench.rivals import reference
from bp_numba.kernels.calls import ARGUMENTS
from bp_numba.native.loading import load
from bp_numba.training import choice

# A loop over `predict` or `fit_partial` gets its kernel once its network has done enough work. Here
# every network has it from the first call on; cases of whole processes show what comes before.
choice.ENOUGH = 0
for name in ARGUMENTS:
    load(name)


class Network(reference.Network):
    """`NeuralNetwork` behind the interface of the rivals."""

    kind = bp_numba.NeuralNetwork
