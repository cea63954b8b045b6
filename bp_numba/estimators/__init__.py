"""scikit-learn's multilayer perceptrons, whose epochs are trained here.

Read `classifier` and `regressor` (the two classes), `perceptron` (what they override), then
`stochastic` (the epochs of solvers 'sgd' and 'adam'), `trainer` (what an epoch is handed to) and
`choice` (which trainer). `in_scikit_learn` trains with scikit-learn's own code. `weighting`,
`validation` and `callbacks` are what scikit-learn's classes do not have; `hooks` says which
private parts of scikit-learn all this stands on.
"""
