"""scikit-learn's MLPClassifier, trained here."""

from typing import Any, Self

import sklearn.neural_network
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if

from bp_numba.estimators.perceptron import PerceptronMixin
from bp_numba.estimators.weighting import PARTIAL_FIT_REFUSED


class MLPClassifier(PerceptronMixin, sklearn.neural_network.MLPClassifier):  # type: ignore[misc]
    """scikit-learn's multilayer perceptron for classes, trained sooner, with the same numbers.

    A subclass of `sklearn.neural_network.MLPClassifier`: change the import, and parameters, random
    numbers, attributes, methods, messages, warnings and errors are the same, and all numbers are
    to rounding. What follows is only what differs; all else is in scikit-learn's documentation.

    Beware of `alpha`: here it is the strength of the L2 penalty, as in scikit-learn; in
    `bp_numba.NeuralNetwork` it is the learning rate, which here is `learning_rate_init`.

    Parameters
    ----------
    hidden_layer_sizes, activation, solver, alpha, batch_size, learning_rate, learning_rate_init, \
power_t, max_iter, shuffle, random_state, tol, verbose, warm_start, momentum, nesterovs_momentum, \
early_stopping, validation_fraction, beta_1, beta_2, epsilon, n_iter_no_change, max_fun
        As in scikit-learn, with the same defaults.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weights of classes, which the weights of their samples are multiplied by, those of
        validation samples too. A dict has a weight for each class, 1 if it is missing; a list has
        a dict for each label of multilabel targets. "balanced" weighs classes inversely to their
        frequencies: `n_samples / (n_classes * np.bincount(y))`; `partial_fit` cannot know them and
        refuses it. With `batch_size=1`, where a batch's weights would cancel, a sample's loss is
        multiplied by its weight divided by the mean of all.

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
    MLPRegressor : The same for numbers.
    LossCurveDisplay.from_estimator : Draws `loss_curve_` and `validation_loss_curve_`.

    Notes
    -----
    `fit` takes validation samples of your own, `X_val` and `y_val`. From scikit-learn 1.9 on
    `set_callbacks` takes its callbacks, like `ProgressBar`; they are told of each epoch of `fit`
    with the solvers 'sgd' and 'adam', and of the end with 'lbfgs'.

    Where a scikit-learn has other private methods than those that are known, its own code trains,
    and there is one RuntimeWarning.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from bp_numba import MLPClassifier  # was: from sklearn.neural_network import MLPClassifier
    >>> X, y = make_classification(n_samples=200, weights=[0.9], random_state=1)
    >>> model = MLPClassifier(class_weight="balanced", early_stopping=True, random_state=1)
    >>> model.fit(X, y)
    MLPClassifier(class_weight='balanced', early_stopping=True, random_state=1)
    >>> len(model.validation_loss_curve_) == model.n_iter_
    True
    >>> model.validation_scores_[model.best_iter_ - 1] == model.best_validation_score_
    True
    """

    _parameter_constraints = {
        **sklearn.neural_network.MLPClassifier._parameter_constraints,
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        class_weight: Any = None,
    ) -> None:
        super().__init__(
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            solver=solver,
            alpha=alpha,
            batch_size=batch_size,
            learning_rate=learning_rate,
            learning_rate_init=learning_rate_init,
            power_t=power_t,
            max_iter=max_iter,
            shuffle=shuffle,
            random_state=random_state,
            tol=tol,
            verbose=verbose,
            warm_start=warm_start,
            momentum=momentum,
            nesterovs_momentum=nesterovs_momentum,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            n_iter_no_change=n_iter_no_change,
            max_fun=max_fun,
        )
        self.class_weight = class_weight

    @available_if(lambda estimator: super().partial_fit is not None)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train one epoch on samples X and classes y.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The input data.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.
        classes : array-like of shape (n_classes,), default=None
            All classes; needed in the first call.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If `class_weight` is "balanced" or does not fit `y`; and what scikit-learn's class
            raises.
        """
        if isinstance(self.class_weight, str) and self.class_weight == "balanced":
            raise ValueError(PARTIAL_FIT_REFUSED)
        return super().partial_fit(X, y, sample_weight, classes)  # type: ignore[no-any-return]
