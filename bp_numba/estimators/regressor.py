"""scikit-learn's MLPRegressor, trained here."""

from typing import Any

import sklearn.neural_network

from bp_numba.estimators.perceptron import PerceptronMixin


class MLPRegressor(PerceptronMixin, sklearn.neural_network.MLPRegressor):  # type: ignore[misc]
    """scikit-learn's multilayer perceptron for numbers, trained sooner, with the same numbers.

    A subclass of `sklearn.neural_network.MLPRegressor`: change the import, and parameters, random
    numbers, attributes, methods, messages, warnings and errors are the same, and all numbers are
    to rounding. What follows is only what differs; all else is in scikit-learn's documentation.

    Beware of `alpha`: here it is the strength of the L2 penalty, as in scikit-learn; in
    `bp_numba.NeuralNetwork` it is the learning rate, which here is `learning_rate_init`.

    Parameters
    ----------
    loss, hidden_layer_sizes, activation, solver, alpha, batch_size, learning_rate, \
learning_rate_init, power_t, max_iter, shuffle, random_state, tol, verbose, warm_start, momentum, \
nesterovs_momentum, early_stopping, validation_fraction, beta_1, beta_2, epsilon, \
n_iter_no_change, max_fun
        As in scikit-learn, with the same defaults.

    Attributes
    ----------
    validation_loss_curve_ : list of float or None
        With `early_stopping` the mean loss of the validation samples after each epoch, without the
        L2 penalty, beside `validation_scores_`; else None. Only with the solvers 'sgd' and 'adam'.
    best_iter_ : int or None
        With `early_stopping` the epoch, from 1 on, whose weights have been kept, 0 if that is none:
        `validation_scores_[best_iter_ - 1]` is `best_validation_score_`. Over warm starts it counts
        on, as `validation_scores_` does. Else None. Only with the solvers 'sgd' and 'adam'.

    See Also
    --------
    MLPClassifier : The same for classes.
    LossCurveDisplay.from_estimator : Draws `loss_curve_` and `validation_loss_curve_`.

    Notes
    -----
    `fit` takes validation samples of your own, `X_val` and `y_val`. From scikit-learn 1.9 on
    `set_callbacks` takes its callbacks, like `ProgressBar`; they are told of each epoch of `fit`
    with the solvers 'sgd' and 'adam', and of the end with 'lbfgs'. The tags say that `y` may have
    several columns, as it may in scikit-learn, whose tags do not say so.

    Where a scikit-learn has other private methods than those that are known, its own code trains,
    and there is one RuntimeWarning.

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from bp_numba import MLPRegressor  # was: from sklearn.neural_network import MLPRegressor
    >>> X, y = make_regression(n_samples=200, n_features=5, n_targets=2, random_state=1)
    >>> model = MLPRegressor(early_stopping=True, max_iter=500, tol=0.1, random_state=1)
    >>> model.fit(X[:160], y[:160], X_val=X[160:], y_val=y[160:])
    MLPRegressor(early_stopping=True, max_iter=500, random_state=1, tol=0.1)
    >>> len(model.validation_loss_curve_) == model.n_iter_
    True
    """

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's tags, and that targets may have several columns."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
