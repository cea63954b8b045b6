"""Matrices remembered between calls: what is trained and read is always what the user has now."""

import gc
import signal
import threading
import weakref

import numpy as np
import pytest

from bp_numba import NeuralNetwork, ReferenceNetwork
from bp_numba.training import scratch
from bp_numba.training.scratch import Scratch, scratch_for
from tests.conftest import assert_same_weights, make, needs_jit, twins, weights_copy

LAYERS = [3, 4, 2]
x, y = np.array([0.5, -1.0, 2.0, 1.0]), np.array([0.25, 0.75])


@pytest.fixture(autouse=True)
def forgotten():
    """Begin and end with nothing remembered."""
    scratch.local.last = None
    yield
    scratch.local.last = None


@pytest.fixture
def W():
    return make(NeuralNetwork, LAYERS).W


def used(W):
    """Return scratch space for W after it was used and put back."""
    space = scratch_for(W)
    scratch.local.last = space or scratch.local.last
    return space


# What is recognised


def test_matrices_are_recognised(W):
    first = used(W)
    assert first.units == [4, 5, 2]
    assert used(W) is first and used(list(W)) is first and used(tuple(W))
    assert [first._addresses[l].tolist() for l in (0, 1)] == [[w.ctypes.data, w.size] for w in W]


def test_others_of_the_same_shapes_take_their_place(W):
    first = used(W)
    others = weights_copy(make(NeuralNetwork, LAYERS))
    assert not first.holds(others)
    assert used(others) is first and first.holds(others) and not first.holds(W)


def test_others_of_other_shapes_get_their_own(W):
    first = used(W)
    other = used(make(NeuralNetwork, [3, 4, 4, 2]).W)
    assert other is not first and other.units == [4, 5, 5, 2]
    assert not other.holds(W) and not other.holds(W[:1])


class Subclass(np.ndarray):
    pass


UNUSABLE = {
    "read-only": lambda w: np.broadcast_to(w, w.shape),
    "float32": lambda w: w.astype(np.float32),
    "longdouble": lambda w: w.astype(np.longdouble),
    "integers": lambda w: w.astype(np.int64),
    "fortran": lambda w: np.asfortranarray(w),
    "strided": lambda w: np.repeat(w, 2, axis=1)[:, ::2],
    "reversed": lambda w: w[::-1],
    "other byte order": lambda w: w.astype(w.dtype.newbyteorder()),
    "subclass": lambda w: w.view(Subclass),
    "matrix of objects": lambda w: w.astype(object),
    "unaligned": lambda w: np.frombuffer(b" " + w.tobytes(), offset=1).reshape(w.shape),
    "flat": lambda w: w.ravel(),
    "nested lists": lambda w: w.tolist(),
    "nothing": lambda w: None,
}


@pytest.mark.parametrize("remembered", [False, True])
@pytest.mark.parametrize("kind", UNUSABLE)
@pytest.mark.parametrize("l", [0, 1])
def test_unusable_matrices(kind, l, remembered, W):
    if remembered:
        used(W)
    W[l] = UNUSABLE[kind](W[l])
    assert used(W) is None


def test_matrices_that_do_not_chain(W):
    assert used([W[0], np.zeros((6, 2))]) is None
    assert used([]) is None


def test_matrices_that_share_memory():
    w = np.zeros((4, 4))
    assert used([w, w]) is None
    parameters = np.zeros(40)
    apart = [parameters[:16].reshape(4, 4), parameters[16:32].reshape(4, 4)]
    assert used(apart) is not None
    assert used([apart[0], parameters[15:31].reshape(4, 4)]) is None
    assert used([parameters[15:31].reshape(4, 4), apart[0]]) is None


CHANGES = {
    "shape": lambda w: setattr(w, "shape", w.shape[::-1]),
    "flat": lambda w: setattr(w, "shape", (w.size,)),
    "read-only": lambda w: w.setflags(write=False),
}


@pytest.mark.filterwarnings("ignore:Setting the (shape|strides|dtype):DeprecationWarning")
@pytest.mark.parametrize("change", CHANGES)
def test_remembered_matrices_changed_in_place_are_looked_at_again(change, W):
    held = used(W)
    CHANGES[change](W[1])
    assert not held.holds(W) and used(W) is None


