"""Checkpoints: whatever ends a run, the file is whole and the run can be continued from it."""

import contextlib
import os
import random
import signal

import numpy as np
import pytest

from bp_numba import ModelFormatError, NeuralNetwork
from bp_numba.native import loading as native
from bp_numba.runs.checkpoint import Checkpoint
from tests.conftest import HANG, PYTHON, assert_same_weights, make, read_until, running, wait_until

LAYERS, EPOCHS = [8, 12, 3], 40_000

full_speed = pytest.mark.skipif(
    not native.enabled() or os.environ.get("NUMBA_BOUNDSCHECK") == "1",
    reason="a run long enough to be killed takes minutes without kernels at full speed",
)

RUN = f"""
import os, sys
import numpy as np
from bp_numba import NeuralNetwork

path, epochs = sys.argv[1], int(sys.argv[2])
generator = np.random.default_rng(0)
X, y = generator.random((40, 8)), generator.random((40, 3))
np.random.seed(0)
nn = NeuralNetwork.load(path) if os.path.exists(path) else NeuralNetwork({LAYERS})
print("ready", flush=True)
nn.fit(X, y, epochs - nn.epochs_trained, verbose=False, checkpoint=path, checkpoint_every=0)
"""


def start(path, epochs):
    """Have a run in a process of its own that goes on where the file says it was."""
    return running([*PYTHON, "-c", RUN, path, epochs])


def finish(path, epochs):
    """Let a run come to its end."""
    with start(path, epochs) as process:
        assert process.wait(timeout=HANG) == 0


def wait_for_savings(path, count, process):
    """Return when the file has been replaced so many times, or the process has ended."""
    seen = set()

    def saved():
        with contextlib.suppress(FileNotFoundError):
            seen.add(path.stat().st_mtime_ns)
        return len(seen) > count or process.poll() is not None

    wait_until(saved, process)


@full_speed
def test_killed_at_random_moments_a_run_ends_bit_equal(tmp_path):
    whole, path = tmp_path / "whole.npz", tmp_path / "killed.npz"
    finish(whole, EPOCHS)
    generator, kills, reached = random.Random(0), 0, []
    while kills < 20:
        with start(path, EPOCHS) as process:
            read_until(process, "ready")
            wait_for_savings(path, generator.randrange(4), process)
            process.kill()
            kills += process.wait(timeout=HANG) == -signal.SIGKILL
        if path.exists():  # it need not be after the very first moments
            reached.append(NeuralNetwork.load(path).epochs_trained)
            if reached[-1] == EPOCHS:
                path.unlink()
    finish(path, EPOCHS)
    expected, resumed = NeuralNetwork.load(whole), NeuralNetwork.load(path)
    assert resumed.epochs_trained == expected.epochs_trained == EPOCHS
    assert_same_weights(resumed, expected, atol=0)
    assert len(set(reached)) > 5, "the kills came too early to test anything"


@full_speed
def test_ctrl_c_saves_the_last_whole_epochs(tmp_path):
    path = tmp_path / "interrupted.npz"
    with start(path, 10**9) as process:
        wait_until(lambda: path.exists() and NeuralNetwork.load(path).epochs_trained > 0, process)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=HANG) != 0
    epochs = NeuralNetwork.load(path).epochs_trained
    assert 0 < epochs < 10**9
    finish(path, epochs + 100)
    assert os.listdir(tmp_path) == ["interrupted.npz"]
    assert NeuralNetwork.load(path).epochs_trained == epochs + 100


def interrupt_at_200(network, epoch, loss):
    if epoch == 200:
        raise KeyboardInterrupt


def test_an_interrupt_saves_although_it_is_not_time_to(xor_data, tmp_path):
    nn, path = make(NeuralNetwork, [2, 2, 1]), tmp_path / "xor.npz"
    with pytest.raises(KeyboardInterrupt):
        nn.fit(*xor_data, 500, verbose=False, callback=interrupt_at_200, checkpoint=path)
    saved = NeuralNetwork.load(path)
    assert 100 <= saved.epochs_trained <= 200
    saved.fit(*xor_data, 500 - saved.epochs_trained, verbose=False)
    whole = make(NeuralNetwork, [2, 2, 1])
    whole.fit(*xor_data, 500, verbose=False)
    assert_same_weights(saved, whole, atol=0)


def test_an_interrupt_in_the_middle_of_an_epoch(xor_data, tmp_path):
    class Interrupted(NeuralNetwork):
        calls = 0

        def fit_partial(self, x, y):
            self.calls += 1
            if self.calls == 10:  # the second sample of the third epoch
                raise KeyboardInterrupt
            super().fit_partial(x, y)

    nn, path = make(Interrupted, [2, 2, 1]), tmp_path / "xor.npz"
    with pytest.raises(KeyboardInterrupt):
        nn.fit(*xor_data, 5, verbose=False, checkpoint=path)
    saved = NeuralNetwork.load(path)
    expected = make(NeuralNetwork, [2, 2, 1])
    expected.fit(*xor_data, 2, verbose=False)
    assert saved.epochs_trained == 2
    assert_same_weights(saved, expected, atol=1e-15)


