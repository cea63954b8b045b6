"""Checkpoints of many networks: the promises of those of one, for each of a set."""

import os
import signal
from functools import partial

import numpy as np
import pytest

from bp_numba import ModelFormatError, NeuralNetwork, fit_many, load_many, save_many
from bp_numba.runs.many_checkpoint import ManyCheckpoint
from tests.conftest import HANG, PYTHON, make, needs_jit, read_until, running, wait_until

RUN = """
import os, sys
import numpy as np
from bp_numba import EarlyStopping, NeuralNetwork, fit_many, load_many

path, epochs = sys.argv[1], int(sys.argv[2])
generator = np.random.default_rng(0)
X, y = generator.random((40, 8)), generator.random((40, 3))
np.random.seed(0)
if os.path.exists(path):
    networks = load_many(path)
else:
    networks = [NeuralNetwork([8, size, 3]) for size in (12, 5, 12, 12, 5)]
print("ready", flush=True)
reached = [nn.epochs_trained for nn in networks]
fit_many(networks, X, y, epochs, checkpoint=path, checkpoint_every=0, initial_epoch=reached)
"""


def start(path, epochs):
    """Have a run in a process of its own that goes on where the file says it was."""
    return running([*PYTHON, "-c", RUN, path, epochs])


def finish(path, epochs):
    """Let a run come to its end."""
    with start(path, epochs) as process:
        assert process.wait(timeout=HANG) == 0, process.stderr.read()


def some(count=5, seed=0, layers=(2, 2, 1)):
    """Return networks from as many seeds."""
    return [make(NeuralNetwork, list(layers), seed=seed + k) for k in range(count)]


def bits(networks):
    """Return the bytes of all weights of each network."""
    return [b"".join(w.tobytes() for w in network.W) for network in networks]


def assert_all_the_same(left, right):
    """Assert that networks have the same weights, bit for bit, and losses."""
    assert bits(left) == bits(right)
    for a, b in zip(left, right, strict=True):
        assert a.epochs_trained == b.epochs_trained
        assert a.history.epochs == b.history.epochs and a.history.losses == b.history.losses


def epochs_in(path):
    """Return how long the networks in a file were trained."""
    return [network.epochs_trained for network in load_many(path)]


def is_beyond(path, epochs):
    """Tell if the networks in a file were trained for longer than that, taken together."""
    return path.exists() and sum(epochs_in(path)) > epochs


@needs_jit
@pytest.mark.parametrize("ending", [signal.SIGINT, getattr(signal, "SIGKILL", None)])
def test_whatever_ends_it_a_resumed_run_ends_bit_equal(ending, tmp_path):
    if ending is None:
        pytest.skip("Windows has no SIGKILL")
    whole, path, reached = tmp_path / "whole.npz", tmp_path / "ended.npz", []
    for _ in range(3):
        with start(path, 10**9) as process:
            read_until(process, "ready")
            before = reached[-1] if reached else 0
            wait_until(partial(is_beyond, path, before), process)
            process.send_signal(ending)
            assert process.wait(timeout=HANG) != 0
        reached.append(sum(epochs_in(path)))
    assert 0 < reached[0] < reached[1] < reached[2]
    end = max(epochs_in(path)) + 10
    finish(path, end)
    finish(whole, end)
    assert sorted(name for name in os.listdir(tmp_path) if "tmp" not in name) == [
        "ended.npz",
        "whole.npz",
    ]
    assert_all_the_same(load_many(path), load_many(whole))


def interrupt_at_200(network, epoch, loss):
    if epoch == 200:
        raise KeyboardInterrupt


def test_an_interrupt_saves_although_it_is_not_time_to(xor_data, tmp_path):
    networks, path = some(), tmp_path / "all.npz"
    with pytest.raises(KeyboardInterrupt):
        fit_many(networks, *xor_data, 500, callback=interrupt_at_200, checkpoint=path)
    saved, whole = load_many(path), some()
    assert_all_the_same(saved, networks)
    assert epochs_in(path) == [200] * 5
    fit_many(saved, *xor_data, 500, initial_epoch=200)
    fit_many(whole, *xor_data, 500)
    assert_all_the_same(saved, whole)


def test_the_end_is_saved_with_what_callbacks_change_then(xor_data, tmp_path):
    class Restoring:
        def __call__(self, network, epoch, loss):
            return epoch == 100

        def end(self, network):
            network.W[0][...] = 7.0

    networks, path = some(), tmp_path / "all.npz"
    callbacks = [Restoring() for _ in networks]
    fit_many(networks, *xor_data, 300, callback=callbacks, checkpoint=path, checkpoint_every=0)
    assert_all_the_same(load_many(path), networks)
    assert np.all(load_many(path)[4].W[0] == 7.0)
    fit_many(networks, *xor_data, 50, checkpoint=path)  # and goes on
    assert epochs_in(path) == [150] * 5


