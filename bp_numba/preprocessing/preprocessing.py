"""From a table to a network's inputs and targets, and from its outputs back.

Everything that this takes is kept in a model file as JSON.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from bp_numba.preprocessing import layouts
from bp_numba.preprocessing.describing import describe
from bp_numba.preprocessing.encoders import Encoder
from bp_numba.preprocessing.inputs import Reader, require_columns, write_inputs
from bp_numba.preprocessing.labels import Label, in_line
from bp_numba.preprocessing.targets import MISSING, UNKNOWN, ClassTarget, NumberTargets
from bp_numba.tables.table import Table

Matrix = npt.NDArray[np.float64]
Values = npt.NDArray[Any]


class Actual(NamedTuple):
    """What a table says of the targets.

    Attributes
    ----------
    values : array
        The numbers of the classes, int64 of shape (rows,), negative where there is none; or the
        numbers, float64 of shape (rows, targets), NaN where there is none.
    is_known : array of bool, shape (rows,)
        The rows that predictions can be compared with.
    notes : list of str
        What there is to tell about the others.
    """

    values: Values
    is_known: npt.NDArray[np.bool_]
    notes: list[str]


@dataclass(frozen=True)
class Preprocessing:
    """How a network's inputs and targets come from a table.

    Attributes
    ----------
    encoders : tuple of Encoder
        The columns that are inputs, in the network's order.
    target : ClassTarget or NumberTargets
        What the outputs stand for.
    scale : str
        How numbers were scaled, one of `bp_numba.preprocessing.scaling.SCALES`.
    """

    encoders: tuple[Encoder, ...]
    target: ClassTarget | NumberTargets
    scale: str

    @property
    def task(self) -> str:
        """Either "classify" or "regress"."""
        return self.target.task

    @property
    def classes(self) -> list[Label]:
        """What the outputs stand for; empty for regression."""
        return list(self.target.labels)

    @property
    def target_names(self) -> list[str]:
        """The columns that are predicted."""
        return self.target.names

    @property
    def outputs(self) -> int:
        """Number of outputs: one for each class, or one for each number."""
        return self.target.outputs

    @property
    def columns(self) -> list[str]:
        """The columns that a table must have to predict from."""
        return [encoder.name for encoder in self.encoders]

    @property
    def input_names(self) -> list[str]:
        """The inputs of the network, as "a", "a is missing" and "sex = m"."""
        return [name for encoder in self.encoders for name in encoder.input_names]

    def count_inputs(self) -> str:
        """Return the number of inputs for a message, as "7" or "2 and 2 indicators"."""
        indicators = sum(encoder.indicator for encoder in self.encoders)
        ending = f" and {indicators} indicator{'s' * (indicators > 1)}" if indicators else ""
        return f"{len(self.input_names) - indicators}{ending}"

    def inputs(self, table: Table) -> tuple[Matrix, list[str]]:
        """Return the inputs, shape (rows, inputs), all finite, and what there is to tell.

        Raises
        ------
        TableError
            If a column is not there, or has a value that the inputs cannot be made of.
        """
        require_columns(table, self.encoders)
        (matrix,), notes = write_inputs(self.encoders, Reader(table), [None])
        return matrix, notes

    def targets(self, values: Values) -> Matrix:
        """Return the outputs to train for, shape (rows, outputs): one-hot, or scaled numbers.

        The values are those of `Actual`, without rows that are not known.
        """
        return self.target.targets(values)

    def decode(self, outputs: Matrix) -> list[Label] | Matrix:
        """Return the label of each row's largest output, or numbers, shape (rows, targets)."""
        return self.target.decode(outputs)

    def actual(self, table: Table) -> Actual | None:
        """Return what a table says of the targets; None if it has not all of their columns."""
        if not all(name in table.columns for name in self.target_names):
            return None
        values: Values = self.target.read(table)
        named = ", ".join(repr(name) for name in self.target_names)
        if isinstance(self.target, ClassTarget):
            reasons = [(f"a class of {named} that the model does not know", values == UNKNOWN)]
            reasons += [(f"no target {named}", values == MISSING)]
        else:
            reasons = [(f"no number as target {named}", np.isnan(values).any(axis=1))]
        is_known = ~np.any([which for _, which in reasons], axis=0)
        notes = [_left_out(table, *reason) for reason in reasons if reason[1].any()]
        return Actual(values, np.asarray(is_known), notes)

    def describe(self) -> list[str]:
        """Return lines that a person reads: each column, how it enters, and the targets."""
        return [in_line(line) for line in describe(self.encoders, self.target, self.scale)]

    def to_dict(self) -> dict[str, Any]:
        """Return a new dict that JSON can hold."""
        return layouts.to_dict(self.encoders, self.target, self.scale)

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """Return what `to_dict` was called on; it also reads what release 1 has written.

        Raises
        ------
        ValueError
            If the values are not such as `to_dict` returns; they may come from any file.
        """
        return cls(*layouts.from_dict(values))


def _left_out(table: Table, reason: str, which: npt.NDArray[np.bool_]) -> str:
    rows, row = int(which.sum()), table.row(int(np.argmax(which)))
    have = f"{rows} rows have {reason}, the first is {row}" if rows > 1 else f"{row} has {reason}"
    return f"{have}: left out of the score"
