"""Files: what is saved is loaded, bit for bit; what is damaged, foreign or hostile is refused."""

import json
import os
import pickle
import shutil
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest

import bp_numba
from bp_numba import ModelFormatError, NeuralNetwork, fit_many, load_many, save_many
from bp_numba.runs import state
from bp_numba.runs.archives import ONE
from bp_numba.runs.state import record_of
from tests.conftest import assert_same_weights, make, run_python
from tests.runs.hostile import Harmful, mutated, refused_or_harmless, rewritten


@pytest.fixture
def trained(xor_data):
    nn = make(NeuralNetwork, [2, 3, 1])
    nn.fit(*xor_data, epochs=200, displayUpdate=50, verbose=False, validation=xor_data)
    nn.metadata.update({"note": "Ω", "classes": ["a", "b"], "scale": [0.5, None]})
    return nn


@pytest.fixture
def content(trained, tmp_path):
    """Bytes of a file."""
    trained.save(tmp_path / "model.npz")
    return (tmp_path / "model.npz").read_bytes()


def load(content, tmp_path):
    path = tmp_path / "changed.npz"
    path.write_bytes(content)
    return NeuralNetwork.load(path)


def assert_same(left, right):
    assert_same_weights(left, right, atol=0)
    assert [w.dtype for w in left.W] == [w.dtype for w in right.W]
    for name in ("layers", "alpha", "losses", "history", "epochs_trained", "metadata"):
        assert getattr(left, name) == getattr(right, name), name


def test_all_that_is_saved_is_loaded(trained, tmp_path):
    trained.save(tmp_path / "model")  # the name as it is
    loaded = NeuralNetwork.load(tmp_path / "model")
    assert_same(loaded, trained)
    assert os.listdir(tmp_path) == ["model"]
    assert_same(pickle.loads(pickle.dumps(loaded)), trained)


USE_RATES = """
import copy, pickle, sys
from bp_numba import ModelFormatError, NeuralNetwork
from bp_numba.runs.state import record_of

def load(path):
    return record_of(NeuralNetwork.load(path))

before, pickled, path = sys.argv[1:]
nn = NeuralNetwork([2, 2, 1])
rates = record_of(nn).rates
print(rates, load(before).rates, record_of(pickle.load(open(pickled, "rb"))).rates)
rates.append(0.5)
twin = copy.copy(nn)
record_of(twin).rates.append(0.25)
print(rates, record_of(twin).rates)
rates[:] = ["fast"]
nn.save(path)
try:
    load(path)
except ModelFormatError as error:
    print(error)
twin.save(path)
print(load(path).rates)
clear = lambda *_: record_of(twin).rates.clear()
twin.fit([[0, 1]], [[1]], 3, verbose=False, checkpoint=path, callback=clear)
print(load(path).rates)
"""


def test_a_field_is_added_in_one_place(trained, tmp_path):
    """The example in the docstring of `state`, put into `Record` in a copy of the package."""
    before, pickled, path = (tmp_path / name for name in ("before.npz", "before.pkl", "rates.npz"))
    trained.save(before)
    pickled.write_bytes(pickle.dumps(trained))
    package = tmp_path / "bp_numba"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(bp_numba.__file__).parent, package, ignore=ignored)
    (line,) = (line for line in state.__doc__.splitlines() if line.startswith("    rates: "))
    source, last = (package / "runs" / "state.py").read_text(), "    work: int ="
    assert source.count(last) == 1
    (package / "runs" / "state.py").write_text(source.replace(last, f"{line}\n{last}"))

    environment = {"PYTHONPATH": str(tmp_path), "NUMBA_DISABLE_JIT": "1"}
    assert run_python(USE_RATES, before, pickled, path, **environment).splitlines() == [
        "[] [] []",
        "[0.5] [0.5, 0.25]",
        f"{path}: rates must be a list of numbers",
        "[0.5, 0.25]",
        "[]",
    ]
    NeuralNetwork.load(path)  # nor is it in the way


def test_the_network_is_annotated_as_its_state():
    assert get_type_hints(NeuralNetwork).items() <= get_type_hints(state.State).items()


