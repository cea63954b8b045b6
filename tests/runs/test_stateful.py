"""What users call their own things: it is theirs, and the network goes on with its record."""

import copy
import pickle
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

from bp_numba import EarlyStopping, LossCurveDisplay, NeuralNetwork, ReferenceNetwork
from bp_numba.runs.state import RECORD, Record, record_of
from tests.conftest import assert_same_weights, make

# From when on a kernel computes losses is a matter of time, and so are their last bits.
pytestmark = pytest.mark.usefixtures("in_numpy")

ADDED = sorted(
    name
    for name in set(dir(NeuralNetwork([1, 1]))) - set(dir(ReferenceNetwork([1, 1])))
    if not name.startswith("__") and name != RECORD
)
"""The names that the class adds to those of the reference."""


VALUES = {"list": [], "dict": {}, "None": None}
"""What users assign."""


def assigned_before(name, value):
    def constructor(self, *args, **options):
        setattr(self, name, value)
        NeuralNetwork.__init__(self, *args, **options)

    return {"__init__": constructor}


def assigned_after(name, value):
    def constructor(self, *args, **options):
        NeuralNetwork.__init__(self, *args, **options)
        setattr(self, name, value)

    return {"__init__": constructor}


def assigned_instead(name, value):
    """The constructor calls no other."""

    def constructor(self, layers, alpha):
        setattr(self, name, value)
        self.layers, self.alpha = layers, alpha
        self.W = [np.random.randn(3, 3), np.random.randn(3, 1)]
        for w in self.W:
            w /= np.sqrt(2)

    return {"__init__": constructor}


def class_attribute(name, value):
    return {name: value}


def method(name, value):
    return {name: lambda self, *_: value}


def property_to_read(name, value):
    return {name: property(lambda self: value)}


def property_to_set(name, value):
    def setter(self, new):
        raise AssertionError("nobody but the user is to set it")

    return {name: property(lambda self: value, setter)}


def failing_property(name, value):
    def getter(self):
        raise AssertionError("nobody but the user is to read it")

    return {name: property(getter)}


WAYS = [
    assigned_before,
    assigned_after,
    assigned_instead,
    class_attribute,
    method,
    property_to_read,
    property_to_set,
    failing_property,
]


@pytest.fixture
def define(monkeypatch):
    """Return a function that makes a subclass which pickle finds."""

    def subclass(**body):
        kind = type("Own", (NeuralNetwork,), {"__module__": __name__, **body})
        monkeypatch.setattr(sys.modules[__name__], "Own", kind, raising=False)
        return kind

    return subclass


@pytest.fixture
def expected(xor_data, tmp_path):
    """Return a network of the class itself after `train`."""
    (tmp_path / "expected").mkdir()
    return train(make(NeuralNetwork, [2, 2, 1]), xor_data, tmp_path / "expected")


def train(nn, xor_data, folder):
    """Train in three runs, with all that watches a run."""
    nn.fit(*xor_data, 200, verbose=False)
    nn.fit(*xor_data, 100, verbose=False, callback=EarlyStopping(), validation=xor_data)
    nn.fit(*xor_data, 1, verbose=False, checkpoint=folder / "checkpoint.npz")
    return nn


def others(nn, folder):
    """Yield networks that are made of a network: copies, and what is loaded from files."""
    load = NeuralNetwork.load.__func__
    yield copy.copy(nn)
    yield copy.deepcopy(nn)
    yield pickle.loads(pickle.dumps(nn))
    yield load(type(nn), folder / "checkpoint.npz")
    NeuralNetwork.save(nn, folder / "saved.npz")
    yield load(type(nn), folder / "saved.npz")


def assert_is_trained(nn, expected):
    """Assert that all that the package shows of a network is as in a network of the class."""
    ours, right = record_of(nn), record_of(expected)
    assert ours.epochs_trained == right.epochs_trained and ours.losses == right.losses
    ours.history.seconds[:] = right.history.seconds
    assert ours.history == right.history
    assert_same_weights(nn, expected, atol=0)
    assert repr(nn) == repr(expected)
    assert NeuralNetwork._repr_html_(nn) == NeuralNetwork._repr_html_(expected)
    display = LossCurveDisplay.from_network(nn, Figure().subplots())
    assert display.losses == right.history.losses


