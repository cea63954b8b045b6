"""Without compiler there are no kernels to test; layouts and lists there are."""

from bp_numba.native import loading

COMPILED = [
    "backward",
    "entry_points",
    "first_layer",
    "forward",
    "in_place",
    "many_rows",
    "packing",
    "side_by_side",
    "sigmoid",
    "squared_errors",
    "upper_layers",
]

collect_ignore = [] if loading.enabled() else [f"test_{name}.py" for name in COMPILED]
