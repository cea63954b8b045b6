"""L-BFGS without `scipy.optimize.minimize`: SciPy's steps, results and warnings to the bit."""

import sys
import warnings

import numpy as np
import pytest
import scipy
import scipy.optimize
from scipy.optimize import rosen, rosen_der
from sklearn.exceptions import ConvergenceWarning

import bp_numba
from bp_numba.estimators import lbfgs
from bp_numba.training.gradient import Gradient
from tests.conftest import needs_jit
from tests.estimators.twins import assert_same_outcome, assert_same_state, outcome, small, twins

needs_known = pytest.mark.skipif(
    ".".join(scipy.__version__.split(".")[:2]) not in lbfgs.RELEASES, reason="SciPy is not known"
)


def rosenbrock(x):
    return rosen(x), rosen_der(x)


def downhill(x):
    """Have no minimum: the loss becomes infinite, and weights too."""
    return -np.exp(x.sum()), -np.exp(x.sum()) * np.ones(x.size)


def misled(x):
    """Say that the slope is another: line searches find nothing."""
    return (x**2).sum(), -2.0 * x


def kinked(x):
    """Have a kink where the minimum is, which no step can be small enough for."""
    return np.abs(x).sum(), np.sign(x) + 0.1


def cut(x):
    """Be no number beyond a circle that the first steps leave."""
    return (np.nan if x @ x > 9.0 else rosen(x)), rosen_der(x)


@needs_known
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("limits", [(15_000, 15_000), (15_000, 3), (4, 15_000), (1, 1)], ids=str)
@pytest.mark.parametrize("function", [rosenbrock, downhill, misled, kinked, cut])
@pytest.mark.parametrize("start", [np.ones(3), np.array([-1.2, 1.0, 0.7, 2.0])], ids=len)
def test_the_result_is_scipys(function, start, limits):
    def shifted(x, by):
        f, g = function(x - by)
        return f, g

    options = {"maxfun": limits[0], "maxiter": limits[1], "gtol": 1e-6}
    arguments = {"args": (0.25,), "options": options, **lbfgs.COMMON}
    expected = scipy.optimize.minimize(shifted, start, **arguments)
    found = lbfgs.minimize(shifted, start, **arguments)
    for key, value in found.items():
        np.testing.assert_array_equal(value, expected[key], key, strict=key in ("x", "jac"))
    assert set(expected) - set(found) == {"hess_inv"}


@needs_known
def test_all_endings_are_among_those():
    endings = {
        lbfgs.minimize(f, np.array([-1.2, 1.0]), options=options, **lbfgs.COMMON).message
        for f in (rosenbrock, misled)
        for options in (
            {"maxfun": 15_000, "maxiter": 15_000, "gtol": 1e-6},
            {"maxfun": 15_000, "maxiter": 15_000, "gtol": 1e3},
            {"maxfun": 2, "maxiter": 15_000, "gtol": 1e-6},
            {"maxfun": 15_000, "maxiter": 2, "gtol": 1e-6},
        )
    }
    assert {ending.split(":")[0] for ending in endings} == {"CONVERGENCE", "STOP", "ABNORMAL"}
    assert len(endings) == 5


def test_other_options_are_scipys():
    options = {"maxfun": 100, "maxiter": 100, "gtol": 1e-6}
    call = {"options": options, **lbfgs.COMMON}
    for change in ({"options": options | {"maxcor": 2}}, {"bounds": [(2.0, 3.0)] * 2}):
        expected = scipy.optimize.minimize(rosenbrock, np.full(2, 2.5), **call | change)
        found = lbfgs.minimize(rosenbrock, np.full(2, 2.5), **call | change)
        assert found.nit == expected.nit and found.x.tobytes() == expected.x.tobytes()


@pytest.fixture
def asked(monkeypatch):
    """Return a list that grows by one with each call of `minimize` here."""
    calls, original = [], lbfgs.minimize

    def counted(*args, **kwargs):
        calls.append(original(*args, **kwargs))
        return calls[-1]

    monkeypatch.setattr(lbfgs, "minimize", counted)
    return calls


@needs_jit
@needs_known
@pytest.mark.parametrize("limits", [{"max_iter": 200}, {"max_iter": 3}, {"max_fun": 5}], ids=str)
def test_a_fit_is_the_same_as_with_scipys_function(limits, asked, numbers, classes, monkeypatch):
    fits = []
    for is_known in (True, False):
        monkeypatch.setattr(lbfgs, "_is_known", lambda is_known=is_known: is_known)
        model = small("MLPClassifier", **{"solver": "lbfgs", "max_iter": 200, **limits})
        seen = outcome(model.fit, numbers, classes)
        arrays = [part.tobytes() for part in model.coefs_ + model.intercepts_]
        attributes = {name: type(value) for name, value in vars(model).items()}
        fits.append((seen, arrays, model.n_iter_, model.loss_, attributes))
        assert len(asked) == 1
    assert fits[0] == fits[1]
    assert bool(fits[0][0].warnings) == (limits != {"max_iter": 200})


