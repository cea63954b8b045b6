"""Formats and sources: suffixes, packed files, standard input, files of another kind."""

import bz2
import gzip
import io
import lzma
import sys
import zipfile
from functools import partial

import numpy as np
import polars
import pytest

from bp_numba.tables.errors import TableError
from bp_numba.tables.reading import read_table
from bp_numba.tables.text_files import Reading
from tests.conftest import PYTHON, run_command
from tests.runs.hostile import mutated
from tests.tables.files import cells_of, refusal, table_of

TEXT = b"a,b\n1,x\n2,y\n"
CELLS = {"a": ["1", "2"], "b": ["x", "y"]}


def parquet():
    file = io.BytesIO()
    polars.DataFrame({"a": [1, 2], "b": ["x", "y"]}).write_parquet(file)
    return file.getvalue()


def npz():
    file = io.BytesIO()
    np.savez(file, X=np.array([[1.5], [2.5]]), y=np.array(["x", "y"]))
    return file.getvalue()


KINDS = {
    "csv": (TEXT, CELLS),
    "parquet": (parquet(), {"a": [1, 2], "b": ["x", "y"]}),
    "npz": (npz(), {"x0": [1.5, 2.5], "y": ["x", "y"]}),
}


def zipped(*contents, names=("folder/data.csv", "other.csv")):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("folder") if hasattr(archive, "mkdir") else archive.writestr("folder/", "")
        archive.writestr("__MACOSX/folder/._data.csv", "what macOS adds")
        for name, content in zip(names, contents, strict=False):
            archive.writestr(name, content)
    return file.getvalue()


PACKERS = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": partial(lzma.compress, preset=0),
    "zip": zipped,
}


@pytest.fixture
def given(monkeypatch):
    """Return a function that gives bytes as standard input."""

    def give(content):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return give


@pytest.mark.parametrize("packed", ["", *PACKERS])
@pytest.mark.parametrize("kind", KINDS)
def test_every_format_from_every_source(kind, packed, tmp_path, given):
    content, cells = KINDS[kind]
    content = PACKERS[packed](content) if packed else content
    for name, how in ((f"d.{kind}", {}), ("d.dat", {"format": kind}), ("d", {"format": kind})):
        name = f"{name}.{packed.upper()}" if packed else name
        assert cells_of(table_of(tmp_path, content, name, **how)) == cells
    for how in (Reading(), Reading(format=kind)):
        given(content)
        table = read_table(tmp_path.__class__("-"), how)
        assert cells_of(table) == cells and table.name == "standard input"


@pytest.mark.parametrize("suffix", ["csv", "tsv", "txt", "data", "tab", "CSV", "csv.gz", "gz.csv"])
def test_suffixes_of_text(suffix, tmp_path):
    assert cells_of(table_of(tmp_path, TEXT, f"a.b.{suffix}")) == CELLS


def test_asked_twice_is_answered_twice(tmp_path):
    table = table_of(tmp_path, TEXT)
    assert cells_of(table) == cells_of(table) == CELLS


@pytest.mark.parametrize("name", ["data", "data.xls", "data.npy", "data.gz", ".csv"])
def test_suffixes_that_tell_nothing_name_the_option(name, tmp_path):
    message = refusal(tmp_path, TEXT, name)
    assert "must end in .csv, .tsv" in message and "--format csv, parquet, npz" in message


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PK\x03\x04....", "a zip archive that is damaged or holds several files, as .xlsx"),
        (zipped(TEXT, TEXT), "a zip archive that is damaged or holds several files, as .xlsx"),
        (zipped(), "a zip archive that is damaged or holds several files, as .xlsx"),
        (b"\x28\xb5\x2f\xfd", "packed by zstd"),
        (parquet(), "a Parquet file: --format parquet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an Excel file of old"),
        (b"\n <!DOCTYPE html>\n<html>", "a web page"),
        (b"%PDF-1.4\n", "a PDF file"),
    ],
)
def test_files_of_another_kind_called_csv(content, what, tmp_path):
    assert f"data.csv must be a text file, such as CSV, got {what}" in refusal(tmp_path, content)


@pytest.mark.parametrize("content", [b"", b" \n\r\n", gzip.compress(b""), b"\xff\xfe"])
def test_empty_files(content, tmp_path):
    assert refusal(tmp_path, content).endswith("data.csv is empty")


def test_unknown_format(tmp_path):
    assert "--format must be csv, parquet, npz, got 'xml'" in refusal(tmp_path, TEXT, format="xml")


@pytest.mark.parametrize("closed", [None, io.TextIOWrapper(io.BytesIO())])
def test_closed_standard_input(closed, monkeypatch, tmp_path):
    if closed is not None:
        closed.close()
    monkeypatch.setattr(sys, "stdin", closed)
    with pytest.raises(TableError, match="standard input is closed"):
        read_table(tmp_path.__class__("-"))


def test_what_cannot_be_read_is_an_error_of_the_system(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    for name, kind in (("missing.csv", FileNotFoundError), ("folder.csv", IsADirectoryError)):
        with pytest.raises(kind):
            read_table(tmp_path / name)


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_whose_name_tells_no_format(kind, tmp_path):
    content, cells = KINDS[kind]
    assert cells_of(table_of(tmp_path, zipped(content), "data.zip")) == cells


def test_an_archive_of_several_files_is_refused_from_every_source(tmp_path, given):
    content = zipped(TEXT, TEXT)
    message = "must be a text file, such as CSV, got a zip archive that is damaged or holds several"
    assert message in refusal(tmp_path, content, "data.zip")
    given(content)
    with pytest.raises(TableError, match=f"standard input {message}"):
        read_table(tmp_path.__class__("-"))


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("kind", KINDS)
def test_mutated_packed_files_are_refused(kind, packer, tmp_path):
    content, cells = KINDS[kind]
    packed = PACKERS[packer](content)
    for seed in range(100):
        changed = bytes(mutated(packed, seed))
        try:
            assert cells_of(table_of(tmp_path, changed, f"data.{kind}")) == cells
        except TableError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("packer", PACKERS)
def test_truncated_packed_files_are_refused(packer, tmp_path):
    packed = PACKERS[packer](TEXT)
    for end in range(2, len(packed)):
        assert "data.csv" in refusal(tmp_path, packed[:end])


@pytest.mark.parametrize("packer", PACKERS)
def test_a_bomb_is_refused_before_it_is_unpacked(packer, tmp_path):
    content = PACKERS[packer](bytes(100_000_000))
    assert "unpacks to more than 500 times its size" in refusal(tmp_path, content)


def test_text_and_arrays_need_no_polars(tmp_path):
    code = """
import sys
sys.modules["polars"] = None
from pathlib import Path
from bp_numba.tables.errors import TableError
from bp_numba.tables.reading import read_table
for name in sys.argv[1:]:
    try:
        print(read_table(Path(name)).rows)
    except TableError as error:
        print(error)
"""
    paths = [tmp_path / f"data.{kind}" for kind in KINDS]
    for path, (content, _) in zip(paths, KINDS.values(), strict=True):
        path.write_bytes(content)
    result = run_command([*PYTHON, "-c", code, *paths])
    assert result.stderr == "" and result.stdout.splitlines() == [
        "2",
        f"reading {paths[1]} needs polars, which is not installed: pip install 'bp_numba[cli]'",
        "2",
    ]