def test_numpy_reads_the_file_too(trained, tmp_path):
    trained.save(tmp_path / "model.npz")
    with np.load(tmp_path / "model.npz", allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["W1"], trained.W[1])
        header = json.loads(archive["header"].tobytes())
    assert header["format"] == ONE and header["epochs_trained"] == 200


def test_neither_saving_nor_loading_draws_random_numbers(trained, tmp_path):
    np.random.seed(3)
    expected = np.random.rand()
    np.random.seed(3)
    trained.save(tmp_path / "model.npz")
    NeuralNetwork.load(tmp_path / "model.npz")
    assert np.random.rand() == expected


@pytest.mark.parametrize("dtype", [np.float32, np.float16, ">f8"])
def test_types_and_orders_of_weights(dtype, trained, tmp_path):
    trained.W = [np.asfortranarray(w.astype(dtype)) for w in trained.W]
    trained.save(tmp_path / "model.npz")
    assert_same(NeuralNetwork.load(tmp_path / "model.npz"), trained)


def test_weights_that_are_read_only(trained, tmp_path):
    """As those of a network that joblib has sent to another process are, if they are large."""
    for w in trained.W:
        w.flags.writeable = False
    trained.save(tmp_path / "one.npz")
    save_many(tmp_path / "many.npz", [trained])
    loaded = [NeuralNetwork.load(tmp_path / "one.npz"), *load_many(tmp_path / "many.npz")]
    for nn in loaded:
        assert all(map(np.array_equal, nn.W, trained.W))
        assert all(w.flags.writeable for w in nn.W)


def test_numbers_that_are_not_finite(trained, tmp_path):
    trained.W[0][0, :] = np.nan, np.inf, -0.0, 5e-324
    trained.losses[:] = [float("inf"), 1e-300]
    trained.save(tmp_path / "model.npz")
    loaded = NeuralNetwork.load(tmp_path / "model.npz")
    assert loaded.losses == [float("inf"), 1e-300]
    assert [w.tobytes() for w in loaded.W] == [w.tobytes() for w in trained.W]


def test_continued_equals_uninterrupted(xor_data, tmp_path):
    whole, parts = make(NeuralNetwork, [2, 2, 1]), make(NeuralNetwork, [2, 2, 1])
    whole.fit(*xor_data, epochs=5000, verbose=False)
    for epochs in (1, 999, 4000):
        parts.fit(*xor_data, epochs=epochs, verbose=False)
        parts.save(tmp_path / "model.npz")
        parts = NeuralNetwork.load(tmp_path / "model.npz")
    assert_same_weights(parts, whole, atol=0)
    assert parts.epochs_trained == whole.epochs_trained == 5000


def test_a_subclass_loads_itself(trained, tmp_path):
    class Own(NeuralNetwork):
        def __init__(self):
            raise AssertionError("nothing is to be constructed")

    trained.save(tmp_path / "model.npz")
    assert type(Own.load(tmp_path / "model.npz")) is Own


def test_names_may_be_as_long_as_file_systems_take(trained, tmp_path):
    path = tmp_path / ("ä" * 60 + "n" * 131 + ".npz")
    assert len(os.fsencode(path.name)) == 255
    trained.save(path)
    assert NeuralNetwork.load(path).history == trained.history


def test_errors_of_files_name_what_was_given(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="No such file or directory: 'missing/model.npz'"):
        trained.save("missing/model.npz")
    with pytest.raises(OSError, match="models/ must be a file, or new"):
        trained.save("models/")
    assert not os.listdir(tmp_path)