def test_the_end_is_saved(xor_data, tmp_path):
    nn, path = make(NeuralNetwork, [2, 2, 1]), tmp_path / "xor.npz"
    nn.fit(*xor_data, 300, verbose=False, checkpoint=path)
    saved = NeuralNetwork.load(path)
    assert_same_weights(saved, nn, atol=0)
    assert saved.history == nn.history and saved.losses == nn.losses
    nn.fit(*xor_data, 300, verbose=False, checkpoint=path)  # and goes on
    assert NeuralNetwork.load(path).epochs_trained == 600


def test_between_two_savings_the_seconds_have_passed(tmp_path, monkeypatch):
    nn, path, now, saved = make(NeuralNetwork, [2, 2, 1]), tmp_path / "xor.npz", [0.0], []
    monkeypatch.setattr("bp_numba.runs.checkpoint.monotonic", lambda: now[0])
    checkpoint = Checkpoint(nn, path, every=60.0)
    for now[0] in (59.0, 60.0, 119.0, 121.0, 180.0):
        nn._bp_numba_record.epochs_trained += 1
        checkpoint.epoch_ended()
        saved.append(NeuralNetwork.load(path).epochs_trained)
    assert saved == [0, 2, 2, 4, 4]
    checkpoint.interrupted()
    assert NeuralNetwork.load(path).epochs_trained == 5


def test_other_files_are_not_replaced(xor_data, tmp_path):
    nn, path = make(NeuralNetwork, [2, 2, 1]), tmp_path / "file"
    make(NeuralNetwork, [2, 3, 1]).save(path)
    with pytest.raises(ValueError, match="checkpoint must be a file of the same layers, 2-2-1, or"):
        nn.fit(*xor_data, 10, checkpoint=path)
    longer = make(NeuralNetwork, [2, 2, 1])
    longer.fit(*xor_data, 7, verbose=False)
    longer.save(path)
    with pytest.raises(ValueError, match="trained for 7 epochs, this network for 0; load it"):
        nn.fit(*xor_data, 10, checkpoint=path)
    path.write_text("my diary")
    with pytest.raises(ModelFormatError, match="not a network"):
        nn.fit(*xor_data, 10, checkpoint=path)
    assert path.read_text() == "my diary" and nn.epochs_trained == 0


def test_what_cannot_be_written_is_known_before_training(xor_data, tmp_path):
    nn = make(NeuralNetwork, [2, 2, 1])
    for path in (tmp_path / "missing" / "xor.npz", tmp_path):
        with pytest.raises(OSError):
            nn.fit(*xor_data, 10, checkpoint=path)
    assert nn.epochs_trained == 0


def test_a_disk_that_is_full_for_a_while_ends_nothing(xor_data, tmp_path, monkeypatch):
    nn, path = make(NeuralNetwork, [2, 2, 1]), tmp_path / "xor.npz"
    fsync, full = os.fsync, []

    def sometimes_full(descriptor):
        if full:
            raise OSError(28, "No space left on device")
        fsync(descriptor)

    def callback(network, epoch, loss):
        full[:] = [1] if epoch == 100 else []

    monkeypatch.setattr(os, "fsync", sometimes_full)
    with pytest.warns(UserWarning, match=r"checkpoint .*xor.npz not written: .*No space left"):
        options = {"callback": callback, "checkpoint": path, "checkpoint_every": 0}
        nn.fit(*xor_data, 500, 100, verbose=False, **options)
    assert_same_weights(NeuralNetwork.load(path), nn, atol=0)


def test_what_is_saved_late_is_of_one_moment(xor_data, tmp_path, monkeypatch):
    """A file that an interrupt writes has no display points from after its weights."""
    nn, path = make(NeuralNetwork, [2, 2, 1]), tmp_path / "xor.npz"

    def callback(network, epoch, loss):
        network.metadata["epoch"] = epoch
        if epoch == 300:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nn.fit(*xor_data, 500, 100, verbose=False, callback=callback, checkpoint=path)
    assert nn.history.epochs == [1, 100, 200, 300]
    saved = NeuralNetwork.load(path)
    assert 200 <= saved.epochs_trained < 300 and saved.metadata == {"epoch": 200}
    assert saved.history.epochs == [1, 100, 200] and saved.losses == nn.losses[:3]


