"""Files of many networks: the same as of one, and an answer to whoever takes one for the other."""

import json
import os
import tracemalloc
import zipfile

import numpy as np
import pytest

from bp_numba import ModelFormatError, NeuralNetwork, fit_many, load_many, save_many
from bp_numba.runs.archives import MANY, ONE, kind_of
from bp_numba.runs.state import ENTRIES, record_of
from tests.conftest import make
from tests.runs.hostile import Harmful, mutated, refused_or_harmless, rewritten
from tests.runs.test_model_files import assert_same


@pytest.fixture
def networks(xor_data):
    """Networks of three layers and types, with all that a file holds."""
    networks = [make(NeuralNetwork, [2, size, 1], seed=size) for size in (2, 3, 2)]
    networks.append(make(NeuralNetwork, [5, 4, 3, 2]))
    fit_many(networks[:3], *xor_data, epochs=200, displayUpdate=50, validation=xor_data)
    networks[1].metadata.update({"note": "Ω", "classes": ["a", "b"], "scale": [0.5, None]})
    networks[2].W = [np.asfortranarray(w.astype(">f4")) for w in networks[2].W]
    networks[3].W[0][0, :4] = np.nan, np.inf, -0.0, 5e-324
    return networks


@pytest.fixture
def content(networks, tmp_path):
    """Bytes of a file."""
    save_many(tmp_path / "content.npz", networks)
    return (tmp_path / "content.npz").read_bytes()


def load(content, tmp_path):
    path = tmp_path / "changed.npz"
    path.write_bytes(content)
    return load_many(path)


def assert_all_the_same(left, right):
    assert len(left) == len(right)
    for a, b in zip(left, right, strict=True):
        assert_same(a, b)
        for w, v in zip(a.W, b.W, strict=True):
            assert w.tobytes() == v.tobytes() and w.flags.owndata


def test_all_that_is_saved_is_loaded(networks, tmp_path):
    save_many(tmp_path / "all", iter(networks))  # the name as it is
    loaded = load_many(tmp_path / "all")
    assert_all_the_same(loaded, networks)
    assert os.listdir(tmp_path) == ["all"]
    assert {type(network) for network in loaded} == {NeuralNetwork}


def test_the_header_has_every_field_of_a_state(networks, tmp_path):
    """So a field that is added to `Record` is in it too."""
    record_of(networks[0]).work = 7
    save_many(tmp_path / "all.npz", networks)
    with np.load(tmp_path / "all.npz", allow_pickle=False) as archive:
        header = json.loads(archive["header"].tobytes())
        assert sorted(archive.files) == ["header", "weights"]
    assert header["format"] == MANY and len(header["networks"]) == 4
    for each in header["networks"]:
        assert set(each) == {*ENTRIES, "shapes", "dtypes"}
    assert record_of(load_many(tmp_path / "all.npz")[0]).work == 7


def test_no_networks(tmp_path):
    save_many(tmp_path / "none.npz", [])
    assert load_many(tmp_path / "none.npz") == []


def test_what_is_loaded_is_trained_on_as_if_never_saved(xor_data, tmp_path):
    whole, parts = ([make(NeuralNetwork, [2, 2, 1], seed=s) for s in range(9)] for _ in range(2))
    fit_many(whole, *xor_data, epochs=500)
    for epochs in (120, 500):
        fit_many(parts, *xor_data, epochs, initial_epoch=[nn.epochs_trained for nn in parts])
        save_many(tmp_path / "parts.npz", parts)
        parts = load_many(tmp_path / "parts.npz")
    for a, b in zip(parts, whole, strict=True):
        assert [w.tobytes() for w in a.W] == [w.tobytes() for w in b.W]
        assert a.history.losses == b.history.losses


def test_a_file_of_one_network_and_one_of_many_are_told_apart(networks, tmp_path):
    one, many = tmp_path / "one.npz", tmp_path / "many.npz"
    networks[0].save(one)
    save_many(many, networks[:1])
    assert [kind_of(path) for path in (one, many)] == [ONE, MANY]
    with pytest.raises(ModelFormatError, match="one.npz: holds a single network: use NeuralNetwor"):
        load_many(one)
    with pytest.raises(ModelFormatError, match="many.npz: holds a list of networks: use load_many"):
        NeuralNetwork.load(many)


