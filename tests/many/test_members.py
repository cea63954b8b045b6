"""What is wrong with networks and samples is said before anything is trained."""

import re

import numpy as np
import pytest

from bp_numba import EarlyStopping, NeuralNetwork, ReferenceNetwork, fit_many, save_many
from tests.many.conftest import SMALL, make, samples

X, y = samples(SMALL, 6)


def refused(networks, *arguments, error=ValueError, **options):
    """Return the text of the error; no network may have changed."""
    plain = [nn for nn in networks if isinstance(nn, NeuralNetwork)]
    before = [[w.copy() for w in nn.W] for nn in plain]
    with pytest.raises(error) as caught:
        fit_many(networks, *arguments, **options)
    for nn, matrices in zip(plain, before, strict=True):
        assert nn.epochs_trained == 0
        assert all(
            np.array_equal(*pair, equal_nan=True) for pair in zip(nn.W, matrices, strict=True)
        )
    return str(caught.value)


def test_what_is_no_network_is_named_by_its_number():
    networks = [*make(SMALL, 2), ReferenceNetwork(SMALL)]
    text = refused(networks, X, y, error=TypeError)
    assert text == "networks[2]: must be a NeuralNetwork, got a ReferenceNetwork"


def test_one_network_is_no_list_of_networks(tmp_path):
    (network,) = make(SMALL, 1)
    text = "networks must be an iterable of NeuralNetworks, got NeuralNetwork: 3-4-2"
    with pytest.raises(TypeError, match=text):
        fit_many(network, X, y)
    with pytest.raises(TypeError, match=text):
        save_many(tmp_path / "all.npz", network)


def test_a_network_may_be_there_once():
    networks = make(SMALL, 4)
    text = refused([*networks, networks[1]], X, y)
    assert text == "networks[4] must not be there twice, but is networks[1]"


def of_one_array(whole, parts):
    """Return networks whose matrices are parts of one array."""
    networks = make([3, 1], len(parts))
    for nn, part in zip(networks, parts, strict=True):
        nn.W = [whole[part]]
    return networks


@pytest.mark.parametrize(
    "parts",
    [
        [np.s_[0:4, :1], np.s_[4:8, :1], np.s_[3:7, :1]],
        [np.s_[0:4, 1:2], np.s_[0:4, :1], np.s_[3::-1, :1]],
        [np.s_[4:8, :1], np.s_[::4, :1], np.s_[8:12, :1]],
    ],
)
def test_networks_must_not_share_weights(parts):
    networks = of_one_array(np.random.default_rng(0).normal(size=(16, 2)), parts)
    text = refused(networks, X, y[:, :1])
    numbers = re.fullmatch(r"networks\[(.)\] must not share weights with networks\[(.)\]", text)
    b, a = map(int, numbers.groups())
    assert a < b and np.shares_memory(networks[a].W[0], networks[b].W[0])


def test_parts_of_one_array_that_are_apart_are_no_sharing():
    whole = np.random.default_rng(0).normal(size=(16, 2))
    parts = [np.s_[0:4, :1], np.s_[0:4, 1:], np.s_[4::3, :1], np.s_[5::3, :1], np.s_[4:8, 1:]]
    networks = of_one_array(whole.copy(), parts)
    fit_many(networks, X, y[:, :1], 3)
    for nn, part in zip(networks, parts, strict=True):
        (other,) = of_one_array(whole.copy(), [part])
        other.alpha = nn.alpha
        other.fit(X, y[:, :1], 3, verbose=False)
        np.testing.assert_allclose(nn.W[0], other.W[0], rtol=1e-12)


@pytest.mark.parametrize(
    ("spoil", "error", "text"),
    [
        (lambda nn: nn.W.__setitem__(1, np.ones((3, 2))), ValueError, "W[1] must have 5 rows"),
        (lambda nn: nn.W[1].setflags(write=False), ValueError, "W[1] must be writeable"),
        (lambda nn: nn.W.__setitem__(0, np.ones((4, 5), int)), TypeError, "W[0] must be a 2-D"),
        (lambda nn: nn.W.__setitem__(0, np.ones((4, 5)).tolist()), TypeError, "W[0] must be a 2-D"),
        (lambda nn: setattr(nn, "alpha", np.nan), ValueError, "alpha must be a finite number"),
        (lambda nn: setattr(nn, "W", []), ValueError, "W must hold at least one weight matrix"),
        (lambda nn: setattr(nn, "alpha", "fast"), TypeError, "alpha must be a finite number"),
    ],
)
def test_what_cannot_be_trained_is_named_by_its_number(spoil, error, text):
    networks = make(SMALL, 3)
    spoil(networks[2])
    assert refused(networks, X, y, error=error).startswith(f"networks[2]: {text}")


