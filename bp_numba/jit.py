"""How kernels are compiled and where their machine code is kept: the options in one place."""

import contextlib
import hashlib
import os
import pickle
import pkgutil
import stat
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import llvmlite
import numba
from numba.core.caching import FunctionCache
from numba.core.serialize import dumps

Function = TypeVar("Function", bound=Callable[..., Any])

OPTIONS = {
    # Other threads run, and two networks train at the same time.
    "nogil": True,
    # Python's error model would put a branch for ZeroDivisionError behind every division.
    "error_model": "numpy",
    # No fastmath: fused operations are written out, and reassociation would break the sigmoid.
}

SOURCES = ("jit.py", "kernels.py", "layout.py", "sigmoid.py", "simd.py")


def kernel(function: Function) -> Function:
    """Compile a function as part of the kernel that calls it.

    Inlined by Numba rather than by LLVM: as functions of their own the kernels counted a
    reference up and down for every array of every call (XOR 3.4 times slower), and compiled
    1.5 times longer.
    """
    compiled: Function = numba.njit(inline="always", **OPTIONS)(function)
    return compiled


def entry_point(function: Function) -> Function:
    """Compile a function that Python calls: lazily, and kept on disk where that is possible."""
    compiled: Any = numba.njit(**OPTIONS)(function)
    if (cache := _open_cache(function)) is not None:
        compiled._cache = cache
    result: Function = compiled
    return result


def _open_cache(function: Callable[..., Any]) -> "KernelCache | None":
    try:
        cache = KernelCache(function)
    except (RuntimeError, OSError):  # no folder can be written, or the sources cannot be read
        return None
    # The files are pickles: whoever can write one runs code in the process that loads it.
    writable_by_all = os.name == "posix" and os.stat(cache.cache_path).st_mode & stat.S_IWOTH
    return None if writable_by_all else cache


class KernelCache(FunctionCache):  # type: ignore[misc]
    """Numba's cache of machine code, with one self-checking file per kernel, CPU and source.

    Numba finds the folder and serialises the code. What differs: the key covers every file that
    the kernels are made from, not only the one that defines the entry point, so a changed helper
    is never served stale; it covers NUMBA_BOUNDSCHECK and all versions; a file that is damaged,
    truncated or missing counts as absent instead of raising; a file that cannot be written costs
    a compilation, never the training; and there is no index that two processes could overwrite.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._prefix = f"{function.__module__}.{function.__name__}-"
        self._sources = [pkgutil.get_data("bp_numba", name) for name in SOURCES]

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled code for a signature, or None if it is not there or damaged."""
        target_context.refresh()
        try:
            content = self._path(sig, target_context.codegen()).read_bytes()
        except OSError:
            return None
        checksum, code = content[:32], content[32:]
        if hashlib.sha256(code).digest() != checksum:
            return None
        return self._impl.rebuild(target_context, pickle.loads(code))

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write the compiled code for a signature, in one step, if the folder allows."""
        if not self._impl.check_cachable(data):  # it holds addresses of this process
            return
        code = dumps(self._impl.reduce(data))
        path = self._path(sig, data.codegen)
        temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
        try:
            temporary.write_bytes(hashlib.sha256(code).digest() + code)
            os.replace(temporary, path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink()

    def flush(self) -> None:
        """Remove every version of this kernel from the cache."""
        for path in Path(self.cache_path).glob(self._prefix + "*"):
            path.unlink(missing_ok=True)

    def _path(self, sig: Any, codegen: Any) -> Path:
        versions = (sys.implementation.cache_tag, numba.__version__, llvmlite.__version__)
        key = (versions, numba.config.BOUNDSCHECK, self._sources, str(sig), codegen.magic_tuple())
        digest = hashlib.sha256(repr(key).encode()).hexdigest()[:32]
        return Path(self.cache_path, f"{self._prefix}{digest}.nbc")
