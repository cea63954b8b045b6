"""Drives the kernels: samples in, weights trained in place, outputs and losses out.

For `fit`, read `samples` (what is trained on), `run` (the epochs), `choice` (compiled code or
NumPy, and why) and `trainer` (slices of samples), with its `plan` (which kernel), its samples
`listed` for kernels, and its `packed` weights; `known_units` has kernels compiled for a network's
own layers.

`single_step`, `prediction` and `loss` work on the user's own matrices, with what `scratch` keeps
for each thread; `activation` is the sigmoid of large arrays. `in_numpy` does in NumPy what the
kernels do, and `together` changes several arrays without a signal between them.

`batches` trains perceptrons in batches, `gradient` gives their loss and gradient.
"""
