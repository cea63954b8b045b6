"""What both estimators override of scikit-learn's classes."""

import inspect
import math
from typing import Any, NamedTuple, Self

import sklearn
import sklearn.neural_network

from bp_numba.estimators import hooks, lbfgs, stochastic, validation
from bp_numba.estimators.callbacks import CallbackSupportMixin, FitTask
from bp_numba.estimators.choice import gradient_for
from bp_numba.estimators.overflows import Overflows
from bp_numba.estimators.trainer import Samples
from bp_numba.estimators.weighting import weigh
from bp_numba.kernels.layout import units_of
from bp_numba.training.gradient import Gradient


class FitCall(NamedTuple):
    """The arguments of `fit`, as the user passed them."""

    X: Any
    y: Any
    sample_weight: Any
    X_val: Any
    y_val: Any


class PerceptronMixin(CallbackSupportMixin):  # type: ignore[misc]
    """In front of scikit-learn's class: its epochs are trained here, the rest is its own."""

    _call: FitCall | None = None
    """While `fit` runs, its arguments."""

    _gradient: Gradient | None = None
    """While the solver 'lbfgs' runs in kernels, what it minimizes."""

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None
    ) -> Self:
        """Fit the model to samples X and targets y.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The input data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, or numbers to predict.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples. A batch whose samples all have a weight of 0 is left out, where
            scikit-learn fails with a ZeroDivisionError.
        X_val, y_val : default=None
            Samples and targets, like `X` and `y`, that `early_stopping` goes by instead of setting
            `validation_fraction` of `X` aside: all of `X` is trained on.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If one of `X_val` and `y_val` is given without the other, or without
            `early_stopping=True` and the solver 'sgd' or 'adam', or if they do not fit `X` and `y`;
            if `class_weight` does not fit `y`; and what scikit-learn's class raises.
        """
        self._call = FitCall(X, y, sample_weight, X_val, y_val)
        try:
            return super().fit(X, y, sample_weight)  # type: ignore[no-any-return]
        finally:
            self.__dict__.pop("_call", None)

    # Errors about its arguments, which name the function, are scikit-learn's to the letter.
    fit.__qualname__ = sklearn.neural_network.MLPRegressor.fit.__qualname__

    def __getstate__(self) -> dict[str, Any]:
        """Return what pickles and copies hold: of a call that runs, nothing."""
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name not in ("_call", "_gradient")}

    def _fit_stochastic(self, *args: Any, **kwargs: Any) -> None:
        """Train with the solver 'sgd' or 'adam'."""
        hook = super()._fit_stochastic
        call = self._weighted(hook, args, kwargs)
        arguments = call.arguments
        # Where the number of layers was changed before a warm start scikit-learn's code fails.
        if hooks.are_known() and len(arguments["layer_units"]) == self.n_layers_:
            samples = Samples(arguments["X"], arguments["y"], arguments["sample_weight"])
            stochastic.fit(self, samples, arguments["incremental"])
            return
        if self._call is not None and self._call.X_val is not None:
            raise NotImplementedError(
                f"X_val and y_val need scikit-learn {hooks.RELEASES}, got {sklearn.__version__}"
            )
        hook(*call.args, **call.kwargs)

    def _fit_lbfgs(self, *args: Any, **kwargs: Any) -> None:
        """Train with the solver 'lbfgs'."""
        hook = super()._fit_lbfgs
        call = self._weighted(hook, args, kwargs)
        task = FitTask(self, 0)
        X, y, sample_weight = (call.arguments.get(name) for name in ("X", "y", "sample_weight"))
        units = units_of(self.coefs_)
        # Where layers were changed before partial_fit scikit-learn's code fails.
        is_known = hooks.are_known() and call.arguments["layer_units"] == units
        is_own = hooks.are_overridden(self, "_unpack") or not self._gives_gradients
        is_ours = is_known and not is_own
        self._gradient = gradient_for(self, X, y, sample_weight) if is_ours else None
        solve = hook if self._gradient is None else lbfgs.shortened(hook)
        try:
            solve(*call.args, **call.kwargs)
        except BaseException:
            # scikit-learn's code leaves the weights that it looked at last.
            if self._gradient is not None and self._gradient.is_asked_for:
                self._unpack(self._gradient.last_weights())
            raise
        finally:
            self.__dict__.pop("_gradient", None)
        task.end()

    @property
    def _gives_gradients(self) -> bool:
        """Whether `_loss_grad_lbfgs` is the one below, which a subclass may have replaced."""
        method = getattr(self._loss_grad_lbfgs, "__func__", None)
        return method is PerceptronMixin._loss_grad_lbfgs

    def _loss_grad_lbfgs(self, packed_coef_inter: Any, *args: Any, **kwargs: Any) -> Any:
        """Return loss and gradient for all weights in one vector."""
        if self._gradient is not None:
            loss, gradient = self._gradient.at(packed_coef_inter)
            if not math.isfinite(loss):
                Overflows(packed_coef_inter).look(loss, gradient)
            return loss, gradient
        return super()._loss_grad_lbfgs(packed_coef_inter, *args, **kwargs)

    def _weighted(self, hook: Any, args: Any, kwargs: Any) -> inspect.BoundArguments:
        """Return a hook's arguments, with weights of samples that include those of classes.

        By name: a release with other arguments finds its own.
        """
        if self._call is not None:
            validation.check_given(self, self._call.X_val, self._call.y_val)
        call = inspect.signature(hook).bind(*args, **kwargs)
        if getattr(self, "class_weight", None) is not None:
            y, sample_weight = call.arguments["y"], call.arguments["sample_weight"]
            call.arguments["sample_weight"] = weigh(self, y, sample_weight)
        return call
