"""What notebooks show."""

import math
import xml.etree.ElementTree as ElementTree

import numpy as np

from bp_numba import NeuralNetwork
from tests.conftest import make, run_python


def shown(nn):
    return ElementTree.fromstring(nn._repr_html_())


def rows(tree):
    return {row[0].text: row[1].text for row in tree.iter("tr")}


def test_a_trained_network(xor_data):
    nn = make(NeuralNetwork, [2, 2, 1])
    nn.fit(*xor_data, epochs=2000, verbose=False)
    tree = shown(nn)
    assert tree.find("strong").text == "NeuralNetwork: 2-2-1"
    assert rows(tree) == {
        "layers": "2 → 2 → 1, all sigmoid",
        "weights": "12",
        "alpha": "0.5",
        "epochs": "2,000",
        "loss": f"{nn.losses[-1]:.7f}",
    }
    places = tree.find(".//polyline").get("points").split()
    points = [tuple(map(float, place.split(","))) for place in places]
    assert len(points) == len(nn.losses)
    x, y = np.array(points).T
    assert (x.min(), x.max(), y.min(), y.max()) == (0, 240, 0, 40)
    assert (np.diff(x) > 0).all() and (np.diff(y) >= 0).all()  # it falls


def test_an_untrained_network():
    tree = shown(NeuralNetwork([2, 1]))
    assert "loss" not in rows(tree) and tree.find("svg") is None


def test_a_network_without_weights():
    nn = NeuralNetwork([2, 1])
    nn.W = None
    assert rows(shown(nn))["weights"] == "0"


def test_losses_that_cannot_be_drawn():
    nn = NeuralNetwork([2, 1])
    for epoch, loss in enumerate([math.nan, math.inf, 0.0, 0.5]):
        nn.history.add(epoch, loss, None, 0.0)
    assert shown(nn).find("svg") is None
    nn.history.add(5, 0.5, None, 0.0)
    assert shown(nn).find("svg") is not None


def test_a_long_history_is_thinned():
    nn = NeuralNetwork([2, 1])
    for epoch in range(1, 10_001):
        nn.history.add(epoch, 1.0 / epoch, None, 0.0)
    points = shown(nn).find(".//polyline").get("points").split()
    assert 200 < len(points) <= 241
    assert points[0].startswith("0.0,0.0") and points[-1] == "240.0,40.0"


def test_text_is_escaped():
    class Own(NeuralNetwork):
        def __repr__(self):
            return "<script>&"

    assert shown(Own([2, 1])).find("strong").text == "<script>&"


def test_importing_it_loads_no_display():
    code = """
import sys
import bp_numba.plotting.notebook
loaded = {name for name in sys.modules if name.startswith("bp_numba.plotting.")}
assert loaded == {"bp_numba.plotting.notebook"}, loaded
assert "matplotlib" not in sys.modules
"""
    run_python(code)
