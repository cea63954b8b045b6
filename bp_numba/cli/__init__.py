"""The command line, `bp-numba`: training on a table and predicting another, without any Python.

In the order to read:

- `main`: from arguments to an exit code; `options`: what may be typed; `errors` and `signals`: what
  ends a run;
- `train`: a network from a table. On its way the table goes through `readers`, `tables`,
  `preprocessing`, `splitting` and `samples`; `outputs` knows beforehand which files cannot be
  written, `restarts` makes networks from several seeds and compares them, `training` saves what was
  reached however it ends, and `resuming` goes on from a checkpoint;
- `predict`: what such a network says of another table; `reporting` and `scores`: how good it is;
- `published`: the two published runs; `machine`: versions, model files, kernels and their cache.
"""
