"""The machine code on disk: whatever happens to it, training works."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bp_numba.native import compiling, files, loading
from tests.conftest import HANG, needs_jit, not_bounds_checked, run_python
from tests.native.new_process import PACKAGE, TRAIN, files_in, load


@needs_jit
def test_second_process_loads_what_the_first_compiled(compilations, tmp_path):
    load()
    assert compilations == ["activate"] and len(list(tmp_path.glob("*/activate-*.o"))) == 1
    load()
    assert compilations == ["activate"] and len(list(tmp_path.glob("*/activate-*.o"))) == 1


def test_of_kernels_for_known_units_the_newest_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "KEPT", 2)
    others = ["train_blocks-4-a.o", "train_batches.relu.softmax.adam.dense.float64-4-a.o"]
    for age, name in enumerate(["train_blocks.3x9x1-4-a.o", *others, "train_samples.2x1-4-b.o"]):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (100 * age, 100 * age))
    for name in ("train_blocks.10x1-8-a.o", "train_blocks-8-a.o"):
        files.write(tmp_path / name, b"code")
    kept = sorted(file.name for file in tmp_path.iterdir())
    new = ["train_blocks-8-a.o", "train_blocks.10x1-8-a.o", "train_samples.2x1-4-b.o"]
    assert kept == sorted([*others, *new])


@needs_jit
def test_a_function_is_loaded_once(quick, tmp_path):
    load()
    first = loading.load("activate")
    for file in files_in(tmp_path):
        file.unlink()
    assert loading.load("activate") is first
    assert quick == ["activate"]


@needs_jit
@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:20],
        lambda content: content[:32],
        lambda content: content[: len(content) // 2],
        lambda content: os.urandom(len(content)),
        lambda content: content[:-100] + bytes([content[-100] ^ 1]) + content[-99:],
        lambda content: bytes([content[0] ^ 1]) + content[1:],
        lambda content: content + b"more",
    ],
)
def test_damaged_file_is_compiled_anew(quick, tmp_path, damage):
    load()
    (file,) = files_in(tmp_path)
    intact = file.read_bytes()
    file.write_bytes(damage(intact))
    load()
    assert len(quick) == 2 and file.read_bytes() == intact
    load()
    assert len(quick) == 2


KEYS = """
import sys
from pathlib import Path
from bp_numba.native import files

def key():
    files._key.cache_clear()
    return files._key()

assert files.__file__.startswith(sys.argv[1])
package = Path(files.__file__).parents[1]
before, seen = key(), []
for room in ("kernels", "native", "simd"):
    for source in sorted((package / room).rglob("*.py")):
        intact = source.read_bytes()
        source.write_bytes(intact[:-1] + b"#")
        seen.append(key())
        print(source.relative_to(package).as_posix())
        source.write_bytes(intact)
        assert key() == before
assert before not in seen and len(set(seen)) == len(seen)
new = package / "simd" / "another.py"
new.touch()
assert key() not in [before, *seen]
new.unlink()
(package / "network.py").write_text("raise OSError")
assert key() == before
"""


def test_every_byte_of_the_rooms_counts_and_no_other(tmp_path):
    package = tmp_path / "bp_numba"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    changed = run_python(KEYS, tmp_path, PYTHONPATH=str(tmp_path)).split()
    assert {"kernels/forward.py", "native/files.py", "simd/__init__.py"} <= set(changed)
    assert len(changed) > 25


def test_machine_code_is_made_from_the_rooms_and_nothing_else():
    code = """
import sys
from bp_numba.native import compiling
compiling.compile_here("activate", 4)
from bp_numba.native.files import sources
names = {name for name, _ in sources()}
for name in sorted(sys.modules):
    if name.startswith("bp_numba."):
        path = sys.modules[name].__file__.replace(chr(92), "/").rpartition("/bp_numba/")[2]
        assert path in names, path
        print(path)