@pytest.mark.filterwarnings("ignore:Setting the (shape|strides|dtype):DeprecationWarning")
def test_remembered_matrices_whose_layout_is_changed_in_place():
    square = make(NeuralNetwork, [3, 3, 4]).W
    held = used(square)
    square[0].strides = square[0].strides[::-1]
    assert not held.holds(square) and used(square) is None
    square[0].strides = square[0].strides[::-1]
    assert held.holds(square)
    square[1].dtype = square[1].dtype.newbyteorder()
    assert not held.holds(square) and used(square) is None


def test_remembered_matrices_cannot_move(W):
    held = used(W)
    for refcheck in (True, False):
        with pytest.raises(ValueError, match="cannot resize an array"):
            W[0].resize((300, 300), refcheck=refcheck)
    assert held.holds(W)


def test_remembered_matrices_stay_alive_and_are_let_go(W):
    used(W)
    matrix = W[0]
    alive = weakref.ref(matrix)
    del matrix
    W[0] = W[0].copy()
    gc.collect()
    assert alive() is not None  # its address is in the table
    used(W)
    gc.collect()
    assert alive() is None


def test_an_interrupt_while_remembering_leaves_nothing_remembered(W, monkeypatch):
    used(W)
    others = weights_copy(make(NeuralNetwork, LAYERS))

    def interrupted(arrays):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(scratch, "address_table", interrupted)
        with pytest.raises(KeyboardInterrupt):
            scratch_for(others)
    assert scratch.local.last is None
    assert used(others).holds(others)


def test_scratch_space_in_use_is_nobody_elses(W):
    used(W)
    first, second = scratch_for(W), scratch_for(W)
    assert first is not second and first.x.ctypes.data != second.x.ctypes.data
    assert first._addresses.ctypes.data != second._addresses.ctypes.data


def test_each_thread_remembers_for_itself(W):
    first, found = used(W), []
    thread = threading.Thread(target=lambda: found.append(used(W)))
    thread.start()
    thread.join()
    assert found[0] is not first and found[0].holds(W) and used(W) is first


def test_views_are_of_the_tables_arrays(W):
    space = Scratch(W)
    assert space.inputs.base is not None and np.shares_memory(space.inputs, space.x)
    assert space.x.shape == (4,) and space.inputs.shape == (3,) and space.outputs.shape == (1, 2)
    addresses = {int(address) for address in space._one_table[:, 0]}
    assert {space.x.ctypes.data, space.y.ctypes.data} <= addresses


# What is trained and read, whatever happens between calls


def step(network):
    """Make every kind of call that uses remembered matrices; return the predictions."""
    network.fit_partial(x, y)
    network.fit_partial(np.array([x, -x]), y)
    one, few = network.predict(x, addBias=False), network.predict([x] * 3, addBias=False)
    many = network.predict([x] * 40, addBias=False)
    return np.concatenate([one, few, many])


def assert_steps_agree(nn, reference, atol=1e-13):
    np.testing.assert_allclose(step(nn), step(reference), rtol=0, atol=atol)
    assert_same_weights(nn, reference, atol)


@pytest.fixture
def pair(compiled):
    """A network and its reference, whose matrices are remembered."""
    nn, reference = twins(LAYERS)
    assert_steps_agree(nn, reference)
    assert scratch.local.last.holds(nn.W)
    return nn, reference


def replace_one(network, l, convert=np.copy):
    if type(network.W) is tuple:
        network.W = list(network.W)
    network.W[l] = convert(network.W[l] * 0.5)


def replace_all(network):
    network.W = [w * 0.5 for w in network.W]


def replace_list_only(network):
    network.W = list(network.W)


def modify_in_place(network):
    network.W[0] *= 0.5
    network.W[1][1:3] = 0.125


def widen(network):
    np.random.seed(1)
    network.W = type(network)([3, 9, 2]).W


def deepen(network):
    np.random.seed(1)
    network.W = type(network)([3, 4, 4, 2]).W


def swap_contents(network):
    network.W[0][...], network.W[1][...] = network.W[0][::-1].copy(), network.W[1][::-1].copy()


def view_of_old(network):
    network.W[0] = network.W[0][::-1]


