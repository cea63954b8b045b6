"""How inputs and targets come from a table, as text that a person reads."""

from collections.abc import Sequence

from bp_numba.preprocessing.encoders import (
    BooleanEncoder,
    CategoryEncoder,
    Encoder,
    NumberEncoder,
    shown,
)
from bp_numba.preprocessing.scaling import Scaling
from bp_numba.preprocessing.targets import HIGH, LOW, ClassTarget, NumberTargets
from bp_numba.tables.table import listed


def describe(
    encoders: Sequence[Encoder], target: ClassTarget | NumberTargets, scale: str
) -> list[str]:
    """Return lines: each column and how it enters the network, then the targets."""
    inputs = sum(len(encoder.input_names) for encoder in encoders)
    lines = [f"inputs: {inputs}, from {len(encoders)} column{'s' * (len(encoders) > 1)}"]
    lines += [f"  {encoder.name}: {_input(encoder, scale)}" for encoder in encoders]
    if isinstance(target, ClassTarget):
        labels = listed([str(label) for label in target.labels], 20)
        return [*lines, f"target: {target.name}, {len(target.labels)} classes: {labels}"]
    ends = f", {LOW} to {HIGH} at the output" if target.scale == "sigmoid" else ""
    how = "minmax" if target.scale == "sigmoid" else "standard"
    for name, scaling in zip(target.columns, target.scalings, strict=True):
        lines.append(f"target: {name}, {_numbers(scaling, how)}{ends}")
    return lines


def _input(encoder: Encoder, scale: str) -> str:
    if isinstance(encoder, CategoryEncoder):
        texts = listed(encoder.categories, 20)
        what = f"{len(encoder.categories)} categories: {texts}"
    elif isinstance(encoder, BooleanEncoder):
        what = "booleans"
    else:
        what = _number_input(encoder, scale)
    if encoder.constant:
        what += ", the same in all rows trained on: ignored"
    if isinstance(encoder, NumberEncoder) and encoder.fill is None:
        return f"{what}; gaps are refused"
    fill = shown(encoder.fill)
    return f"{what}; gaps become {fill}{', marked by an indicator' if encoder.indicator else ''}"


def _number_input(encoder: NumberEncoder, scale: str) -> str:
    unit = f" in {encoder.unit}" if encoder.unit else ""
    if encoder.constant:
        return f"numbers{unit}, {encoder.scaling.offset:.6g}"
    return _numbers(encoder.scaling, scale).replace("numbers", f"numbers{unit}", 1)


def _numbers(scaling: Scaling, scale: str) -> str:
    if scale == "none":
        return "numbers as they are"
    first, second = scaling.value(0.0), scaling.value(1.0)
    if scale == "minmax":
        return f"numbers from {first:.6g} to {second:.6g}"
    deviation = scaling._replace(offset=0.0).value(1.0)
    return f"numbers with mean {first:.6g} and standard deviation {deviation:.6g}"