"""
    used = run_python(code, NUMBA_DISABLE_JIT="0").split()
    assert "kernels/entry_points.py" in used and "simd/tracing.py" in used


@needs_jit
@pytest.mark.parametrize("setting", ["NUMBA_BOUNDSCHECK", "NUMBA_OPT", "NUMBA_CPU_NAME"])
def test_other_settings_of_numba_are_kept_apart(quick, tmp_path, monkeypatch, setting):
    load()
    monkeypatch.setenv(setting, "1" if os.environ.get(setting) != "1" else "0")
    load()
    assert len(quick) == 2 and len(files_in(tmp_path)) == 2
    load()
    assert len(quick) == 2


def test_where_llvm_is_not_tuned_files_have_other_names(compilations, monkeypatch):
    tuned = files.file_of("activate", None)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    files._key.cache_clear()
    assert tuned != files.file_of("activate", None) is not None


@needs_jit
@pytest.mark.parametrize("setting", ["NUMBA_NUM_THREADS", "NUMBA_THREADING_LAYER"])
def test_settings_without_effect_share_a_file(quick, monkeypatch, setting):
    load()
    monkeypatch.setenv(setting, "1")
    load()
    assert quick == ["activate"]


@needs_jit
def test_folder_that_vanishes_while_it_compiles(compilations, tmp_path, monkeypatch, activate_code):
    folder = tmp_path / "bp_numba"

    def vanish(name, width):
        shutil.rmtree(folder)
        folder.write_text("a file where the folder was")
        return activate_code, True

    monkeypatch.setattr(compiling, "compile_entry_point", vanish)
    load()
    assert files_in(tmp_path) == [folder]


@needs_jit
def test_disk_that_fills_up(quick, tmp_path, monkeypatch):
    def full(path, content):
        with path.open("wb") as stream:
            stream.write(content[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    load()
    assert quick == ["activate"] and files_in(tmp_path) == []  # no half of a file is left behind


def test_what_killed_processes_have_left_is_deleted_after_an_hour(tmp_path):
    new, old, other = (tmp_path / name for name in ("predict-4-a.o.1", "predict-4-a.o.2", "a.o.3"))
    for path in (new, old, other):
        path.touch()
    for path in (old, other):
        os.utime(path, (0, 0))
    files.write(tmp_path / "predict-4-a.o", b"content")
    assert files_in(tmp_path) == [other, tmp_path / "predict-4-a.o", new]


@needs_jit
def test_file_that_cannot_be_replaced(quick, tmp_path):
    load()
    (file,) = files_in(tmp_path)
    file.unlink()
    file.mkdir()
    load()
    assert len(quick) == 2 and files_in(tmp_path) == []


posix = pytest.mark.skipif(os.name != "posix", reason="owners and permission bits")


@needs_jit
@posix
@pytest.mark.parametrize("mode", [0o777, 0o775, 0o757, 0o1777])
def test_folder_that_others_can_write_is_not_trusted(mode, quick, tmp_path):
    load()
    (file,) = files_in(tmp_path)
    file.parent.chmod(mode)
    assert files.cache_folder() is None
    load()
    assert len(quick) == 2
    file.parent.chmod(0o755)
    load()
    assert len(quick) == 2


@needs_jit
@posix
def test_folder_of_another_user_is_not_trusted(quick, tmp_path):
    load()
    (file,) = files_in(tmp_path)
    try:
        os.chown(file.parent, 12345, -1)
    except PermissionError:
        pytest.skip("only root can give a folder away")
    assert files.cache_folder() is None
    load()
    assert len(quick) == 2
    os.chown(file.parent, os.geteuid(), -1)
    assert files.cache_folder() == file.parent


@pytest.fixture
def no_umask():
    """Make folders with all the bits that are asked for."""
    before = os.umask(0)
    yield
    os.umask(before)


@posix
def test_folders_are_made_for_one_writer(no_umask, tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "chosen"))
    folder = files.cache_folder()
    assert [path.stat().st_mode & 0o777 for path in (folder, folder.parent)] == [0o755, 0o755]


@posix
def test_a_pycache_of_a_group_gives_way_to_the_users_cache(no_umask, tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(files, "__file__", str(tmp_path / "package" / "native" / "files.py"))
    (tmp_path / "package" / "__pycache__").mkdir(parents=True, mode=0o775)  # umask 002
    assert files.cache_folder() == tmp_path / "home" / "bp_numba"


def test_folder_is_beside_the_package_else_in_the_users_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(files, "__file__", str(tmp_path / "package" / "native" / "files.py"))
    assert files.cache_folder() == tmp_path / "package" / "__pycache__"
    shutil.rmtree(tmp_path / "package")
    (tmp_path / "package").touch()
    assert files.cache_folder() == tmp_path / "home" / "bp_numba"


def test_a_home_that_is_not_known_is_not_needed(tmp_path, monkeypatch):
    def unknown(path):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "expanduser", unknown)
    monkeypatch.setattr(files, "__file__", str(tmp_path / "package" / "native" / "files.py"))
    assert files.cache_folder() == tmp_path / "package" / "__pycache__"
    shutil.rmtree(tmp_path / "package")
    (tmp_path / "package").touch()
    assert files.cache_folder() is None


@needs_jit
@posix
def test_a_user_without_home_and_entry_trains(tmp_path):
    code = """
