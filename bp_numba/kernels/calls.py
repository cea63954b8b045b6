"""What Python calls kernels with: a table of arrays, and a few numbers; no Numba here.

A table holds the addresses and sizes of the arrays of one of these NamedTuples
(`arrays.address_table`); the kernel reads it by the same fields (`tables.reader`). `matrices` are
the addresses and sizes of the user's own: C-contiguous, row after row, of float64.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bp_numba.kernels.inputs import Inputs
from bp_numba.kernels.layout import FlatNetwork
from bp_numba.kernels.perceptron import Perceptron
from bp_numba.kernels.variants import base_of, for_large
from bp_numba.simd.arrays import Floats, Offsets, Reals, aligned_zeros
from bp_numba.simd.width import WIDEST

ARGUMENTS = {
    "train_samples": "ppiiid",
    "train_blocks": "ppiiid",
    "train_one": "pd",
    "predict": "piiii",
    "predict_one": "p",
    "activate": "p",
}
"""The entry points and their arguments: p a table, i an int64 or the address of an array, d a
double. They return an int64."""

OF_LANES = {
    "train_on_shared": "ppiii",
    "train_on_own": "ppiii",
}
"""Those for many networks in lanes, likewise."""

OF_KNOWN_UNITS = ("train_samples", "train_blocks", *OF_LANES)
"""Those that may be compiled for the units of given layers, see `variants`."""

FOR_LARGE = tuple(map(for_large, ("train_samples", "train_blocks")))
"""Those for networks whose second matrix is large, see `variants`."""

OF_PERCEPTRONS = {
    "train_batches": "piiii",
    "train_singles": "pii",
}
"""Those that are compiled for each of `variants`, likewise."""


MODULES = {
    "entry_points": ARGUMENTS,
    "lane_entry_points": OF_LANES,
    "perceptron_entry_points": OF_PERCEPTRONS,
}
"""The modules that they are in."""


def module_of(name: str) -> str:
    """Return the module of an entry point, of a variant too."""
    return next(module for module, names in MODULES.items() if base_of(name) in names)


def arguments_of(name: str) -> str:
    """Return the arguments of an entry point likewise."""
    return MODULES[module_of(name)][base_of(name)]


MEASURE, TRAIN, PACK, UNPACK = range(4)
"""What `train_samples` and `train_blocks` are to do: add up the squared errors of samples, train on
them, copy the matrices to the network, or copy them back."""


class Training(NamedTuple):
    """The network that they work on, and the matrices that it is a copy of.

    Attributes
    ----------
    errors : (width,) float64
        Room for a vector whose lanes add up to the sum of squared errors.
    """

    network: FlatNetwork
    errors: Floats
    matrices: Offsets


class Listed(NamedTuple):
    """The samples that they go through.

    Attributes
    ----------
    targets : (n * padded[L],) float64
        Those of each sample, padded to whole vectors.
    kept : (1,) int64
        For how many samples W_0 is kept as it is: `BLOCK`, or 1 where lists are of single ones and
        inner products overflow.
    """

    inputs: Inputs
    targets: Floats
    kept: Offsets


class OneSample(NamedTuple):
    """What `train_one` and `predict_one` take: a network with a_0, the target, and the matrices.

    The network's own weights are not used.
    """

    network: FlatNetwork
    target: Floats
    matrices: Offsets


class Prediction(NamedTuple):
    """What `predict` takes: matrices, their units, and scratch space.

    Samples are predicted in groups, one in each lane of `vectors_at_a_time` vectors.

    Attributes
    ----------
    packed : (INPUTS * units of the largest layer but the first,) float64
        Some rows of a matrix, see `many_rows`; the units are made even, so that a group's vectors
        are a multiple of `activated_at_a_time`.
    activations : (samples of a group * (INPUTS + 2 * GROUPS * units of that layer),) float64
        Some inputs of a group, then two halves: for a layer, and for the next, of all groups.
    listed : (2 * INPUTS,) int64
        The numbers from 0 on, and room for those of the inputs that are not zero.
    """

    matrices: Offsets
    units: Offsets
    packed: Floats
    activations: Floats
    listed: Offsets


class Activation(NamedTuple):
    """What `activate` takes: net inputs, and room for as many outputs, which must not overlap."""

    net_inputs: Floats
    outputs: Floats


def vectors_at_a_time(width: int) -> int:
    """Return how many vectors of samples `predict` computes together.

    More of them use each weight that is loaded more often, as far as registers hold the sums of
    some units (`many_rows.units_at_a_time`): of 32 registers two vectors of 8 units take half, of
    16 three of 4 take twelve. On AVX2 two of 8, which do not fit, took 784-128-10 twice as long,
    and two of 4 a third longer; on AVX-512 one of 8 took a fifth longer.
    """
    return 2 if width == WIDEST else 3


def activated_at_a_time(width: int) -> int:
    """Return of how many vectors it computes the sigmoid together, so that latencies overlap.

    One by one took a tenth longer with 32 registers for vectors; with 16, which two fill, six took
    as long as two, and kept some in memory.
    """
    return 4 if width == WIDEST else 2


INPUTS = 128
"""Units of a layer that are multiplied at a time, a power of two: a group's activations of so many
stay in the first-level cache, and as many rows of a matrix in the second. With 256 it took as long,
with all 785 rows, not packed, 784-128-10 took a third longer."""

GROUPS = 16
"""Groups of samples that rows of a matrix are packed for. With 4, of which a layer's activations
would be smaller, 64-32-16-10 took a twelfth longer and 784-256-128-10 4%; 64 gained nothing."""


def prediction_call(units: Sequence[int], matrices: Offsets, width: int) -> Prediction:
    """Return what `predict` takes for layers of so many units, in vectors of `width` doubles."""
    samples = vectors_at_a_time(width) * width
    most = max(units[1:]) + max(units[1:]) % 2
    return Prediction(
        matrices=matrices,
        units=np.array(units, dtype=np.int64),
        packed=aligned_zeros(INPUTS * most),
        activations=aligned_zeros(samples * (INPUTS + 2 * GROUPS * most)),
        listed=np.arange(2 * INPUTS, dtype=np.int64),
    )


class Samples(NamedTuple):
    """The samples that perceptrons are trained on, and how.

    Attributes
    ----------
    X : (n * units[0],) reals
        Row after row, without padding; or of each sample the inputs that are not zero.
    offsets, starts : (X.size,) and (n + 1,) int64, or empty
        Where the inputs' rows lie in a panel, and where the samples begin, if X has only those
        inputs that are not zero; see `inputs.Inputs`.
    targets : (n * units[L],) or (n * padded[L],) reals
        Those of each sample, padded to whole vectors for batches of one.
    weights : (n,) reals
        Of the samples.
    order : (m,) int64
        Numbers of the samples that make up the batches, one batch after the other.
    rates : (batches,) reals
        Learning rate of each batch.
    losses : (batches * v,) reals
        For each batch a vector whose lanes add up to its loss.
    settings : (9,) reals
        What stands at `PENALTY` and so on. `NEW_1` is 1 - beta_1, to the last bit of a float32.
    """

    X: Reals
    offsets: Offsets
    starts: Offsets
    targets: Reals
    weights: Reals
    order: Offsets
    rates: Reals
    losses: Reals
    settings: Reals


PENALTY, LOSS_FACTOR, MEAN_WEIGHT, MOMENTUM, BETA_1, NEW_1, BETA_2, NEW_2, EPSILON = range(9)
"""Where the settings of a training stand."""


class Batches(NamedTuple):
    """What `train_batches` takes."""

    network: Perceptron
    samples: Samples