def trained(networks, epochs=1):
    """Count epochs for some networks, as if they had been trained."""
    for network in networks:
        network._bp_numba_record.epochs_trained += epochs


def test_between_two_savings_the_seconds_have_passed(tmp_path, monkeypatch):
    networks, path, now, saved = some(3), tmp_path / "all.npz", [0.0], []
    monkeypatch.setattr("bp_numba.runs.checkpoint.monotonic", lambda: now[0])
    checkpoint = ManyCheckpoint(networks, path, every=60.0)
    assert epochs_in(path) == [0, 0, 0]
    for now[0] in (59.0, 60.0, 119.0, 121.0, 180.0):
        trained(networks[1:])
        checkpoint.reached()
        saved.append(epochs_in(path)[2])
    assert saved == [0, 2, 2, 4, 4]
    checkpoint.interrupted()
    assert epochs_in(path) == [0, 5, 5]


def test_an_interrupt_with_nothing_new_writes_nothing(tmp_path):
    networks, path = some(3), tmp_path / "all.npz"
    checkpoint = ManyCheckpoint(networks, path, every=60.0)
    before = path.stat().st_mtime_ns, path.stat().st_ino
    checkpoint.interrupted()
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


def test_a_network_that_a_callback_has_spoiled_keeps_the_others_from_nothing(xor_data, tmp_path):
    """And the error that ended the run is the one that is raised."""
    spoiled = {"W": "none", "alpha": None, "layers": 2}
    for number, (name, value) in enumerate(spoiled.items()):
        networks, path = some(3), tmp_path / f"{name}.npz"

        def callback(network, epoch, loss, last=networks[2], to=(networks[number], name, value)):
            if epoch == 20 and network is last:
                setattr(*to)
                raise KeyError("of the callback")

        with pytest.raises(KeyError, match="of the callback"):
            fit_many(networks, *xor_data, 50, 10, callback=callback, checkpoint=path)
        assert epochs_in(path) == [0 if k == number else 20 for k in range(3)]
        assert bits(load_many(path)[number : number + 1]) == bits(some(3)[number : number + 1])


def test_a_spoiled_network_of_which_nothing_was_saved(xor_data, tmp_path):
    networks = some(3)
    networks[1].W[0][0] = np.nan

    def callback(network, epoch, loss):
        network.W = None
        raise KeyError("of the callback")

    with (
        np.errstate(all="ignore"),
        pytest.warns(RuntimeWarning, match="from the beginning"),
        pytest.warns(UserWarning, match=r"not written: networks\[0\]: W must be a list"),
        pytest.raises(KeyError, match="of the callback"),
    ):
        fit_many(networks, *xor_data, 50, callback=callback, checkpoint=tmp_path / "all.npz")
    assert os.listdir(tmp_path) == []


def test_other_files_are_not_replaced(xor_data, tmp_path):
    networks, path = some(), tmp_path / "file"

    def refused(message, error=ValueError):
        before = path.read_bytes()
        with pytest.raises(error, match=message):
            fit_many(networks, *xor_data, 10, checkpoint=path)
        assert path.read_bytes() == before and networks[0].epochs_trained == 0

    save_many(path, some(4))
    refused("checkpoint must be a file of 5 networks, or a new one, got .*file with 4")
    save_many(path, some(4) + some(1, layers=(2, 3, 1)))
    refused(r"same layers, 2-2-1, or a new one, got networks\[4\] of .*file with 2-3-1")
    longer = some()
    trained(longer[2:3], 7)
    save_many(path, longer)
    refused(r"networks\[2\] of .*file was trained for 7 epochs, this network for 0; load it")
    networks[0].save(path)
    refused("holds a single network", ModelFormatError)
    path.write_text("my diary")
    refused("not a network", ModelFormatError)
    save_many(path, some())  # but these are
    fit_many(networks, *xor_data, 10, checkpoint=path)
    assert epochs_in(path) == [10] * 5


def test_what_cannot_be_written_is_known_before_training(xor_data, tmp_path):
    networks = some()
    for path in (tmp_path / "missing" / "all.npz", tmp_path):
        with pytest.raises(OSError):
            fit_many(networks, *xor_data, 10, checkpoint=path)
    assert [network.epochs_trained for network in networks] == [0] * 5


