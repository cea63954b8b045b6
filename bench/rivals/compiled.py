"""The compiled class of this package."""

import bp_numba
from bench.rivals import reference
from bp_numba.kernels.calls import ARGUMENTS
from bp_numba.native import loading
from bp_numba.training import choice, known_units

# A loop over `predict` or `fit_partial` gets its kernel once its network has done enough work, and
# `fit` that for its layers once it has trained for long, from a process in the background. Here
# every network has them from the first call on; cases of whole processes show what comes before.
choice.ENOUGH, known_units.LONG, loading.order = 0, 0.0, loading.load
for name in ARGUMENTS:
    loading.load(name)


class Network(reference.Network):
    """`NeuralNetwork` behind the interface of the rivals."""

    kind = bp_numba.NeuralNetwork
