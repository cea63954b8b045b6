"""Compiled code or NumPy: decided here, for everything that a network does, and with the reason.

    what                        asks                       NumPy does it if
    fit                         own_methods, for_package,  methods are overridden; no kernel is had
                                waited_for
    each slice of fit           for_slice                  W cannot be packed; a block overflows
    fit_partial, predict,       overridden, Deferred,      methods are overridden; there was little
    sigmoid of many elements    for_call                   work so far; it cannot use W as it is

Never the clock, nor whether a kernel is there already: the same calls give the same bits. (Kernels
for `known_units` give those of the ones that they stand in for, and so may come any time.) Where
there is no kernel for a reason that a user would want to know, there is a warning.
"""

import warnings
from collections.abc import Callable, Sequence
from enum import Enum
from itertools import combinations, pairwise
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np

from bp_numba.native import loading
from bp_numba.native.compiling import NotCompiled
from bp_numba.simd.arrays import Array
from bp_numba.simd.parts import MissingPart

Kind = TypeVar("Kind")

ENOUGH = 1_500_000_000
"""Work of a network's short calls after which they have kernels, in nanoseconds that NumPy takes
on a common machine: as long as it takes to compile all of them."""

PROMISING = ENOUGH // 15
"""Work after which the kernels are compiled, in the background, to be there when it is enough."""


class Reason(Enum):
    """Why NumPy does the work."""

    SWITCHED_OFF = "NUMBA_DISABLE_JIT is set"
    NOT_TO_BE_HAD = "a kernel could not be compiled or loaded in this process"
    OTHER_FLOATS = "W holds floats other than float64 and float32"
    SHARED_MEMORY = "matrices of W share memory"
    NARROW_IN_BLOCKS = "W has become float32, which is rounded after each sample of a block"
    NOT_FINITE = "weights have become infinite or NaN"
    NOT_IN_PLACE = "W are not plain, writable, C-contiguous float64 arrays that chain"


class Choice(NamedTuple):
    """A kernel, or the reason why there is none."""

    kernel: Callable[..., int] | None
    reason: Reason | None


_ORIGINALS: dict[str, Any] = {}


def stands_in_for(*names: str) -> Callable[[type[Kind]], type[Kind]]:
    """Return a decorator of the class whose methods of these names kernels may stand in for."""

    def remember(kind: type[Kind]) -> type[Kind]:
        _ORIGINALS.update({name: getattr(kind, name) for name in names})
        return kind

    return remember


def overridden(network: Any, *names: str) -> bool:
    """Tell if any of the methods is not the package's own, whoever replaced it."""
    own, kind = network.__dict__, type(network)
    for name in names:  # any() with a generator takes three times as long
        if name in own or getattr(kind, name) is not _ORIGINALS[name]:
            return True
    return False


def replaces_methods(network: Any) -> bool:
    """Tell if any method is overridden on the instance, rather than by its class."""
    return not _ORIGINALS.keys().isdisjoint(network.__dict__)


def own_methods(network: Any) -> set[str]:
    """Return the names of all methods that are overridden likewise."""
    own, kind = network.__dict__, type(network)
    return {
        name
        for name, original in _ORIGINALS.items()
        if name in own or getattr(kind, name) is not original
    }


def computes_alpha(network: Any) -> bool:
    """Tell if alpha is no plain attribute, and so may be another one whenever it is read."""
    kind: Any = type(network)
    is_plain = "alpha" in network.__dict__ and not hasattr(kind, "alpha")
    return not (is_plain and kind.__getattribute__ is object.__getattribute__)


def for_package() -> Reason | None:
    """Return why there are no kernels at all."""
    if not loading.enabled():
        return Reason.SWITCHED_OFF
    return Reason.NOT_TO_BE_HAD if _failures else None


