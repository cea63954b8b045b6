"""The layout in which a model file holds how inputs and targets come from a table.

Version 2 is written; version 1, of columns of numbers without gaps, is read too. What is read may
come from any file: whatever is not as it should be raises ValueError.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from bp_numba.preprocessing.encoders import BooleanEncoder, CategoryEncoder, Encoder, NumberEncoder
from bp_numba.preprocessing.guessing import TASKS
from bp_numba.preprocessing.scaling import SCALES, Scaling
from bp_numba.preprocessing.targets import TARGET_SCALES, ClassTarget, NumberTargets

VERSION = 2

Target: TypeAlias = ClassTarget | NumberTargets
Parts: TypeAlias = tuple[tuple[Encoder, ...], Target, str]

_FIRST = ("target", "task", "columns", "scale", "offsets", "divisors", "classes", "target_range")
_SECOND = ("version", "task", "targets", "classes", "target_scale", "scale", "columns")
_SCALING = ("factor", "offset", "divisor")
_COLUMNS = {
    "number": ("kind", "name", "indicator", "constant", "fill", "unit", *_SCALING),
    "boolean": ("kind", "name", "indicator", "constant", "fill"),
    "category": ("kind", "name", "indicator", "categories", "numeric", "fill"),
}


def to_dict(encoders: Sequence[Encoder], target: Target, scale: str) -> dict[str, Any]:
    """Return a dict that JSON can hold and `from_dict` understands."""
    return {
        "version": VERSION,
        "task": target.task,
        "targets": _targets(target),
        "classes": list(target.labels),
        "target_scale": target.scale if isinstance(target, NumberTargets) else None,
        "scale": scale,
        "columns": [_column(encoder) for encoder in encoders],
    }


def from_dict(values: Any) -> Parts:
    """Return encoders, target and scale of a dict.

    Raises
    ------
    ValueError
        If it is none that `to_dict` returns, nor one of version 1.
    """
    if isinstance(values, dict) and "version" not in values:
        return _first_version(values)
    _check(_has(values, _SECOND), f"must hold {', '.join(_SECOND)}")
    version = values["version"]
    _check(type(version) is int and version == VERSION, f"version must be {VERSION} or none")
    _check_task_and_scale(values)
    columns = values["columns"]
    _check(isinstance(columns, list) and columns, "columns must be a list of one or more")
    encoders = tuple(map(_encoder, columns))
    _check_names([encoder.name for encoder in encoders])
    return encoders, _target(values), values["scale"]


def _targets(target: Target) -> list[dict[str, Any]]:
    if isinstance(target, ClassTarget):
        return [{"name": target.name}]
    pairs = zip(target.columns, target.scalings, strict=True)
    return [{"name": name, **scaling._asdict()} for name, scaling in pairs]


def _column(encoder: Encoder) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in _COLUMNS[encoder.kind]:
        holder = encoder.scaling if name in _SCALING else encoder  # type: ignore[union-attr]
        value = getattr(holder, name)
        values[name] = list(value) if isinstance(value, tuple) else value
    return values


def _encoder(values: Any) -> Encoder:
    kind = values.get("kind") if isinstance(values, dict) else None
    if not isinstance(kind, str) or kind not in _COLUMNS:
        raise ValueError(f"the kind of a column must be one of {', '.join(_COLUMNS)}")
    _check(_has(values, _COLUMNS[kind]), f"a {kind} column must hold {', '.join(_COLUMNS[kind])}")
    _check(_is_text(values["name"]), "the name of a column must be a text")
    flags = [values[name] for name in ("indicator", "constant", "numeric") if name in values]
    _check(all(type(flag) is bool for flag in flags), "indicator and the like must be booleans")
    return _ENCODERS[kind](values)


def _number(values: dict[str, Any]) -> Encoder:
    fill, unit = values["fill"], values["unit"]
    _check(fill is None or _is_finite(fill), "fill must be a finite number or none")
    _check(fill is not None or not values["indicator"], "an indicator needs a fill")
    _check(_is_text(unit), "unit must be a text")
    scaling, (indicator, constant) = _scaling(values), _flags(values, "indicator", "constant")
    return NumberEncoder(values["name"], scaling, fill, indicator, constant, unit)


def _boolean(values: dict[str, Any]) -> Encoder:
    _check(type(values["fill"]) is bool, "fill must be a boolean")
    indicator, constant = _flags(values, "indicator", "constant")
    return BooleanEncoder(values["name"], values["fill"], indicator, constant)


def _category(values: dict[str, Any]) -> Encoder:
    texts, fill = values["categories"], values["fill"]
    is_list = isinstance(texts, list) and all(map(_is_text, texts))
    _check(is_list and texts and len(set(texts)) == len(texts), "categories must differ")
    _check(_is_text(fill) and fill in texts, "fill must be one of the categories")
    numeric, indicator = _flags(values, "numeric", "indicator")
    return CategoryEncoder(values["name"], tuple(texts), fill, numeric, indicator)


_ENCODERS: dict[str, Callable[[dict[str, Any]], Encoder]] = {
    "number": _number,
    "boolean": _boolean,
    "category": _category,
}


def _flags(values: dict[str, Any], *names: str) -> list[bool]:
    return [values[name] for name in names]


def _target(values: dict[str, Any]) -> Target:
    targets, classes, scale = (values[name] for name in ("targets", "classes", "target_scale"))
    _check(isinstance(targets, list) and targets, "targets must be a list of one or more")
    if values["task"] == "classify":
        _check(len(targets) == 1 and _has(targets[0], ("name",)), "targets must hold one name")
        _check_names([targets[0]["name"]])
        _check(scale is None, "target_scale must be none for classes")
        return ClassTarget(targets[0]["name"], _classes(classes))
    _check(all(_has(target, ("name", *_SCALING)) for target in targets), "targets must be scaled")
    _check(classes == [] and isinstance(classes, list), "classes must be empty for numbers")
    _check(isinstance(scale, str) and scale in TARGET_SCALES, f"target_scale: {TARGET_SCALES}")
    names = [target["name"] for target in targets]
    _check_names(names)
    return NumberTargets(tuple(names), tuple(map(_scaling, targets)), scale)


def _classes(classes: Any) -> tuple[Any, ...]:
    is_list = isinstance(classes, list) and len({type(label) for label in classes}) == 1
    kind = type(classes[0]) if is_list else None
    good = kind in (bool, int, str) or (kind is float and all(map(math.isfinite, classes)))
    _check(good, "classes must be values of one type")
    _check(len(set(classes)) == len(classes) > 1, "classes must be two or more different values")
    _check(kind is not str or all(map(_is_text, classes)), "classes must be texts")
    return tuple(classes)


def _scaling(values: dict[str, Any]) -> Scaling:
    numbers = [values[name] for name in _SCALING]
    _check(all(map(_is_finite, numbers)), "factor, offset and divisor must be finite numbers")
    factor, offset, divisor = numbers
    _check(divisor != 0, "divisor must not be 0")
    _check(factor > 0 and math.frexp(factor)[0] == 0.5, "factor must be a power of two")
    return Scaling(factor, offset, divisor)


def _first_version(values: dict[str, Any]) -> Parts:
    _check(_has(values, _FIRST), f"must hold {', '.join(_SECOND)}")
    _check_task_and_scale(values)
    columns, offsets, divisors = (values[name] for name in ("columns", "offsets", "divisors"))
    _check(isinstance(columns, list) and columns, "columns must be a list of one or more")
    _check_names(columns)
    for name in ("offsets", "divisors"):
        is_long = isinstance(values[name], list) and len(values[name]) == len(columns)
        _check(is_long, f"{name} must be a list, a number for each of the columns")
    encoders = tuple(
        NumberEncoder(name, _scaling({"factor": 1.0, "offset": offset, "divisor": divisor}))
        for name, offset, divisor in zip(columns, offsets, divisors, strict=True)
    )
    return encoders, _first_target(values), values["scale"]


def _first_target(values: dict[str, Any]) -> Target:
    name, ends = values["target"], values["target_range"]
    _check_names([name])
    if values["task"] == "classify":
        _check(isinstance(ends, list) and ends == [], "target_range must be empty for classes")
        return ClassTarget(name, _classes(values["classes"]))
    _check(values["classes"] == [], "classes must be empty for numbers")
    good = isinstance(ends, list) and len(ends) == 2 and all(map(_is_finite, ends))
    _check(good and ends[0] < ends[1], "target_range must be two finite numbers, low and high")
    scaling = {"factor": 1.0, "offset": ends[0], "divisor": ends[1] - ends[0]}
    return NumberTargets((name,), (_scaling(scaling),))


def _check_task_and_scale(values: dict[str, Any]) -> None:
    for name, known in (("task", TASKS), ("scale", SCALES)):
        is_known = isinstance(values[name], str) and values[name] in known
        _check(is_known, f"{name} must be one of {known}")


def _check_names(names: Sequence[Any]) -> None:
    good = all(map(_is_text, names)) and len(set(names)) == len(names)
    _check(good, "columns must have different names")


def _check(holds: Any, requirement: str) -> None:
    if not holds:
        raise ValueError(requirement)


def _has(values: Any, names: Sequence[str]) -> bool:
    return isinstance(values, dict) and set(values) == set(names)


def _is_text(value: Any) -> bool:
    """Tell if it is a text that UTF-8 can hold; half of a surrogate pair cannot be printed."""
    return isinstance(value, str) and not any("\ud800" <= c <= "\udfff" for c in value)


def _is_finite(value: Any) -> bool:
    return type(value) is float and math.isfinite(value)