def test_the_names_that_are_added():
    assert set(ADDED) >= {"losses", "history", "epochs_trained", "metadata", "save", "load"}
    assert hasattr(NeuralNetwork, RECORD) and RECORD not in vars(NeuralNetwork([1, 1]))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ADDED)
def test_names_of_users_win(name, way, expected, define, xor_data, tmp_path):
    value: list = []
    kind = define(**way(name, value))
    nn = make(kind, [2, 2, 1])
    train(nn, xor_data, tmp_path)
    for other in [nn, *others(nn, tmp_path)]:
        assert type(other) is kind
        assert_is_trained(other, expected)
    assert (name in vars(nn)) == way.__name__.startswith("assigned")
    if way is not failing_property:
        own = getattr(nn, name)
        assert (own() if way is method else own) is value == []


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("name", ADDED)
def test_names_that_are_assigned_later_win(name, value, expected, xor_data, tmp_path):
    nn = make(NeuralNetwork, [2, 2, 1])
    nn.fit(*xor_data, 200, verbose=False)
    setattr(nn, name, value)
    setattr(nn, name, nn.fit(*xor_data, 100, verbose=False, validation=xor_data))  # None
    nn.fit(*xor_data, 1, verbose=False, checkpoint=tmp_path / "checkpoint.npz")
    for other in [nn, *others(nn, tmp_path)]:
        assert_is_trained(other, expected)
    assert getattr(nn, name) is None and value in ([], {}, None)
    delattr(nn, name)
    assert getattr(nn, name) is not None  # what the class has is there again


def test_an_own_list_is_filled_once(define, xor_data):
    def calculate_loss(self, X, targets):
        self.losses.append(float(NeuralNetwork.calculate_loss(self, X, targets)))
        return self.losses[-1]

    kind = define(**assigned_after("losses", []), calculate_loss=calculate_loss)
    nn, expected = make(kind, [2, 2, 1]), make(NeuralNetwork, [2, 2, 1])
    for _ in range(2):
        nn.fit(*xor_data, 200, verbose=False)
        expected.fit(*xor_data, 200, verbose=False)
    np.testing.assert_allclose(nn.losses, expected.history.losses, rtol=1e-13)
    assert len(nn.losses) == 6


def test_what_users_set_is_copied_as_python_does_it():
    nn = NeuralNetwork([2, 1])
    nn.losses = [0.5]
    assert copy.copy(nn).losses is nn.losses
    for other in copy.deepcopy(nn), pickle.loads(pickle.dumps(nn)):
        assert other.losses == [0.5] and other.losses is not nn.losses


def test_slots_of_a_subclass_are_copied(define):
    kind = define(__slots__=("note",))
    nn = kind([2, 1])
    nn.note = "mine"
    for other in copy.copy(nn), copy.deepcopy(nn), pickle.loads(pickle.dumps(nn)):
        assert other.note == "mine" and other.epochs_trained == 0
        assert_same_weights(other, nn, atol=0)


def test_an_instance_that_no_constructor_has_seen(xor_data):
    nn = object.__new__(NeuralNetwork)
    assert nn.epochs_trained == 0 and nn.losses == [] and nn.metadata == {}
    nn.metadata["x"] = 1
    assert nn.metadata == {"x": 1} and NeuralNetwork([2, 1]).metadata == {}


# metadata


def test_metadata_that_are_assigned_are_saved(xor_data, tmp_path):
    nn, path = NeuralNetwork([2, 1]), tmp_path / "model.npz"
    nn.metadata["before"] = 1
    nn.metadata = {"mine": ("a", 0.5, None)}
    nn.fit(*xor_data, 1, verbose=False, checkpoint=path)
    assert NeuralNetwork.load(path).metadata == {"mine": ["a", 0.5, None]}
    nn.metadata = {}
    nn.save(path)
    assert NeuralNetwork.load(path).metadata == {}
    del nn.metadata
    nn.save(path)
    assert NeuralNetwork.load(path).metadata == {"before": 1}


