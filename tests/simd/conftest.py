"""Without compiler there are no vectors to test; widths and arrays there are."""

from bp_numba.native import loading

COMPILED = ["arithmetic", "internals", "loops", "memory", "tables", "tracing", "values"]

collect_ignore = [] if loading.enabled() else [f"test_{name}.py" for name in COMPILED]