def transpose_twice(network):
    network.W[0] = np.ascontiguousarray(network.W[0].T).T


def object_array(network):
    stacked = np.empty(2, dtype=object)
    stacked[:] = [w * 0.5 for w in network.W]
    network.W = stacked


ACTIONS = {
    "nothing": lambda network: None,
    "W[0] replaced": lambda network: replace_one(network, 0),
    "W[1] replaced": lambda network: replace_one(network, 1),
    "W replaced": replace_all,
    "W in another list": replace_list_only,
    "W as a tuple": lambda network: setattr(network, "W", tuple(network.W)),
    "W modified": modify_in_place,
    "contents": swap_contents,
    "wider": widen,
    "deeper": deepen,
    "view of the old": view_of_old,
    "transposed": transpose_twice,
    "fortran": lambda network: replace_one(network, 0, np.asfortranarray),
    "float32": lambda network: replace_one(network, 0, np.float32),
    "big-endian": lambda network: replace_one(network, 1, lambda w: w.astype(">f8")),
    "subclass": lambda network: replace_one(network, 1, lambda w: w.view(Subclass)),
    "object array": object_array,
}


@needs_jit
@pytest.mark.parametrize("second", ["nothing", "W[0] replaced", "W replaced"])
@pytest.mark.parametrize("first", ACTIONS)
def test_the_users_matrices_are_trained_whatever_happened(first, second, pair):
    for action in (first, second):
        for network in pair:
            ACTIONS[action](network)
        arrays = list(pair[0].W)
        atol = 1e-6 if any(w.dtype == np.float32 for w in arrays) else 1e-13
        before = [w.copy() for w in arrays]
        for _ in range(2):
            assert_steps_agree(*pair, atol)
        for array, old, now in zip(arrays, before, pair[0].W, strict=True):
            assert array is now and not np.array_equal(array, old)


@needs_jit
def test_replaced_matrices_are_left_alone(pair):
    nn, _ = pair
    old = list(nn.W)
    before = [w.copy() for w in old]
    nn.W = [w.copy() for w in old]
    step(nn)
    for w, expected in zip(old, before, strict=True):
        np.testing.assert_array_equal(w, expected)


@needs_jit
def test_a_stack_of_matrices(compiled):
    nn, reference = twins([3, 3, 4])
    for network in (nn, reference):
        network.W = np.stack(network.W)
    target = np.array([0.0, 1.0, 0.5, 0.25])
    for _ in range(3):
        for network in (nn, reference):
            network.fit_partial(x, target)
        np.testing.assert_allclose(nn.W, reference.W, rtol=0, atol=1e-14)
        np.testing.assert_allclose(nn.predict(x, False), reference.predict(x, False), atol=1e-14)


@needs_jit
def test_new_matrices_where_freed_ones_were(pair):
    nn, reference = pair
    for k in range(50):
        nn.W[k % 2] = nn.W[k % 2] * 0.5  # the address of a matrix freed before, more often than not
        reference.W[k % 2] = reference.W[k % 2] * 0.5
        assert_steps_agree(nn, reference)


@needs_jit
def test_aliased_matrices_train_as_in_numpy(compiled):
    nn, reference = twins([3, 3, 4])
    for network in (nn, reference):
        network.fit_partial(x, 1.0)
        network.W[1] = network.W[0]
        network.fit_partial(x, 1.0)
        network.W[1] = network.W[0][::-1]
        network.fit_partial(x, 1.0)
        network.W[1] = network.W[1].copy()
        network.fit_partial(x, 1.0)
    assert_same_weights(nn, reference, 1e-14)
    np.testing.assert_allclose(nn.predict(x, False), reference.predict(x, False), atol=1e-14)


@needs_jit
@pytest.mark.parametrize("other", [[3, 4, 2], [3, 2], [3, 8, 8, 2]])
def test_two_networks_in_turn(other, compiled):
    pairs = [twins(LAYERS, seed=0), twins(other, seed=1)]
    for turn in range(8):
        assert_steps_agree(*pairs[turn % 3 % 2])


