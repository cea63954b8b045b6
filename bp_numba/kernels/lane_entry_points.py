"""Those for many networks in lanes; see `entry_points`."""

from bp_numba.kernels.lanes import Lanes, LaneSamples
from bp_numba.kernels.side_by_side import go_through_own, go_through_shared
from bp_numba.simd.arrays import Offsets
from bp_numba.simd.tables import reader

read_lanes, read_lane_samples = reader(Lanes), reader(LaneSamples)


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