def test_what_cannot_be_saved_replaces_nothing(trained, tmp_path):
    path = tmp_path / "model.npz"
    trained.save(path)
    before = path.read_bytes()
    trained.metadata["no"] = object()
    with pytest.raises(TypeError, match="not JSON serializable"):
        trained.save(path)
    del trained.metadata["no"]
    with pytest.raises(OSError):
        trained.save(tmp_path / "missing" / "model.npz")
    trained.W[1] = trained.W[1][:-1]
    with pytest.raises(ValueError, match=r"W\[1\] must have 4 rows"):
        trained.save(path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["model.npz"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes with names")
@pytest.mark.parametrize("kind", ["device", "pipe"])
def test_what_never_ends_is_not_read(kind, tmp_path, trained):
    path = os.devnull if kind == "device" else str(tmp_path / "pipe")
    if kind == "pipe":
        os.mkfifo(path)
        writer = os.open(path, os.O_RDWR)  # or to open it would wait for one
        os.write(writer, b"PK")
    nothing = np.zeros((0, trained.layers[0])), np.zeros((0, 1)), 0
    for read in NeuralNetwork.load, load_many, lambda name: trained.fit(*nothing, checkpoint=name):
        with pytest.raises(ModelFormatError, match="not a network, but a device or a pipe"):
            read(path)


def test_a_device_is_not_replaced_by_a_file(trained):
    with pytest.raises(OSError, match=f"{os.devnull} must be a file, or new"):
        trained.save(os.devnull)
    assert not os.path.isfile(os.devnull)


def test_a_link_stays_a_link_and_the_mode_is_that_of_new_files(trained, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "model.npz")
    trained.save(tmp_path / "link")
    (tmp_path / "other").touch()
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "model.npz").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_full_disk_replaces_nothing(trained, tmp_path, monkeypatch):
    path = tmp_path / "model.npz"
    trained.save(path)
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*model.npz'$"):
        trained.save(path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["model.npz"]


def test_errors_name_the_file_that_was_asked_for(trained, tmp_path, monkeypatch):
    """And no other, as the one that is written before it takes its place."""

    def refuse(old, new):
        raise PermissionError(13, "Permission denied", str(old), None, str(new))

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(PermissionError, match=r"Permission denied: '.*model.npz'$") as caught:
        trained.save(tmp_path / "model.npz")
    assert caught.value.filename == str(tmp_path / "model.npz") and not os.listdir(tmp_path)


@pytest.mark.parametrize("seed", range(200))
def test_mutated_files(seed, content, trained, tmp_path):
    with refused_or_harmless(tmp_path):
        assert_same(load(mutated(content, seed), tmp_path), trained)


COLUMNS = {"epochs": [3], "losses": [0.5], "validation_losses": [None], "seconds": [1.0]}
"""Those of a history that older releases wrote."""


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "other"}, "the header is foreign"),
        ({"version": 2}, "written in format 2 by a later release; this one reads up to 1"),
        ({"version": "1"}, "the version must be a number, got '1'"),
        ({"version": True}, "the version must be a number, got True"),
        ({"layers": [2]}, "layers must be two or more positive integers"),
        ({"layers": [2, 0, 1]}, "layers must be two or more positive integers"),
        ({"layers": None}, "layers must be two or more positive integers, got None"),
        ({"alpha": "0.1"}, "alpha must be a number"),
        ({"epochs_trained": -1}, "epochs_trained must be"),
        ({"losses": [1, "x"]}, "losses must be a list of numbers"),
        ({"metadata": []}, "metadata must be a dict"),
        ({"history": {}}, "history must hold lists of numbers of one length"),
        ({"history": {**COLUMNS, "samples": [1.5]}}, "history must hold lists of numbers"),
        ({"history": {**COLUMNS, "samples": [-1]}}, "history must hold lists of numbers"),
        ({"history": {**COLUMNS, "samples": [1, 1]}}, "history must hold lists of numbers"),
        ({"history": {**COLUMNS, "rates": [1]}}, "history must hold lists of numbers"),
        ({"work": -1}, r"work must be a count of work, >= 0"),
        ({"work": 0.5}, r"work must be a count of work, >= 0"),
        ({"history": None}, "history must hold lists of numbers of one length"),
        ({"shapes": [[3, 4], [5, 1]]}, "shapes must be those of matrices that chain"),
        ({"shapes": []}, "shapes must be those of matrices that chain"),
        ({"shapes": [[3, 4]]}, "must hold a header, 1 weight matrices, and nothing else"),
        ({"shapes": [[3, 4], [4, 10**12]]}, r"W1.npy must hold floats of shape \(4, 10000000000"),
        ({"W0": np.zeros((4, 3))}, r"W0.npy must hold floats of shape \(3, 4\), got float64 of"),
        ({"W0": np.zeros((3, 4), dtype=int)}, "W0.npy must hold floats"),
        ({"W0": np.full((3, 4), Harmful())}, "W0.npy must be as long as an array of object"),
        ({"more": {"W2": np.zeros(3)}}, "and nothing else"),
        ({"more": {"header": np.zeros(3)}}, "the header must be text"),
        ({"compression": zipfile.ZIP_DEFLATED}, "must not be compressed, nor larger than the"),
    ],
)
def test_foreign_and_hostile_files(changes, message, content, tmp_path):
    with pytest.raises(ModelFormatError, match=message) as raised:
        load(rewritten(content, **changes), tmp_path)
    assert isinstance(raised.value, ValueError) and "\n" not in str(raised.value)
    assert Harmful.trace == []


