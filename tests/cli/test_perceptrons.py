"""Perceptrons of the command line: the estimators' numbers, shown, stopped, kept, gone on with."""

import argparse
import contextlib
import os
import re
import signal
import threading
import time
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from bp_numba import MLPClassifier, MLPRegressor, NeuralNetwork
from bp_numba.cli.errors import CommandError
from bp_numba.cli.perceptron_checkpoints import load_checkpoint, save_checkpoint
from bp_numba.cli.perceptron_runs import PATIENCE, PerceptronRun
from bp_numba.cli.perceptron_training import train_and_save_perceptrons
from bp_numba.cli.perceptrons import ROWS, Perceptron, draw_perceptrons, fresh_perceptrons
from bp_numba.runs.archives import PERCEPTRON, ModelFormatError, kind_of
from tests.conftest import HANG, run_python
from tests.runs.hostile import mutated, rewritten

INPUTS = np.random.RandomState(0).normal(size=(120, 4))
CLASS = np.digitize(INPUTS[:, 0] * INPUTS[:, 1], [-0.5, 0.8])


def classes(count=3):
    """Return samples of so many classes, of which there are two or three."""
    return samples_of(np.eye(count)[np.minimum(CLASS, min(count, 3) - 1)])


def numbers(outputs=1):
    return samples_of(INPUTS[:, :outputs] * INPUTS[:, 1 : outputs + 1])


def samples_of(y):
    return SimpleNamespace(X=INPUTS[:80], y=y[:80], validation=(INPUTS[80:], y[80:]))


def options(**changes):
    defaults = {
        "layers": [7, 5],
        "alpha": 0.01,
        "epochs": 30,
        "seed": 3,
        "restarts": 1,
        "jobs": 1,
        "early_stopping": False,
        "display_update": 1000,
        "class_weight": None,
        "stop_at_loss": None,
        "checkpoint": None,
        "save": None,
    }
    return argparse.Namespace(**(defaults | changes))


def fresh(samples, chosen, kind="classify"):
    count = samples.y.shape[1] if kind == "classify" else 0

    def metadata_of(seed):
        return {"training": {"seed": seed}}

    return fresh_perceptrons(samples, chosen, count, metadata_of)


def trained(samples, kind="classify", **changes):
    """Return the perceptrons, and what is told of their training."""
    chosen = options(**changes)
    perceptrons = fresh(samples, chosen, kind)
    return perceptrons, train_and_save_perceptrons(perceptrons, samples, chosen)


def fitted(kind, X, y, **parameters):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sizes = {"hidden_layer_sizes": (7, 5), "learning_rate_init": 0.01, "random_state": 3}
        return kind(**(sizes | {"max_iter": 30, "batch_size": 80} | parameters)).fit(X, y)


def weights(perceptron):
    return [w.tobytes() for w in perceptron.W]


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_classifiers_are_those_of_fit(class_weight, count, capsys):
    samples = classes(count)
    (perceptron,), _ = trained(samples, class_weight=class_weight)
    y = samples.y.argmax(axis=1)
    model = fitted(MLPClassifier, samples.X, y, class_weight=class_weight)
    assert weights(perceptron) == [w.tobytes() for w in model.coefs_ + model.intercepts_]
    assert perceptron.losses == model.loss_curve_ and perceptron.epochs_trained == 30
    np.testing.assert_array_equal(perceptron.predict(INPUTS), model.predict_proba(INPUTS))


