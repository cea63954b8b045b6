"""The first fit of an estimator in a new process, with an empty cache and with a filled one."""

import atexit
import json
from dataclasses import dataclass
from functools import cache, partial

from bench.estimators import OURS, SCIKIT_LEARN, TOLERANCE, relative_difference
from bench.measure import Measurement
from bench.processes import empty_cache, last_line

SCRIPT = """
import json, sys, warnings
from importlib import import_module
from time import perf_counter
MLPClassifier = import_module(sys.argv[1]).MLPClassifier
from sklearn.datasets import load_iris
from sklearn.preprocessing import scale
warnings.simplefilter("ignore")
X, y = load_iris(return_X_y=True)
model, X = MLPClassifier(random_state=0), scale(X)
started = perf_counter()
model.fit(X, y)
print(json.dumps([perf_counter() - started, model.loss_curve_]))
"""


def first_fit(module, folder):
    """Return the seconds of the first fit in a new process, and its losses."""
    return json.loads(last_line(SCRIPT, module, cache_folder=folder))


@cache
def filled_cache():
    """Return a temporary folder that holds the machine code."""
    folder = empty_cache()
    atexit.register(folder.cleanup)
    first_fit(OURS, folder.name)
    return folder.name


@dataclass(frozen=True)
class FirstFits(Measurement):
    """The first `fit` of a process, of iris with defaults, not counting the imports."""

    is_cold: bool
    unit = "ms per fit"
    reference = SCIKIT_LEARN
    in_processes = True

    def timers(self, rivals, effort):
        """Return functions that run a process and return its milliseconds, both verified."""
        losses = [first_fit(module, filled_cache())[1] for module in (OURS, SCIKIT_LEARN)]
        apart = relative_difference(*losses)
        assert apart <= TOLERANCE, f"{OURS}, {self.name}: differs by {apart:.1e}"
        return {module: partial(self.measure, module) for module in (OURS, SCIKIT_LEARN)}

    def measure(self, module):
        """Return the milliseconds of the first fit in a new process."""
        if not self.is_cold:
            return first_fit(module, filled_cache())[0] * 1e3
        with empty_cache() as folder:
            return first_fit(module, folder)[0] * 1e3
