"""How many doubles a vector holds, and which networks take fewer than the CPU could."""

import pytest

from bp_numba import NeuralNetwork
from bp_numba.native import loading
from bp_numba.simd import width
from tests.conftest import make, needs_jit


@pytest.mark.parametrize("most", [4, 8])
def test_small_layers_take_short_vectors(most, monkeypatch):
    monkeypatch.setattr(width, "widest", lambda: most)
    assert width.width_for([1000, 4, 1]) == width.width_for([3, 1]) == 4
    assert width.width_for([3, 5, 1]) == width.width_for([3, 3, 5]) == most


def test_the_width_is_that_of_the_code_that_is_compiled():
    most = width.widest()
    assert width.vector_width() == most and most in (4, 8)
    with width.vectors_of(4):
        assert width.vector_width() == 4
        with width.vectors_of(None):
            assert width.vector_width() == most
        assert width.vector_width() == 4
    assert width.vector_width() == most


@needs_jit
@pytest.mark.parametrize(("layers", "short"), [([2, 2, 1], True), ([2, 4, 1], False)])
def test_training_asks_for_the_vectors_that_suit(layers, short, monkeypatch, xor_data):
    asked, load = [], loading.load

    def recorded(name, width):
        asked.append(width)
        return load(name, width)

    monkeypatch.setattr(loading, "load", recorded)
    make(NeuralNetwork, layers).fit(*xor_data, epochs=1, verbose=False)
    assert asked == [4 if short else width.widest()]