@needs_jit
@pytest.mark.filterwarnings("error")
def test_a_filter_of_scikit_learns_warnings_knows_its_own(numbers, classes):
    warnings.filterwarnings("ignore", category=ConvergenceWarning, module="sklearn")
    small("MLPClassifier", solver="lbfgs", max_iter=2).fit(numbers, classes)
    warnings.filterwarnings("error", category=ConvergenceWarning, module="sklearn")
    with pytest.raises(ConvergenceWarning, match="failed to converge after 2 iteration"):
        small("MLPClassifier", solver="lbfgs", max_iter=2).fit(numbers, classes)


@needs_jit
@pytest.mark.parametrize(
    "change",
    [
        lambda patch: patch.setattr(scipy, "__version__", "99.0.1"),
        lambda patch: patch.setattr(lbfgs, "SIGNATURE", "setulb(m,x)"),
        lambda patch: patch.setattr(
            scipy.optimize, "minimize", lambda *args, **kwargs: MINIMIZE(*args, **kwargs)
        ),
    ],
    ids=["release", "signature", "patched"],
)
def test_scipys_function_is_called_where_it_is_not_known(
    change, asked, monkeypatch, numbers, classes
):
    change(monkeypatch)
    assert small("MLPClassifier", solver="lbfgs", max_iter=200).fit(numbers, classes).n_iter_ > 3
    assert not asked


MINIMIZE = scipy.optimize.minimize


class OwnSolver(bp_numba.MLPClassifier):
    """Counts its fits."""

    fits = 0

    def _fit_lbfgs(self, *args, **kwargs):
        self.fits += 1
        super()._fit_lbfgs(*args, **kwargs)


@needs_jit
@needs_known
def test_a_solver_of_ones_own_may_call_it(asked, numbers, classes):
    model = OwnSolver((5,), solver="lbfgs", random_state=0).fit(numbers, classes)
    assert model.fits == len(asked) == 1


class Path:
    """Remembers where it has been, and gives gradients in single precision, as a list."""

    def _loss_grad_lbfgs(self, packed, *args):
        loss, gradient = super()._loss_grad_lbfgs(packed, *args)
        lengths = [float((coef**2).sum()) for coef in self.coefs_]
        self.path = [*getattr(self, "path", []), packed, lengths]
        return loss, gradient.astype(np.float32).tolist()


class Clipped:
    """Has no large weights."""

    def _unpack(self, packed):
        super()._unpack(np.clip(packed, -0.3, 0.3))


@pytest.mark.parametrize("own", [Path, Clipped])
def test_methods_of_ones_own_are_called_as_by_scikit_learn(own, numbers, classes):
    ours, theirs = (
        type("Own", (own, twin.__class__), {})(**twin.get_params())
        for twin in twins("MLPClassifier", solver="lbfgs")
    )
    assert_same_outcome(ours, theirs, "fit", numbers, classes)
    assert_same_state(ours, theirs)


@needs_jit
@pytest.mark.parametrize("evaluations", [0, 1, 5])
def test_an_interrupt_leaves_the_weights_of_the_last_evaluation(evaluations, numbers, monkeypatch):
    """As scikit-learn's class does."""
    ours, theirs = twins("MLPRegressor", solver="lbfgs", max_iter=200)
    for twin, place, name in [(ours, Gradient, "at"), (theirs, type(theirs), "_loss_grad_lbfgs")]:
        original, left = getattr(place, name), iter(range(evaluations))

        def interrupted(*args, original=original, left=left):
            found = original(*args)
            if next(left, None) is None:
                raise KeyboardInterrupt
            return found

        monkeypatch.setattr(place, name, interrupted)
        with pytest.raises(KeyboardInterrupt):
            twin.fit(numbers, numbers[:, 0])
        monkeypatch.undo()
    assert_same_state(ours, theirs)


@needs_jit
@needs_known
def test_where_scipy_warns_of_options_it_is_asked_by_scikit_learn(
    asked, monkeypatch, numbers, classes
):
    monkeypatch.setattr(lbfgs, "OPTIONS", "a function that scikit-learn did not have then")
    assert small("MLPClassifier", solver="lbfgs", max_iter=200).fit(numbers, classes).n_iter_ > 3
    assert not asked


@needs_jit
def test_an_interrupted_fit_raises(monkeypatch, numbers, classes):
    model = small("MLPClassifier", solver="lbfgs", max_iter=200)

    def strike(frame, event, arg):
        if frame.f_code is bp_numba.MLPClassifier._loss_grad_lbfgs.__code__:
            raise KeyboardInterrupt
        return strike

    before = sys.gettrace()
    sys.settrace(strike)
    try:
        with pytest.raises(KeyboardInterrupt):
            model.fit(numbers, classes)
    finally:
        sys.settrace(before)
    assert "_gradient" not in vars(model)
    assert model.fit(numbers, classes).n_iter_ > 3
