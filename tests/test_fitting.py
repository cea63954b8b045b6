"""Samples on their way through `fit`: looked at once, and seen by whoever has a right to."""

from itertools import pairwise

import numpy as np
import pytest

from bp_numba import NeuralNetwork, ReferenceNetwork, fitting
from bp_numba.training.run import Run
from bp_numba.training.samples import Samples
from bp_numba.training.trainer import Trainer
from tests.conftest import assert_same_weights, make, twins


@pytest.mark.parametrize(
    ("y", "targets"),
    [
        ([1, 2, 3], [[1], [2], [3]]),
        ([1, 2, 3, 4], [[1], [2], [3]]),
        ([[1, 2], [3, 4], [5, 6]], [[1, 2], [3, 4], [5, 6]]),
    ],
)
def test_targets_are_a_row_for_each_sample(y, targets):
    samples = Samples(np.zeros((3, 2)), np.array(y))
    assert samples.targets.tolist() == targets and samples.y.tolist() == y


def test_the_column_of_ones():
    X = np.arange(6, dtype=np.uint8).reshape(3, 2)
    assert Samples(X, X).with_bias().tolist() == [[0, 1, 1], [2, 3, 1], [4, 5, 1]]


def test_one_dimensional_samples_are_a_column_for_one_input_only():
    nn = make(NeuralNetwork, [1, 1])
    assert fitting.samples_to_train_on(nn, [1, 2, 3], [1, 2, 3]).X.shape == (3, 1)
    with pytest.raises(ValueError, match=r"X must have 2 columns"):
        fitting.samples_to_train_on(make(NeuralNetwork, [2, 1]), [1, 2, 3], [1, 2, 3])


@pytest.mark.parametrize("name", ["fit_partial", "sigmoid", "sigmoid_deriv"])
def test_overridden_methods_train_sample_by_sample(name, xor_data):
    nn = make(NeuralNetwork, [2, 2, 1])
    samples = fitting.samples_to_train_on(nn, *xor_data)
    assert isinstance(fitting.training_of(nn, samples, None), Trainer)
    setattr(nn, name, getattr(nn, name))
    training = fitting.training_of(nn, samples, None)
    assert training.advance(Run(0, 10, None), 5, one_point=False) == (6, [])


def test_weights_that_the_samples_do_not_fit_have_no_loss(xor_data):
    """The kernels would read beyond the samples."""

    class Growing(NeuralNetwork):
        def fit_partial(self, x, y):
            self.W = NeuralNetwork([200, 2, 1]).W

    nn = make(Growing, [2, 2, 1])
    with pytest.raises(ValueError, match=r"X must have 200 columns .* got shape \(4, 2\)"):
        nn.fit(*xor_data, epochs=1)


@pytest.mark.parametrize("W", [{}, [], {0: np.ones((2, 1))}, None])
def test_weights_are_looked_at_before_samples(W):
    """One-dimensional samples are a column for one input only, which the weights must tell."""
    nn = make(NeuralNetwork, [1, 1])
    nn.W = W
    with pytest.raises((TypeError, ValueError), match="W must"):
        nn.fit([1, 2, 3], [1, 2, 3], epochs=1)


@pytest.mark.parametrize("W", [{}, [], None, [1, 2]])
@pytest.mark.parametrize("X", [[[1.0], [2], [3]], [1.0, 2, 3]])
def test_methods_of_ones_own_may_use_no_matrices(W, X):
    fitted = []
    for kind in NeuralNetwork, ReferenceNetwork:

        class Line(kind):
            def fit_partial(self, x, y):
                x = x.ravel()
                self.line += 0.1 * (y - x @ self.line) * x

            def calculate_loss(self, X, targets):
                return np.sum((X @ self.line - targets) ** 2)

        nn = make(Line, [1, 1])
        nn.W, nn.line = W, np.zeros(2)
        pair = np.array(X), np.array([3.0, 5, 7])
        nn.fit(*pair, 20, **({"validation": pair} if kind is NeuralNetwork else {}))
        fitted.append(nn)
    ours, reference = fitted
    np.testing.assert_array_equal(ours.line, reference.line)
    assert ours.history.validation_losses == ours.losses and ours.W == W
    with pytest.raises(ValueError, match=r"validation y must have a row .* with shape \(\)"):
        ours.fit(*pair, 1, validation=(1, 2))


def test_a_loss_of_ones_own_that_is_no_number_is_an_error_as_in_the_reference(xor_data):
    for nn in twins([2, 2, 1]):
        nn.calculate_loss = lambda *_: np.ones(1)
        with pytest.raises(TypeError, match=r"unsupported format string"):
            nn.fit(*xor_data, epochs=1)


def test_samples_that_a_fit_partial_changes_are_those_of_the_loss(xor_data, capsys):
    printed = []
    for kind in NeuralNetwork, ReferenceNetwork:

        class Halving(kind):
            def fit_partial(self, x, y):
                x *= 0.5  # the 1 of the bias too
                super().fit_partial(x, y)

        make(Halving, [2, 2, 1]).fit(*xor_data, 3, 1)
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert xor_data[0].max() == 1  # they are the network's own


CHANGES = {
    "targets": lambda X, targets: np.multiply(targets, 0.5, targets),
    "X": lambda X, targets: np.multiply(X[:, :-1], 0.5, X[:, :-1]),
    "the column of ones": lambda X, targets: X[:, -1].fill(2.0),
}


@pytest.mark.parametrize("changed", CHANGES)
@pytest.mark.parametrize("by", ["calculate_loss", "predict"])
def test_samples_that_a_loss_changes_are_trained_on(by, changed, xor_data, capsys):
    trained = []
    for kind in NeuralNetwork, ReferenceNetwork:
        X, y = xor_data[0], xor_data[1].astype(float)

        class Changing(kind):
            def calculate_loss(self, X, targets):
                if by == "calculate_loss":
                    CHANGES[changed](X, targets)
                return super().calculate_loss(X, targets)

            def predict(self, X, addBias=True):
                if by == "predict":
                    CHANGES[changed](X, self.targets)
                return super().predict(X, addBias)

        nn = make(Changing, [2, 2, 1])
        nn.targets = y
        nn.fit(X, y, 7, 2)
        trained.append((nn, capsys.readouterr().out, y.sum()))
    (ours, *seen), (reference, *expected) = trained
    assert seen == expected
    assert_same_weights(ours, reference, 1e-14)


@pytest.mark.parametrize("units", [[4, 0, 2], [4, 0, 0, 2], [4, 5, 0, 2]])
def test_layers_without_units(units):
    """Outputs are 0.5 then, and nothing is learnt."""
    networks = twins([3, 2])
    for nn in networks:
        nn.W = [np.ones(shape) for shape in pairwise(units)]
        nn.fit(np.ones((9, 3)), np.ones((9, 2)), 3, 1)
    assert_same_weights(*networks, 0)