def test_what_cannot_be_saved_replaces_nothing(networks, tmp_path):
    path = tmp_path / "all.npz"
    save_many(path, networks)
    before = path.read_bytes()
    with pytest.raises(TypeError, match=r"networks\[4\]: must be a NeuralNetwork, got 'none'"):
        save_many(path, [*networks, "none"])
    networks[1].metadata["no"] = object()
    with pytest.raises(TypeError, match=r"networks\[1\]: object .* is not JSON serializable"):
        save_many(path, networks)
    del networks[1].metadata["no"]
    networks[3].W[1] = networks[3].W[1][:-1]
    with pytest.raises(ValueError, match=r"networks\[3\]: W\[1\] must have 5 rows"):
        save_many(path, networks)
    with pytest.raises(OSError):
        save_many(tmp_path / "missing" / "all.npz", networks[:3])
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["all.npz"]


def test_metadata_that_were_assigned_are_left_out_with_a_warning(networks, tmp_path):
    networks[2].metadata = networks[3].metadata = {"no": object()}
    with pytest.warns(RuntimeWarning, match=r"metadata of networks\[2\] are not saved") as warned:
        save_many(tmp_path / "all.npz", networks)
    assert len(warned) == 1
    assert [nn.metadata for nn in load_many(tmp_path / "all.npz")[2:]] == [{}, {}]


@pytest.mark.parametrize("seed", range(100))
def test_mutated_files(seed, content, networks, tmp_path):
    with refused_or_harmless(tmp_path):
        assert_all_the_same(load(mutated(content, seed), tmp_path), networks)


BYTES = 736
"""Of all weights in `content`."""


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "other"}, "the header is foreign"),
        ({"format": ["bp_numba networks"]}, "the header is foreign"),
        ({"version": 2}, "written in format 2 by a later release; this one reads up to 1"),
        ({"networks": None}, "networks must be a list, got None"),
        ({"networks": {}}, "networks must be a list, got {}"),
        ({"networks": [7]}, r"networks\[0\]: must be a dict, got 7"),
        ({"networks": []}, f"{BYTES} bytes of weights are of no network"),
        ({"weights": np.zeros(BYTES + 5, np.uint8)}, "5 bytes of weights are of no network"),
        ({"weights": np.zeros(BYTES - 1, np.uint8)}, r"networks\[3\]: its weights are not all th"),
        ({"weights": np.zeros(BYTES // 8)}, "the weights must be bytes"),
        ({"weights": np.full(9, Harmful())}, "weights.npy must be as long as an array of object"),
        ({"more": {"more": np.zeros(3)}}, "must hold a header, weights, and nothing else"),
        ({"compression": zipfile.ZIP_DEFLATED}, "must not be compressed, nor larger than the"),
    ],
)
def test_foreign_and_hostile_files(changes, message, content, tmp_path):
    with pytest.raises(ModelFormatError, match=message) as raised:
        load(rewritten(content, **changes), tmp_path)
    assert isinstance(raised.value, ValueError) and "\n" not in str(raised.value)
    assert Harmful.trace == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layers": [2]}, "layers must be two or more positive integers"),
        ({"alpha": "0.1"}, "alpha must be a number"),
        ({"history": {}}, "history must hold lists of numbers of one length"),
        ({"metadata": []}, "metadata must be a dict"),
        ({"work": -1}, "work must be a count of work, >= 0"),
        ({"shapes": [[3, 4], [5, 1]]}, "shapes must be those of matrices that chain"),
        ({"shapes": [[3, 10**12], [10**12, 1]]}, "its weights are not all there"),
        ({"shapes": [[0, 10**40], [10**40, 0]]}, "a damaged one"),
        ({"shapes": [[3, 4]]}, "dtypes must be types of floats for 1 matrices"),
        ({"dtypes": ["<f8"]}, "dtypes must be types of floats for 2 matrices, got .'<f8'."),
        ({"dtypes": ["<f8", "O"]}, "dtypes must be types of floats for 2 matrices"),
        ({"dtypes": ["<f8", "<i8"]}, "dtypes must be types of floats for 2 matrices"),
        ({"dtypes": ["<f8", "(1000000000,)f8"]}, "dtypes must be types of floats"),
        ({"dtypes": ["<f8", "no type"]}, "dtypes must be types of floats"),
        ({"dtypes": ["<f8", 7]}, "dtypes must be types of floats"),
        ({"dtypes": "<f8"}, "dtypes must be types of floats"),
    ],
)
def test_a_network_that_is_not_valid_is_named(changes, message, content, tmp_path):
    with np.load(tmp_path / "content.npz") as archive:
        headers = json.loads(archive["header"].tobytes())["networks"]
    headers[1] |= changes
    tracemalloc.start()
    with pytest.raises(ModelFormatError, match=message) as raised:
        load(rewritten(content, networks=headers), tmp_path)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()
    assert "networks[1]: " in str(raised.value) or "damaged" in str(raised.value)
