"""Benchmarks, run from the repository's top folder; one thread each unless stated."""

import os

for _library in ("OPENBLAS", "OMP", "MKL", "BLIS", "VECLIB"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"
for _name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(_name, None)
