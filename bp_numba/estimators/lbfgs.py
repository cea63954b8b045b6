"""SciPy's L-BFGS-B with less around each of its steps.

`scipy.optimize.minimize` takes 0.1 ms for a step, most of it in Python; a small network takes less
for loss and gradient. The routine that chooses the steps is SciPy's here too, called as `minimize`
calls it, and all numbers are the same to the bit.
"""

import functools
from collections.abc import Callable
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np
import scipy
import scipy.optimize
import sklearn.neural_network

RELEASES = ("1.15", "1.16", "1.17")
"""Of SciPy, whose routine is known: in others its buffers may be larger; `minimize` is called."""

SIGNATURE = "setulb(m,x,l,u,nbd,f,g,factr,pgtol,wa,iwa,task,lsave,isave,dsave,maxls,ln_task)"

MAXCOR, MAXLS, FTOL = 10, 20, 2.2204460492503131e-09
"""What scikit-learn leaves at SciPy's defaults: steps remembered, evaluations in a line search, and
the relative reduction of the loss that ends it all."""

COMMON = {"method": "L-BFGS-B", "jac": True}
"""What scikit-learn asks `scipy.optimize.minimize` for, besides the limits."""

OPTIONS = "_get_additional_lbfgs_options_dict"
"""scikit-learn's function for options that SciPy has dropped. A release without it gives them, and
SciPy warns, in the name of the module that calls `minimize`: that must be scikit-learn's."""

NEW_STEP, EVALUATE, CONVERGED, STOP = 1, 3, 4, 5
TOO_MANY_EVALUATIONS, TOO_MANY_STEPS = 502, 504
"""What the routine asks for, and what it can be told."""


def shortened(hook: Any) -> Any:
    """Return scikit-learn's `_fit_lbfgs`, a bound method, with `minimize` from here for SciPy's.

    It is the same code with other globals: what it makes of a result is scikit-learn's, and so is
    the module that its warnings come from, which filters know. Whatever else is given comes back.
    """
    function: Any = getattr(hook, "__func__", None)
    is_theirs = function is sklearn.neural_network.MLPClassifier._fit_lbfgs
    if not is_theirs or OPTIONS not in function.__code__.co_names or not _is_known():
        return hook
    optimize = SimpleNamespace(**{**vars(scipy.optimize), "minimize": minimize})
    known = {
        **function.__globals__,
        "scipy": SimpleNamespace(**{**vars(scipy), "optimize": optimize}),
    }
    same = FunctionType(function.__code__, known, closure=function.__closure__)
    return functools.partial(same, hook.__self__)


def _is_known() -> bool:
    """Tell if SciPy's routine is the one that is known, and `minimize` nobody else's."""
    theirs = scipy.optimize
    release = ".".join(scipy.__version__.split(".")[:2])
    return (
        release in RELEASES
        and theirs._lbfgsb.setulb.__doc__ == SIGNATURE
        and theirs.minimize is theirs._minimize.minimize
    )


def minimize(
    fun: Callable[..., Any], x0: Any, args: Any = (), *, options: dict[str, Any], **kwargs: Any
) -> scipy.optimize.OptimizeResult:
    """Do what `scipy.optimize.minimize` does with the method "L-BFGS-B", without bounds.

    Parameters
    ----------
    fun : callable
        Returns loss and gradient, an array of float64, at an array that it leaves alone.
    x0 : (n,) array
        Where to begin.
    args : tuple, default=()
        What else `fun` is given.
    options : dict
        "maxfun", "maxiter" and "gtol".
    **kwargs
        `COMMON`; with anything else, or other options, SciPy's function is called.

    Returns
    -------
    OptimizeResult
        As from SciPy, without the inverse Hessian.
    """
    if options.keys() != {"maxfun", "maxiter", "gtol"} or kwargs != COMMON:
        return scipy.optimize.minimize(fun, x0, args, options=options, **kwargs)
    x, f, g = np.array(x0, np.float64), 0.0, np.zeros(len(x0))
    task, go_on = _routine(x, options["gtol"])
    steps, evaluations, last = 0, 0, x
    while True:
        go_on(f, g)
        if task[0] == EVALUATE:
            before = f
            f, g = fun(x, *args)
            # SciPy does not count the same point again.
            if evaluations == 0 or f != before or (x != last).any():
                evaluations += 1
            last = x.copy()
        elif task[0] == NEW_STEP:
            steps += 1
            if steps >= options["maxiter"]:
                task[:] = STOP, TOO_MANY_STEPS
            elif evaluations > options["maxfun"]:
                task[:] = STOP, TOO_MANY_EVALUATIONS
        else:
            break
    is_limited = evaluations > options["maxfun"] or steps >= options["maxiter"]
    status = 0 if task[0] == CONVERGED else 1 if is_limited else 2
    texts = scipy.optimize._lbfgsb_py
    message = f"{texts.status_messages[task[0]]}: {texts.task_messages[task[1]]}"
    counts = {"nit": steps, "nfev": evaluations, "njev": evaluations}
    return scipy.optimize.OptimizeResult(
        x=x, fun=f, jac=g, status=status, success=status == 0, message=message, **counts
    )


def _routine(x: Any, gtol: float) -> tuple[Any, Callable[[Any, Any], None]]:
    """Return what SciPy's routine asks for, and how to go on with loss and gradient at `x`."""
    n, m = x.size, MAXCOR
    task, line_task, lsave, isave, bounded = (np.zeros(k, np.int32) for k in (2, 2, 4, 44, n))
    lower, upper, dsave, work = (
        np.zeros(k) for k in (n, n, 29, (2 * m + 5) * n + (11 * m + 8) * m)
    )
    integers = np.zeros(3 * n, np.int32)
    point = m, x, lower, upper, bounded
    state = work, integers, task, lsave, isave, dsave, MAXLS, line_task
    routine, factr = scipy.optimize._lbfgsb.setulb, FTOL / np.finfo(float).eps
    return task, lambda f, g: routine(*point, f, g, factr, gtol, *state)
