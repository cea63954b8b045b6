"""Loss curves: real ones, on axes of their own."""

import math

import numpy as np
import pytest
import sklearn.neural_network
from matplotlib.figure import Figure
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bp_numba import LossCurveDisplay, MLPClassifier, MLPRegressor, NeuralNetwork
from bp_numba.plotting.loss_curve import save_loss_curve
from tests.conftest import make


def test_loss_curve(trained, ax):
    display = LossCurveDisplay.from_network(trained, ax)
    assert display.ax_ is ax and display.figure_ is ax.figure
    assert ax.get_xlabel() == "Epoch" and ax.get_ylabel().startswith("Loss")
    assert ax.get_yscale() == "log" and ax.get_title() == "NeuralNetwork: 2-2-1"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["training", "validation"]
    for line in display.lines_:
        np.testing.assert_array_equal(line.get_xdata(), trained.history.epochs)
        np.testing.assert_array_equal(line.get_ydata(), np.array(trained.history.losses) / 4)


def test_losses_drawn_together_are_per_sample(xor_data, ax):
    """Two copies of the samples have twice the loss; their curve is the same."""
    nn, twice = make(NeuralNetwork, [2, 2, 1]), [np.tile(part, (2, 1)) for part in xor_data]
    nn.fit(*xor_data, epochs=300, verbose=False, validation=twice)
    assert nn.history.samples == [4] * 4 and nn.history.validation_samples == [8] * 4
    display = LossCurveDisplay.from_network(nn, ax)
    training, validation = (line.get_ydata() for line in display.lines_)
    np.testing.assert_allclose(training, validation, rtol=1e-14)
    np.testing.assert_allclose(training, np.array(nn.losses) / 4, rtol=1e-14)
    assert ax.get_ylabel() == "Loss per sample\n(half squared error)"
    assert display.losses == nn.history.losses == nn.losses  # sums, as before


@pytest.mark.parametrize(
    ("samples", "validation_samples", "drawn"),
    [
        ([2, 2], [4, 4], ([1, 0.5], [2, 1])),
        ([2, 2], [4, None], ([2, 1], [8, 4])),
        ([None, 2], [4, 4], ([2, 1], [8, 4])),
        ([2, 0], [4, 4], ([2, 1], [8, 4])),
        (None, [4, 4], ([2, 1], [8, 4])),
        (None, None, ([2, 1], [8, 4])),
    ],
)
def test_without_numbers_of_samples_sums_are_drawn(samples, validation_samples, drawn, ax):
    numbers = {"samples": samples, "validation_samples": validation_samples}
    losses = {"losses": [2, 1], "validation_losses": [8, 4]}
    display = LossCurveDisplay(epochs=[1, 2], **losses, **numbers).plot(ax)
    assert tuple(line.get_ydata().tolist() for line in display.lines_) == drawn
    per_sample = drawn[0] == [1, 0.5]
    assert ax.get_ylabel() == (
        "Loss per sample\n(half squared error)"
        if per_sample
        else "Loss, sums over samples\n(half squared error)"
    )


def test_points_without_validation_need_no_number_of_its_samples(ax):
    losses = {"losses": [2, math.inf, 1], "validation_losses": [None, 8, 4]}
    numbers = {"samples": [2, None, 2], "validation_samples": [None, 4, 4]}
    lines = LossCurveDisplay(epochs=[1, 2, 3], **losses, **numbers).plot(ax).lines_
    np.testing.assert_array_equal(lines[0].get_ydata(), [1, math.nan, 0.5])
    np.testing.assert_array_equal(lines[1].get_ydata(), [math.nan, 2, 1])


def test_a_training_loss_alone_is_a_sum(ax):
    display = LossCurveDisplay(epochs=[1, 2], losses=[2, 1], samples=[2, 2]).plot(ax)
    assert display.lines_[0].get_ydata().tolist() == [2, 1]
    assert ax.get_ylabel() == "Loss (half squared error)"


def test_networks_side_by_side(trained, ax):
    LossCurveDisplay.from_network(trained, ax, name="first", color="black")
    LossCurveDisplay.from_network(trained, ax, name="second")
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == [
        "first, training",
        "first, validation",
        "second, training",
        "second, validation",
    ]
    assert ax.get_title() == "" and ax.lines[0].get_color() == "black"


