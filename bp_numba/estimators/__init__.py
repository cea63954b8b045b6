"""scikit-learn's multilayer perceptrons, whose epochs are trained here.

Read `classifier` and `regressor` (the two classes), `perceptron` (what they override), then
`stochastic` (the epochs of solvers 'sgd' and 'adam'), `trainer` (what an epoch is handed to) and
`choice` (which trainer). `in_scikit_learn` trains with scikit-learn's own code, `in_kernels` in
kernels, whose `overflows` are told as NumPy tells its own, with the `adam_rates` of scikit-learn.
`lbfgs` is the loop of the solver of that name. `validation` and `scoring` are early stopping;
`weighting` and `callbacks` are what scikit-learn's classes do not have; `epochs` has them trained
epoch by epoch, for the command line. `model_files` are what `save_perceptron` writes, with
`model_headers`. `hooks` says which private parts of scikit-learn all this stands on.
"""

from bp_numba.native import loading

loading.expect("train_*.*")  # what can be done while scikit-learn is imported
try:
    import sklearn
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "MLPClassifier and MLPRegressor need scikit-learn, which is not installed: "
        "pip install 'bp_numba[sklearn]'",
        name="sklearn",
    ) from error

if tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 7):
    raise ImportError(
        f"MLPClassifier and MLPRegressor need scikit-learn 1.7 or later, got {sklearn.__version__}"
    )