@pytest.mark.parametrize("value", [np.zeros(2), {1: object()}, {(0, 1): 2}, {"a": [{2}]}])
def test_metadata_that_no_file_can_hold(value, xor_data, tmp_path):
    nn, path = NeuralNetwork([2, 1]), tmp_path / "model.npz"
    nn.metadata["x"] = 1
    nn.metadata = {"mine": value}
    with pytest.warns(RuntimeWarning, match="metadata are not saved, since JSON cannot hold"):
        nn.save(path)
    assert NeuralNetwork.load(path).metadata == {"x": 1}
    with pytest.warns(RuntimeWarning, match="metadata are not saved") as warned:
        nn.fit(*xor_data, 5, verbose=False, checkpoint=path, checkpoint_every=0)
    assert len(warned) == 1 and NeuralNetwork.load(path).epochs_trained == 5
    assert nn.metadata["mine"] is value


# pickles from before there were records

BEFORE = (
    b"\x80\x04\x95%\x01\x00\x00\x00\x00\x00\x00\x8c\x10bp_numba.network\x8c\rNeuralNetwork\x93)"
    b"\x81}(\x8c\x0eepochs_trainedK\x02\x8c\x06losses\x94](G?\xd0\x00\x00\x00\x00\x00\x00G?\xc0"
    b"\x00\x00\x00\x00\x00\x00e\x8c\x07history\x8c\x15bp_numba.runs.history\x8c\x07History\x93)"
    b"\x81}(\x8c\x06epochs](K\x01K\x02eh\x00](G?\xd0\x00\x00\x00\x00\x00\x00G?\xc0\x00\x00\x00"
    b"\x00\x00\x00e\x8c\x11validation_losses](NNe\x8c\x07seconds](G?\xe0\x00\x00\x00\x00\x00\x00G"
    b"?\xf0\x00\x00\x00\x00\x00\x00eub\x8c\x08metadata}\x8c\x01xK\x01s\x8c\x06layers](K\x01K\x01e"
    b"\x8c\x05alphaG?\xe0\x00\x00\x00\x00\x00\x00\x8c\x01W]\x8c\x04note\x8c\x04mineub."
)
"""A network of layers [1, 1], without weights, whose format depends on NumPy's version."""


def test_a_pickle_from_before(tmp_path):
    nn = pickle.loads(BEFORE)
    nn.W = [np.zeros((2, 1))]
    assert set(vars(nn)) == {"layers", "alpha", "W", "note", RECORD}
    assert nn.epochs_trained == 2 and nn.losses == [0.25, 0.125] and nn.metadata == {"x": 1}
    assert nn.history.epochs == [1, 2] and nn.history.samples == [None, None]
    nn.history = nn.fit([[0], [1]], [[0], [1]], 1, verbose=False)
    assert record_of(nn).history.epochs == [1, 2, 3]
    assert record_of(nn).history.samples == [None, None, 2]
    nn.save(tmp_path / "model.npz")
    assert NeuralNetwork.load(tmp_path / "model.npz").history == record_of(nn).history


def test_what_a_user_pickles_is_no_pickle_from_before():
    """A state without a record, by a `__getstate__` of the user's, with the user's own names."""
    nn = NeuralNetwork([2, 1])
    nn.__setstate__({"losses": [1.0], "history": {}, "epochs_trained": 3, "metadata": {}})
    assert vars(nn)["losses"] == [1.0] and record_of(nn).losses == []


# work


def test_the_count_of_work_goes_with_the_network(tmp_path):
    nn = NeuralNetwork([2, 1])
    nn._bp_numba_record.work += 7
    nn.save(tmp_path / "model.npz")
    for other in (
        copy.copy(nn),
        copy.deepcopy(nn),
        pickle.loads(pickle.dumps(nn)),
        NeuralNetwork.load(tmp_path / "model.npz"),
    ):
        assert record_of(other) == Record(work=7)
