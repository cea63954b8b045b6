"""The command line, `bp-numba`: training on a table and predicting another, without any Python.

In the order to read:

- `main`: the start of a process; `commands`: from arguments to an exit code; `options` and `typed`:
  what may be typed; `errors` and `signals`: what ends a run;
- `train`: a network from a table. The packages `tables` and `preprocessing` read it, as `samples`
  asks them to; `outputs` knows beforehand which files cannot be written;
- `networks`: the two kinds of network. For `NeuralNetwork`, `restarts` makes networks from several
  seeds and compares them, `training` saves what was reached however it ends, `stopping`, with
  `stopping_state`, ends it early, and `resuming` goes on from a checkpoint. For scikit-learn's,
  `perceptrons`, `perceptron_runs`, `perceptron_training` and `perceptron_checkpoints` do the same;
- `predict`: what such a network says of another table; `reporting` and `scores`: how good it is;
- `published`: the two published runs; `machine`: versions, model files, kernels and their cache.
"""
