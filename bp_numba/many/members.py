"""The networks of a call, each with its samples: coerced and checked before anything is trained."""

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np

from bp_numba import validation as check
from bp_numba.fitting import samples_to_train_on, samples_to_validate
from bp_numba.network import NeuralNetwork
from bp_numba.simd.arrays import Array, address
from bp_numba.training.choice import (
    computes_alpha,
    overridden,
    own_methods,
    replaces_methods,
    share_memory,
)
from bp_numba.training.samples import Samples, SharedSamples


class Member(NamedTuple):
    """A network of the list, and what it is trained on and validated with.

    Attributes
    ----------
    number : int
        Its place in the list.
    has_own : bool
        Whether it has samples of its own, to train on or to validate with.
    is_bound : bool
        Whether it can only be trained as it is: it has methods of its own, or computes alpha, or
        its matrices share memory.
    outputs : int
        How many it has; 0 if it trains in a way of its own, and W may be anything.
    """

    number: int
    network: Any
    samples: Samples
    watched: Samples | None
    has_own: bool
    is_bound: bool
    outputs: int


def members_of(networks: Sequence[Any], X: Any, y: Any, validation: Any) -> list[Member]:
    """Return the networks with their samples.

    Raises
    ------
    ValueError, TypeError
        If one of them cannot be trained on its samples, or two have something in common; the error
        names the network's number.
    """
    count, members = len(networks), []
    sets, validated = Sets(X, y, count), None
    if validation is not None:
        validated = Sets(*check.as_pair(validation, "validation"), count, "validation ")
    has_own = sets.are_own or (validated is not None and validated.are_own)
    known: dict[Any, tuple[Any, ...]] = {}  # all of a member but network and number, by its form
    pairs = repeat(None) if validated is None else validated
    number = 0
    try:
        for number, (network, *own) in enumerate(zip(networks, sets, pairs, strict=False)):
            if not isinstance(network, NeuralNetwork):
                raise TypeError(f"must be a NeuralNetwork, got a {type(network).__name__}")
            check.check_alpha(network.alpha)
            form = None if has_own else _form(network)
            if form is None or form not in known:
                known[form] = _checked(network, has_own, *own)
            members.append(Member(number, network, *known[form]))
    except (TypeError, ValueError) as error:
        raise _naming(number, error) from None
    _check_apart(members)
    return members


def _form(network: Any) -> Any:
    """Return what all checks of a network but that of alpha depend on; None if on still more."""
    W = getattr(network, "W", None)
    if type(W) is not list or replaces_methods(network) or computes_alpha(network):
        return None
    form = [type(network), len({*map(id, W)})]
    for w in W:
        if type(w) is not np.ndarray or not w.flags.owndata:
            return None
        form.append((w.shape, w.dtype, w.flags.writeable))
    return tuple(form)


def _checked(network: Any, has_own: bool, own: Any, pair: Any) -> tuple[Any, ...]:
    """Return the fields of a member from its samples on."""
    samples = SharedSamples(*samples_to_train_on(network, *own))
    watched = None if pair is None else SharedSamples(*samples_to_validate(network, pair))
    outputs = 0 if overridden(network, "fit_partial") else network.W[-1].shape[1]
    return samples, watched, has_own, _is_bound(network), outputs


def _is_bound(network: Any) -> bool:
    has_own = bool(own_methods(network)) or computes_alpha(network)
    return has_own or share_memory(network.W)


def _naming(number: int, error: Exception) -> Exception:
    """Return the error with the network's number before what it says."""
    return type(error)(f"networks[{number}]: {error}")


def checked_again(members: Sequence[Member]) -> list[Member]:
    """Return members as a callback has left them; raise if they cannot be trained any more."""
    for member in members:
        if not member.outputs:
            continue
        try:
            check.check_alpha(member.network.alpha)
            matrices = check.check_weights(member.network.W)
            check.check_samples(member.samples.X, len(matrices[0]))
            check.check_outputs(matrices, member.outputs)
        except (TypeError, ValueError) as error:
            raise _naming(member.number, error) from None
    _check_apart(members)
    return [m if m.is_bound else m._replace(is_bound=_is_bound(m.network)) for m in members]


