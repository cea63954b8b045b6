"""The state of a network: what it begins with, and what is copied, saved, loaded and checked.

A network keeps it in one object, its `Record`, under one private name, `RECORD`. The names by which
users read it are theirs: whatever they assign or define under `losses` or `history` is not asked.

A field is added to `Record`, and nowhere else. With, for example, the line

    rates: list[float] = recorded("be a list of numbers", are_numbers, initial=list, required=False)

the record of a new network has an empty list `rates`; copies, snapshots, checkpoints and files hold
it; a file where it is anything else is refused, with "rates must be a list of numbers"; and files
and pickles that were written before there were rates can be loaded. A line in `stateful.Stateful`
makes it readable as `network.rates`; the docstring of `NeuralNetwork` tells users about it.
"""

import copy
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, NamedTuple

from bp_numba.runs.history import COLUMNS, History, is_history
from bp_numba.runs.json_values import are_layers, are_numbers, is_count, is_number, json_copy
from bp_numba.validation import Array, check_alpha


def _same(value: Any) -> Any:
    return value


class Entry(NamedTuple):
    """How a field of `State` comes from a network into the header of a file, and back.

    Attributes
    ----------
    must : str
        What a value in a header must be. The error is the field's name, "must", and this text, in
        which `{!r:.60}` stands for the value.
    is_valid : callable
        Tells if a value is that. It is called with anything that JSON text can hold.
    keep : callable
        Returns a snapshot's copy of the network's value, or raises if it cannot be saved.
    first : callable or None
        For a list that training only appends to: `first(values, n)` returns a new list of the
        first n values. Snapshots share such a list, because copying it at every epoch would take
        longer and longer.
    write : callable
        Returns what JSON can hold for a snapshot's value.
    read : callable
        Returns the network's value for a valid value of a header.
    required : bool
        Whether a header without the field is refused. If not, the network that is loaded begins
        with the initial value, as it must for files from before the field was added.
    """

    must: str
    is_valid: Callable[[Any], bool]
    keep: Callable[[Any], Any] = copy.deepcopy
    first: Callable[[Any, int], Any] | None = None
    write: Callable[[Any], Any] = _same
    read: Callable[[Any], Any] = _same
    required: bool = True


def recorded(*entry: Any, initial: Any = MISSING, **options: Any) -> Any:
    """Return a field of `State` with an `Entry` of these arguments.

    `initial()` returns the value that a network begins with; a field without it is set by the
    network's constructor.
    """
    return field(default_factory=initial, metadata={"entry": Entry(*entry, **options)})


@dataclass(kw_only=True)
class Record:
    """What a network records beside its weights; plain attributes, for whoever trains it to change.

    Attributes
    ----------
    epochs_trained, losses, history, metadata
        As `NeuralNetwork` describes them.
    work : int
        Nanoseconds, as `training.choice` estimates them, of the network's short calls in NumPy.
    """

    epochs_trained: int = recorded("be a number of epochs", is_count, initial=int)
    losses: list[float] = recorded(
        "be a list of numbers",
        are_numbers,
        initial=list,
        first=lambda losses, points: losses[:points],
    )
    history: History = recorded(
        f"hold lists of numbers of one length, {', '.join(COLUMNS)}",
        is_history,
        initial=History,
        first=History.first,
        write=History.to_dict,
        read=lambda columns: History(**columns),
    )
    metadata: dict[str, Any] = recorded(
        "be a dict", lambda value: isinstance(value, dict), initial=dict, keep=json_copy
    )
    work: int = recorded("be a count of work, >= 0", is_count, initial=int, required=False)

    def __setstate__(self, values: dict[str, Any]) -> None:
        """Take over the fields of a pickle, which may be from before some were added."""
        vars(self).update(vars(Record()) | values)


@dataclass(kw_only=True)
class State(Record):
    """The state of a network, in a snapshot or from a file; the header has the fields' order.

    W is no entry of the header: a file holds each weight matrix as an array beside it.
    """

    layers: list[int] = recorded(
        "be two or more positive integers, got {!r:.60}",
        are_layers,
        keep=lambda layers: [int(size) for size in layers],
    )
    alpha: float = recorded("be a number, got {!r:.60}", is_number, keep=check_alpha, read=float)
    W: list[Array]

    def record(self) -> Record:
        """Return the part that a network keeps in its record."""
        return Record(**{name: getattr(self, name) for name in RECORDED})


ENTRIES: dict[str, Entry] = {f.name: f.metadata["entry"] for f in fields(State) if f.metadata}
"""The fields that a header holds."""

RECORDED = tuple(f.name for f in fields(Record))
"""Those of them that are in a network's record; the others are the network's own attributes."""

GROWING = {name: entry.first for name, entry in ENTRIES.items() if entry.first}
"""The fields that a snapshot shares with its network, which appends to them while it trains."""

RECORD = "_bp_numba_record"
"""The name of a network's record: `network._bp_numba_record`."""


def record_of(network: Any) -> Record:
    """Return the record of a network, which is made when it is first asked for."""
    record: Record = network._bp_numba_record
    return record
