"""Decision boundaries: real ones, on axes of their own."""

import math

import numpy as np
import pytest
from scipy.sparse import csr_array

from bp_numba import DecisionBoundaryDisplay, MLPClassifier, NeuralNetwork
from tests.conftest import make


def test_decision_boundary(trained, xor_data, ax):
    X, y = xor_data
    display = DecisionBoundaryDisplay.from_network(trained, X, y, ax, grid_resolution=50, eps=0.5)
    assert display.response.shape == (50, 50)
    assert (display.xx0.min(), display.xx1.max()) == (-0.5, 1.5)
    expected = trained.predict([display.xx0[3, 7], display.xx1[3, 7]])[0, 0]
    assert display.response[3, 7] == pytest.approx(expected, rel=1e-12)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Input 0", "Input 1")
    (points,) = [c for c in ax.collections if len(c.get_offsets()) == 4]
    np.testing.assert_array_equal(points.get_offsets(), X)
    np.testing.assert_array_equal(points.get_array(), y.ravel())
    assert len(ax.figure.axes) == 2  # with the color bar
    ax.figure.canvas.draw()


def test_decision_boundary_of_classes(ax):
    nn = make(NeuralNetwork, [2, 3])
    display = DecisionBoundaryDisplay.from_network(nn, [[-5, -5], [5, 5]], np.eye(3)[:2], ax)
    assert set(np.unique(display.response)) <= {0, 1, 2}
    assert ax.figure.axes[1].get_ylabel() == "Class"
    assert list(display.colorbar_.get_ticks()) == [0, 1, 2]
    assert display.surface_.get_cmap().N == 3  # one color for each, in the color bar too
    ax.figure.canvas.draw()


@pytest.mark.parametrize(("outputs", "targets"), [(3, [0, 1]), (3, [2, 2]), (1, [1, 1])])
def test_samples_have_the_colors_of_their_regions(outputs, targets, ax):
    nn = make(NeuralNetwork, [2, outputs])
    display = DecisionBoundaryDisplay.from_network(nn, [[0, 0], [1, 1]], targets, ax)
    (points,) = [c for c in ax.collections if len(c.get_offsets()) == 2]
    np.testing.assert_array_equal(
        points.to_rgba(targets, alpha=1), display.surface_.to_rgba(targets, alpha=1)
    )
    assert points.get_clim() == display.surface_.get_clim()
    assert points.get_clim() == ((0, 1) if outputs == 1 else (-0.5, outputs - 0.5))


@pytest.mark.parametrize(
    ("layers", "options", "message"),
    [
        ([3, 1], {}, r"nn must have two inputs, got layers\[0\] = 3"),
        ([2, 1], {"grid_resolution": 1}, "grid_resolution must be an integer >= 2, got 1"),
        ([2, 1], {"X": [[1, 2, 3]]}, r"X must have rows of 2 columns, got shape \(1, 3\)"),
        ([2, 1], {"grid_resolution": 2.5}, "grid_resolution must be an integer >= 2, got 2.5"),
        ([2, 1], {"eps": -1.0}, "eps must be a finite number >= 0, got -1.0"),
        ([2, 1], {"eps": math.nan}, "eps must be a finite number >= 0, got nan"),
        ([2, 1], {"y": [1]}, "X must be given with y"),
        ([2, 1], {"X": [[1, math.nan]]}, "X must hold finite numbers"),
        ([2, 1], {"X": csr_array([[1, 2]])}, "X must be a dense array of numbers, got <"),
        ([2, 1], {"X": [["a", "b"]]}, "X must be a dense array of numbers, got "),
        ([2, 1], {"X": [[1, 2]], "y": ["a"]}, "y must hold numbers, got dtype <U1"),
        ([2, 1], {"X": [[1, 2]], "y": [1, 2]}, "y must have a target for each of 1 samples"),
        ([2, 3], {"X": [[1, 2]], "y": [3]}, "y must hold numbers of classes from 0 to 2"),
        ([2, 3], {"X": [[1, 2]], "y": [[0, 1]]}, "y must have 1 or 3 columns"),
    ],
)
def test_decision_boundary_checks_its_arguments(layers, options, message, ax):
    with pytest.raises(ValueError, match=message):
        DecisionBoundaryDisplay.from_network(NeuralNetwork(layers), ax=ax, **options)


def test_decision_boundary_of_an_estimator_is_scikit_learns(ax):
    message = "nn must be a NeuralNetwork, got MLPClassifier: for estimators scikit-learn"
    with pytest.raises(TypeError, match=message):
        DecisionBoundaryDisplay.from_network(MLPClassifier(), ax=ax)