def test_samples_that_do_not_fit_are_named_by_the_network():
    networks = [*make(SMALL, 2), *make([4, 2], 1)]
    assert refused(networks, X, y).startswith("networks[2]: X must have 4 columns")
    networks = make(SMALL, 3)
    own = [y, y[:4], y]
    assert refused(networks, [X] * 3, own).startswith("networks[1]: y must have a row of targets")
    assert refused(networks, X, y, validation=(X, y[:3])).startswith("networks[0]: validation y")
    assert refused(networks, "X", y, error=TypeError).startswith("X must hold real numbers")
    assert refused(networks, [X] * 2, [y] * 3) == (
        "X must be one set for all networks or a list of one for each of the 3, got 2"
    )
    assert refused(networks, [X] * 3, [y] * 4) == (
        "y must be one set for all networks or a list of one for each of the 3, got 4"
    )
    assert refused(networks, X, y, validation=X, error=TypeError).startswith("validation must be")


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"epochs": -1}, ValueError, "epochs must be a non-negative integer"),
        ({"displayUpdate": "often"}, TypeError, "displayUpdate must be a number"),
        ({"initial_epoch": 5, "epochs": 4}, ValueError, "initial_epoch must be from 0 to epochs"),
        ({"initial_epoch": np.array(5), "epochs": 4}, ValueError, "initial_epoch must be from 0"),
        (
            {"initial_epoch": [0, 5, 0], "epochs": 4},
            ValueError,
            "initial_epoch[1] must be from 0 to epochs = 4, got 5",
        ),
        ({"initial_epoch": [0, 0, 0.5]}, TypeError, "initial_epoch[2] must be an integer >= 0"),
        (
            {"initial_epoch": [0, 0]},
            ValueError,
            "initial_epoch must be an integer, or one for each",
        ),
        (
            {"initial_epoch": 2**62, "epochs": 2**63},
            ValueError,
            "initial_epoch must be less than 2**62",
        ),
        (
            {"initial_epoch": [0, 2**63, 0], "epochs": 2**64},
            ValueError,
            "initial_epoch[1] must be less than 2**62, got 9223372036854775808",
        ),
        ({"callback": [print]}, ValueError, "callback must be a callable, or a list of one for"),
        ({"callback": 3}, TypeError, "callback must be callable, got 3"),
        ({"callback": [print, None, 3]}, TypeError, "callback[1] must be callable, got None"),
        ({"callback": EarlyStopping()}, ValueError, "callback must be a list of one for each"),
        ({"checkpoint_every": -1}, ValueError, "checkpoint_every must be a number of seconds"),
        ({"n_jobs": 0}, ValueError, "n_jobs must be an integer other than 0, or None, got 0"),
        ({"n_jobs": 1.5}, TypeError, "n_jobs must be an integer other than 0, or None, got 1.5"),
    ],
)
def test_arguments_that_cannot_be_used(options, error, text):
    assert refused(make(SMALL, 3), X, y, error=error, **options).startswith(text)


def test_epochs_have_no_limit():
    networks = make(SMALL, 3)
    fit_many(networks, X, y, 2**64, 1, callback=lambda nn, epoch, loss: epoch == 3)
    assert [nn.epochs_trained for nn in networks] == [3, 3, 3]


def test_one_early_stopping_is_for_one_network():
    text = refused(make(SMALL, 3), X, y, callback=[print, *[EarlyStopping()] * 2])
    assert text == (
        "callback[2] must be one of its own where it has methods begin() or end(), but "
        "callback[1] is the same EarlyStopping"
    )
    fit_many(make(SMALL, 3), X, y, 2, callback=[lambda *_: None] * 3)