import os, pwd

def no_entry(number):
    raise KeyError(number)

pwd.getpwuid = no_entry
os.environ.pop("HOME", None)
"""
    package = tmp_path / "bp_numba"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    environment = {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": "", "XDG_CACHE_HOME": ""}
    run_python(code + TRAIN, **environment)
    assert list((package / "__pycache__").glob("train_*.o"))


@needs_jit
def test_no_folder_at_all(tmp_path):
    package = tmp_path / "bp_numba"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "__pycache__").touch()
    (tmp_path / "home").touch()
    home = str(tmp_path / "home")
    environment = {"HOME": home, "XDG_CACHE_HOME": home, "LOCALAPPDATA": home, "USERPROFILE": home}
    code = (
        TRAIN
        + """
from bp_numba.native import files
print(files.__file__, files.cache_folder())"""
    )
    output = run_python(code, PYTHONPATH=str(tmp_path), NUMBA_CACHE_DIR="", **environment)
    assert output.splitlines()[-1] == f"{package / 'native' / 'files.py'} None"


@needs_jit
def test_sources_that_cannot_be_read(quick, tmp_path, monkeypatch):
    def unreadable(package, name):
        raise FileNotFoundError(name)

    monkeypatch.setattr(files.pkgutil, "get_data", unreadable)
    load()
    assert quick == ["activate"] and files_in(tmp_path) == []


def test_versions_are_told_by_folders_of_metadata_or_by_what_they_hold(tmp_path, monkeypatch):
    assert files.version_of("numba")[0].startswith("numba-")
    (tmp_path / "unpacked").mkdir()
    (tmp_path / "unpacked" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ImportError, match="unpacked"):
        files.version_of("unpacked")
    metadata = tmp_path / "elsewhere" / "unpacked-1.5.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Name: unpacked\nVersion: 1.5\n")
    monkeypatch.syspath_prepend(str(tmp_path / "elsewhere"))
    assert files.version_of("unpacked") == ["1.5"]
    (tmp_path / "unpacked-1.6.dist-info").mkdir()
    assert files.version_of("unpacked") == ["unpacked-1.6.dist-info"]


@needs_jit
def test_another_version_is_another_file(quick, tmp_path, monkeypatch):
    load()
    version_of = files.version_of
    monkeypatch.setattr(files, "version_of", lambda package: [*version_of(package), "1"])
    load()
    assert len(quick) == 2 and len(files_in(tmp_path)) == 2


@needs_jit
def test_versions_that_cannot_be_told(quick, tmp_path, monkeypatch):
    def unknown(package):
        raise ImportError(package)

    monkeypatch.setattr(files, "version_of", unknown)
    load()
    assert quick == ["activate"] and files_in(tmp_path) == []


@needs_jit
@not_bounds_checked
def test_processes_compile_at_once(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [sys.executable, "-c", TRAIN]
    processes = [subprocess.Popen(command, env=environment, text=True, **pipes) for _ in range(4)]
    results = [process.communicate(timeout=HANG) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, results
    assert len({output for output, _ in results}) == 1
    assert len(list(tmp_path.glob("*/train_*.o"))) >= 1
    code = TRAIN + "print('numba' in sys.modules)"
    assert run_python(code, NUMBA_CACHE_DIR=str(tmp_path)) == results[0][0] + "False\n"
