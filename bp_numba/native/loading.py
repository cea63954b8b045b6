"""Machine code of the entry points: loaded from a file, or compiled first; no Numba here.

Compiling takes a process of its own, whose result is kept on disk. So whoever only trains never
imports Numba (a tenth of a second to start, a fifth to exit), Ctrl-C is heard while the compiler
works, and SciPy, which Numba imports but the kernels do not need, is left out.
"""

import contextlib
import ctypes
import functools
import hashlib
import importlib
import importlib.metadata
import os
import pkgutil
import stat
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bp_numba.simd.width import most_lanes, vectors_of

ARGUMENTS = {
    "train_samples": "piiid",
    "train_blocks": "piid",
    "train_one": "ppd",
    "predict": "ppiiii",
    "predict_one": "pp",
    "activate": "p",
}
"""The entry points and their arguments: p a table, i an int64 or the address of an array, d a
double. They return an int64."""

ROOMS = ("kernels", "native", "simd")
"""The packages that machine code is made from, all of them."""

_CTYPES = {"p": ctypes.c_void_p, "i": ctypes.c_int64, "d": ctypes.c_double}

_COMPILE = """
import gc
import os
import sys
gc.disable()
result = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)  # what else is printed is no machine code
sys.path[:] = {path!r}
sys.modules["scipy"] = None
from bp_numba.simd import internals as jit
from bp_numba.native import loading as native
jit.tune_llvm()
result.write({mark!r} + native.compile_here({name!r}, {lanes}))
result.flush()
os._exit(0)
"""

_MARK = b"\0bp_numba\0"
"""What the machine code follows: before it there is what `sitecustomize` may have printed."""

_lock = threading.Lock()
_engines: list[Any] = []


def enabled() -> bool:
    """Tell if NUMBA_DISABLE_JIT leaves compiling switched on."""
    return os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")


def entry_point(name: str, lanes: int | None = None) -> Callable[..., int] | None:
    """Return a compiled function; None if compiling is switched off by NUMBA_DISABLE_JIT.

    It is called without the interpreter lock: other threads run.

    Parameters
    ----------
    name : str
        One of `ARGUMENTS`.
    lanes : int, optional
        Doubles in a vector, by default as many as a register holds.
    """
    if not enabled():
        return None
    with _lock:
        return _entry_point(name, lanes)


_functions: dict[tuple[str, int | None], Callable[..., int]] = {}


LOAD_SECONDS, COMPILE_SECONDS = 0.03, 1.0
"""What it takes, roughly, to have an entry point that is kept on disk, and one that is not."""


