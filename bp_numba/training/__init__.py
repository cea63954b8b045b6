"""Drives the kernels: samples in, weights trained in place, outputs and losses out.

Read `samples` (what is trained on), `choice` (compiled code or NumPy, and why), `trainer` (slices
of samples for `fit`), then `single_step`, `prediction` and `loss`, which work on the user's own
matrices with what `scratch` keeps for each thread. `in_numpy` and `activation` are the same in
NumPy. `batches` trains perceptrons in batches, `gradient` gives their loss and gradient.
"""