def test_weights_that_are_replaced_while_it_trains_are_saved(xor_data, tmp_path):
    nn, path = make(NeuralNetwork, [2, 2, 1]), tmp_path / "xor.npz"

    def callback(network, epoch, loss):
        network.W = [w.astype(np.float32) for w in network.W]

    nn.fit(*xor_data, 150, verbose=False, callback=callback, checkpoint=path)
    saved = NeuralNetwork.load(path)
    assert saved.W[0].dtype == np.float32
    assert_same_weights(saved, nn, atol=0)


# weights that are not finite


class Diverging(NeuralNetwork):
    """Weights that become infinite, then NaN, in the fourth epoch of four samples."""

    calls = 0

    def fit_partial(self, x, y):
        super().fit_partial(x, y)
        self.calls += 1
        if self.calls == 15:
            self.W[1][0] = np.inf
        if self.calls >= 17:
            self.W[1][0] = np.nan


NO_LONGER = r"weights are no longer finite from epoch 4 on; checkpoint .*xor.npz keeps those of"


@pytest.mark.parametrize("every", [0, 60.0])
def test_training_that_diverges_leaves_the_last_finite_weights(every, xor_data, tmp_path):
    nn, path = make(Diverging, [2, 2, 1]), tmp_path / "xor.npz"
    with pytest.warns(RuntimeWarning, match=f"{NO_LONGER} epoch 3") as warned:
        nn.fit(*xor_data, 9, 1, verbose=False, checkpoint=path, checkpoint_every=every)
    assert sum("finite" in str(warning.message) for warning in warned) == 1
    assert np.isnan(nn.W[1]).any() and nn.epochs_trained == 9  # what fit computes is the same
    saved, expected = NeuralNetwork.load(path), make(NeuralNetwork, [2, 2, 1])
    expected.fit(*xor_data, 3, 1, verbose=False)
    assert_same_weights(saved, expected, atol=1e-15)
    assert saved.epochs_trained == len(saved.losses) == len(saved.history) == 3


def test_an_interrupt_after_training_has_diverged(xor_data, tmp_path):
    nn, path = make(Diverging, [2, 2, 1]), tmp_path / "xor.npz"

    def callback(network, epoch, loss):
        if epoch == 7:
            raise KeyboardInterrupt

    with pytest.warns(RuntimeWarning, match=NO_LONGER), pytest.raises(KeyboardInterrupt):
        nn.fit(*xor_data, 9, 1, verbose=False, callback=callback, checkpoint=path)
    saved = NeuralNetwork.load(path)
    assert saved.epochs_trained == 3 and np.isfinite(saved.W[1]).all()


def test_kernels_that_diverge_too(tmp_path):
    """Steps that overflow, where fit is the package's own."""
    X, y = np.ones((20, 2)), np.full((20, 1), 1e200)
    nn, path = make(NeuralNetwork, [2, 2, 1], alpha=1e300), tmp_path / "model.npz"
    with np.errstate(all="ignore"), pytest.warns(RuntimeWarning, match="no longer finite from ep"):
        nn.fit(X, y, 3, verbose=False, checkpoint=path)
    assert not all(np.isfinite(w).all() for w in nn.W)
    assert all(np.isfinite(w).all() for w in NeuralNetwork.load(path).W)


@pytest.mark.parametrize("there", [True, False])
def test_weights_that_are_not_finite_from_the_beginning(there, xor_data, tmp_path):
    """Nothing that is there is replaced, and no file is made."""
    nn, path = make(NeuralNetwork, [2, 2, 1]), tmp_path / "xor.npz"
    if there:
        nn.save(path)
    before = path.read_bytes() if there else None
    nn.fit(*xor_data, 2, verbose=False)
    nn.W[0][0] = np.nan
    text = "weights are not finite from the beginning, epoch 2; checkpoint .*xor.npz is not written"
    with np.errstate(all="ignore"), pytest.warns(RuntimeWarning, match=text) as warned:
        nn.fit(*xor_data, 3, verbose=False, checkpoint=path, checkpoint_every=0)
    assert sum("finite" in str(warning.message) for warning in warned) == 1
    assert (path.read_bytes() if path.exists() else None) == before
    with pytest.raises(OSError):  # as with weights that are finite
        nn.fit(*xor_data, 3, verbose=False, checkpoint=tmp_path / "missing" / "xor.npz")


def test_weights_that_become_finite_again_are_saved(xor_data, tmp_path):
    nn, path = make(Diverging, [2, 2, 1]), tmp_path / "xor.npz"

    def callback(network, epoch, loss):
        if epoch == 6:
            network.calls = 0
            network.W = [np.ones_like(w) for w in network.W]

    with pytest.warns(RuntimeWarning, match=NO_LONGER):
        nn.fit(*xor_data, 8, 1, verbose=False, callback=callback, checkpoint=path)
    assert NeuralNetwork.load(path).epochs_trained == 8
