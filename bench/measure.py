"""How time is taken: rounds of the rivals in turn, each long enough for the clock."""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, process_time

LONGEST = 4.0
"""Seconds that one epoch of a round may take; a rival that takes longer gets fewer rows."""
PATIENCE = 20.0
"""Seconds: a measurement that took longer is not repeated."""
TASTE = 50
"""Rows from which the time for all of them is estimated."""


@dataclass(frozen=True)
class Effort:
    """How much is run.

    Attributes
    ----------
    rounds, process_rounds : int
        Rounds of a case, and of one whose rivals are processes of their own.
    seconds : float
        How long a rival runs in a round.
    quick : bool
        Whether cases have fewer rows and epochs.
    """

    rounds: int
    process_rounds: int
    seconds: float
    quick: bool


FULL = Effort(rounds=7, process_rounds=5, seconds=0.3, quick=False)
QUICK = Effort(rounds=3, process_rounds=1, seconds=0.03, quick=True)


@dataclass(frozen=True)
class Measurement:
    """What all cases have.

    Attributes
    ----------
    name, title : str
        For the command line, and for the tables.
    unit : str
        Of what the timers return.
    in_processes : bool
        Whether each value is that of a new process.
    reference : str
        The label of who the others are compared with.
    has_reference : bool
        Whether the values tell, as a ratio to the reference's, who is better.
    everyone : bool
        Whether all rivals take part, or only the two classes of the package.
    """

    name: str
    title: str

    unit = "s"
    in_processes = False
    reference = "ReferenceNetwork"
    has_reference = True
    everyone = False

    def rounds(self, effort):
        """Return how often each rival is measured."""
        return effort.process_rounds if self.in_processes else effort.rounds

    def timers(self, rivals, effort) -> dict[str, Callable[[], float]]:
        """Return, for each label in the table, a function that measures once."""
        raise NotImplementedError

    def fmas(self, effort):
        """Return the multiply-adds in one unit of work, or None if that is not known."""
        return None


def seconds_of(function, *arguments):
    """Return the seconds that a call takes."""
    started = perf_counter()
    function(*arguments)
    return perf_counter() - started


def sized_timer(work, X, y, seconds):
    """Return a function that measures `work(X, y, repeats)`: seconds per row and repetition.

    The number of repetitions is chosen so that a round takes about `seconds`, at least one. A
    work so slow that one takes more than `LONGEST` is given the first rows only. What is run to
    find that out is the warm-up: it includes all compilation.
    """
    taste = min(len(X), TASTE)
    work(X[:taste], y[:taste], 1)
    per_row = seconds_of(work, X[:taste], y[:taste], 1) / taste
    if per_row * len(X) > LONGEST:
        rows = max(taste, int(seconds / per_row))
        X, y = X[:rows], y[:rows]
    work(X, y, 1)
    timer = repeated_timer(lambda repeats: work(X, y, repeats), seconds)
    return lambda: timer() / len(X)


def repeated_timer(work, seconds):
    """Return a function that measures `work(repeats)`: seconds per repetition.

    The number of repetitions is chosen so that a round takes about `seconds`, at least one. There
    has been a warm-up.
    """
    repeats, taken = 1, seconds_of(work, 1)
    while taken < seconds / 4:
        repeats *= 4
        taken = seconds_of(work, repeats)
    repeats = max(1, round(repeats * seconds / taken))
    cpu_seconds = process_time()
    taken = seconds_of(work, repeats)
    threads = (process_time() - cpu_seconds) / taken
    assert threads < 1.2, f"{work} keeps {threads:.1f} threads busy"
    return lambda: seconds_of(work, repeats) / repeats


def interleave(timers, rounds):
    """Return the values that each timer gives, called in turn for a number of rounds.

    Parameters
    ----------
    timers : dict of str to callable
        Functions that measure something once and return the value.
    """
    values = {name: [] for name in timers}
    patient = dict(timers)
    gc.unfreeze()
    gc.collect()
    gc.freeze()  # or a collection would go through all that JAX and scikit-learn have made
    for _ in range(rounds):
        for name, timer in list(patient.items()):
            started = perf_counter()
            values[name].append(timer())
            if perf_counter() - started > PATIENCE:
                del patient[name]
    return values
