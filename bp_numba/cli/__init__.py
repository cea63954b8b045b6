"""The command line, `bp-numba`: `main.main`."""
