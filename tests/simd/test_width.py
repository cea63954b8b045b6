"""How many doubles a vector holds, and which networks take fewer than the CPU could."""

import pytest

from bp_numba import NeuralNetwork
from bp_numba.native import loading as native
from bp_numba.simd import width as cpu
from bp_numba.training import trainer as training
from tests.conftest import make, needs_jit


@pytest.mark.parametrize("most", [4, 8])
def test_small_layers_take_short_vectors(most, monkeypatch):
    monkeypatch.setattr(cpu, "most_lanes", lambda: most)
    assert cpu.lanes_for([1000, 4, 1]) == cpu.lanes_for([3, 1]) == 4
    assert cpu.lanes_for([3, 5, 1]) == cpu.lanes_for([3, 3, 5]) == most


def test_lanes_are_those_of_the_code_that_is_compiled():
    most = cpu.most_lanes()
    assert cpu.lanes() == most and most in (4, 8)
    with cpu.vectors_of(4):
        assert cpu.lanes() == 4
        with cpu.vectors_of(None):
            assert cpu.lanes() == most
        assert cpu.lanes() == 4
    assert cpu.lanes() == most


@needs_jit
@pytest.mark.parametrize(("layers", "short"), [([2, 2, 1], True), ([2, 4, 1], False)])
def test_training_asks_for_the_vectors_that_suit(layers, short, monkeypatch, xor_data):
    asked, fetch = [], native.entry_point

    def recorded(name, lanes):
        asked.append(lanes)
        return fetch(name, lanes)

    monkeypatch.setattr(training.native, "entry_point", recorded)
    make(NeuralNetwork, layers).fit(*xor_data, epochs=1, verbose=False)
    assert asked == [4 if short else cpu.most_lanes()]
