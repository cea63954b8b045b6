"""Entry points as functions of Python: loaded from a file, or compiled first; no Numba here."""

import contextlib
import ctypes
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from bp_numba.kernels.calls import arguments_of
from bp_numba.native import background, compiling, files
from bp_numba.native.processes import has_own_process
from bp_numba.simd.forks import unforked
from bp_numba.simd.internals import load_object

ORDERS = "bp_numba compiles"
"""Name of the threads that see to it that what nobody waits for is compiled."""

_CTYPES = {"p": ctypes.c_void_p, "i": ctypes.c_int64, "d": ctypes.c_double}

_functions: dict[tuple[str, int | None], Callable[..., int]] = {}
_engines: list[Any] = []

_locks: dict[tuple[str, int | None], threading.Lock] = {}
"""For each kernel the lock that is held by the thread that compiles and loads it."""

_prepared: set[tuple[str, int | None]] = set()


def _renew() -> None:
    _locks.clear()
    _prepared.clear()


if hasattr(os, "register_at_fork"):
    # The threads that hold locks are not there in the child, where nobody would release them.
    os.register_at_fork(after_in_child=_renew)


def enabled() -> bool:
    """Tell if NUMBA_DISABLE_JIT leaves compiling switched on."""
    name = "NUMBA_DISABLE_JIT"
    return name not in os.environ or os.environ[name] in ("", "0")


def load(name: str, width: int | None = None) -> Callable[..., int]:
    """Return an entry point as a function, compiled if its file is not there or damaged.

    It is called without the interpreter lock: other threads run.

    Parameters
    ----------
    name : str
        One of `calls.ARGUMENTS`, or a variant of one of `calls.OF_PERCEPTRONS` or
        `calls.OF_KNOWN_UNITS`.
    width : int, optional
        Doubles in a vector, by default as many as a register holds.

    Raises
    ------
    NotCompiled
        If it cannot be compiled, for whatever reason.
    MissingPart
        If this llvmlite cannot load it.
    """
    try:
        return _functions[name, width]
    except KeyError:
        pass  # what is raised below has nothing to do with it
    with _locks.setdefault((name, width), threading.Lock()):
        if (name, width) not in _functions:
            _functions[name, width] = _load(name, width)
        return _functions[name, width]


def prepare(name: str) -> None:
    """Have an entry point compiled in the background, and then the others, if it is not kept.

    It returns at once, and raises nothing: `load` finds out what cannot be compiled.
    """
    _in_background(_prepare, name, None)


def order(name: str, width: int) -> None:
    """Have an entry point compiled, if it is not kept, and loaded: `loaded` returns it then.

    It returns at once, and raises nothing: where it cannot be had, it will never be there.
    """
    _in_background(_order, name, width)


def _in_background(work: Callable[[str, int | None], None], name: str, width: int | None) -> None:
    if (name, width) in _prepared or loaded(name, width) or not enabled():
        return
    _prepared.add((name, width))
    with contextlib.suppress(RuntimeError):  # no thread can be started: nothing is prepared
        threading.Thread(target=work, args=(name, width), name=ORDERS, daemon=True).start()


def _prepare(name: str, width: int | None) -> None:
    with contextlib.suppress(Exception):
        if has_own_process() and not (files.may_be_kept(name) and is_kept(name)):
            background.begin(name, width)


def _order(name: str, width: int | None) -> None:
    with contextlib.suppress(Exception):
        if is_kept(name, width) or (has_own_process() and background.finish(name, width)):
            load(name, width)


def expect(pattern: str) -> None:
    """Have all ready to load or compile kernels whose names match a pattern.

    llvmlite is imported, and if none of them is kept yet, but can be, a process gets ready to
    compile. It raises nothing, as `prepare`.
    """
    if not enabled():
        return
    file = files.file_of(pattern, None)
    if file and has_own_process() and not any(file.parent.glob(file.name)):
        with contextlib.suppress(OSError):
            background.stand_by()


def load_all(kernels: Iterable[tuple[str, int | None]]) -> Iterator[Callable[..., int]]:
    """Yield entry points as functions, of which one process compiles all that are not kept.

    Raises
    ------
    NotCompiled, MissingPart
        As for `load`.
    """
    kernels = list(kernels)
    missing = [kernel for kernel in kernels if not is_kept(*kernel)]
    if missing and has_own_process():
        with contextlib.suppress(OSError):  # `load` says what is the matter
            background.begin_all(missing)
    for kernel in kernels:
        yield load(*kernel)


def loaded(name: str, width: int | None = None) -> Callable[..., int] | None:
    """Return an entry point if it is there at once."""
    return _functions.get((name, width))


def is_kept(name: str, width: int | None = None) -> bool:
    """Tell if there is a file of an entry point."""
    file = files.file_of(name, width)
    return file is not None and file.exists()


def _load(name: str, width: int | None) -> Callable[..., int]:
    file = files.file_of(name, width)
    content = files.read(file)
    if content is None:
        content, is_left_to_keep = compiling.compile_entry_point(name, width)
        if is_left_to_keep:
            files.write(file, content)
    symbol, _, code = content.partition(b"\0")
    with unforked:
        engine = load_object(code)
        address = engine.get_function_address(symbol.decode())
    _engines.append(engine)  # owns the code
    arguments = [_CTYPES[letter] for letter in arguments_of(name)]
    return ctypes.CFUNCTYPE(ctypes.c_int64, *arguments)(address)
