"""Loss curves of many networks."""

import math

import numpy as np
import pytest
from matplotlib.figure import Figure

from bp_numba import History, NeuralNetwork, fit_many
from bp_numba.plotting.loss_curves import LossCurvesDisplay, save_loss_curves
from tests.conftest import make


@pytest.fixture
def networks(xor_data):
    """Three networks, trained for different numbers of epochs."""
    networks = [make(NeuralNetwork, [2, 2, 1], seed=seed) for seed in range(3)]
    twice = [np.tile(part, (2, 1)) for part in xor_data]
    fit_many(networks, *xor_data, 3000, validation=twice, initial_epoch=[0, 1000, 2000])
    return networks


def history(*losses, validation=None):
    """Return a history of two samples to train on and four to validate with."""
    count = len(losses)
    watched = validation or [None] * count
    numbers = [4 if validation else None] * count
    return History(
        [*range(1, count + 1)], list(losses), watched, [0.0] * count, [2] * count, numbers
    )


def points(display):
    """Return the losses of the light curves."""
    return [segment[:, 1].tolist() for segment in display.curves_.get_segments()]


def legend(ax):
    """Return the texts of the legend."""
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_all_are_drawn_and_the_best_is_emphasised(networks, ax):
    last = [nn.history.validation_losses[-1] for nn in networks]
    display = LossCurvesDisplay.from_networks(networks, ax)
    assert display.ax_ is ax and display.figure_ is ax.figure
    assert display.best == np.argmin(last)
    assert ax.get_yscale() == "log" and ax.get_title() == "3 networks"
    assert ax.get_ylabel() == "Loss per sample\n(half squared error)"
    assert legend(ax) == ["all 3, validation", "best, training", "best, validation"]
    for segment, nn in zip(display.curves_.get_segments(), networks, strict=True):
        np.testing.assert_array_equal(segment[:, 0], nn.history.epochs)
        np.testing.assert_array_equal(segment[:, 1], np.array(nn.history.validation_losses) / 8)
    best, lines = networks[display.best].history, display.best_.lines_
    np.testing.assert_array_equal(lines[0].get_ydata(), np.array(best.losses) / 4)
    np.testing.assert_array_equal(lines[1].get_ydata(), np.array(best.validation_losses) / 8)
    assert lines[0].get_linewidth() > display.curves_.get_linewidth()[0]
    assert lines[0].get_zorder() > display.curves_.get_zorder()
    ax.figure.canvas.draw()
    low, high = ax.get_ylim()
    shown = [loss for segment in points(display) for loss in segment]
    assert low < min(shown) and max(shown) < high  # not only of the best


def test_a_display_has_copies(networks, ax):
    display = LossCurvesDisplay.from_networks(networks, ax)
    networks[0].history.losses.append(7.0)
    assert 7.0 not in display.histories[0].losses


def test_training_losses_are_sums(ax):
    display = LossCurvesDisplay(histories=[history(2, 1), history(4, 3)]).plot(ax, name="seed 0")
    assert points(display) == [[2, 1], [4, 3]] and display.best == 0
    assert legend(ax) == ["all 2, training", "seed 0"]
    assert ax.get_ylabel() == "Loss (half squared error)"


def test_validation_losses_need_all_networks_to_have_them(ax):
    two = [history(2, 1, validation=[8, 4]), history(4, 0.5)]
    display = LossCurvesDisplay(histories=two).plot(ax)
    assert points(display) == [[2, 1], [4, 0.5]] and display.best == 1
    two[1] = history(4, 0.5, validation=[8, 6])
    display = LossCurvesDisplay(histories=two).plot(Figure().subplots())
    assert points(display) == [[2, 1], [2, 1.5]] and display.best == 0
    display = LossCurvesDisplay(histories=two, validation=False).plot(Figure().subplots())
    assert points(display) == [[2, 1], [4, 0.5]] and display.best == 1


def test_without_numbers_of_samples_sums_are_drawn(ax):
    two = [history(2, 1, validation=[8, 4]) for _ in range(2)]
    two[1].validation_samples[0] = None
    display = LossCurvesDisplay(histories=two).plot(ax)
    assert points(display) == [[8, 4], [8, 4]]
    assert [line.get_ydata().tolist() for line in display.best_.lines_] == [[2, 1], [8, 4]]
    assert ax.get_ylabel() == "Loss, sums over samples\n(half squared error)"


def test_losses_that_are_not_finite(ax):
    three = [history(1, math.nan), history(2, math.inf), history(3, 2)]
    display = LossCurvesDisplay(histories=three).plot(ax)
    assert display.best == 2
    np.testing.assert_array_equal(points(display)[2], [3, 2])
    ax.figure.canvas.draw()
    assert LossCurvesDisplay(histories=three[:2]).best == 0


def test_the_best_may_be_told(networks, ax):
    assert LossCurvesDisplay.from_networks(networks, ax, best=1).best == 1
    for number in (3, -1):
        with pytest.raises(ValueError, match=f"best must be from 0 to 2, got {number}"):
            LossCurvesDisplay.from_networks(networks, ax, best=number)
    with pytest.raises(ValueError, match="one or more networks, got none"):
        LossCurvesDisplay.from_networks([])


def test_axes_of_its_own(networks):
    import matplotlib.pyplot as plt

    display = LossCurvesDisplay.from_networks(networks)
    assert display.figure_ in map(plt.figure, plt.get_fignums())
    plt.close(display.figure_)


@pytest.mark.parametrize("points", [0, 1])
def test_save(points, networks, tmp_path):
    for nn in networks:
        nn._bp_numba_record.history = nn.history.first(points)
    path = tmp_path / "losses.png"
    save_loss_curves(path, networks, (0, "seed 0"), "title", True)
    assert path.read_bytes().startswith(b"\x89PNG")
