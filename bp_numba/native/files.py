"""Machine code on disk: where it is kept, under which names, and that it is whole."""

import contextlib
import functools
import hashlib
import importlib
import importlib.util
import os
import pkgutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from bp_numba.native.imports import uncollected
from bp_numba.native.processes import has_own_process
from bp_numba.simd.forks import unforked
from bp_numba.simd.width import widest

WITHOUT_EFFECT = {
    "NUMBA_CACHE_DIR",
    "NUMBA_CACHE_LOCATOR_CLASSES",
    "NUMBA_NUM_THREADS",  # joblib sets it in its workers
    "NUMBA_THREADING_LAYER",
    "NUMBA_THREADING_LAYER_PRIORITY",
}
"""Settings of Numba that change no kernel; all others are taken to."""

KEPT = 64
"""Files of kernels for known units, of about 10 KiB each, beyond which the oldest are deleted."""

KNOWN_UNITS = "*.[0-9]*-*-*.o"
"""Pattern of their names."""

ROOMS = ("kernels", "native", "simd")
"""The packages that machine code is made from, all of them."""


def file_of(name: str, width: int | None) -> Path | None:
    """Return where the machine code of an entry point belongs, or None where it cannot be kept."""
    try:
        with unforked:  # imports llvmlite
            key, doubles = _key(), width or widest()
    except (OSError, ImportError, RuntimeError):  # llvmlite raises the last for an unknown CPU
        return None
    folder = cache_folder()
    return folder and folder / f"{name}-{doubles}-{key}.o"


def may_be_kept(name: str) -> bool:
    """Tell if there is a file of an entry point, of this machine and version or not.

    It takes a hundredth of the time of the first `file_of`, which imports llvmlite.
    """
    folder = cache_folder()
    return folder is not None and any(folder.glob(f"{name}-*"))


@functools.cache
def _key() -> str:
    """Return a hash of all that machine code depends on beside its name and the vector width."""
    with uncollected():
        from llvmlite import binding

    settings = sorted(
        item
        for item in os.environ.items()
        if item[0].startswith("NUMBA_") and item[0] not in WITHOUT_EFFECT
    )
    key = (
        settings,
        has_own_process(),  # where LLVM is tuned
        [version_of(package) for package in ("numba", "llvmlite")],
        binding.get_process_triple(),
        binding.get_host_cpu_name(),
        binding.get_host_cpu_features().flatten(),
    )
    digest = hashlib.sha256(repr(key).encode())
    for name, content in sources():  # not by their `repr`, which takes longer than to read them
        digest.update(repr((name, content and len(content))).encode())
        digest.update(content or b"")
    return digest.hexdigest()[:32]


def version_of(package: str) -> list[str]:
    """Return the names of the folders of a package's metadata, which end in its version.

    Raises
    ------
    ImportError
        If the package is not installed.
    """
    if (spec := importlib.util.find_spec(package)) is not None and spec.origin:
        beside = os.listdir(Path(spec.origin).parents[1])
        if found := [name for name in beside if name.startswith(f"{package}-")]:
            return sorted(found)
    from importlib.metadata import version  # takes longer to import than all of this package

    return [version(package)]


def sources() -> Iterator[tuple[str, bytes | None]]:
    """Yield name and content of every module that machine code is made from."""
    for room in ROOMS:
        package = importlib.import_module(f"bp_numba.{room}")
        for name in ["__init__", *sorted(m.name for m in pkgutil.iter_modules(package.__path__))]:
            yield f"{room}/{name}.py", pkgutil.get_data(package.__name__, f"{name}.py")


def cache_folder() -> Path | None:
    """Return the folder for machine code, made if need be; None if there is none to be trusted.

    It is in NUMBA_CACHE_DIR if that is set, else `__pycache__` beside the package, else in the
    user's cache folder. Whoever can write a file there runs code in the process that loads it: so
    it has to be this user's, root's too, and nobody else may write to it. Where a umask of 002 has
    made a `__pycache__` that a group may write to, the user's cache folder is used. The folders
    above are not looked at: the user chose them, or they hold the package itself.
    """
    for folder in _candidates():
        with contextlib.suppress(OSError):
            for missing in (folder.parent, folder):
                missing.mkdir(mode=0o755, parents=True, exist_ok=True)
            if os.access(folder, os.W_OK) and _is_own(folder):
                return folder
    return None


def _is_own(folder: Path) -> bool:
    """Tell if a folder belongs to this user, and nobody else may write to it."""
    if os.name != "posix":
        return True
    status = folder.stat()
    others = stat.S_IWGRP | stat.S_IWOTH
    return status.st_uid == os.geteuid() and not status.st_mode & others


def _candidates() -> Iterator[Path]:
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(chosen) / "bp_numba"
        return
    yield Path(__file__).parents[1] / "__pycache__"
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or "~/.cache"
    # A container may know no home: neither HOME nor an entry for the user.
    with contextlib.suppress(RuntimeError):
        yield Path(home).expanduser() / "bp_numba"


def read(file: Path | None) -> bytes | None:
    """Return a file's content after its checksum; None if it is missing, damaged or truncated."""
    try:
        content = file.read_bytes() if file else b""
    except OSError:
        return None
    checksum, content = content[:32], content[32:]
    return content if hashlib.sha256(content).digest() == checksum else None


def write(file: Path | None, content: bytes) -> None:
    """Write a file in one step, if the folder allows."""
    if file is None:
        return
    _sweep(file.parent)
    temporary = file.with_name(f"{file.name}.{os.urandom(16).hex()}")
    try:
        temporary.write_bytes(hashlib.sha256(content).digest() + content)
        os.replace(temporary, file)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _sweep(folder: Path) -> None:
    """Delete what processes that were killed while they wrote have left, once it is an hour old.

    And the oldest kernels for known units: anybody may train any number of layers.
    """
    with contextlib.suppress(OSError):
        for file in folder.glob("*-*-*.o.*"):
            if _written(file) < time.time() - 3600:
                file.unlink()
        for file in sorted(folder.glob(KNOWN_UNITS), key=_written)[:-KEPT]:
            file.unlink()


def _written(file: Path) -> float:
    return file.stat().st_mtime
