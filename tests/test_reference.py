"""The oracle itself, checked by hand and by differences."""

import numpy as np
import pytest

from bp_numba import NeuralNetwork, ReferenceNetwork
from tests.conftest import make, weights_copy

CLASSES = [NeuralNetwork, ReferenceNetwork]


@pytest.mark.parametrize("kind", CLASSES)
def test_hand_worked_forward_pass(kind):
    nn = make(kind, [2, 2, 1])
    nn.W[0][...] = np.array(
        [[0.351, 1.076, 1.116], [-0.097, -0.165, 0.542], [0.457, -0.165, -0.331]]
    ).T
    nn.W[1][...] = np.array([[0.383], [-0.327], [-0.329]])
    hidden = nn.sigmoid(np.array([0.0, 1.0, 1.0]) @ nn.W[0])
    assert np.trunc(hidden * 1000).tolist() == [899, 593, 378]
    np.testing.assert_allclose(nn.predict([0, 1]), [[0.5065]], atol=5e-5)


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("layers", [[3, 2], [3, 4, 2], [2, 5, 4, 3, 2]])
def test_gradient_by_central_differences(kind, layers):
    nn = make(kind, layers, alpha=1e-3, seed=3)
    rng = np.random.default_rng(4)
    x = np.append(rng.normal(size=layers[0]), 1.0)
    y = rng.uniform(size=layers[-1])

    step = 1e-6
    gradients = []
    for w in nn.W:
        gradient = np.empty_like(w)
        for index in np.ndindex(*w.shape):
            kept = w[index]
            w[index] = kept + step
            above = nn.calculate_loss([x], [y])
            w[index] = kept - step
            below = nn.calculate_loss([x], [y])
            w[index] = kept
            gradient[index] = (above - below) / (2 * step)
        gradients.append(gradient)

    before = weights_copy(nn)
    nn.fit_partial(x, y)
    for gradient, old, new in zip(gradients, before, nn.W, strict=True):
        assert np.abs(gradient).max() > 1e-4  # all zeros would agree with a step that does nothing
        np.testing.assert_allclose((old - new) / nn.alpha, gradient, atol=1e-8)


def test_fit_with_every_display_interval(capsys, xor_data):
    def shown(update):
        make(ReferenceNetwork, [2, 2, 1]).fit(*xor_data, epochs=7, displayUpdate=update)
        return [line.split(",")[0] for line in capsys.readouterr().out.splitlines()]

    assert shown(0) == [f"[INFO] epoch={i}" for i in range(1, 8)]
    assert shown(3) == ["[INFO] epoch=1", "[INFO] epoch=3", "[INFO] epoch=6"]
    assert shown(100) == ["[INFO] epoch=1"]