@needs_jit
def test_two_networks_that_share_a_matrix(compiled):
    pairs = [twins(LAYERS, seed=0), twins(LAYERS, seed=1)]
    for kind in (0, 1):
        pairs[1][kind].W[0] = pairs[0][kind].W[0]
    for turn in range(6):
        assert_steps_agree(*pairs[turn % 2])
    for pair in pairs:
        assert_same_weights(*pair, 1e-13)


@needs_jit
def test_fit_between_single_steps(pair):
    X, targets = np.random.default_rng(0).normal(size=(11, 3)), np.tile(y, (11, 1))
    for _ in range(3):
        for network in pair:
            network.fit(X, targets, epochs=2, displayUpdate=10)
        assert_steps_agree(*pair)


@needs_jit
def test_read_only_matrices_are_refused_and_then_trained_again(pair):
    nn, reference = pair
    before = weights_copy(nn)
    nn.W[1].setflags(write=False)
    with pytest.raises(ValueError, match=r"W\[1\] must be writeable"):
        nn.fit_partial(x, y)
    assert_same_weights(nn, type("Old", (), {"W": before}), 0)
    np.testing.assert_allclose(nn.predict(x, False), reference.predict(x, False), atol=1e-14)
    nn.W[1].setflags(write=True)
    assert_steps_agree(nn, reference)


@needs_jit
def test_memory_mapped_matrices(pair, tmp_path):
    nn, reference = pair
    for l, w in enumerate(nn.W):
        mapped = np.memmap(tmp_path / str(l), dtype=w.dtype, mode="w+", shape=w.shape)
        mapped[...] = w
        nn.W[l] = np.asarray(mapped) if l else mapped
    assert_steps_agree(nn, reference)


@needs_jit
@pytest.mark.parametrize("shared", [False, True])
def test_threads(shared, compiled):
    """Each thread trains its own network; all read another one if it is shared."""
    common = make(NeuralNetwork, LAYERS, seed=9)
    expected = make(ReferenceNetwork, LAYERS, seed=9).predict(x, False)
    pairs = [twins(LAYERS, seed=seed) for seed in range(4)]
    outputs = []

    def train(nn):
        for _ in range(100):
            nn.fit_partial(x, y)
            if shared:
                outputs.append(common.predict(x, False))

    threads = [threading.Thread(target=train, args=(nn,)) for nn, _ in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for nn, reference in pairs:
        for _ in range(100):
            reference.fit_partial(x, y)
        assert_same_weights(nn, reference, 1e-13)
    assert len(outputs) == 400 * shared
    for output in outputs:
        np.testing.assert_allclose(output, expected, rtol=0, atol=1e-15)


@needs_jit
def test_a_matrix_replaced_by_another_thread(compiled):
    """While a kernel runs, the matrices it works on must not be freed."""
    nn, done = make(NeuralNetwork, [3, 300, 2]), threading.Event()

    def replace():
        while not done.is_set():
            nn.W[0] = nn.W[0].copy()

    thread = threading.Thread(target=replace)
    thread.start()
    for _ in range(300):
        nn.fit_partial(x, y)
    done.set()
    thread.join()
    assert all(np.isfinite(w).all() for w in nn.W)


@needs_jit
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer")
def test_a_signal_handler_may_predict_and_train(compiled):
    (nn, expected), (other, _) = twins([3, 40, 2], seed=0), twins([3, 40, 2], seed=1)
    few = np.array([x] * 3)
    many = np.array([x] * 40)
    outputs = [nn.predict(X, False).copy() for X in (x, few, many)]
    calls = []

    def handler(*arguments):
        calls.append(1)
        for network in (nn, other):
            for X in (-x, -few, -many):
                network.predict(X, False)
        other.fit_partial(-x, y)
        signal.setitimer(signal.ITIMER_REAL, pause[0])  # never one within another

    pause = [0.0005]
    previous = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, *pause)
    try:
        while len(calls) < 200:
            for X, output in zip((x, few, many), outputs, strict=True):
                np.testing.assert_array_equal(nn.predict(X, False), output)
        for _ in range(2000):
            nn.fit_partial(x, y)
    finally:
        pause[0] = 0.0
        signal.setitimer(signal.ITIMER_REAL, *pause)
        signal.signal(signal.SIGALRM, previous)
    for _ in range(2000):
        expected.fit_partial(x, y)
    assert_same_weights(nn, expected, 1e-11)