class Sets:
    """Samples of each network: one set for all, or a list of one for each.

    Parameters
    ----------
    X, y : array_likes, or sequences of one for each network
    count : int
        How many networks there are.
    kind : str
        What errors put before the names X and y, as "validation ".

    Attributes
    ----------
    are_own : bool
        Whether each network has its own X, or its own y.
    """

    def __init__(self, X: Any, y: Any, count: int, kind: str = "") -> None:
        each_X = _depth(X) > 2
        each_y = each_X or _depth(y) > 2
        self.are_own = each_X or each_y
        self._X = _each(X, f"{kind}X", count) if each_X else repeat(check.as_numbers(X, f"{kind}X"))
        self._y = _each(y, f"{kind}y", count) if each_y else repeat(check.as_numbers(y, f"{kind}y"))

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        return zip(self._X, self._y, strict=False)


def _depth(value: Any) -> int:
    """Return how many dimensions an array-like has, by its first elements.

    Tables of Polars and Arrow have a shape, but do not say how many dimensions that are.
    """
    depth = 0
    while isinstance(value, list | tuple) and value:
        value, depth = value[0], depth + 1
    return depth + int(getattr(value, "ndim", len(getattr(value, "shape", ()))))


def _each(values: Any, name: str, count: int) -> Any:
    if not isinstance(values, list | tuple | np.ndarray) or len(values) != count:
        size = len(values) if hasattr(values, "__len__") else "none"
        raise ValueError(
            f"{name} must be one set for all networks or a list of one for each of the {count}, "
            f"got {size}"
        )
    return values


def _check_apart(members: Sequence[Member]) -> None:
    """Raise ValueError if a network is there twice, or shares weights with another."""
    seen: dict[int, int] = {}
    for number, member in enumerate(members):
        first = seen.setdefault(id(member.network), number)
        if first != number:
            raise ValueError(
                f"networks[{number}] must not be there twice, but is networks[{first}]"
            )
    arrays = [(member.number, w) for member in members if member.outputs for w in member.network.W]
    if not arrays:
        return
    for a, b in _sharing(arrays):
        if a != b:
            raise ValueError(f"networks[{b}] must not share weights with networks[{a}]")


def _sharing(arrays: list[tuple[int, Array]]) -> Iterator[tuple[int, int]]:
    """Yield the owners of pairs of arrays that have an element in common, at least one of each."""
    if len({id(w) for _, w in arrays if w.flags.owndata}) == len(arrays):
        return  # none of them is a view
    bounds = np.array([_bounds(w) for _, w in arrays])
    order = np.argsort(bounds[:, 0], kind="stable")
    starts, ends = bounds[order].T
    is_apart = np.append(True, starts[1:] >= np.maximum.accumulate(ends)[:-1])
    cluster = np.cumsum(is_apart) - 1
    suspects = order[np.bincount(cluster)[cluster] > 1]
    if not len(suspects):
        return
    # Within their bounds arrays may still be apart, as columns of one matrix are: look at elements.
    places = [_addresses(arrays[k][1]) for k in suspects]
    owners = np.repeat([arrays[k][0] for k in suspects], [len(part) for part in places])
    addresses = np.concatenate(places)
    by_address = np.lexsort((owners, addresses))
    same = np.flatnonzero(np.diff(addresses[by_address]) == 0)
    yield from zip(
        owners[by_address[same]].tolist(), owners[by_address[same + 1]].tolist(), strict=True
    )


def _bounds(w: Array) -> tuple[int, int]:
    if w.flags.c_contiguous:
        start = address(w)
        return start, start + w.nbytes
    start = w.__array_interface__["data"][0]
    reach = [(size - 1) * stride for size, stride in zip(w.shape, w.strides, strict=True)]
    return (
        start + sum(r for r in reach if r < 0),
        start + sum(r for r in reach if r > 0) + w.itemsize,
    )


def _addresses(w: Array) -> Array:
    start, (rows, columns) = w.__array_interface__["data"][0], w.shape
    places: Array = np.add.outer(np.arange(rows) * w.strides[0], np.arange(columns) * w.strides[1])
    places += start
    return places.ravel()