@pytest.fixture
def disk(monkeypatch):
    """Return a list; as long as there is something in it, the disk is full."""
    fsync, full = os.fsync, []

    def sometimes_full(descriptor):
        if full:
            raise OSError(28, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", sometimes_full)
    return full


def test_a_disk_that_is_full_for_a_while_ends_nothing(xor_data, tmp_path, disk):
    networks, path = some(), tmp_path / "all.npz"

    def callback(network, epoch, loss):
        disk[:] = [1] if epoch == 100 else []

    with pytest.warns(UserWarning, match=r"checkpoint .*all.npz not written: .*No space left"):
        options = {"callback": callback, "checkpoint": path, "checkpoint_every": 0}
        fit_many(networks, *xor_data, 500, 100, **options)
    assert_all_the_same(load_many(path), networks)


def test_a_disk_that_is_full_at_the_end_is_an_error_once(xor_data, tmp_path, disk, recwarn):
    networks, path = some(), tmp_path / "all.npz"
    with pytest.raises(OSError, match="No space left"):
        callback = [lambda *_: disk.append(1)] * 5
        fit_many(networks, *xor_data, 100, 100, callback=callback, checkpoint=path)
    assert [str(w.message) for w in recwarn if "not written" in str(w.message)] == []
    assert epochs_in(path) == [0] * 5 and networks[0].epochs_trained == 100


# weights that are not finite


def warned_of(recwarn):
    """Return the warnings of weights that are not finite."""
    return [str(w.message) for w in recwarn if "finite" in str(w.message)]


def test_networks_that_diverge_keep_their_last_finite_weights(tmp_path, recwarn):
    networks, path = some(14), tmp_path / "all.npz"
    checkpoint = ManyCheckpoint(networks, path, every=0)
    trained(networks, 3)
    networks[2].W[0][0] = 0.5
    checkpoint.reached()
    kept = bits(networks)
    trained(networks)
    for number in (2, 7):
        networks[number].W[1][0] = np.inf
    checkpoint.reached()
    trained(networks)
    networks[2].W[1][0] = np.nan
    checkpoint.reached()
    assert bits(load_many(path)) == kept
    expected = [5] * 14
    expected[2] = expected[7] = 3
    assert epochs_in(path) == expected
    (text,) = warned_of(recwarn)
    start = "weights of networks 2, 7 are no longer finite; checkpoint "
    assert text == f"{start}{path} keeps the last that were"

    for network in networks[:7] + networks[8:]:
        network.W[1][0] = np.nan
    networks[7].W[1][0] = 1.0  # and this one's are finite again
    trained(networks)
    checkpoint.end()
    expected = [5] * 14
    expected[2], expected[7] = 3, 6
    assert epochs_in(path) == expected
    assert "networks 0, 1, 3, 4, 5, 6, 8, 9, 10, 11 and 2 more are" in warned_of(recwarn)[1]
    assert len(warned_of(recwarn)) == 2
    for network in load_many(path):
        assert all(np.isfinite(w).all() for w in network.W)


def test_kernels_that_diverge_beside_others(xor_data, tmp_path):
    X, y = xor_data
    networks, path = some(8), tmp_path / "all.npz"
    networks[3].alpha = 1e308
    targets = [np.full((4, 1), 1e200) if k == 3 else y for k in range(8)]
    with np.errstate(all="ignore"), pytest.warns(RuntimeWarning, match="networks 3 are no longer"):
        fit_many(networks, X, targets, 50, checkpoint=path)
    assert not all(np.isfinite(w).all() for w in networks[3].W)
    assert epochs_in(path) == [50, 50, 50, 0, 50, 50, 50, 50]
    assert bits(load_many(path)[3:4]) == bits(some(8)[3:4])


def test_weights_that_are_not_finite_from_the_beginning(xor_data, tmp_path, recwarn):
    networks, path = some(3), tmp_path / "all.npz"
    networks[1].W[0][0] = np.nan
    with np.errstate(all="ignore"):
        fit_many(networks, *xor_data, 10, checkpoint=path, checkpoint_every=0)
    text = "weights of networks 1 are not finite from the beginning; checkpoint "
    assert warned_of(recwarn) == [f"{text}{path} is not written"]
    assert os.listdir(tmp_path) == []
    with pytest.raises(OSError):  # as with weights that are finite
        fit_many(networks, *xor_data, 10, checkpoint=tmp_path / "missing" / "all.npz")


def test_what_the_file_holds_stands_in_for_weights_that_are_not_finite(tmp_path):
    networks, path = some(3), tmp_path / "all.npz"
    save_many(path, networks)
    before = bits(networks)
    trained(networks, 5)
    networks[1].W[0][0] = np.nan
    with pytest.warns(RuntimeWarning, match="networks 1 are no longer finite"):
        ManyCheckpoint(networks, path, every=0)
    assert epochs_in(path) == [5, 0, 5] and bits(load_many(path)) == before


def test_a_file_that_is_lost_before_it_is_needed(tmp_path):
    """The last finite weights are in it only."""
    networks, path = some(3), tmp_path / "all.npz"
    checkpoint = ManyCheckpoint(networks, path, every=0)
    networks[1].W[0][0] = np.nan
    path.unlink()
    with pytest.warns(UserWarning, match=r"not written: .*No such file"):
        checkpoint.reached()
    save_many(path, networks[:2])
    with pytest.raises(OSError, match="was replaced by a file of 2 networks"):
        checkpoint.end()
    assert len(load_many(path)) == 2