def test_losses_that_are_not_finite(ax):
    losses = [math.nan, 1.0, math.inf, 0.0]
    (line,) = LossCurveDisplay(epochs=[1, 2, 3, 4], losses=losses).plot(ax).lines_
    np.testing.assert_array_equal(line.get_ydata(), [math.nan, 1.0, math.nan, 0.0])
    assert ax.get_legend() is None
    ax.figure.canvas.draw()


def test_losses_in_an_array_stay_as_they_are(ax):
    losses = np.array([1.0, math.inf])
    LossCurveDisplay(epochs=[1, 2], losses=losses).plot(ax)
    assert losses.tolist() == [1.0, math.inf]


def test_isolated_points_are_marked(ax):
    display = LossCurveDisplay(
        epochs=[1, 2, 3, 4], losses=[4, 3, 2, 1], validation_losses=[None, 2, None, 1]
    ).plot(ax)
    assert [line.get_markevery() for line in display.lines_] == [None, [1, 3]]
    (line,) = LossCurveDisplay(epochs=[1], losses=[0.5]).plot(ax).lines_
    assert (line.get_marker(), line.get_markevery()) == ("o", [0])


def test_short_names_of_options_and_a_label(ax):
    (line,) = LossCurveDisplay(epochs=[1, 2], losses=[2, 1]).plot(ax, ls=":", label="mine").lines_
    assert line.get_linestyle() == ":"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["mine"]


@pytest.mark.parametrize(
    ("losses", "scale"),
    [([0.0, 0.0], "linear"), ([], "log"), ([6.3, 2.7], "log"), ([30, 2, 0], "log")],
)
def test_nothing_that_a_log_scale_could_show(losses, scale, ax):
    LossCurveDisplay(epochs=list(range(len(losses))), losses=losses).plot(ax)
    assert ax.get_yscale() == scale
    ax.figure.canvas.draw()


def test_losses_within_a_decade_have_plain_numbers_at_their_ticks(ax):
    LossCurveDisplay(epochs=[1, 2], losses=[6.3, 2.7]).plot(ax)
    ax.figure.canvas.draw()
    labels = [float(text.get_text()) for text in ax.get_yticklabels()]
    assert sum(2.7 <= label <= 6.3 for label in labels) >= 3
    LossCurveDisplay(epochs=[1, 2], losses=[0.02, 0.01]).plot(ax)  # now they span more
    ax.figure.canvas.draw()
    assert any("10^" in text.get_text() for text in ax.get_yticklabels())


@pytest.mark.parametrize(
    ("epochs", "labels"),
    [
        ([1], ["1"]),
        ([1, 2, 3], ["1", "2", "3"]),
        ([1, 200], ["0", "50", "100", "150", "200"]),
        ([1, 20_000], ["0", "5k", "10k", "15k", "20k"]),
        ([1, 2_000_000], ["0", "500k", "1M", "1.5M", "2M"]),
    ],
)
def test_epochs_are_whole_and_their_labels_apart(epochs, labels):
    ax = Figure(figsize=(2.4, 1.8), layout="constrained").subplots()
    LossCurveDisplay(epochs=epochs, losses=epochs).plot(ax)
    ax.figure.canvas.draw()
    shown = [
        text
        for place, text in zip(ax.get_xticks(), ax.get_xticklabels(), strict=True)
        if ax.get_xlim()[0] <= place <= ax.get_xlim()[1]
    ]
    assert [text.get_text() for text in shown] == labels
    boxes = [text.get_window_extent() for text in shown]
    assert all(a.x1 < b.x0 for a, b in zip(boxes, boxes[1:], strict=False))


@pytest.mark.parametrize("samples", [None, [1, 1]])
@pytest.mark.parametrize("validation_losses", [None, [2, 1]])
def test_label_fits_small_axes(validation_losses, samples):
    ax = Figure(figsize=(3, 2), layout="constrained").subplots()
    options = {"validation_losses": validation_losses, "validation_samples": samples}
    display = LossCurveDisplay(epochs=[1, 2], losses=[2, 1], samples=samples, **options)
    display.title = "title"
    display.plot(ax)
    ax.figure.canvas.draw()
    label = ax.yaxis.label.get_window_extent()
    assert label.y0 >= 0 and label.y1 <= ax.figure.bbox.y1


def test_epochs_on_a_log_scale_keep_their_ticks(ax):
    ax.set_xscale("log")
    LossCurveDisplay(epochs=[1, 1000], losses=[2, 1]).plot(ax)
    assert ax.get_xscale() == "log" and ax.xaxis.get_major_locator().__class__.__name__ != (
        "MaxNLocator"
    )


