"""Entry points as functions of Python: loaded from a file, or compiled first; no Numba here."""

import ctypes
import os
import threading
from collections.abc import Callable
from typing import Any

from bp_numba.kernels.calls import ARGUMENTS
from bp_numba.native import compiling, files
from bp_numba.simd.internals import load_object

_CTYPES = {"p": ctypes.c_void_p, "i": ctypes.c_int64, "d": ctypes.c_double}

_lock = threading.Lock()
"""Held by the thread that loads or compiles."""

_functions: dict[tuple[str, int | None], Callable[..., int]] = {}
_engines: list[Any] = []


def _renew_lock() -> None:
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    # The thread that holds it is not there in the child, where nobody would ever release it.
    os.register_at_fork(after_in_child=_renew_lock)


def enabled() -> bool:
    """Tell if NUMBA_DISABLE_JIT leaves compiling switched on."""
    return os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")


def load(name: str, width: int | None = None) -> Callable[..., int]:
    """Return an entry point as a function, compiled if its file is not there or damaged.

    It is called without the interpreter lock: other threads run.

    Parameters
    ----------
    name : str
        One of `calls.ARGUMENTS`.
    width : int, optional
        Doubles in a vector, by default as many as a register holds.

    Raises
    ------
    NotCompiled
        If it cannot be compiled, for whatever reason.
    MissingPart
        If this llvmlite cannot load it.
    """
    with _lock:
        if (name, width) not in _functions:
            _functions[name, width] = _load(name, width)
        return _functions[name, width]


def is_loaded(name: str) -> bool:
    """Tell if the entry point in the widest vectors is there at once."""
    return (name, None) in _functions


def is_kept(name: str) -> bool:
    """Tell if there is a file of the entry point in the widest vectors."""
    file = files.file_of(name, None)
    return file is not None and file.exists()


def _load(name: str, width: int | None) -> Callable[..., int]:
    file = files.file_of(name, width)
    content = files.read(file)
    if content is None:
        content, may_be_kept = compiling.compile_entry_point(name, width)
        if may_be_kept:
            files.write(file, content)
    symbol, _, code = content.partition(b"\0")
    engine = load_object(code)
    _engines.append(engine)  # owns the code
    arguments = [_CTYPES[letter] for letter in ARGUMENTS[name]]
    function = ctypes.CFUNCTYPE(ctypes.c_int64, *arguments)
    return function(engine.get_function_address(symbol.decode()))
