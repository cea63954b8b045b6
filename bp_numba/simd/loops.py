"""Loops of an operation, which turn when the kernel runs, and what changes from turn to turn."""

import sys
from collections.abc import Iterator, Sequence
from typing import Any, Generic, TypeVar

from bp_numba.simd.internals import cgutils
from bp_numba.simd.values import Index, Traced, Value

Kind = TypeVar("Kind", bound=Value)

TRACING = "trace_operation"
"""Name of the function that runs operations while Numba compiles; frames beyond are not theirs."""


def loop(start: Index | int, end: Index, step: int = 1) -> Iterator[Index]:
    """Write a loop over range(start, end, step), whose body is what is traced meanwhile.

    The body is traced once, and so for all turns. A name that it binds anew would have the same
    value in each turn: what changes from turn to turn is kept in `Registers`.

    Yields
    ------
    Index
        The number of the turn, once.

    Raises
    ------
    NameError
        If the body binds a name anew that had a value before.
    """
    builder, first, stride = end.builder, end.constant(start), end.value.type(step)
    bound = dict(_bindings())
    with cgutils.for_range_slice(builder, first.value, end.value, stride) as (number, _):
        turn = Index(builder, number)
        yield turn
    _check_bindings(bound, turn)


def when(a: Index, relation: str, b: Index | int) -> Iterator[None]:
    """Write a branch: what is traced meanwhile is run if a < b, or a == b, as the relation says.

    Raises
    ------
    NameError
        If it binds a name anew that had a value before.
    """
    bound = dict(_bindings())
    with a.builder.if_then(a.builder.icmp_signed(relation, a.value, a.constant(b).value)):
        yield
    _check_bindings(bound, None)


def _check_bindings(bound: dict[tuple[int, str], list[Traced]], turn: Index | None) -> None:
    for place, values in _bindings():
        changed = [value for value in values if value is not turn]
        if place in bound and changed and changed != bound[place]:
            raise NameError(
                f"{place[1]!r} is bound anew in a body that is traced once, for all turns: keep "
                "what changes in Registers, or give it another name"
            )
        if place not in bound:
            for value in values:
                value.outlived = True


def _bindings() -> Iterator[tuple[tuple[int, str], list[Traced]]]:
    """Yield where the functions of an operation hold values, and these values.

    Values that were made in a loop that has ended are of no use, and their names free.
    """
    frame: Any = sys._getframe(1)
    while frame.f_globals is globals():  # this module's own
        frame = frame.f_back
    while frame is not None and frame.f_code.co_name != TRACING:
        for name, held in frame.f_locals.items():
            values = list(_values(held))
            if values and not any(value.outlived for value in values):
                yield (id(frame), name), values
        frame = frame.f_back


def _values(held: Any) -> Iterator[Traced]:
    if isinstance(held, Traced):
        yield held
    elif isinstance(held, list | tuple):
        for part in held:
            yield from _values(part)


class Registers(Generic[Kind]):
    """Values that change from turn to turn of a loop, or in a branch: vectors or indices."""

    def __init__(self, values: Sequence[Kind]) -> None:
        self._kind, self._builder = type(values[0]), values[0].builder
        self._slots = [cgutils.alloca_once_value(self._builder, v.value) for v in values]

    def __len__(self) -> int:
        """Return how many they are."""
        return len(self._slots)

    @property
    def values(self) -> list[Kind]:
        """Their present values."""
        return [self._kind(self._builder, self._builder.load(slot)) for slot in self._slots]

    @values.setter
    def values(self, values: Sequence[Kind]) -> None:
        for slot, value in zip(self._slots, values, strict=True):
            self._builder.store(value.value, slot)