@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("count", [2, 3])
def test_validation_losses_are_those_of_fit(count, class_weight, capsys):
    samples = classes(count)
    (perceptron,), _ = trained(samples, class_weight=class_weight)
    validation = {"X_val": INPUTS[80:], "y_val": samples.validation[1].argmax(axis=1)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MLPClassifier((7, 5), learning_rate_init=0.01, random_state=3, max_iter=30)
        model.set_params(early_stopping=True, n_iter_no_change=99, class_weight=class_weight)
        model.fit(samples.X, samples.y.argmax(axis=1), **validation)
    assert perceptron.validation_losses == model.validation_loss_curve_


def test_many_classes_in_few_rows(capsys):
    """scikit-learn warns where more than half of the rows are of different classes."""
    (perceptron,), _ = trained(samples_of(np.eye(60)[np.arange(120) // 2]), epochs=2)
    assert perceptron.predict(INPUTS).shape == (120, 60)


@pytest.mark.parametrize("outputs", [1, 2])
def test_regressors_are_those_of_fit(outputs, capsys):
    samples = numbers(outputs)
    (perceptron,), _ = trained(samples, "regress")
    model = fitted(MLPRegressor, samples.X, samples.y.squeeze())
    assert weights(perceptron) == [w.tobytes() for w in model.coefs_ + model.intercepts_]
    found = perceptron.predict(INPUTS)
    np.testing.assert_array_equal(found, model.predict(INPUTS).reshape(120, outputs))


def test_outputs_have_a_column_for_each_class_and_a_row_for_each_row(capsys):
    samples = classes(30)  # of which three have rows; scikit-learn warns of so many
    (perceptron,), _ = trained(samples)
    many = np.tile(INPUTS, (ROWS // 60, 1))[: ROWS + 120 // 2]
    found = perceptron.predict(many)
    assert found.shape == (len(many), 30) and found.dtype == np.float64
    assert perceptron.predict(many[:0]).shape == (0, 30)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    np.testing.assert_allclose(found[120:], found[:-120], rtol=1e-9)
    assert len(perceptron.predict(many[: ROWS + 1])) == ROWS + 1
    assert str(perceptron) == "MLPClassifier: 4-7-5-30, relu, adam"
    (binary,), _ = trained(classes(2), layers=[], epochs=1)
    assert binary.predict(INPUTS).shape == (120, 2) and str(binary).startswith("MLPClassifier: 4-1")


def test_it_is_saved_and_loaded(tmp_path, capsys):
    path = tmp_path / "model.npz"
    (perceptron,), told = trained(classes(), save=path)
    assert told.path == path and not told.problems and kind_of(path) == PERCEPTRON
    loaded = Perceptron.load(path)
    assert str(loaded) == str(perceptron) and loaded.metadata == {"training": {"seed": 3}}
    assert (loaded.losses, loaded.validation_losses) == (
        perceptron.losses,
        perceptron.validation_losses,
    )
    np.testing.assert_array_equal(loaded.predict(INPUTS), perceptron.predict(INPUTS))
    NeuralNetwork([2, 2, 1]).save(path)
    with pytest.raises(ModelFormatError, match="use NeuralNetwork.load"):
        Perceptron.load(path)


def test_a_save_that_fails_goes_elsewhere(tmp_path, capsys):
    folder = tmp_path / "folder"
    folder.mkdir()
    (perceptron,), told = trained(classes(), save=folder)
    assert "--save" in told.problems[0] and told.problems[1] == f"the network is in {told.path}"
    np.testing.assert_array_equal(
        Perceptron.load(told.path).predict(INPUTS), perceptron.predict(INPUTS)
    )


def test_losses_are_shown(capsys):
    (perceptron,), told = trained(classes(), display_update=10)
    first, *shown = capsys.readouterr().out.splitlines()
    described = "MLPClassifier: 4-7-5-3, relu, adam, alpha 0.01, up to 30 epochs, seed 3..."
    assert first == f"[INFO] training {described}"
    assert shown == [
        f"[INFO] epoch={epoch}, loss={perceptron.losses[epoch - 1]:.7f}, "
        f"val_loss={perceptron.validation_losses[epoch - 1]:.7f}"
        for epoch in (1, 10, 20, 30)
    ]
    ended, speed = told.lines
    assert ended == "[INFO] not converged in 30 epochs: --epochs allows more"
    assert speed.startswith("[INFO] 2,400 samples in ")


def test_early_stopping_keeps_the_lowest_validation_loss(capsys):
    samples = samples_of(np.eye(2)[np.random.RandomState(1).randint(2, size=120)])  # noise
    (perceptron,), told = trained(samples, early_stopping=True, epochs=1000)
    losses, best = perceptron.validation_losses, int(np.argmin(perceptron.validation_losses)) + 1
    assert len(losses) == perceptron.epochs_trained == best + PATIENCE < 1000
    outputs = perceptron.predict(INPUTS[80:])[samples.validation[1] == 1]
    assert -np.log(outputs).mean() == pytest.approx(min(losses))
    assert told.lines[0] == (
        f"[INFO] early stopping after epoch {best + PATIENCE}; the weights are those of epoch "
        f"{best}, whose validation loss was the lowest"
    )
    assert perceptron.estimator.best_iter_ == best
    (short,), _ = trained(samples, epochs=best)
    assert weights(short) == weights(perceptron)


def test_it_stops_at_a_loss(capsys):
    (whole,), _ = trained(classes())
    loss = whole.losses[17]
    (perceptron,), told = trained(classes(), stop_at_loss=loss)
    assert perceptron.losses == whole.losses[:18]
    assert told.lines[0] == f"[INFO] the loss reached {loss:g} at epoch 18"


def test_it_ends_where_fit_converges(capsys):
    samples = classes()
    (perceptron,), told = trained(samples, epochs=3000, alpha=0.1)
    model = fitted(
        MLPClassifier, samples.X, samples.y.argmax(axis=1), max_iter=3000, learning_rate_init=0.1
    )
    assert perceptron.losses == model.loss_curve_ and len(perceptron.losses) < 3000
    assert f"converged after epoch {model.n_iter_}: the loss has not fallen by" in told.lines[0]


@pytest.mark.parametrize("early_stopping", [False, True])
def test_restarts_are_the_same_in_threads(early_stopping, capsys):
    changes = {"restarts": 4, "early_stopping": early_stopping, "epochs": 60}
    serial, told = trained(classes(), **changes)
    lines = capsys.readouterr().out.splitlines()
    threads, others = trained(classes(), jobs=3, **changes)
    assert capsys.readouterr().out.splitlines() == lines
    assert [*map(weights, serial)] == [*map(weights, threads)]
    assert (told.best, told.lines[1:]) == (others.best, others.lines[1:])
    lowest = [
        min(p.validation_losses) if early_stopping else p.validation_losses[-1] for p in serial
    ]
    assert told.best == int(np.argmin(lowest))
    assert (
        f"best of 4 seeds: seed {3 + told.best}, validation loss {min(lowest):.7f}" in told.lines[1]
    )
    assert told.lines[2].startswith("[INFO] validation loss of all: lowest ")
    assert re.fullmatch(r"\[INFO\] seed 6: epoch=\d+, loss=0\.\d+, val_loss=\d\.\d+", lines[4])
    (alone,), _ = trained(classes(), seed=4, **changes | {"restarts": 1})
    assert weights(alone) == weights(serial[1])


@pytest.mark.parametrize("restarts", [1, 3])
def test_divergence_is_an_error(restarts, tmp_path, capsys):
    changes = {"alpha": 1e300, "restarts": restarts, "save": tmp_path / "model.npz"}
    with pytest.raises(
        CommandError, match="no longer numbers after epoch [12]: |none of 3 networks"
    ):
        trained(numbers(), "regress", **changes)
    assert not os.listdir(tmp_path)


@contextlib.contextmanager
def interrupt_after(epochs, perceptrons):
    """Send SIGINT once so many epochs are trained."""
    done = threading.Event()

    def send():
        stop = time.monotonic() + HANG
        while not done.is_set() and time.monotonic() < stop:
            if sum(perceptron.epochs_trained for perceptron in perceptrons) >= epochs:
                os.kill(os.getpid(), signal.SIGINT)
                return
            time.sleep(0.001)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@pytest.mark.skipif(os.name == "nt", reason="sends signals that Windows does not have")
@pytest.mark.parametrize(("restarts", "jobs"), [(1, 1), (3, 1), (3, 2)])
def test_what_was_reached_is_saved_after_ctrl_c(restarts, jobs, tmp_path, capsys):
    path, samples = tmp_path / "model.npz", classes()
    changes = {"save": path, "restarts": restarts, "jobs": jobs, "early_stopping": True}
    chosen = options(epochs=10**9, alpha=1e-9, **changes)
    perceptrons = fresh(samples, chosen)
    with interrupt_after(30, perceptrons), pytest.raises(KeyboardInterrupt) as caught:
        train_and_save_perceptrons(perceptrons, samples, chosen)
    loaded = Perceptron.load(path)
    epochs = loaded.epochs_trained
    assert len(loaded.losses) == len(loaded.validation_losses) == epochs
    (note,) = caught.value.__notes__
    assert re.fullmatch(rf"saved.* after {epochs} epochs?: {path}", note)
    seed = loaded.metadata["training"]["seed"]
    assert restarts == 1 or f"seed {seed}," in note
    changes = {"early_stopping": True, "epochs": loaded.estimator.best_iter_}
    (short,), _ = trained(samples, alpha=1e-9, seed=seed, **changes)
    assert weights(short) == weights(loaded)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("kind", ["classify", "regress"])
def test_a_resumed_run_is_bit_equal_to_a_whole_one(kind, early_stopping, tmp_path, capsys):
    samples, path = (classes() if kind == "classify" else numbers(2)), tmp_path / "kept.npz"
    changes = {"early_stopping": early_stopping, "alpha": 0.05}
    (whole,), expected = trained(samples, kind, epochs=300, **changes)
    for epochs in (1, 9, 20, 300):
        chosen = options(epochs=epochs, checkpoint=path, **changes)
        (perceptron,) = fresh(samples, chosen, kind)
        if path.exists():
            perceptron = load_checkpoint(path, perceptron)
        told = train_and_save_perceptrons([perceptron], samples, chosen)
    assert weights(perceptron) == weights(whole)
    assert perceptron.losses == whole.losses
    assert perceptron.validation_losses == whole.validation_losses
    assert perceptron.epochs_trained == whole.epochs_trained
    assert perceptron.estimator.t_ == whole.estimator.t_ == 80 * whole.epochs_trained
    assert re.split("[;:]", told.lines[0])[0] == re.split("[;:]", expected.lines[0])[0]
    assert weights(Perceptron.load(path)) == weights(whole)  # it can be predicted with
    again = load_checkpoint(path, fresh(samples, chosen, kind)[0])
    told = train_and_save_perceptrons([again], samples, chosen)
    assert told.lines[0].endswith(": nothing is left to train")
    assert weights(again) == weights(whole)


@pytest.mark.skipif(os.name == "nt", reason="sends signals that Windows does not have")
def test_a_run_interrupted_anywhere_is_resumed_bit_equal(tmp_path, capsys):
    samples, path = classes(), tmp_path / "kept.npz"
    chosen = options(epochs=2000, alpha=1e-4, early_stopping=True, checkpoint=path)
    perceptrons = fresh(samples, chosen)
    with interrupt_after(50, perceptrons), pytest.raises(KeyboardInterrupt) as caught:
        train_and_save_perceptrons(perceptrons, samples, chosen)
    assert not getattr(caught.value, "__notes__", [])
    perceptron = load_checkpoint(path, fresh(samples, chosen)[0])
    assert 0 < perceptron.epochs_trained < 2000
    train_and_save_perceptrons([perceptron], samples, chosen)
    (whole,), _ = trained(samples, epochs=2000, alpha=1e-4, early_stopping=True)
    assert weights(perceptron) == weights(whole) and perceptron.losses == whole.losses


def test_a_resumed_run_converges_where_a_whole_one_does(tmp_path, capsys):
    samples, path, changes = classes(), tmp_path / "kept.npz", {"alpha": 0.1, "epochs": 3000}
    (whole,), _ = trained(samples, **changes)
    last = whole.epochs_trained
    trained(samples, **changes | {"epochs": last - 3, "checkpoint": path})
    chosen = options(checkpoint=path, **changes)
    perceptron = load_checkpoint(path, fresh(samples, chosen)[0])
    train_and_save_perceptrons([perceptron], samples, chosen)
    assert perceptron.epochs_trained == last < 3000 and weights(perceptron) == weights(whole)


def test_an_epoch_that_was_half_recorded_is_left_out(capsys):
    samples, chosen = classes(), options()
    (perceptron,) = fresh(samples, chosen)
    run = PerceptronRun(perceptron, samples, chosen)
    for _ in range(5):
        run.epoch()
    reached = weights(perceptron)
    run._epochs.epoch()  # an interrupt came before it was reached
    run._validation.append(0.0)
    run.give()
    lengths = len(perceptron.losses), len(perceptron.validation_losses)
    assert (*lengths, perceptron.epochs_trained) == (5, 5, 5) and weights(perceptron) == reached


@pytest.fixture
def kept(tmp_path):
    """Return the file of a checkpoint."""
    samples, chosen, path = classes(), options(early_stopping=True), tmp_path / "kept.npz"
    run = PerceptronRun(fresh(samples, chosen)[0], samples, chosen)
    for _ in range(5):
        run.epoch()
    save_checkpoint(path, run)
    return path


def test_a_checkpoint_of_another_run_is_refused(kept):
    for changes, difference in (
        ({"seed": 4}, "seed 3 there, 4 here"),
        ({"alpha": 0.1}, "alpha 0.01 there, 0.1 here"),
        ({"layers": [7]}, r"layers \[4, 7, 5, 3\] there, \[4, 7, 3\] here"),
    ):
        (perceptron,) = fresh(classes(), options(**changes))
        with pytest.raises(CommandError, match=f"of another run: {difference}"):
            load_checkpoint(kept, perceptron)
    NeuralNetwork([4, 7, 3]).save(kept)
    with pytest.raises(CommandError, match='network "sigmoid" there, "mlp" here'):
        load_checkpoint(kept, fresh(classes(), options())[0])


def test_a_damaged_checkpoint_is_refused(kept):
    content, (perceptron,) = kept.read_bytes(), fresh(classes(), options())
    with np.load(kept) as archive:
        about = {"training": {"seed": 3}}
        shape = archive["more_squares0"].shape
    valid = {"updates": 5, "best_epoch": 5, "best_loss": 1.0, "stagnant": 0}
    assert load_checkpoint(kept, perceptron).reached.best_epoch == 5
    for name, value in (
        *[("metadata", about | {"run": valid | {name: "1"}}) for name in valid],
        ("more_other", np.zeros(3)),
        ("metadata", about | {"run": valid | {"best_epoch": 6}}),
        ("metadata", about | {"run": None}),
        ("metadata", about),
        ("n_iter_", 10**15),
        ("loss_curve_", []),
        ("more_squares0", np.zeros(3)),
        ("more_means1", np.full(shape, np.nan)),
        ("more_means0", np.zeros(shape, dtype=np.float32)),
    ):
        changes = {"more": {name: value}} if name == "more_other" else {name: value}
        kept.write_bytes(rewritten(content, **changes))
        with pytest.raises(CommandError, match="checkpoint .* is damaged"):
            load_checkpoint(kept, perceptron)
    for seed in range(100):
        kept.write_bytes(mutated(content, seed))
        with contextlib.suppress(CommandError, ModelFormatError):
            load_checkpoint(kept, perceptron)


def test_losses_are_drawn(tmp_path, capsys):
    perceptrons, told = trained(classes(), restarts=3)
    draw_perceptrons(tmp_path / "losses.png", perceptrons, told.best, "data.csv")
    assert (tmp_path / "losses.png").read_bytes().startswith(b"\x89PNG")


def test_without_scikit_learn_it_is_said_what_to_install():
    code = """
import argparse, sys
sys.modules["sklearn"] = None
from pathlib import Path
from bp_numba.cli.errors import CommandError
from bp_numba.cli.perceptrons import Perceptron, fresh_perceptrons
for call in (lambda: fresh_perceptrons(None, None, 0, None), lambda: Perceptron.load("m.npz")):
    try:
        call()
    except CommandError as error:
        print(error)
"""
    needs = "needs scikit-learn, which is not installed: pip install 'bp_numba[sklearn]'"
    assert run_python(code).splitlines() == [f"--network mlp {needs}", f"m.npz {needs}"]