def for_fit(name: str, width: int | None = None) -> Choice:
    """Return the kernel of that name, which is waited for.

    Where none can be had, there is one warning, and this process does not try again.
    """
    if (reason := for_package()) is not None:
        return Choice(None, reason)
    return waited_for(name, width)


def waited_for(name: str, width: int | None = None) -> Choice:
    """Return the kernel of that name likewise, where `for_package` has given no reason."""
    try:
        return Choice(loading.load(name, width), None)
    except (NotCompiled, MissingPart) as error:
        _failures.append(str(error))
        *_, last = str(error).splitlines()
        warnings.warn(
            f"networks are trained in NumPy, without kernels: {name} could not be compiled or "
            f"loaded ({last}). Try `bp-numba warmup`, which shows all of the error, in a new "
            "process; NUMBA_DISABLE_JIT=1 chooses NumPy without a warning.",
            RuntimeWarning,
            stacklevel=2,
        )
        return Choice(None, Reason.NOT_TO_BE_HAD)


_failures: list[str] = []
"""What kept this process from having a kernel; it is not tried again."""


def for_slice(matrices: Sequence[Array], in_blocks: bool) -> Reason | None:
    """Return why the matrices cannot be trained by the kernel that works on packed copies.

    A copy in double precision gives the same result for float64, and for float32 if every update
    is rounded to it; not for half and extended precision, nor for matrices that share memory.
    """
    sizes = {w.itemsize for w in matrices}
    if sizes - {4, 8}:
        return Reason.OTHER_FLOATS
    if share_memory(matrices):
        return Reason.SHARED_MEMORY
    if in_blocks and 4 in sizes:
        return Reason.NARROW_IN_BLOCKS
    return None


def share_memory(matrices: Sequence[Array]) -> bool:
    """Tell if matrices may have an element in common."""
    owners = {id(w) for w in matrices if w.flags.owndata}  # who share nothing
    return len(owners) < len(matrices) and any(
        np.may_share_memory(a, b) for a, b in combinations(matrices, 2)
    )


def for_call(matrices: Sequence[Any]) -> Reason | None:
    """Return why kernels cannot work on the matrices where they are, once their shapes chain."""
    usable = (
        bool(matrices)
        and all(is_plain(w) for w in matrices)
        and all(a.shape[1] == b.shape[0] for a, b in pairwise(matrices))
        and not _overlap(matrices)
    )
    return None if usable else Reason.NOT_IN_PLACE


_FLOAT64 = np.dtype(np.float64)


def is_plain(w: Any) -> bool:
    """Tell if kernels can work on a matrix where it is."""
    return type(w) is np.ndarray and w.ndim == 2 and w.flags.carray and w.dtype == _FLOAT64


def _overlap(matrices: Sequence[Array]) -> bool:
    spans = sorted((w.ctypes.data, w.ctypes.data + w.nbytes) for w in matrices)
    return any(end > start for (_, end), (start, _) in pairwise(spans))


class HasWork(Protocol):
    """What counts the work of one network's short calls."""

    work: int


class Deferred:
    """A kernel for short calls, from when a network's calls have been enough work.

    So whoever predicts once waits for nothing, and a loop gets its kernel. It is work that counts,
    not time, and for each network by itself: the calls before decide, in whatever thread or
    process, on a busy machine too, and whether kernels are kept or have yet to be compiled.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._function: Callable[..., int] | None = None

    def kernel(self, record: HasWork) -> Callable[..., int] | None:
        """Return the kernel, or None if NumPy has to do."""
        if record.work < ENOUGH:
            return None
        if self._function is None:
            self._function, _ = for_fit(self._name)
        return self._function

    def charge(self, record: HasWork, work: int) -> None:
        """Add the work that NumPy does instead."""
        record.work = total = record.work + work
        if total >= PROMISING and self._function is None:
            loading.prepare(self._name)


TRAIN_ONE, PREDICT_ONE = Deferred("train_one"), Deferred("predict_one")
PREDICT, ACTIVATE = Deferred("predict"), Deferred("activate")
