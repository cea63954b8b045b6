"""Backpropagation on flat padded arrays: the algorithm, sample by sample and in batches.

    l        a layer, 0 .. L; matrix l leads from layer l to layer l + 1
    a_l      activations of layer l; a_0 is a sample, which ends in the 1 of the bias
    z_l      net inputs of layer l: a_l = sigmoid(z_l)
    s_l      steps of layer l, l = 1 .. L: -alpha times the deltas
    W_l      weights from layer l to layer l + 1, shape (units[l], units[l + 1])
    v        lanes of a vector
    t        a sample's number in its block of `BLOCK`

    forward       z_{l+1}[j] = sum over i of a_l[i] W_l[i, j],  a_{l+1} = sigmoid(z_{l+1})
    output        s_L = -alpha (a_L - y) a_L (1 - a_L)
    backward      s_l[i] = (sum over j of W_l[i, j] s_{l+1}[j]) a_l[i] (1 - a_l[i])
    update        W_l[i, j] += a_l[i] s_{l+1}[j]

The bias is a unit like any other, so matrix times vector plus bias is one product.

Read `layout` and `inputs` (how weights and samples lie in memory; no Numba), then `forward`,
`backward` and `sigmoid` (the equations as operations, see `simd.tracing`; `places` finds a matrix
or a layer in the buffers), `first_layer` with its `block_tiles`, `list_tiles` and `single_column`,
`second_layer` with its `row_tiles`, which is for large matrices, `upper_layers`, `squared_errors`
(of a block that is not trained on), `in_turn` (the samples of a block), and `entry_points`, which
Numba compiles and Python calls, with what `calls` describes. `in_place` and `many_rows` do the same
for single calls of `fit_partial` and `predict`, on the user's own matrices; for training `packing`
copies these to the panels, and back.

Perceptrons with intercepts, trained in batches as scikit-learn's are, have kernels of their own for
each of `variants`: `perceptron` (how they lie in memory), `perceptron_places` (where a block of
samples does), `batches` (the equations, all layers for a block), `products`, `functions` with
`elementary` and its `reduction` (activations), `outputs` (the output layer and its losses),
`optimizers` and `perceptron_entry_points`.

Many networks at once have kernels of their own too: `lanes` (how they lie in memory, one network in
each lane of a vector), `lane_groups` (vectors that go side by side, and their samples),
`side_by_side` (the equations) and `lane_entry_points`.

In networks numbers are finite: zeros are left out and padding is multiplied with, so where a weight
becomes infinite or NaN the result is wrong. `training.trainer` looks for that and repeats the work
in NumPy. In lanes nothing is left out or padded, and this does not arise. All kernels trust their
indices: arguments are checked where users pass them.
"""