def test_nothing_to_draw(ax):
    with pytest.raises(ValueError, match="nn must have a history"):
        LossCurveDisplay.from_network(NeuralNetwork([2, 1]), ax)
    with pytest.raises(ValueError, match="losses must have one value for each of 2 epochs, got 1"):
        LossCurveDisplay(epochs=[1, 2], losses=[1.0])
    with pytest.raises(ValueError, match="samples must have one value for each of 2 epochs, got 1"):
        LossCurveDisplay(epochs=[1, 2], losses=[1.0, 1.0], samples=[3])


def test_save(tmp_path):
    save_loss_curve(tmp_path / "loss.png", [1, 2], [0.5, 0.1], "title", [0.6, None], ([4] * 2,) * 2)
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")


SAMPLES = np.random.RandomState(0).normal(size=(40, 2))
EARLY = {"early_stopping": True, "max_iter": 200, "n_iter_no_change": 3, "random_state": 0}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("kind", "loss", "label"),
    [
        (MLPClassifier, {}, "Loss (log loss)"),
        (MLPRegressor, {}, "Loss (half squared error per sample)"),
        (MLPRegressor, {"loss": "poisson"}, "Loss (half Poisson deviance)"),
    ],
)
def test_losses_of_an_estimator(kind, loss, label, ax):
    model = kind(hidden_layer_sizes=(3, 2), **loss, **EARLY).fit(SAMPLES, SAMPLES[:, 0] > 0)
    display = LossCurveDisplay.from_estimator(model, ax, color="black")
    assert ax.get_title() == f"{kind.__name__}: 2-3-2-1"
    assert ax.get_xlabel() == "Epoch" and ax.get_ylabel() == label
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["training", "validation"]
    curves = [model.loss_curve_, model.validation_loss_curve_]
    for line, curve in zip(display.lines_, curves, strict=True):
        np.testing.assert_array_equal(line.get_xdata(), np.arange(1, model.n_iter_ + 1))
        np.testing.assert_array_equal(line.get_ydata(), curve)
        assert line.get_color() == "black"
    model.loss_curve_.append(7.0)
    assert display.losses == model.loss_curve_[:-1]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_losses_of_scikit_learns_own_estimators(ax):
    model = sklearn.neural_network.MLPRegressor(max_iter=4).fit(SAMPLES, SAMPLES)
    (line,) = LossCurveDisplay.from_estimator(model, ax, name="own").lines_
    np.testing.assert_array_equal(line.get_ydata(), model.loss_curve_)
    assert line.get_label() == "own" and ax.get_title() == ""
    assert ax.get_ylabel() == "Loss (half squared error per sample)"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_validation_loss_that_an_interrupt_left_out(ax):
    model = MLPClassifier((3,), **EARLY).fit(SAMPLES, SAMPLES[:, 0] > 0)
    last = model.validation_loss_curve_.pop()
    lines = LossCurveDisplay.from_estimator(model, ax).lines_
    drawn = lines[1].get_ydata()
    assert np.isnan(drawn[-1]) and last not in drawn
    assert len(drawn) == len(lines[0].get_ydata()) == model.n_iter_


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_estimators_without_losses(ax):
    text = r"loss_curve_, which fit records with the solver 'sgd' or 'adam', got {} MLPReg"
    with pytest.raises(ValueError, match=text.format("unfitted")):
        LossCurveDisplay.from_estimator(MLPRegressor(), ax)
    model = MLPRegressor(max_iter=3).fit(SAMPLES, SAMPLES)
    for lbfgs in (
        MLPRegressor(solver="lbfgs"),
        model.set_params(solver="lbfgs"),
    ):
        with pytest.raises(ValueError, match=text.format("fitted")):
            LossCurveDisplay.from_estimator(lbfgs.fit(SAMPLES, SAMPLES), ax)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_losses_at_the_end_of_pipelines_and_searches(ax):
    pipeline = make_pipeline(StandardScaler(), MLPRegressor(hidden_layer_sizes=3, max_iter=4))
    search = GridSearchCV(pipeline, {"mlpregressor__alpha": [0.1, 1.0]}, cv=2)
    for model in pipeline, search:
        with pytest.raises(ValueError, match="got unfitted "):
            LossCurveDisplay.from_estimator(model, ax)
        model.fit(SAMPLES, SAMPLES)
        last = getattr(model, "best_estimator_", model)[-1]
        assert LossCurveDisplay.from_estimator(model, ax).losses == last.loss_curve_
        assert ax.get_title() == "MLPRegressor: 2-3-2"
