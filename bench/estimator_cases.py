"""The cases of the estimators and their data.

Where all 200 epochs would take scikit-learn seconds there are fewer, on both sides; the title says
how many.
"""

from functools import lru_cache, partial

import numpy as np

from bench.estimator_threads import Search, TwoFits
from bench.estimators import Fits, Probabilities
from bench.first_fits import FirstFits


@lru_cache
def training_rows(name, dtype=np.float64):
    """Return three quarters of a data set of scikit-learn, with scaled inputs."""
    from sklearn import datasets  # two seconds, which other cases need not wait
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    load = {
        "moons": partial(datasets.make_moons, 1_000, noise=0.25, random_state=0),
        "classification": partial(datasets.make_classification, 10_000, random_state=0),
    }.get(name) or partial(getattr(datasets, f"load_{name}"), return_X_y=True)
    X, y = load()
    X, _, y, _ = train_test_split(X, y, random_state=0)
    return StandardScaler().fit_transform(X).astype(dtype), y


@lru_cache
def images():
    """Return random inputs of the size of MNIST's, and classes."""
    generator = np.random.default_rng(0)
    return generator.random((2_000, 784)), generator.integers(10, size=2_000)


iris, cancer, digits, moons, diabetes, classification = (
    partial(training_rows, name)
    for name in ("iris", "breast_cancer", "digits", "moons", "diabetes", "classification")
)

PLAIN_SGD = {"solver": "sgd", "momentum": 0.0, "batch_size": 1}

ESTIMATOR_CASES = (
    Fits("mlp-iris", "iris", iris, {}),
    Fits("mlp-cancer", "breast cancer", cancer, {}),
    Fits("mlp-digits", "digits", digits, {}),
    Fits("mlp-moons", "moons", moons, {}),
    Fits("mlp-diabetes", "diabetes", diabetes, {}, "MLPRegressor"),
    Fits("mlp-7500", "7,500 x 20, 15 epochs", classification, {"max_iter": 15}),
    Fits("mlp-iris-8", "iris, batches of 8", iris, {"batch_size": 8}),
    Fits(
        "mlp-digits-32",
        "digits, batches of 32, 15 epochs",
        digits,
        {"batch_size": 32, "max_iter": 15},
    ),
    Fits(
        "mlp-7500-32",
        "7,500 x 20, batches of 32, 10 epochs",
        classification,
        {"batch_size": 32, "max_iter": 10},
    ),
    Fits(
        "mlp-784-32",
        "784-128-10, batches of 32, 3 epochs",
        images,
        {"hidden_layer_sizes": (128,), "batch_size": 32, "max_iter": 3},
    ),
    Fits(
        "mlp-digits-1",
        "digits, batches of 1, plain SGD, 3 epochs",
        digits,
        {**PLAIN_SGD, "max_iter": 3},
    ),
    Fits(
        "mlp-logistic-1",
        "64-32-16-10 logistic, the same",
        digits,
        {**PLAIN_SGD, "hidden_layer_sizes": (32, 16), "activation": "logistic", "max_iter": 3},
    ),
    Fits(
        "mlp-cancer-1",
        "breast cancer, batches of 1, momentum 0.9, 4 epochs",
        cancer,
        {"solver": "sgd", "batch_size": 1, "max_iter": 4},
    ),
    Fits(
        "mlp-512",
        "digits, (512, 512), 3 epochs",
        digits,
        {"hidden_layer_sizes": (512, 512), "max_iter": 3},
    ),
    Fits("mlp-early", "breast cancer, early stopping", cancer, {"early_stopping": True}),
    Fits("mlp-lbfgs", "iris, L-BFGS", iris, {"solver": "lbfgs"}),
    Fits(
        "mlp-float32",
        "digits of float32, 40 epochs",
        partial(training_rows, "digits", np.float32),
        {"max_iter": 40},
    ),
    Probabilities("mlp-proba-1", "predict_proba, 1 row of digits", digits, {"max_iter": 5}, rows=1),
    Probabilities("mlp-proba-1347", "predict_proba, 1,347 digits", digits, {"max_iter": 5}),
    TwoFits("mlp-threads", "two fits in two threads, digits", digits, {}),
    Search("mlp-search", "grid search with n_jobs=2, in threads, digits", digits, {}),
    FirstFits("mlp-first-empty", "iris, first fit of a process, empty cache", is_cold=True),
    FirstFits("mlp-first-filled", "iris, first fit of a process, filled cache", is_cold=False),
)