def test_a_file_from_before_the_numbers_of_samples_and_the_work(content, tmp_path):
    loaded = load(rewritten(content, history=COLUMNS, work=None), tmp_path)
    assert loaded.history.to_dict() == {**COLUMNS, "samples": [None], "validation_samples": [None]}
    assert record_of(loaded).work == 0
    loaded.fit([[0, 1]], [[1]], 1, verbose=False, validation=([[0, 1], [1, 1]], [[1], [0]]))
    assert loaded.history.samples == [None, 1] and loaded.history.validation_samples == [None, 2]
    loaded.save(tmp_path / "again.npz")
    assert_same(NeuralNetwork.load(tmp_path / "again.npz"), loaded)


def test_a_bomb_takes_no_memory(content, tmp_path):
    bomb = rewritten(content, zipfile.ZIP_DEFLATED, more={"W0": np.zeros(10_000_000)})
    tracemalloc.start()
    with pytest.raises(ModelFormatError):
        load(bomb, tmp_path)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("field", [20, 24])
@pytest.mark.parametrize("bit", [25, 31])
def test_a_size_that_lies_takes_no_memory(field, bit, content, tmp_path):
    changed = bytearray(content)
    start = changed.index(b"PK\1\2") + field  # an entry's size in the file, and that of its content
    changed[start : start + 4] = struct.pack("<I", 1 << bit)
    tracemalloc.start()
    with pytest.raises(ModelFormatError, match="nor larger than the file"):
        load(changed, tmp_path)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_deep_nesting(tmp_path):
    text = np.frombuffer(b"[" * 100_000, dtype=np.uint8)
    np.savez(tmp_path / "deep.npz", header=text)
    with pytest.raises(ModelFormatError, match="recursion"):
        NeuralNetwork.load(tmp_path / "deep.npz")


@pytest.mark.parametrize("content", [b"", b"PK", b"hello" * 100, pickle.dumps([1])])
def test_no_archive(content, tmp_path):
    with pytest.raises(ModelFormatError, match="not a network, or a damaged one"):
        load(content, tmp_path)


def test_other_archives(tmp_path):
    np.savez(tmp_path / "data.npz", X=np.zeros(3))
    with pytest.raises(ModelFormatError, match="no network: there is no header"):
        NeuralNetwork.load(tmp_path / "data.npz")


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        NeuralNetwork.load(tmp_path / "missing.npz")


@pytest.mark.parametrize("path", [5, True, None, ["model.npz"]])
def test_what_is_no_path(path, trained):
    """A number would be the descriptor of some other file, which would be read, and closed."""
    for name, use in (
        ("path", NeuralNetwork.load),
        ("path", load_many),
        ("path", trained.save),
        ("path", trained.history.to_csv),
        ("path", lambda path: save_many(path, [trained])),
    ):
        with pytest.raises(TypeError, match=rf"^{name} must be a str or path-like, got "):
            use(path)


@pytest.mark.parametrize("path", [5, True, ["model.npz"]])
def test_what_is_no_path_of_a_checkpoint(path, xor_data):
    nn, must = make(NeuralNetwork, [2, 2, 1]), "^checkpoint must be a str or path-like, got "
    with pytest.raises(TypeError, match=must):
        nn.fit(*xor_data, epochs=1, checkpoint=path)
    with pytest.raises(TypeError, match=must):
        fit_many([nn], *xor_data, epochs=1, checkpoint=path)
    assert nn.epochs_trained == 0


def test_paths_of_bytes(trained, tmp_path):
    path = os.fsencode(tmp_path / "model.npz")
    trained.save(path)
    trained.fit([[0, 1]], [[1]], epochs=1, checkpoint=path)
    assert_same_weights(NeuralNetwork.load(path), trained, atol=0)