class Deferred:
    """An entry point that is had once doing without it has cost as much as having it will.

    So whoever predicts once waits for nothing, and a loop gets its kernel.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._spent = 0.0
        self._function: Callable[..., int] | None = None

    def get(self) -> Callable[..., int] | None:
        """Return the compiled function, or None if NumPy has to do."""
        if self._function is None and self._is_due():
            self._function = entry_point(self._name)
        return self._function

    def _is_due(self) -> bool:
        if (self._name, None) in _functions:
            return True
        if self._spent < LOAD_SECONDS or not enabled():
            return False
        file = _file(self._name, None)
        return self._spent >= COMPILE_SECONDS or (file is not None and file.exists())

    def charge(self, seconds: float) -> None:
        """Add the time that NumPy took instead."""
        self._spent += seconds


def _entry_point(name: str, lanes: int | None) -> Callable[..., int]:
    if (name, lanes) not in _functions:
        file = _file(name, lanes)
        content = _read(file)
        if content is None:
            content = _compile(name, lanes)
            _write(file, content)
        symbol, _, code = content.partition(b"\0")
        _functions[name, lanes] = _link(name, symbol.decode(), code)
    return _functions[name, lanes]


def _link(name: str, symbol: str, code: bytes) -> Callable[..., int]:
    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    machine = binding.Target.from_default_triple().create_target_machine()
    # llvmlite's memory manager puts code and constants side by side, as near addresses require.
    engine = binding.create_mcjit_compiler(binding.parse_assembly(""), machine, use_lmm=True)
    engine.add_object_file(binding.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _engines.append(engine)  # owns the code
    arguments = [_CTYPES[letter] for letter in ARGUMENTS[name]]
    return ctypes.CFUNCTYPE(ctypes.c_int64, *arguments)(engine.get_function_address(symbol))


def compile_here(name: str, lanes: int | None) -> bytes:
    """Return symbol and object code of an entry point, compiled in this process."""
    from numba import types

    from bp_numba.kernels import entry_points
    from bp_numba.simd.internals import machine_code

    signature = types.int64(*map(entry_points.TYPES.get, ARGUMENTS[name]))
    with vectors_of(lanes):
        symbol, code = machine_code(getattr(entry_points, name), signature)
    return symbol.encode() + b"\0" + code


def _compile(name: str, lanes: int | None) -> bytes:
    # An embedded or frozen interpreter is not a Python that takes -c.
    if not Path(sys.executable or "").name.startswith("python") or hasattr(sys, "frozen"):
        return compile_here(name, lanes)
    import subprocess

    path = [entry for entry in sys.path if isinstance(entry, str)]  # imports ignore all others
    code = _COMPILE.format(path=path, mark=_MARK, name=name, lanes=lanes)
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            output, errors = process.communicate()
        except BaseException:  # subprocess.run would leave a zombie after Ctrl-C
            process.kill()
            process.wait()
            raise
    _, mark, content = output.partition(_MARK)
    if process.returncode or not mark:
        raise RuntimeError(
            f"the kernel {name} cannot be compiled:\n{errors.decode(errors='replace')}"
        )
    return content


def _file(name: str, lanes: int | None) -> Path | None:
    """Return where the machine code of an entry point belongs, or None where it cannot be kept."""
    try:
        key = _key()
    except (OSError, importlib.metadata.PackageNotFoundError):
        return None
    folder = cache_folder()
    return folder and folder / f"{name}-{lanes or most_lanes()}-{key}.o"


@functools.cache
def _key() -> str:
    from llvmlite import binding

    settings = sorted(
        item
        for item in os.environ.items()
        if item[0].startswith("NUMBA_") and item[0] != "NUMBA_CACHE_DIR"
    )
    key = (
        settings,
        [importlib.metadata.version(package) for package in ("numba", "llvmlite")],
        binding.get_process_triple(),
        binding.get_host_cpu_name(),
        binding.get_host_cpu_features().flatten(),
        list(sources()),
    )
    return hashlib.sha256(repr(key).encode()).hexdigest()[:32]


def sources() -> Iterator[tuple[str, bytes | None]]:
    """Yield name and content of every module that machine code is made from."""
    for room in ROOMS:
        package = importlib.import_module(f"bp_numba.{room}")
        for name in ["__init__", *sorted(m.name for m in pkgutil.iter_modules(package.__path__))]:
            yield f"{room}/{name}.py", pkgutil.get_data(package.__name__, f"{name}.py")


def cache_folder() -> Path | None:
    """Return the folder for machine code, made if need be; None if there is none to be trusted.

    It is in NUMBA_CACHE_DIR if that is set, else `__pycache__` beside the package, else in the
    user's cache folder. Whoever can write a file there runs code in the process that loads it.
    """
    for folder in _candidates():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            mode = folder.stat().st_mode
        except OSError:
            continue
        if os.access(folder, os.W_OK) and not (os.name == "posix" and mode & stat.S_IWOTH):
            return folder
    return None


def _candidates() -> list[Path]:
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        return [Path(chosen) / "bp_numba"]
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or "~/.cache"
    return [
        Path(__file__).parents[1] / "__pycache__",
        Path(home).expanduser() / "bp_numba",
    ]


def _read(file: Path | None) -> bytes | None:
    """Return a file's content after its checksum; None if it is missing, damaged or truncated."""
    try:
        content = file.read_bytes() if file else b""
    except OSError:
        return None
    checksum, content = content[:32], content[32:]
    return content if hashlib.sha256(content).digest() == checksum else None


def _write(file: Path | None, content: bytes) -> None:
    """Write a file in one step, if the folder allows."""
    if file is None:
        return
    temporary = file.with_name(f"{file.name}.{uuid.uuid4().hex}")
    try:
        temporary.write_bytes(hashlib.sha256(content).digest() + content)
        os.replace(temporary, file)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
