"""Those for many networks in lanes; see `entry_points`."""

from bp_numba.kernels.lanes import Lanes, LaneSamples, lane_sizes
from bp_numba.kernels.side_by_side import go_through_own, go_through_shared
from bp_numba.kernels.variants import known_units
from bp_numba.simd.arrays import Offsets
from bp_numba.simd.memory import Memory
from bp_numba.simd.tables import constant_memory, reader
from bp_numba.simd.tracing import operation

read_table, read_lane_samples = reader(Lanes), reader(LaneSamples)


@operation
def read_lanes(table: Memory) -> Lanes:
    """Read networks; sizes are constants where they are known."""
    many = read_table(table)
    if (units := known_units()) is None:
        return many
    sizes = lane_sizes(units)
    return many._replace(**{name: constant_memory(many.units, sizes[name]) for name in sizes})


def train_on_shared(table: Offsets, samples: Offsets, first: int, count: int, trains: int) -> int:
    """Train networks in lanes on `count` samples from number `first` on, round and round.

    If `trains` is 0, no weight is changed: the squared errors of the outputs are added to the sums.
    """
    go_through_shared(read_lanes(table), read_lane_samples(samples), first, count, trains)
    return 1


def train_on_own(table: Offsets, samples: Offsets, first: int, count: int, trains: int) -> int:
    """Do the same with each network's own samples."""
    go_through_own(read_lanes(table), read_lane_samples(samples), first, count, trains)
    return 1
